"""Fonts of one colour: Noto Emoji, thin and bold, and Symbola. Black on transparent."""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import io
import sys
from pathlib import Path

import resvg_py
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont
from PIL import Image

from .names import TONES, Names, key, plain
from .noto import order, sequences
from .openmoji import REGIONAL
from .source import SIDE, Source, debian_version

NOTO = importlib.resources.files("manimgx_fonts") / "NotoEmoji[wght].ttf"
#: What is added to a file's name -> the weight of its strokes.
WEIGHTS = {"": 300, "-bold": 700}
SYMBOLA = Path("/usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf")


def collect_noto(source: Source, names: Names) -> None:
    font = TTFont(NOTO)
    source.about = {
        "name": "Noto Emoji",
        "version": font["name"].getDebugName(5).removeprefix("Version "),
        "from": "PyPI manimgx-fonts " + importlib.metadata.version("manimgx-fonts"),
        "licence": "OFL-1.1",
        "copyright": font["name"].getDebugName(0),
    }
    for suffix, weight in WEIGHTS.items():
        collect(source, names, font, suffix, {"wght": weight})


def collect_symbola(source: Source, names: Names) -> None:
    if not SYMBOLA.exists():
        sys.exit(f"prepare: no {SYMBOLA}; run .ci/install-packages emoji-clip")
    font = TTFont(SYMBOLA)
    source.about = {
        "name": "Symbola",
        "version": font["name"].getDebugName(5).split(";")[0].removeprefix("Version "),
        "from": "Debian fonts-symbola " + debian_version("fonts-symbola"),
        "licence": "free for any use",
        "copyright": "© 2007-2017 George Douros",
    }
    collect(source, names, font)


def collect(source: Source, names: Names, font: TTFont, suffix="", location=None) -> None:
    glyphs = font.getGlyphSet(location=location)
    found = {}
    for glyph, reached in sequences(font).items():
        for sequence in map(plain, reached):
            if sequence in names.captions:
                found[sequence] = glyph
    for sequence in sorted(found, key=order):
        if len(sequence) > 1 and any(c in TONES for c in sequence):
            source.skip("a skin tone, which lines do not show")
        elif sequence[0] in REGIONAL:
            source.skip("a region's flag, which is letters here")
        elif (picture := render(glyphs, found[sequence])) is None:
            source.skip("an empty glyph")
        else:
            source.add(key(sequence) + suffix, picture, names.row(sequence))


def render(glyphs, name: str) -> Image.Image | None:
    """The glyph as large as it fits."""
    bounds, path = BoundsPen(glyphs), SVGPathPen(glyphs, ntos=lambda v: f"{v:.6g}")
    glyphs[name].draw(bounds)
    glyphs[name].draw(path)
    if bounds.bounds is None:
        return None
    left, bottom, right, top = bounds.bounds
    width, height = right - left, top - bottom
    if min(width, height) <= 0:
        return None
    scale = SIDE / max(width, height)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {-top} {width} {height}" '
        f'width="{width * scale}" height="{height * scale}">'
        f'<path transform="scale(1 -1)" d="{path.getCommands()}"/></svg>'
    )
    data = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    return Image.open(io.BytesIO(data)).convert("RGBA")
