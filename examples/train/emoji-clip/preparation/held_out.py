"""EmojiOne: what the model is measured on and never learns from."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path

from PIL import Image

from .names import LANGUAGES, Names
from .source import Source, debian_version, write_lines

GEMS = Path("/usr/share/rubygems-integration/all/gems")


def write(out: Path, names: Names, drawn: set[str]) -> Source:
    """The two halves and the labels; `drawn` are the emoji that training pictures show."""
    folder = next(iter(sorted(GEMS.glob("gemojione-*/assets/png"), reverse=True)), None)
    if folder is None:
        sys.exit(f"prepare: no gemojione under {GEMS}; run .ci/install-packages emoji-clip")
    source = Source("emojione", out)
    source.about = {
        "name": "EmojiOne, held out",
        "from": "Debian ruby-gemojione " + debian_version("ruby-gemojione"),
        "licence": "CC-BY-SA-4.0, measured on only",
        "copyright": "© 2014 Ranks.com Inc.",
    }
    shutil.rmtree(out / source.key, ignore_errors=True)
    single = sorted(s for s in names.captions if len(s) == 1 and f"{s[0]:x}" in drawn)
    for language in LANGUAGES:
        labels = [names.captions[sequence][language][0] for sequence in single]
        text = "".join(f"{label}\n" for label in labels)
        (out / f"labels.{language}.txt").write_text(text, encoding="utf-8")
    halves: dict[str, list[dict]] = {"tune": [], "final": []}
    for file in sorted(folder.glob("*.png")):
        if not re.fullmatch(r"[0-9A-F]{4,6}", file.stem):
            source.skip("several code points")
        elif (code := int(file.stem, 16),) not in names.captions:
            source.skip("no name in CLDR")
        else:
            captions = names.captions[code,]
            source.add(f"{code:x}", on_white(file), {
                "captions": {language: captions[language][:1] for language in LANGUAGES},
                "group": f"{code:x}",
            })
            halves[half(f"{code:x}")].append(source.rows[-1])
    for name, rows in halves.items():
        write_lines(out / f"{name}.jsonl", sorted(rows, key=lambda row: row["image"]))
    source.about["halves"] = {name: len(rows) for name, rows in halves.items()}
    source.about["labels"] = len(single)
    return source


def half(code: str) -> str:
    """Whether the SHA-256 of the digits, a number with the first byte highest, is even."""
    return "final" if hashlib.sha256(code.encode("ascii")).digest()[-1] % 2 else "tune"


def on_white(file: Path) -> Image.Image:
    picture = Image.open(file).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture)
