"""What Unicode CLDR calls emoji, in every language that the model learns."""

from __future__ import annotations

import copy
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

LANGUAGES = ("en", "ko")
CLDR = Path("/usr/share/unicode/cldr/common")
#: Skin tones, and the selector of a coloured design, which no file of CLDR writes.
TONES, SELECTOR = range(0x1F3FB, 0x1F400), 0xFE0F
#: Names of what is something else, or nothing, in a mirror: directions, writing, flags.
ONE_SIDED = re.compile(
    r"\b(left|right|clockwise|counterclockwise|anticlockwise|arrow|button|keycap|flag|quarter|"
    r"waxing|waning|medal|input|o’clock|thirty|sign|symbol|mark|banknote|points|ABCD?|ATM|OK|"
    r"tear-off|calendar|hash|asterisk|copyright|registered|trade|information|number|letters?)\b",
    re.IGNORECASE,
)

Sequence = tuple[int, ...]


class Names:
    """Code points without U+FE0F -> captions: the name, then the keywords in the file's order."""

    def __init__(self, cldr: Path = CLDR):
        self.captions: dict[Sequence, dict[str, list[str]]] = {}
        for language in LANGUAGES:
            for folder in ("annotations", "annotationsDerived"):
                file = cldr / folder / f"{language}.xml"
                if not file.exists():
                    sys.exit(f"prepare: no {file}; run .ci/install-packages emoji-clip")
                self._read(file, language)
        for sequence in [s for s, c in self.captions.items() if set(c) != set(LANGUAGES)]:
            del self.captions[sequence]
        #: An English name in lower case -> the emoji.
        self.by_name = {c["en"][0].lower(): s for s, c in reversed(self.captions.items())}

    def _read(self, file: Path, language: str) -> None:
        names: dict[Sequence, str] = {}
        keywords: dict[Sequence, list[str]] = {}
        for annotation in ElementTree.parse(file).iter("annotation"):
            sequence, text = plain(map(ord, annotation.get("cp"))), annotation.text.strip()
            if annotation.get("type") == "tts":
                names[sequence] = text
            else:
                keywords[sequence] = [word.strip() for word in text.split("|")]
        for sequence, name in names.items():
            captions = unique([name, *keywords.get(sequence, [])])
            self.captions.setdefault(sequence, {})[language] = captions

    def only(self, groups: set[str]) -> Names:
        """The names of these concepts alone."""
        some = copy.copy(self)
        some.captions = {s: c for s, c in self.captions.items() if key(s) in groups}
        return some

    def row(self, sequence: Sequence) -> dict:
        """What a line of JSONL says of an emoji's picture, but for the picture."""
        captions = self.captions[sequence]
        return {
            "captions": captions,
            "group": key(sequence),
            "family": key(c for c in sequence if c not in TONES) or key(sequence),
            "mirror": not ONE_SIDED.search(captions["en"][0]),
        }


def plain(sequence) -> Sequence:
    return tuple(c for c in sequence if c != SELECTOR)


def key(sequence) -> str:
    return "-".join(f"{c:x}" for c in sequence)


def unique(texts: list[str]) -> list[str]:
    """Without those that differ from an earlier one in case alone."""
    first: dict[str, str] = {}
    for text in texts:
        if text:
            first.setdefault(text.lower(), text)
    return list(first.values())
