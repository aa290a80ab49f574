"""Tux Paint's stamps: drawings and cut-out photographs, with a caption in many languages beside
each: `cat.png` or `cat.svg`, `cat.txt`, and in `cat.dat` whether it may be mirrored.

    A cat.
    ko.utf8=고양이
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import resvg_py
from PIL import Image

from .names import LANGUAGES, Names, unique
from .source import SIDE, Source, debian_version

STAMPS = Path("/usr/share/tuxpaint/stamps")
#: What ends the part of a caption that names the thing: "Bishop. Can only move diagonally, …"
SENTENCE = re.compile(r"(?<=\w)(?:[.!?…]+(?:\s+|$)|—|;\s)")
#: Around the whole of it: “No U-Turn”, '비숍'.
QUOTED = re.compile(r"[“\"'‘]([^“”\"'‘’]*)[”\"'’]")
#: Longer ones tell a story.
LONGEST = 60


def collect(source: Source, names: Names) -> None:
    if not STAMPS.exists():
        sys.exit(f"prepare: no {STAMPS}; run .ci/install-packages emoji-clip")
    source.about = {
        "name": "Tux Paint stamps",
        "from": "Debian tuxpaint-stamps-default " + debian_version("tuxpaint-stamps-default"),
        "licence": "GPL-2",
        "copyright": "© 2002-2022 Bill Kendrick and others",
    }
    found = {f.with_suffix("") for s in ("png", "svg") for f in STAMPS.rglob(f"*.{s}")}
    for stamp in sorted(found):
        text = stamp.with_suffix(".txt")
        if not text.exists():
            source.skip("no caption")
            continue
        row = described(captions(text), names)
        if row is None:
            source.skip("no caption in English, or a story")
            continue
        data = stamp.with_suffix(".dat")
        row["mirror"] = not (data.exists() and "nomirror" in data.read_text().split())
        picture = drawn(stamp)
        if picture is None:
            source.skip("no picture but an SVG with text, or without a size")
            continue
        source.add(str(stamp.relative_to(STAMPS)).replace("/", "-"), picture, row)


def captions(file: Path) -> dict[str, list[str]]:
    """By language: what the thing is called, then the same with its article."""
    lines = file.read_text(encoding="utf-8").splitlines()
    found = {"en": lines[0]} if lines else {}
    for line in lines[1:]:
        language, _, text = line.partition(".utf8=")
        if language in LANGUAGES:
            found[language] = text
    wordings = {}
    for language, text in found.items():
        text = SENTENCE.split(text.strip().lstrip("–— "))[0].strip().rstrip(".!…")
        if quoted := QUOTED.fullmatch(text):
            text = quoted[1].rstrip(".!…")
        if text and len(text) <= LONGEST:
            article = re.match(r"(a|an|the|some)\s+(?=\S)", text, re.IGNORECASE)
            if language == "en" and article:
                name = text[article.end() :]
                wordings[language] = [name, article[0].lower() + name]
            else:
                wordings[language] = [text]
    return wordings


def described(wordings: dict[str, list[str]], names: Names) -> dict | None:
    """A row; a thing with an emoji's name is the emoji's concept, and bears its names too."""
    if "en" not in wordings:
        return None
    group = wordings["en"][0].lower()
    if emoji := names.by_name.get(group):
        row = names.row(emoji)
        wordings = {
            language: unique([texts[0], *wordings.get(language, [])])
            for language, texts in row["captions"].items()
        }
        return {**row, "captions": wordings}
    return {"captions": wordings, "group": group, "family": group}


def drawn(stamp: Path) -> Image.Image | None:
    """The picture, without empty edges; from the SVG if there is one that can be rendered."""
    svg, png = stamp.with_suffix(".svg"), stamp.with_suffix(".png")
    picture = render(svg.read_text(encoding="utf-8", errors="replace")) if svg.exists() else None
    if picture is None and png.exists():
        picture = Image.open(png).convert("RGBA")
    return picture and cropped(picture)


def cropped(picture: Image.Image) -> Image.Image | None:
    box = picture.getchannel("A").point(lambda alpha: 255 * (alpha > 8)).getbbox()
    return picture.crop(box) if box else None


def render(svg: str) -> Image.Image | None:
    if "<text" in svg:  # would depend on fonts
        return None
    try:
        # Without a resolution, lengths in points or millimetres are 0.
        data = resvg_py.svg_to_bytes(
            svg_string=svg, width=2 * SIDE, dpi=96, skip_system_fonts=True
        )
    except ValueError:  # an SVG that is damaged, or without a size
        return None
    return Image.open(io.BytesIO(data)).convert("RGBA")
