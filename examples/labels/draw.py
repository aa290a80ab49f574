#!/usr/bin/env python3
"""Draw the distractor labels: 100 emoji names, the same emoji in English and in Korean.

    draw.py CLDR [--check]

CLDR is a folder of the Unicode Common Locale Data Repository that holds `annotations` and
`properties` (Debian: package unicode-cldr-core 41, /usr/share/unicode/cldr/common).

Candidates are the emoji of one code point that CLDR lists by group in `properties/labels.txt` and
names in both languages, without those that carry the name of a drawing in `../pictures`. They are
sorted by a hash of SEED and the code point, which gives the same draw on every machine, and the
first COUNT whose names differ from each other are taken. With --check nothing is written: the
files must already say the same.
"""

import argparse
import hashlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRAWINGS = HERE.parent / "pictures" / "names.tsv"
LANGUAGES = ("en", "ko")
COUNT = 100
SEED = "gaze"
GROUPS = {
    "Smileys & People",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
}


def emoji(labels: Path) -> list[str]:
    """Single code points of the emoji groups, in the file's order; lines read
    `[😀-😆😉{👨‍✈️}] ; group ; subgroup`, and what is in braces has several code points."""
    found: dict[str, None] = {}
    for line in labels.read_text(encoding="utf-8").splitlines():
        fields = [f.strip() for f in line.split(";")]
        if len(fields) != 3 or fields[1] not in GROUPS or fields[2] == "skin-tone":
            continue
        singles = re.sub(r"\{[^}]*\}", "", fields[0].strip("[]")).replace("\\", "")
        for low, high in re.findall(r"(.)(?:-(.))?", singles):
            found |= {chr(c): None for c in range(ord(low), ord(high or low) + 1)}
    return list(found)


def names(annotations: Path) -> dict[str, str]:
    """Code point(s) -> short name."""
    tree = ElementTree.parse(annotations)
    return {a.get("cp"): a.text.strip() for a in tree.iter("annotation") if a.get("type") == "tts"}


def drawings() -> list[list[str]]:
    """Rows of names.tsv: file, English name, Korean name."""
    return [row.split("\t") for row in DRAWINGS.read_text(encoding="utf-8").splitlines()]


def draw(cldr: Path) -> list[tuple[str, ...]]:
    """COUNT rows of (English name, Korean name)."""
    tables = [names(cldr / "annotations" / f"{language}.xml") for language in LANGUAGES]
    pairs = {(english, tables[1].get(cp)) for cp, english in tables[0].items()}
    for file, english, korean in drawings():
        if (english, korean) not in pairs:
            sys.exit(f"{DRAWINGS}: {file} is not named by CLDR: {english}, {korean}")
    taken = {name for row in drawings() for name in row[1:]}
    candidates = [
        c for c in emoji(cldr / "properties" / "labels.txt") if all(c in t for t in tables)
    ]
    candidates.sort(key=lambda c: hashlib.sha256(f"{SEED}/{ord(c):X}".encode()).digest())
    rows = []
    for character in candidates:
        row = tuple(table[character] for table in tables)
        if taken.isdisjoint(row):
            rows.append(row)
            taken.update(row)
        if len(rows) == COUNT:
            return rows
    sys.exit(f"only {len(rows)} of {COUNT} names among {len(candidates)} emoji in {cldr}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cldr", type=Path, help="CLDR's `common` folder")
    parser.add_argument(
        "--check", action="store_true", help="compare with the files instead of writing them"
    )
    options = parser.parse_args()
    stale = []
    for language, column in zip(LANGUAGES, zip(*draw(options.cldr))):
        file, text = HERE / f"distractors-{language}.txt", "".join(name + "\n" for name in column)
        if not options.check:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            stale.append(file.name)
    if stale:
        print("differ from the draw:", *stale, file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
