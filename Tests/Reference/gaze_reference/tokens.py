"""Tiny tokenizers of every kind, trained on an embedded corpus and put to the hard strings."""

from __future__ import annotations

import math
from collections import Counter

import torch
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from transformers import CLIPTokenizer, GemmaTokenizer, LlamaTokenizer

from .audit import AuditError
from .draw import Draw
from .fixture import Fixture
from .strings import CORPUS, STRINGS


def train_bpe(words: list[tuple[str, ...]], count: int) -> list[tuple[str, str]]:
    """Plain byte-pair training; ties go to the alphabetically first pair: deterministic."""
    table = Counter(words)
    merges = []
    while len(merges) < count:
        pairs = Counter()
        for word, n in table.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        if not pairs:
            break
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        fresh = Counter()
        for word, n in table.items():
            out, i = [], 0
            while i < len(word):
                if word[i : i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            fresh[tuple(out)] += n
        table = fresh
    return merges


def byte_alphabet() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes, in vocabulary order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(rest))]


def corpus(draw: Draw) -> list[str]:
    """The corpus with some lines dropped or doubled, so that each variant learns other merges."""
    lines = [line for line in CORPUS.split("\n") if line]
    weights = draw.ids("corpus", (len(lines),), 0, 3).tolist()
    return [line for line, w in zip(lines, weights) for _ in range(w)] or lines


def split_words(tokenizer: Tokenizer, lines: list[str]) -> list[str]:
    words = []
    for line in lines:
        text = tokenizer.normalizer.normalize_str(line) if tokenizer.normalizer else line
        pieces = (
            tokenizer.pre_tokenizer.pre_tokenize_str(text)
            if tokenizer.pre_tokenizer
            else [(text, None)]
        )
        words += [w for w, _ in pieces]
    return words


def vocabulary(
    base: list[str], merges: list[tuple[str, str]], tail: list[str] = ()
) -> dict[str, int]:
    names = [*base, *("".join(m) for m in merges), *tail]
    return {n: i for i, n in enumerate(dict.fromkeys(names))}


def clip_tokenizer(merges: int, draw: Draw, length: int = 77) -> CLIPTokenizer:
    base = byte_alphabet()
    base += [c + "</w>" for c in base]
    special = ["<|startoftext|>", "<|endoftext|>"]
    splitter = CLIPTokenizer(vocab=vocabulary(base, [], special), merges=[]).backend_tokenizer
    words = [(*w[:-1], w[-1] + "</w>") for w in split_words(splitter, corpus(draw))]
    learned = train_bpe(words, merges)
    return CLIPTokenizer(
        vocab=vocabulary(base, learned, special), merges=learned, model_max_length=length
    )


# ----------------------------------------------------------------------------------- the fixture

