"""The Open Clip Art Library: drawings by many hands, each with a title and keywords in English."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from .names import LANGUAGES, Names, unique
from .source import Source, debian_version
from .stamps import LONGEST, cropped, render

CLIPS = Path("/usr/share/openclipart/svg")
#: Of things; the others hold icon themes, patterns, thousands of stars, and signs.
FOLDERS = (
    "animals", "buildings", "containers", "education", "electronics", "food", "office", "people",
    "plants", "recreation", "science", "tools", "transportation",
)  # fmt: skip
CARDS = re.compile(r"recreation/games/cards/")
DC, RDF, CC = (
    "{http://purl.org/dc/elements/1.1/}",
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "{http://web.resource.org/cc/}",
)
FREE = "http://web.resource.org/cc/PublicDomain"
#: What some titles begin with, and those of collections, which say nothing of the picture.
CREDIT = re.compile(r"^clipart by nicu buculei - (contour )?|^(an?|the)\s+", re.IGNORECASE)
COLLECTION = re.compile(r"aiga|road signs|icons?\b|clipart|drawing|symbol signs", re.IGNORECASE)
#: What some titles end in, and what is not English, a name or a thing.
TAIL = re.compile(r"(\s*[-_#(]?\s*\b(\d+|b ?& ?w|bw|b and w|remix|icon|clipart)\b\)?)+$", re.I)
PLAIN = re.compile(r"[A-Za-z][A-Za-z' &-]*[A-Za-z]")
#: Keywords of the library's own housekeeping, and of persons.
KEPT = re.compile(r"[a-z][a-z -]{1,24}")
HOUSEKEEPING = {"hash", "unsorted", "clipart", "clip art", "icon", "icons", "theme", "image", "color",
                "externalsource", "cartoon", "drawing", "silhouette", "contour", "line art", "bw"}
#: Larger files draw no better at 64 pixels, but for long.
BYTES = 500_000


def collect(source: Source, names: Names) -> None:
    if not CLIPS.exists():
        sys.exit(f"prepare: no {CLIPS}; run .ci/install-packages emoji-clip")
    source.about = {
        "name": "Open Clip Art Library",
        "from": "Debian openclipart-svg " + debian_version("openclipart-svg"),
        "licence": "public domain, as each file says",
        "copyright": "none",
    }
    for file in sorted(f for folder in FOLDERS for f in (CLIPS / folder).rglob("*.svg")):
        place = file.relative_to(CLIPS).with_suffix("")
        if CARDS.match(str(place)):
            source.skip("a playing card")
            continue
        if file.stat().st_size > BYTES:
            source.skip("a large file")
            continue
        svg = file.read_text(encoding="utf-8", errors="replace")
        row = described(svg, names)
        if isinstance(row, str):
            source.skip(row)
            continue
        picture = render(svg)
        picture = picture and cropped(picture)
        if picture is None or min(picture.size) < 8:
            source.skip("an SVG with text, without a size, or without a picture")
            continue
        source.add(str(place).replace("/", "-"), picture, row)


def described(svg: str, names: Names) -> dict | str:
    """A row, or why there is none."""
    try:
        work = ElementTree.fromstring(svg).find(f".//{CC}Work")
    except (ElementTree.ParseError, ValueError):
        return "not XML"
    if work is None:
        return "no description"
    licence = work.find(f"{CC}license")
    if licence is None or licence.get(f"{RDF}resource") != FREE:
        return "not said to be in the public domain"
    title = TAIL.sub("", (work.findtext(f"{DC}title") or "").replace("_", " ").strip())
    title = CREDIT.sub("", title).replace(" - ", " ").lower()
    words = [(item.text or "").strip() for item in work.iter(f"{RDF}li")]
    words = [word for word in words if KEPT.fullmatch(word) and word not in HOUSEKEEPING]
    # Titles in other languages share no word with the keywords, which are English.
    known = {part.rstrip("s") for word in words for part in word.split()}
    emoji = head(title, names)
    if not PLAIN.fullmatch(title) or COLLECTION.search(title) or len(title) > LONGEST:
        return "a title that is no plain text"
    if emoji is None and known.isdisjoint(word.rstrip("s") for word in title.split()):
        return "a title that no keyword confirms"
    captions, group = {"en": unique([title, *words])}, title
    if emoji:
        row = names.row(emoji)
        group = row["group"]
        for language in LANGUAGES:
            name = row["captions"][language][:1]
            captions[language] = unique([*captions.get(language, [])[:1], *name,
                                         *captions.get(language, [])[1:]])  # fmt: skip
    return {"captions": captions, "group": group, "family": group, "mirror": True}


def head(title: str, names: Names):
    """The emoji that a title ends in: "green apple" is one, "small house" is a house."""
    words = title.split()
    for start in range(len(words)):
        ending = " ".join(words[start:])
        for name in (ending, ending.removesuffix("s")):
            if name in names.by_name:
                return names.by_name[name]
    return None
