r"""Writes Sources/Tokenizers/UnicodeTables.swift from what the `tokenizers` library itself does.

    python Tests/Reference/make_unicode_tables.py

A tokenizer is only right when it agrees with the library that trained it, down to the Unicode
version of each of its parts: that library normalises with Unicode 9, lower-cases with a later one
and takes its categories from others again. So every table here is read out of the library, scalar
by scalar; `unicodedata` only says which questions are worth asking and gives values that the
Unicode stability policy freezes (combining classes, canonical decompositions).

The tables are runs of variable-length integers (seven bits a byte, low bits first) in base 64:

  marks, numeric, punctuation, word   gap since the previous range, length; ...
  property…    the same, for `\p{…}` in regular expressions
  classes      gap, length, combining class; ...
  canonical    gap << 2 | composes << 1 | has second, first, (second); ... one step, not recursive
  compatible   gap << 4 | count (0: the count follows), scalars; ...       fully decomposed
  lowercase    gap, count << 1 | every other, zig-zag offset to the lower case; ...
"""

import base64
import unicodedata
from pathlib import Path

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
FORMS = {name: getattr(normalizers, name)() for name in ("NFC", "NFD", "NFKD")}
#: The properties that tokenizers' expressions use; Oniguruma has room for twenty.
PROPERTIES = ("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "N", "Nd", "P", "S", "Han")
HANGUL = range(0xAC00, 0xD7A4)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def ranges(members: list[int]) -> list[tuple[int, int]]:
    out: list[list[int]] = []
    for c in members:
        if out and out[-1][1] == c:
            out[-1][1] = c + 1
        else:
            out.append([c, c + 1])
    return [(a, b) for a, b in out]


def members(keep) -> bytes:
    return packed([c for c in SCALARS if keep(chr(c))])


def matching(name: str) -> bytes:
    """What `\\p{name}` matches: one text of all scalars, with everything else removed."""
    splitter = pre_tokenizers.Split(Regex(rf"\p{{{name}}}+"), "removed", invert=True)
    pieces = splitter.pre_tokenize_str("".join(map(chr, SCALARS)))
    return packed([ord(c) for text, _ in pieces for c in text])


def packed(scalars: list[int]) -> bytes:
    out, last = b"", 0
    for a, b in ranges(scalars):
        out += varint(a - last) + varint(b - a)
        last = b
    return out


def classes() -> bytes:
    """Combining classes of the scalars that the library moves when it orders marks."""
    value = {}
    for c in SCALARS:
        kind = unicodedata.combining(chr(c))
        if kind == 0 or FORMS["NFD"].normalize_str(chr(c)) != chr(c):
            continue
        # U+0345 has the highest class, U+0334 the lowest: one of them shows whether `c` moves.
        after, before = "\u0345" + chr(c), chr(c) + "\u0334"
        if FORMS["NFD"].normalize_str("a" + after) != "a" + after or (
            FORMS["NFD"].normalize_str("a" + before) != "a" + before
        ):
            value[c] = kind
    value[0x0345], value[0x0334] = 240, 1
    out, last = b"", 0
    for kind_range in ranges(sorted(value)):
        start = kind_range[0]
        while start < kind_range[1]:
            end = start
            while end < kind_range[1] and value[end] == value[start]:
                end += 1
            out += varint(start - last) + varint(end - start) + varint(value[start])
            last = start = end
    return out


def canonical() -> bytes:
    out, last = b"", 0
    for c in SCALARS:
        if c in HANGUL or FORMS["NFD"].normalize_str(chr(c)) == chr(c):
            continue
        parts = [int(x, 16) for x in unicodedata.decomposition(chr(c)).split()]
        assert 1 <= len(parts) <= 2, hex(c)
        composes = FORMS["NFC"].normalize_str("".join(map(chr, parts))) == chr(c)
        out += varint((c - last) << 2 | composes << 1 | (len(parts) == 2))
        out += b"".join(varint(p) for p in parts)
        last = c
    return out


def compatible() -> bytes:
    out, last = b"", 0
    for c in SCALARS:
        full = FORMS["NFKD"].normalize_str(chr(c))
        if c in HANGUL or full == FORMS["NFD"].normalize_str(chr(c)):
            continue
        count = len(full)
        out += varint((c - last) << 4 | (count if count < 16 else 0))
        out += (varint(count) if count >= 16 else b"") + b"".join(varint(ord(p)) for p in full)
        last = c
    return out


def lowercase() -> bytes:
    lower = normalizers.Lowercase()
    offset = {}
    for c in SCALARS:
        small = lower.normalize_str(chr(c))
        if small != chr(c) and c != 0x130:  # U+0130 alone becomes two scalars; the code knows it
            assert len(small) == 1, hex(c)
            offset[c] = ord(small) - c
    out, last, done = b"", 0, set()
    for c in sorted(offset):
        if c in done:
            continue
        runs = []
        for step in (1, 2):
            run = [c]
            while offset.get(run[-1] + step) == offset[c] and not (
                step == 2 and run[-1] + 1 in offset
            ):
                run.append(run[-1] + step)
            runs.append(run)
        step = 1 if len(runs[0]) >= len(runs[1]) else 2
        run = runs[step - 1]
        done.update(run)
        zigzag = offset[c] * 2 if offset[c] >= 0 else -offset[c] * 2 - 1
        out += varint(c - last) + varint(len(run) << 1 | (step == 2)) + varint(zigzag)
        last = c
    return out


def main() -> None:
    strip, digits = normalizers.StripAccents(), pre_tokenizers.Digits(individual_digits=True)
    punctuation, words = pre_tokenizers.Punctuation(), pre_tokenizers.Whitespace()
    splits = lambda splitter, text: len(splitter.pre_tokenize_str(text))
    tables = {
        "marks": members(lambda s: strip.normalize_str(s) == ""),
        "numeric": members(lambda s: splits(digits, "a" + s) == 2),
        "punctuation": members(lambda s: splits(punctuation, "a" + s) == 2),
        "word": members(lambda s: splits(words, "a" + s + "a") == 1),
        "classes": classes(),
        "canonical": canonical(),
        "compatible": compatible(),
        "lowercase": lowercase(),
        **{f"property{name}": matching(name) for name in PROPERTIES},
    }
    lines = [
        f"// Generated by Tests/Reference/make_unicode_tables.py from tokenizers {tokenizers.__version__}.",
        "// The script describes the format; `UnicodeData` reads it. Do not edit.",
        "",
        "enum UnicodeTables {",
    ]
    for name, data in tables.items():
        text = base64.b64encode(data).decode()
        lines += [f'  static let {name}: StaticString = """']
        lines += [f"    {text[i:i + 94]}\\" for i in range(0, len(text), 94)]
        lines[-1] = lines[-1][:-1]
        lines += ['    """']
    lines += ["  static let properties: [(name: StaticString, ranges: StaticString)] = ["]
    lines += [f'    ("{name}", property{name}),' for name in PROPERTIES]
    lines += ["  ]", "}", ""]
    target = Path(__file__).parents[2] / "Sources/Tokenizers/UnicodeTables.swift"
    target.write_text("\n".join(lines))
    print({name: len(data) for name, data in tables.items()})


if __name__ == "__main__":
    main()
