#!/usr/bin/env python3
"""What lower precision costs: rankings and embeddings in bf16 and int8 beside f32.

    python3 Benchmarks/agreement                 # the bundled model on the EmojiOne pictures
    python3 Benchmarks/agreement --full FOLDER   # and embeddings of a full-size model

The pictures are the EmojiOne designs of single code points (Debian: ruby-gemojione), which the
bundled model never saw; the labels are the names that CLDR gives all such emoji (Debian:
unicode-cldr-core). `.ci/install-packages agreement` installs both. Every picture is ranked among
all names in f32, in the file's own bf16, in int8, and with the matrices held in blocks of 8 and of 4
bits; what is printed is how often the right name is the best or among the best five, and how often
the best label is the one that f32 prefers.

FOLDER is what `python3 Benchmarks/compare --keep FOLDER` leaves: `model`, `pictures`,
`labels.txt`. For it, the cosine of each embedding to the one in f32 is taken.

Exit status 1 if an agreement is below what it is to reach.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What CLDR calls an emoji, as the labels of the examples are drawn.
sys.path.append(str(ROOT / "examples" / "labels"))
import draw  # noqa: E402

GEMS = Path("/usr/share/rubygems-integration/all/gems")
CLDR = Path("/usr/share/unicode/cldr/common")
TEMPLATE, FULL_TEMPLATE = "an emoji of {}", "a photo of a {}"
#: `:set precision`, or `dtype=` of `:load` -> least share of pictures whose best label is that of f32.
BUNDLED = {"f32": None, "file": 0.995, "int8": 0.98, "dtype=q8": None, "dtype=q4": None}
#: `:set precision` -> least cosine of an embedding to the one in f32.
FULL = {"bf16": 0.9995, "int8": 0.995}
#: Pictures that are staged at once.
BATCH = 64


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="agreement", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    built = ROOT / ".build" / "release" / "gaze"
    add("--gaze", type=Path, default=built, help="the executable (default: the release build)")
    add("--png", type=Path, help="the folder of EmojiOne's PNG files (default: the gem's)")
    add("--cldr", type=Path, default=CLDR, help=f"CLDR's `common` folder (default: {CLDR})")
    add("--full", type=Path, help="a folder with a full-size model, pictures and labels")
    add("--only-full", action="store_true", help="leave the bundled model out")
    options = parser.parse_args()
    if not os.access(options.gaze, os.X_OK):
        sys.exit(f"{options.gaze}: no such executable; build it, or give --gaze PATH")
    options.gaze = options.gaze.resolve()
    if options.only_full and not options.full:
        parser.error("--only-full needs --full FOLDER")
    reached = True
    if not options.only_full:
        reached = bundled(options.gaze, options.png or emoji_one(), options.cldr)
    if options.full:
        reached = full_size(options.gaze, options.full.resolve()) and reached
    return 0 if reached else 1


# The material.


def emoji_one() -> Path:
    found = sorted(GEMS.glob("gemojione-*/assets/png"))
    if not found:
        sys.exit(f"no gemojione under {GEMS}; run .ci/install-packages agreement, or give --png")
    return found[-1]


def names(cldr: Path) -> dict[str, str]:
    """Emoji of one code point -> English name; a name that two share belongs to the first."""
    labels, annotations = cldr / "properties" / "labels.txt", cldr / "annotations" / "en.xml"
    for file in (labels, annotations):
        if not file.exists():
            sys.exit(f"no {file}; run .ci/install-packages agreement, or give --cldr")
    named = draw.names(annotations)
    found: dict[str, str] = {}
    for code in draw.emoji(labels):
        name = named.get(code)
        if name and name not in found.values():
            found[code] = name
    return found


def named_pictures(folder: Path, named: dict[str, str]) -> dict[Path, str]:
    """PNG files of single code points -> the name of what they show."""
    pictures = {}
    for file in sorted(folder.glob("*.png")):
        if re.fullmatch(r"[0-9A-F]{4,6}", file.stem) and chr(int(file.stem, 16)) in named:
            pictures[file] = named[chr(int(file.stem, 16))]
    return pictures


# Gaze.


def run(gaze: Path, lines: list[str]) -> list[dict]:
    """The data of a script's records, all of which must be in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".gaze", encoding="utf-8") as script:
        script.write("\n".join(lines) + "\n")
        script.flush()
        command = [gaze, "--json", "--batch", "--bail", script.name]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    for record in records:
        if not record["ok"]:
            sys.exit(f":{record['verb']} failed: {record['error']['message']}")
    if done.returncode != 0:
        sys.exit(f"gaze ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return [{"verb": r["verb"], **r.get("data", {})} for r in records]


def quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


# Rankings by the bundled model.


def bundled(gaze: Path, folder: Path, cldr: Path) -> bool:
    named = names(cldr)
    pictures = named_pictures(folder, named)
    print(f"emoji-clip: {len(pictures)} EmojiOne pictures among {len(named)} names")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as labels:
        labels.write("".join(f"{name}\n" for name in named.values()))
        labels.flush()
        best = {p: rank(gaze, p, list(pictures), Path(labels.name)) for p in BUNDLED}
    print(f"{'precision':12}{'top-1':>9}{'top-5':>9}{'top-1 as f32':>15}{'to reach':>10}")
    reached = True
    for precision, least in BUNDLED.items():
        rankings = best[precision]
        first = share(r[0] == pictures[p] for p, r in rankings.items())
        five = share(pictures[p] in r for p, r in rankings.items())
        same = share(r[0] == best["f32"][p][0] for p, r in rankings.items())
        print(f"{precision:12}{first:9.2%}{five:9.2%}{same:15.2%}{verdict(same, least)}")
        reached = reached and (least is None or same >= least)
    return reached


def rank(gaze: Path, precision: str, pictures: list[Path], labels: Path) -> dict[Path, list[str]]:
    """The five best labels of each picture."""
    held = precision.startswith("dtype=")
    lines = [f":load emoji-clip {precision}"] if held else [
        ":load emoji-clip", f":set precision {precision}"]
    for start in range(0, len(pictures), BATCH):
        lines.append(":image " + " ".join(quoted(p) for p in pictures[start : start + BATCH]))
        lines.append(f':rank @{quoted(labels)} template="{TEMPLATE}" top=5')
        lines.append(":drop all")
    results = [r for data in run(gaze, lines) if data["verb"] == "rank" for r in data["results"]]
    if len(results) != len(pictures):
        sys.exit(f"{len(results)} rankings of {len(pictures)} pictures")
    best = {}
    for picture, result in zip(pictures, results):
        if result["image"]["name"] != picture.stem:
            sys.exit(f"{picture} was ranked as {result['image']['name']}")
        best[picture] = [item["label"] for item in result["items"][:5]]
    return best


# Embeddings by a full-size model.


def full_size(gaze: Path, folder: Path) -> bool:
    pictures = sorted((folder / "pictures").glob("*.png"))
    labels = (folder / "labels.txt").read_text(encoding="utf-8").splitlines()
    if not pictures or not labels:
        sys.exit(f"{folder} has no pictures or no labels")
    print(f"\nfull size: {len(pictures)} pictures, {len(labels)} labels; cosine to f32")
    print(f"{'precision':12}{'of':10}{'least':>9}{'mean':>9}{'to reach':>10}")
    vectors = {p: embed(gaze, p, folder / "model", pictures, labels) for p in ("f32", *FULL)}
    reached = True
    for precision, least in FULL.items():
        cosines = [cosine(a, b) for a, b in zip(vectors["f32"], vectors[precision], strict=True)]
        count = len(pictures)
        for what, values in (("pictures", cosines[:count]), ("labels", cosines[count:])):
            lowest = min(values)
            mean = statistics.mean(values)
            print(f"{precision:12}{what:10}{lowest:9.5f}{mean:9.5f}{verdict(lowest, least, str)}")
            reached = reached and lowest >= least
    return reached


def embed(
    gaze: Path, precision: str, model: Path, pictures: list[Path], labels: list[str]
) -> list[list[float]]:
    """Vectors of the pictures, then of the labels."""
    lines = [f":load {quoted(model)} as full", f":set precision {precision}"]
    lines.append(":image " + " ".join(quoted(p) for p in pictures))
    lines += [f":embed {p.stem} cache=off" for p in pictures]
    lines += [f':embed "{FULL_TEMPLATE.replace("{}", label)}" cache=off' for label in labels]
    return [data["vector"] for data in run(gaze, lines) if data["verb"] == "embed"]


def cosine(a: list[float], b: list[float]) -> float:
    def dot(x: list[float], y: list[float]) -> float:
        return math.fsum(p * q for p, q in zip(x, y, strict=True))

    return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def share(truths) -> float:
    return statistics.mean(map(float, truths))


def verdict(value: float, least: float | None, form="{:.1%}".format) -> str:
    if least is None:
        return ""
    return f"{form(least):>10}  {'reached' if value >= least else 'MISSED'}"


if __name__ == "__main__":
    sys.exit(main())