LLAMA3 = "|".join(
    [
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        r"[^\r\n\p{L}\p{N}]?\p{L}+",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def extras() -> list[AddedToken]:
    """Added tokens of every flavour; `STRINGS` contains each of them."""
    return [
        AddedToken("<image>", special=True, normalized=False, lstrip=True, rstrip=False),
        AddedToken("<special>", special=False, normalized=False, single_word=True),
        AddedToken("<|endoftext|>", special=True, normalized=False),
    ]


def byte_level(merges: int, draw: Draw, style: str) -> Tokenizer:
    split = pre_tokenizers.Split(Regex(LLAMA3), behavior="isolated")
    levels = {
        "gpt2": pre_tokenizers.ByteLevel(add_prefix_space=False),
        "llama3": pre_tokenizers.Sequence(
            [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        ),
    }
    probe = Tokenizer(models.BPE())
    probe.pre_tokenizer = levels[style]
    learned = train_bpe([tuple(w) for w in split_words(probe, corpus(draw))], merges)
    vocab = vocabulary(byte_alphabet(), learned)
    tok = Tokenizer(models.BPE(vocab=vocab, merges=learned, ignore_merges=style == "llama3"))
    tok.pre_tokenizer, tok.decoder = levels[style], decoders.ByteLevel()
    tok.add_tokens(extras())
    if style == "llama3":
        tok.add_tokens([AddedToken("<|begin|>", special=True)])
        tok.post_processor = processors.Sequence(
            [
                processors.ByteLevel(trim_offsets=False),
                processors.TemplateProcessing(
                    single="<|begin|> $A",
                    pair="<|begin|> $A <|begin|> $B",
                    special_tokens=[("<|begin|>", tok.token_to_id("<|begin|>"))],
                ),
            ]
        )
    else:
        tok.post_processor = processors.ByteLevel(trim_offsets=False)
    return tok


def pieces(draw: Draw) -> list[str]:
    """Whitespace-led words in SentencePiece notation, plus runs of spaces as code has them."""
    words = []
    for line in corpus(draw):
        run = ""
        for ch in "▁" + line.replace(" ", "▁"):
            if ch == "▁" and run and run.strip("▁"):
                words.append(run)
                run = ""
            run += ch
        words.append(run)
    return words + ["▁▁", "▁▁▁▁"] * 4


def sentence_piece(merges: int, alphabet: int, draw: Draw, special: list[str]) -> tuple[dict, list]:
    words = pieces(draw)
    common = Counter(c for w in words for c in w)
    letters = sorted(common, key=lambda c: (-common[c], c))[
        :alphabet
    ]  # the rest falls back to bytes
    keep = set(letters)
    learned = train_bpe([tuple(w) for w in words if set(w) <= keep], merges)
    return vocabulary([*special, *BYTES, *letters], learned), learned


def legacy_llama(merges: int, alphabet: int, draw: Draw) -> Tokenizer:
    """The layout of older tokenizer.json files: a prepending normaliser and no pre-tokenizer."""
    vocab, learned = sentence_piece(merges, alphabet, draw, ["<unk>", "<s>", "</s>"])
    tok = Tokenizer(
        models.BPE(
            vocab=vocab, merges=learned, unk_token="<unk>", fuse_unk=True, byte_fallback=True
        )
    )
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tok.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tok.add_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ("<unk>", "<s>", "</s>")] + extras()
    )
    tok.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return tok


def unigram(count: int, draw: Draw, byte_fallback: bool) -> Tokenizer:
    """Substrings scored by log frequency; a little noise keeps the best path unique."""
    special = ["<pad>", "</s>", "<unk>"]
    normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(),
        ]
    )
    counts = Counter()
    lines = [normalizer.normalize_str(line) for line in corpus(draw)]
    for word in ("▁" + word for line in lines for word in line.split(" ")):
        for i in range(len(word)):
            for j in range(i + 1, min(len(word), i + 9) + 1):
                counts[word[i:j]] += 1
    single = sorted(c for c in counts if len(c) == 1)
    if byte_fallback:
        single = [c for c in single if ord(c) < 128 or c == "▁"]
    long = sorted(
        (s for s in counts if len(s) > 1 and counts[s] > 1), key=lambda s: (-counts[s] * len(s), s)
    )[:count]
    names = [*special, *(BYTES if byte_fallback else []), *single, *long]
    total = sum(counts.values())
    noise = draw.uniform("unigram", (len(names),), 0, 0.05).tolist()

    def score(piece: str, jitter: float) -> float:
        if piece in special or piece in BYTES:
            return 0.0
        return round(math.log(max(counts[piece], 1) / total) - jitter, 6)

    scored = [(piece, score(piece, jitter)) for piece, jitter in zip(names, noise)]
    tok = Tokenizer(models.Unigram(scored, unk_id=2, byte_fallback=byte_fallback))
    tok.normalizer = normalizer
    tok.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement="▁", prepend_scheme="always", split=True
    )
    fallback = [decoders.ByteFallback()] if byte_fallback else []
    tok.decoder = decoders.Sequence(
        [*fallback, decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)]
    )
    tok.add_tokens([AddedToken(t, special=True, normalized=False) for t in special] + extras())
    tok.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return tok


