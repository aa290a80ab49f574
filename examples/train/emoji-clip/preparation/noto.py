"""Noto Color Emoji: the bitmaps of the font, one for each glyph that a sequence reaches."""

from __future__ import annotations

import io
import sys
from collections import defaultdict
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image

from .names import Names, Sequence, key, plain
from .source import Source, debian_version

FONT = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
LIGATURE = 4
#: Regions whose flag is another's: Clipperton, Ceuta & Melilla, Saint Martin, U.S. Outlying Islands.
BORROWED = {"CP", "EA", "MF", "UM"}
REGIONAL_A = 0x1F1E6


def collect(source: Source, names: Names) -> None:
    if not FONT.exists():
        sys.exit(f"prepare: no {FONT}; run .ci/install-packages emoji-clip")
    font = TTFont(FONT)
    version = font["name"].getDebugName(5).split(";")[0].removeprefix("Version ")
    source.about = {
        "name": "Noto Color Emoji",
        "version": version,
        "from": "Debian fonts-noto-color-emoji " + debian_version("fonts-noto-color-emoji"),
        "licence": "OFL-1.1",
        "copyright": font["name"].getDebugName(0) or "© Google Inc.",
    }
    reached = sequences(font)
    chosen = {}
    for glyph, bitmap in font["CBDT"].strikeData[0].items():
        named = sorted({plain(s) for s in reached[glyph]} & names.captions.keys(), key=order)
        if named:
            chosen[named[0]] = bitmap.imageData
        else:
            source.skip("no name in CLDR")
    # The shorter sequence comes first, so that a picture of all skin tones is that of none.
    for sequence in sorted(chosen, key=order):
        picture = Image.open(io.BytesIO(chosen[sequence]))
        source.add(key(sequence), picture, names.row(sequence))


def sequences(font: TTFont) -> dict[str, list[Sequence]]:
    """Glyph -> every sequence of code points that leads to it."""
    reached: dict[str, list[Sequence]] = defaultdict(list)
    code_points = {}
    for code_point, glyph in sorted(font.getBestCmap().items()):
        reached[glyph].append((code_point,))
        code_points.setdefault(glyph, code_point)
    for lookup in font["GSUB"].table.LookupList.Lookup:
        if lookup.LookupType != LIGATURE:
            continue
        for table in lookup.SubTable:
            for first, ligatures in table.ligatures.items():
                for ligature in ligatures:
                    glyphs = [first, *ligature.Component]
                    if all(glyph in code_points for glyph in glyphs):
                        reached[ligature.LigGlyph].append(tuple(code_points[g] for g in glyphs))
    return reached


def order(sequence: Sequence) -> tuple:
    region = "".join(chr(c - REGIONAL_A + ord("A")) for c in sequence if REGIONAL_A <= c < 0x1F200)
    return region in BORROWED, len(sequence), sequence
