"""Sets of emoji that are an SVG for each, called by its code points."""

from __future__ import annotations

import io
from pathlib import Path

import resvg_py
from PIL import Image

from .names import Names, Sequence, plain
from .source import SIDE, Source


def designs(folder: Path, source: Source, names: Names) -> list[tuple[Sequence, Path]]:
    found = {}
    for file in sorted(folder.glob("*.svg")):
        sequence = plain(int(code, 16) for code in file.stem.split("-"))
        if sequence not in names.captions:
            source.skip("no name in CLDR")
        elif sequence in found:
            source.skip("the same sequence with U+FE0F")
        else:
            found[sequence] = file
    return sorted(found.items(), key=lambda item: (len(item[0]), item[0]))


def render(svg: str) -> Image.Image:
    data = resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE, skip_system_fonts=True)
    return Image.open(io.BytesIO(data)).convert("RGBA")
