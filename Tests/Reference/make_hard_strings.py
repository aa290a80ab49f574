"""Writes Tests/Fixtures/hard-strings: what the reference library makes of hostile strings.

    python Tests/Reference/make_hard_strings.py

Three kinds of tokenizers answer: the small ones of Tests/Fixtures/tokenizers, a real checkpoint's
(`emoji/tokenizer.json`) with CLIP's own vocabulary built from `clip-merges.txt` (the header and the
first 48,894 merges of OpenAI's bpe_simple_vocab_16e6.txt, MIT), and variants of a tiny one that go
through every normaliser, pre-tokenizer and decoder. Long answers are kept as a count and a hash.
"""

import json
import random
from pathlib import Path

import tokenizers
import transformers
from tokenizers import Tokenizer
from transformers import CLIPTokenizer

FIXTURES = Path(__file__).parents[1] / "Fixtures"
TARGET = FIXTURES / "hard-strings"
SMALL = ["clip", "bpe-gpt2", "bpe-llama3", "sp-llama", "sp-llama-legacy", "sp-gemma", "unigram", "unigram-bytes"]
KEPT = 200  # ids; longer answers are hashed

HARD = [
    "", " ", "\n", "\t \n", "a photo of a cat", "A Photo of a CAT.", "a diagram", "dog",
    "한국어 문장입니다", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165", "각각 \u1100\u1161\u11a8 가\u11a8 \u1100\u1161 ㄱㅏ", "고양이 이모지 ㅋㅋㅋ ㅠㅠ", "가" * 40,
    "👨‍👩‍👧‍👦👩🏽‍🚀🏳️‍🌈🇰🇷🇫🇷 #️⃣ ❤️ ❤ ☎️", "\u200d\u200d", "🏽", "e\u0301\u0323 e\u0323\u0301 \u0344 \u0301\u0301\u0345\u0334", "a" + "\u0300" * 60, "\u0f71\u0f72\u0f74 \u0958 \u0915\u093c",
    "ΟΔΥΣΣΕΥΣ ΣΑΣ Σ ς ὈΔΥΣΣΕΎΣ", "İstanbul IĞDIR ısı İİ i̇", "ẞ ß ſ ﬀ ﬃ Ǆ ǅ ǆ K Å Ω", "²³¹ ½ ⅓ Ⅷ ⑳ ٣٤ १२ 一二 𝟘𝟙 ㎏ ㋿ ﷺ ⑴",
    "def f(x, *a, **k):\n\treturn {k: v for k, v in x.items() if v != 0}  # ok\n", "if (a<b && c>=d) { x[i] += \"s\\n\"; }\r\n\r\n", "SELECT * FROM t WHERE a='it''s' -- x", "<div class=\"a\">&amp;&lt;&#39;</div>",
    "line\r\nline\rline\n\nline\u2028line\u2029line\u0085line\u000bline\u000cline", "zero\u200bwidth\u200cnon\u200djoin\ufeffbom\u2060wj\u00adshy", "nbsp\u00a0em\u2003thin\u2009ideo\u3000ogham\u1680mv\u180e", "\u0000a\u0000 \u0001\u001c\u001d\u001e\u001f\u007f\u0080\u009f",
    "<|endoftext|>", "<|startoftext|> <|endoftext|>", "a <|endoftext|>b<|endoftext|> c", "<|ENDOFTEXT|> <|endoftext", "<s></s><unk><pad><mask><bos><eos>", " <image>  x <image><image>y <special>z <special> <|begin|>", "<0x41><0x0A> </w> a</w> ▁ ▁▁a▁ Ġ Ċ",
    "don't DON'T y'all'd've it's'it ''s 's's 're've", "’s “quotes” ‹x› « y » — – … · • ※ 〜", "...!!!???---___***===###@@@", "1234567890 3.14 1,000 1e-9 0xFF v2.0.1", "camelCaseHTTPServer snake_case kebab-case a.b.c x/y/z C++ C# .NET",
    "العربية ١٢٣ עברית ไทยภาษา हिन्दी தமிழ் ខ្មែរ မြန်မာ བོད", "日本語カタカナﾊﾝｶｸひらがな混ぜ 中文，标点。「括号」", "Ⰰⰱ 𐐀𐐨 𞤀𞤢 Ა Ꭰꭰ ᲀ ꟊ Ⱥ", "\u1c89 \ua7cb \ua7da \U00010d50 \U00016ea0 \U00010570", "\U0001f6d8 \U0001fae9 \U0001e5d0 \U00011bc0 \U000323b0 \U00031350",
    "\u0378 \u0530 \u2fe0 \ufdd0 \uffff \ufffe \U0001ffff \U0010ffff \ue000 \U000f0000", "\u0898\u0899a\u08ca b\u1acf \u1df6 c\u1dfa \u0c3c", "\U00011938 \U00011935\U00011930 \U000105c9 \U0001611f", "\U0001d15e \U0001d1bb \u2adc \ufb1d \ufb2c", "\U0002f800 \uf900 \u2126 \u1fef \u037e \u0387 \u2329",
    "\u1e9b\u0323 \u1e69 \u0073\u0323\u0307 \u0073\u0307\u0323 \u212b \uac00\u11a7 \u1100\u1161\u11a7", "x" * 300, "ab " * 100, "  leading", "trailing  ", "a  b   c    d", "\u3000\u3000全角　空白\u3000", "tab\t\ttab", "aaaa\u0308aaaa\u0308",
    "The quick brown fox jumps over the lazy dog. " * 4, "Zażółć gęślą jaźń; příliš žluťoučký kůň; Ünïcödé ŞŞ", "https://example.org/ä?q=한글&x=%F0%9F%98%80#frag", "mixed한글and라틴123text中文٣٤", "�\ufffd replacement", "\u0301 \u0301a", "ᄀᄀᄀ각ᆨᆨ", "ﾞ がﾞ か\u3099 は\u309a",
]
#: (piece, repetitions): lines too long to write out.
LONG = [("a", 10000), ("ab", 5000), ("한", 3000), ("고양이 ", 2000), ("\u0301", 4000), ("😀", 2500), (" ", 10000), ("\n", 5000), ("x y", 3000), ("word ", 2000), ("<|endoftext|>", 500), ("aA1!", 2500), ("\u1112\u1161\u11ab", 2000), (".", 10000), ("don't ", 1500), ("e\u0301", 3000), ("\U000e0041", 1500)]