def tokenizers(fx: Fixture, v: dict) -> None:
    draw = fx.draw
    llama, gemma = ["<unk>", "<s>", "</s>"], ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pieced = lambda n, special: dict(
        zip(("vocab", "merges"), sentence_piece(n, v["alphabet"], draw, special)),
        extra_special_tokens=["<image>"],
    )
    built = {
        "clip": clip_tokenizer(v["clip"], draw),
        "bpe-gpt2": byte_level(v["gpt2"], draw, "gpt2"),
        "bpe-llama3": byte_level(v["llama3"], draw, "llama3"),
        "sp-llama": LlamaTokenizer(**pieced(v["llama"], llama)),
        "sp-llama-legacy": legacy_llama(v["legacy"], v["alphabet"], draw),
        "sp-gemma": GemmaTokenizer(**pieced(v["gemma"], gemma)),
        "unigram": unigram(v["unigram"], draw, False),
        "unigram-bytes": unigram(v["unigram_bytes"], draw, True),
    }
    for name, tokenizer in built.items():
        record(fx, name, tokenizer)
    assert fx.checks["sp-llama"]["byte_tokens_used"] > 20
    assert fx.checks["unigram-bytes"]["byte_tokens_used"] > 20
    assert fx.checks["unigram"]["unknown_used"]
    fx.container([f"{n}/tokenizer.json" for n in built], "tokenizers")


def record(fx: Fixture, name: str, tokenizer) -> None:
    """Ids, and both decodings, of every hard string; the tokenizer is saved beside them."""
    folder = fx.path / name
    folder.mkdir()
    wrapped = not isinstance(tokenizer, Tokenizer)
    if wrapped:
        tokenizer.save_pretrained(folder)
    else:
        tokenizer.save(str(folder / "tokenizer.json"))
    backend = tokenizer.backend_tokenizer if wrapped else tokenizer
    again = Tokenizer.from_file(str(folder / "tokenizer.json"))
    # transformers' own decode cleans up after CLIP's word ends.
    decode = tokenizer.decode if name == "clip" else backend.decode
    rows, full, bare = [], [], []
    for text in STRINGS:
        full.append(backend.encode(text).ids)
        bare.append(backend.encode(text, add_special_tokens=False).ids)
        if again.encode(text).ids != full[-1]:
            raise AuditError(f"{name} changes when reloaded")
        rows.append(
            {
                "text": text,
                "decoded": decode(full[-1], skip_special_tokens=True),
                "decoded_with_special": decode(full[-1], skip_special_tokens=False),
            }
        )
    case = fx.case(
        name,
        "tokenize",
        "ids are concatenated; lengths gives the split; `bare` is without special tokens; "
        "strings are in strings.json",
    )
    case.inputs(strings=f"{name}/strings.json")
    for key, lists in (("ids", full), ("bare", bare)):
        flat = [i for ids in lists for i in ids]
        case.outputs(**{key: torch.tensor(flat, dtype=torch.int32)})
        lengths = torch.tensor([len(ids) for ids in lists], dtype=torch.int32)
        case.outputs(**{f"{key}_lengths": lengths})
    if name == "clip":
        batch = tokenizer(
            STRINGS[:20], padding="max_length", max_length=12, truncation=True, return_tensors="pt"
        )
        case.outputs("padded", **dict(batch))
    fx.json(f"{name}/strings.json", rows)
    fx.checks[name] = usage(backend, full)


def usage(backend: Tokenizer, encoded: list[list[int]]) -> dict:
    """How much of the tokenizer the strings reach."""
    used = {i for ids in encoded for i in ids}
    names = [backend.id_to_token(i) for i in used]
    return {
        "vocabulary": backend.get_vocab_size(),
        "ids_used": len(used),
        "mean_length": round(sum(map(len, encoded)) / len(encoded), 2),
        "byte_tokens_used": sum(n in BYTES for n in names),
        "unknown_used": "<unk>" in names,
        "merged_tokens_used": sum(len(n) > 1 and n not in BYTES for n in names),
    }
