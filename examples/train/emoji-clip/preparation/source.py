"""A folder of pictures with its JSONL, and what the sources say of themselves."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections import Counter
from pathlib import Path

from PIL import Image

from .names import LANGUAGES

#: Pictures are made no larger than this, since they are trained at 64 pixels.
SIDE = 160


class Source:
    def __init__(self, key: str, out: Path):
        self.key, self.out = key, out
        self.rows: list[dict] = []
        self.skipped: Counter[str] = Counter()
        #: Name, version, licence and the like, for the model card.
        self.about: dict[str, str] = {}
        self._seen: dict[bytes, str] = {}

    def add(self, name: str, picture: Image.Image, row: dict) -> None:
        """Keep a picture, unless another concept has it already."""
        picture = fitted(picture)
        pixels = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest()
        if self._seen.setdefault(pixels, row["group"]) != row["group"]:
            return self.skip("the picture of another concept")
        image = f"{self.key}/{name}.png"
        (self.out / image).parent.mkdir(parents=True, exist_ok=True)
        picture.save(self.out / image)
        self.rows.append({"image": image, **row})

    def skip(self, why: str, count: int = 1) -> None:
        self.skipped[why] += count

    def write(self, telling: set[tuple[str, str]]) -> None:
        """One file of pictures, and one of sequences of code points if there are any: flags, families
        and professions are many, and none of them is asked for. Skin tones are left out: they are
        half of all designs and differ in nothing that has a name of its own. Of the keywords, those
        in `telling` are kept."""
        self.rows.sort(key=lambda row: row["image"])
        files: dict[str, list[dict]] = {self.key: [], f"{self.key}-sequences": []}
        for row in self.rows:
            if row["family"] != row["group"]:
                continue
            kept = {
                language: [texts[0]] + [t for t in texts[1:] if (language, t) in telling]
                for language, texts in row["captions"].items()
            }
            is_sequence = self.is_emoji and "-" in row["group"]
            name = f"{self.key}-sequences" if is_sequence else self.key
            files[name].append({**row, "captions": kept})
        for name, rows in files.items():
            if rows:
                write_lines(self.out / f"{name}.jsonl", rows)

    @property
    def is_emoji(self) -> bool:
        """Whether groups are code points."""
        return self.key not in ("stamps", "clipart")

    def counts(self) -> dict:
        return {
            "pictures": len(self.rows),
            "groups": len({row["group"] for row in self.rows}),
            "families": len({row.get("family", row["group"]) for row in self.rows}),
            "captions": {
                language: sum(len(row["captions"].get(language, [])) for row in self.rows)
                for language in LANGUAGES
            },
            "skipped": dict(sorted(self.skipped.items())),
        }

    def summary(self) -> str:
        counts = self.counts()
        captions = ", ".join(f"{count} {lang}" for lang, count in counts["captions"].items())
        lines = [
            f"{self.key}: {counts['pictures']} pictures of {counts['groups']} concepts "
            f"({counts['families']} but for skin tones), captions: {captions}"
        ]
        lines += [f"  skipped {count}: {why}" for why, count in counts["skipped"].items()]
        return "\n".join(lines)


def telling_texts(sources: list[Source]) -> set[tuple[str, str]]:
    """Texts that are said of one thing alone. A keyword such as "face", which a hundred emoji have,
    would make each of those a wrong answer for all the others."""
    families: dict[tuple[str, str], set[str]] = {}
    for source in sources:
        for row in source.rows:
            for language, texts in row["captions"].items():
                for text in texts:
                    families.setdefault((language, text), set()).add(row["family"])
    return {key for key, found in families.items() if len(found) == 1}


def fitted(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGBA")
    if max(picture.size) > SIDE:
        scale = SIDE / max(picture.size)
        size = tuple(max(1, round(side * scale)) for side in picture.size)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return picture


def write_lines(file: Path, rows: list[dict]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(text, encoding="utf-8")


def write_sources(file: Path, sources: list[Source], held_out: Source, names) -> None:
    texts = {
        "name": "Unicode CLDR names and keywords",
        "from": "Debian unicode-cldr-core " + debian_version("unicode-cldr-core"),
        "licence": "Unicode-DFS-2016",
        "copyright": "© 1991-2022 Unicode, Inc.",
        "counts": {"named": len(names.captions)},
    }
    about = {s.key: {**s.about, "counts": s.counts()} for s in [*sources, held_out]}
    text = json.dumps({**about, "names": texts}, ensure_ascii=False, indent=2)
    file.write_text(text + "\n", encoding="utf-8")


def debian_version(package: str) -> str:
    try:
        command = ["dpkg-query", "-W", "-f=${Version}", package]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "of unknown version"