def random_strings() -> list[str]:
    draw = random.Random(20)
    scalar = lambda top: next(c for c in iter(lambda: draw.randrange(top), None) if not 0xD800 <= c < 0xE000)
    tops = [0x80, 0x180, 0x600, 0x3000, 0x10000, 0x32000, 0x110000]
    return ["".join(chr(scalar(draw.choice(tops))) for _ in range(draw.randrange(1, 24))) for _ in range(60)]


def fnv(ids: list[int]) -> str:
    value = 0xCBF29CE484222325
    for i in ids:
        for byte in i.to_bytes(4, "little"):
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def answer(ids: list[int]):
    return ids if len(ids) <= KEPT else {"count": len(ids), "fnv1a": fnv(ids)}


def clip() -> Tokenizer:
    """CLIP's tokenizer, its vocabulary assembled as the original code does."""
    lines = (TARGET / "clip-merges.txt").read_text().split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 1 + 48894]]
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    base = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
    names = base + [b + "</w>" for b in base] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={n: i for i, n in enumerate(names)}, merges=merges).backend_tokenizer


# ----------------------------------------------------------------------------- the tiny tokenizer

#: A compiled character map of SentencePiece's rules ﬁ→fi, 한 (three letters)→한, A→a, ́→nothing,
#: á (two scalars)→á, 가→two letters, ▁→space, 👨‍👩 (joined)→x, ideographic and zero-width space→space.
CHARSMAP = (
    "AAQAAAAAAQBBDQAAAwAAgMwYAgCBBQAADQAAgIEFAAAAAACAhEwCAJKIAwDhEAIAhZgCAKGAAwDhFAIAhqgCAKt9AAAXAACAiw0AAAEAAICBBQAAgAQCAIAd"
    "AACwBAIAgD0AABAAAICsEAIABQAAgJ/4AgCBGQAA8HQCALDMAwCf8AIAgOgCAGG4AwCHMAIACAAAgIfUAgCogAMAtxUAAOI8AgCAPAIA8HQCAI3MAwCfWAIA"
    "kagCAAsAAIAvAAAAqQkAADEAAAAwAAAAMwAAADIAAACR5AIANAAAAJaQAgA2AAAAOQAAADgAAAA7AAAAOgAAAD0AAAA8AAAAPwAAAD4AAABBAAAAQAAAAEMA"
    "AABCAAAARQAAAEQAAABHAAAARgAAAEkAAABIAAAASwAAAEoAAABNAAAATAAAAE8AAABOAAAAUQAAAFAAAABTAAAAUgAAAFUAAABUAAAAVwAAAFYAAABZAAAA"
    "WAAAAFsAAABaAAAAXQAAAFwAAABfAAAAXgAAAGEAAABgAAAAYwAAAGIAAABlAAAAZAAAAGcAAABmAAAAaQAAAGgAAABrAAAAagAAAG0AAABsAAAAbwAAAG4A"
    "AABxAAAAcAAAAHMAAAByAAAAdQAAAHQAAAB3AAAAdgAAAHkAAAB4AAAAewAAAHoAAAB9AAAAfAAAAH8AAAB+AAAAgQAAAIAAAACDAAAAggAAAIUAAACEAAAA"
    "hwAAAIYAAACJAAAAiAAAAIsAAACKAAAAzCwAAIwAAACPAAAAjgAAAJEAAACQAAAAkwAAAJIAAACVAAAAlAAAAJcAAACWAAAAmQAAAJgAAACbAAAAmgAAAJ0A"
    "AACcAAAAnwAAAJ4AAAChAAAA4bQAAOIIAADj3AAApQAAAKQAAACnAAAApgAAAKkAAACoAAAA6jAAAKoAAACtAAAArAAAAK8AAADvaAAA8NAAALAAAACzAAAA"
    "sgAAALUAAAC0AAAAtwAAALYAAAC5AAAAuAAAALsAAAC6AAAAvQAAALwAAAC/AAAAvgAAAMEAAADAAAAAwwAAAMIAAADFAAAAxAAAAMcAAADGAAAAyQAAAMgA"
    "AADLAAAAygAAAM0AAADMAAAAzwAAAM4AAADRAAAA0AAAANMAAADSAAAA1QAAANQAAADXAAAA1gAAANkAAADYAAAA2wAAANoAAADdAAAA3AAAAN8AAADeAAAA"
    "4QAAAOAAAADjAAAA4gAAAOUAAADkAAAA5wAAAOYAAADpAAAA6AAAAOsAAADqAAAA7QAAAOwAAADvAAAA7gAAAPEAAADwAAAA8wAAAPIAAAD1AAAA9AAAAPcA"
    "AAD2AAAA+QAAAPgAAAD7AAAA+gAAAP0AAAD8AAAA/wAAAP4AAAAAIABhAGZpAGtyAHgAw6EA4YSA4YWhAO2VnAA="
)


