"""Writes Tests/Fixtures/tokenizer-training: what the reference library learns from texts.

    python Tests/Reference/make_training.py

Needs tokenizers, and transformers for what make_hard_strings.py shares. Where words end by a suffix
the library has no order of its own: the characters that end words ("t</w>") get their ids as a hash
map with a random seed gives the words out, and of two pairs as frequent the one of lower ids merges
first. Here these characters, like the others, are named as special tokens by code point, after the
real ones, so that every id is settled before the library looks at a word; the model is then put into
a tokenizer that has the real special tokens only. Without a suffix it is asked twice, and must agree.
"""

import json
import random
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

from make_hard_strings import HARD, answer, fnv, random_strings

TARGET = Path(__file__).parents[1] / "Fixtures" / "tokenizer-training"
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"

CASES = {
    # Corpus, style, vocabulary, minimum count, suffix, special tokens, whole alphabet, length limit.
    "clip": ("captions", "clip", 400, 2, "</w>", [START, END], True, None),
    "clip-every-pair": ("captions", "clip", 5000, 1, "</w>", [START, END], True, None),
    "clip-frequent-pairs": ("captions", "clip", 5000, 5, "</w>", [START, END], True, None),
    "clip-no-suffix": ("captions", "clip", 360, 2, None, [END, "<pad>", START], True, None),
    "clip-few-characters": ("captions", "clip", 300, 1, "</w>", [START, END], False, None),
    "gpt2": ("captions", "gpt2", 420, 2, None, [END], True, None),
    "gpt2-suffix": ("captions", "gpt2", 600, 5, "</w>", [], True, None),
    "gpt2-few-characters": ("captions", "gpt2", 300, 0, None, [], False, None),
    "odd-specials": ("captions", "gpt2", 320, 2, None, ['"\\\t\u0001\n', "e\u0301", "a", "é한"], True, None),
    "short-tokens": ("captions", "clip", 5000, 1, "</w>", [START, END], True, 4),
    "pairs-only": ("captions", "gpt2", 5000, 1, None, [], False, 0),
    "runs": ("runs", "gpt2", 5000, 1, None, [], False, None),
    "runs-suffix": ("runs", "clip", 60, 1, "</w>", [START, END], False, None),
    "runs-short": ("runs", "gpt2", 5000, 1, None, [], False, 5),
}


def captions() -> list[str]:
    """English and Korean, most words as frequent as some others, and what is hard to cut."""
    draw = random.Random(8)
    colours = ["red", "blue", "grey", "golden"]
    things = ["cat", "cart", "car", "boat", "goat", "coat", "kitten", "mitten"]
    small, korean = ["빨간", "파란", "작은"], ["고양이", "강아지", "자동차", "자전거", "사과", "사자"]
    kinds = ["사진", "그림", "이모지"]
    out = [f"a photo of a {draw.choice(colours)} {draw.choice(things)}" for _ in range(40)]
    out += [f"{draw.choice(small)} {draw.choice(korean)} {draw.choice(kinds)}" for _ in range(40)]
    thing = lambda: draw.choice(things)
    out += [f"{thing().upper()}'s  {thing()}s, {draw.randrange(2100)}!" for _ in range(20)]
    return out + [
        "\u1100\u1169\u110b\u1163\u11bc\u110b\u1175 고양이 \u1100\u1161\u11a8 각",
        "caf\u00e9 cafe\u0301 CAFÉ e\u0301", "👩‍🚀 👩🏽‍🚀 🏳️‍🌈 👨‍👩‍👧‍👦 ❤️ ❤",
        "a\nb\r\n\tc  d\u3000e", "<|endoftext|> a<|startoftext|>b <|ENDOFTEXT|>",
        "", "   ", "don't we'll y'all'd", "a</w> </w> b",
    ]