def tiny_model() -> dict:
    """Characters, a few merges across every kind of boundary, and byte tokens."""
    letters = [chr(c) for c in range(32, 127)] + list("▁Ġé한가나다ᄒ̀́") + ["</w>"]
    merges = [("a", "b"), (" ", "a"), ("a", " "), ("▁", "a"), ("ab", "c"), ("1", "2"), ("12", "3"), ("-", "-"), (".", "."), ("a", "-"), ("-", "a"), ("!", "a"), ("a", "1"), ("Ġ", "a"), ("한", "가"), ("B", "b"), ("A", "B"), (" ", " "), ("▁", "▁"), (" ", "b"), ("c", " ")]
    names = ["<unk>", *letters, *("".join(m) for m in merges), *(f"<0x{b:02X}>" for b in range(256))]
    return {"type": "BPE", "unk_token": "<unk>", "vocab": {n: i for i, n in enumerate(dict.fromkeys(names))}, "merges": merges, "byte_fallback": True}


def variants() -> dict[str, dict]:
    regex = lambda p: {"Regex": p}
    literal = lambda p: {"String": p}
    split = lambda pattern, behavior, invert=False: {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    metaspace = lambda scheme, cut: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}
    byte_level = lambda prefix, cut: {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": cut}
    many = lambda key, *steps: {"type": "Sequence", key: list(steps)}
    behaviors = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
    out = {name: {"normalizer": {"type": name}} for name in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt"]}
    out |= {
        "strip": {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}},
        "strip-left": {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": False}},
        "prepend": {"normalizer": {"type": "Prepend", "prepend": "▁"}},
        "replace-literal": {"normalizer": {"type": "Replace", "pattern": literal("--"), "content": "ab"}},
        "replace-expression": {"normalizer": {"type": "Replace", "pattern": regex("[0-9]+| {2,}"), "content": ""}},
        "precompiled": {"normalizer": {"type": "Precompiled", "precompiled_charsmap": CHARSMAP}},
        "normalizers": {"normalizer": many("normalizers", {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Prepend", "prepend": "▁"})},
        "digits": {"pre_tokenizer": {"type": "Digits", "individual_digits": False}},
        "digits-single": {"pre_tokenizer": {"type": "Digits", "individual_digits": True}},
        "whitespace": {"pre_tokenizer": {"type": "Whitespace"}},
        "whitespace-split": {"pre_tokenizer": {"type": "WhitespaceSplit"}},
        "delimiter": {"pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "-"}},
        "byte-level-prefix": {"pre_tokenizer": byte_level(True, True), "decoder": byte_level(True, True)},
        "strip-then-metaspace": {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}, "pre_tokenizer": metaspace("first", True)},
        "replace-then-metaspace": {"normalizer": {"type": "Replace", "pattern": regex("\\s+"), "content": " "}, "pre_tokenizer": metaspace("first", False)},
        "split-then-metaspace": {"pre_tokenizer": many("pretokenizers", {"type": "Digits", "individual_digits": True}, metaspace("first", True))},
        "pre-tokenizers": {"pre_tokenizer": many("pretokenizers", {"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "Digits", "individual_digits": True}, metaspace("always", True))},
        "empty-literal": {"pre_tokenizer": split(literal(""), "Isolated")},
        "empty-matches": {"pre_tokenizer": split(regex("a*"), "MergedWithNext")},
        "look-around": {"pre_tokenizer": split(regex("(?<=a)-|(?=B)|\\Ba"), "Isolated")},
        "letters": {"pre_tokenizer": split(regex("\\p{L}\\p{M}*|\\p{N}|[^\\s\\p{L}\\p{N}]+"), "Removed", True)},
        "no-decoder": {"decoder": None},
        "bpe-decoder": {"decoder": {"type": "BPEDecoder", "suffix": "b"}},
        "decoders": {"decoder": many("decoders", {"type": "Replace", "pattern": regex("[▁Ġ]"), "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 2, "stop": 1})},
        "metaspace-decoder": {"pre_tokenizer": metaspace("always", True), "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}},
    }
    for behavior in behaviors:
        out[f"split-{behavior}"] = {"pre_tokenizer": split(regex("[-a]"), behavior)}
        out[f"split-{behavior}-inverted"] = {"pre_tokenizer": split(regex("[-a]+"), behavior, True)}
        out[f"split-{behavior}-literal"] = {"pre_tokenizer": split(literal(" "), behavior)}
        out[f"punctuation-{behavior}"] = {"pre_tokenizer": {"type": "Punctuation", "behavior": behavior}}
    for scheme in ("first", "always", "never"):
        out[f"metaspace-{scheme}"] = {"pre_tokenizer": metaspace(scheme, True)}
        out[f"metaspace-{scheme}-whole"] = {"pre_tokenizer": metaspace(scheme, False)}
    for field in ("single_word", "lstrip", "rstrip", "normalized", "special"):
        token = {"id": 900, "content": "aB", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
        out[f"added-{field}"] = {"normalizer": {"type": "Lowercase"}, "added_tokens": [{**token, field: True}], "shift": True}
    for settings in ({"fuse_unk": True}, {"fuse_unk": False}, {"ignore_merges": True}, {"end_of_word_suffix": "</w>"}, {"unk_token": None}):
        out["model-" + "-".join(f"{k}-{v}" for k, v in settings.items())] = {"model": {"byte_fallback": False, **settings}, "pre_tokenizer": {"type": "WhitespaceSplit"}}
    for direction in ("Left", "Right"):
        out[f"truncation-{direction}"] = {"truncation": {"direction": direction, "max_length": 7, "strategy": "LongestFirst", "stride": 0}}
        out[f"padding-{direction}"] = {"padding": {"strategy": {"Fixed": 11}, "direction": direction, "pad_to_multiple_of": 8, "pad_id": 3, "pad_type_id": 0, "pad_token": "x"}}
    return out


TINY = [
    "", " ", "ab abc aB AB b-a--a-b", " a  b--  c ", "a1 12 123 1234a ab12", "한가나다 é e\u0301 \u1112\u1161\u11ab ﬁ Á a\u0301", "--a---b. ..a!a?", "aB aBa baB.aB  aB", "x\u3000y\u200bz👨‍👩 ▁▁a▁ 가", "\t a\n b\r\n", "½ ²12 ٣ Ⅷ", "ΑΣ İ ſ \u0300a", "aab-aab", "ABBb", "___ a_b", "e😀é한z",
]


def decoded(reference: Tokenizer, ids: list[int]) -> str | None:
    """None where the library panics: stripping an empty text, or ending none with a suffix."""
    try:
        return reference.decode(ids, skip_special_tokens=False)
    except BaseException as error:
        if "panic" not in type(error).__name__.lower():
            raise
        return None


def tiny_rows() -> tuple[str, list[dict]]:
    model = tiny_model()
    rows = []
    for name, parts in variants().items():
        parts = dict(parts)
        own = {**model, **parts.pop("model", {})}
        parts.setdefault("decoder", {"type": "Fuse"})
        if parts.pop("shift", False):
            parts["added_tokens"][0]["id"] = len(model["vocab"])
        text = json.dumps({"version": "1.0", "model": own, **parts}, ensure_ascii=False)
        reference = Tokenizer.from_str(text)
        encodings = [reference.encode(s) for s in TINY]
        changes = {k: v for k, v in own.items() if model.get(k, "absent") != v}
        rows.append({
            "name": name, "parts": json.dumps(parts, ensure_ascii=False), "model": json.dumps(changes, ensure_ascii=False),
            "ids": [e.ids for e in encodings], "mask": [e.attention_mask for e in encodings],
            "decoded": [decoded(reference, e.ids) for e in encodings],
        })
    return json.dumps(model, ensure_ascii=False), rows


def main() -> None:
    references = {name: Tokenizer.from_file(str(FIXTURES / "tokenizers" / name / "tokenizer.json")) for name in SMALL}
    references |= {"emoji": Tokenizer.from_file(str(TARGET / "emoji/tokenizer.json")), "clip-merges": clip()}
    strings = HARD + random_strings()
    long = [piece * count for piece, count in LONG]
    model, rows = tiny_rows()
    case = {
        "versions": {"tokenizers": tokenizers.__version__, "transformers": transformers.__version__},
        "strings": strings, "long": [[piece, count] for piece, count in LONG],
        "expected": {
            name: {"strings": [answer(t.encode(s).ids) for s in strings], "long": [answer(t.encode(s).ids) for s in long]}
            for name, t in references.items()
        },
        "tiny": {"model": model, "strings": TINY, "variants": rows},
    }
    lines = json.dumps(case, ensure_ascii=True, separators=(",", ":")).replace('],"', '],\n"').replace("},{", "},\n{")
    (TARGET / "case.json").write_text(lines + "\n")


if __name__ == "__main__":
    main()