def runs() -> list[str]:
    """Few letters in long runs: pairs that overlap themselves, and ties at every step."""
    draw = random.Random(9)
    piece = lambda: draw.choice(["a", "ab", "aab", "b"]) * draw.randrange(1, 9)
    word = lambda: "".join(piece() for _ in range(draw.randrange(1, 4)))
    return [" ".join(word() for _ in range(6)) for _ in range(12)]


def pipeline(style: str, model: models.BPE) -> Tokenizer:
    out = Tokenizer(model)
    out.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    out.decoder = decoders.ByteLevel()
    if style == "clip":
        spaces = normalizers.Replace(Regex(r"\s+"), " ")
        out.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
        words = pre_tokenizers.Split(Regex(WORDS), "removed", invert=True)
        out.pre_tokenizer = pre_tokenizers.Sequence([words, out.pre_tokenizer])
    return out


def learn(texts, style, vocabulary, minimum, suffix, specials, whole, limit) -> dict:
    ending = {"end_of_word_suffix": suffix} if suffix else {}
    if limit is not None:
        ending["max_token_length"] = limit
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, min_frequency=minimum, special_tokens=specials, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if whole else [], **ending)
    out = pipeline(style, models.BPE())
    out.train_from_iterator(texts, trainer)
    return json.loads(out.to_str())["model"]


def settled(texts, style, vocabulary, minimum, suffix, specials, whole, limit) -> dict:
    rest = (minimum, suffix, specials, whole, limit)
    if not suffix:
        first, second = (learn(texts, style, vocabulary, *rest) for _ in range(2))
        assert first == second
        return first
    characters = [t for t in learn(texts, style, 0, *rest)["vocab"] if t not in specials]
    named = specials + sorted(characters, key=lambda t: (len(t), t))
    out = learn(texts, style, vocabulary, minimum, suffix, named, whole, limit)
    assert out == learn(texts, style, vocabulary, minimum, suffix, named, whole, limit)
    return out


def finished(style, suffix, specials, model) -> Tokenizer:
    """The tokenizer as the library would leave it if it had these ids by itself."""
    settings = {"end_of_word_suffix": suffix} if suffix else {}
    settings |= {"unk_token": END} if style == "clip" else {}
    merges = [tuple(m) for m in model["merges"]]
    out = pipeline(style, models.BPE(vocab=model["vocab"], merges=merges, **settings))
    out.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    if style == "clip":
        ids = [(s, model["vocab"][s]) for s in (START, END)]
        single = f"{START} $A {END}"
        out.post_processor = processors.TemplateProcessing(single=single, special_tokens=ids)
    return out


def main() -> None:
    corpora = {"captions": captions(), "runs": runs()}
    strings = HARD + random_strings()
    rows = []
    TARGET.mkdir(exist_ok=True)
    for name, (corpus, style, *settings) in CASES.items():
        vocabulary, minimum, suffix, specials, whole, limit = settings
        model = settled(corpora[corpus], style, *settings)
        result = finished(style, suffix, specials, model)
        text = result.to_str(pretty=True)
        if name == "clip":
            (TARGET / "tokenizer.json").write_text(text)
        tokens = sorted(model["vocab"], key=model["vocab"].get)
        rows.append({
            "name": name, "corpus": corpus, "style": style, "vocabulary": vocabulary,
            "minimum_count": minimum, "end_of_word": suffix, "specials": specials, "all_bytes": whole,
            "length_limit": limit, "file": fnv(list(text.encode())),
            "tokens": tokens, "merges": [" ".join(m) for m in model["merges"]],
            "ids": [answer(result.encode(s).ids) for s in strings] if name in ("clip", "gpt2") else None,
        })
        print(f"{name}: {len(tokens)} tokens, {len(model['merges'])} merges")
    case = {"versions": {"tokenizers": tokenizers.__version__}, "corpora": corpora, "cases": rows}
    text = json.dumps(case, ensure_ascii=True, separators=(",", ":"))
    (TARGET / "case.json").write_text(text.replace('],"', '],\n"').replace("},{", "},\n{") + "\n")


if __name__ == "__main__":
    main()
