"""What everybody is measured on: the model's folder, the pictures, the labels."""

from __future__ import annotations

import math
import os
import shutil
from collections import Counter
from itertools import chain, pairwise, product
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

SEED = 20
PICTURES = 16
TEMPLATE = "a photo of a {}"
LABELS = Path(__file__).resolve().parents[2] / "examples" / "labels" / "distractors-en.txt"
#: Whose tokenizer is taken from the Hugging Face cache, if it is there.
TOKENIZER_REPO = "openai/clip-vit-base-patch32"
VOCABULARY, SPECIAL = 49408, ["<|startoftext|>", "<|endoftext|>"]


class Material:
    """Paths and texts. `folder` receives `model/`, `pictures/` and `labels.txt`."""

    def __init__(self, folder: Path):
        self.model, self.pictures = folder / "model", folder / "pictures"
        self.labels_file = folder / "labels.txt"
        self.labels = LABELS.read_text(encoding="utf-8").splitlines()
        self.texts = [TEMPLATE.replace("{}", label) for label in self.labels]
        if not (self.model / "config.json").exists():
            write_model(self.model, " ".join(self.texts).lower().split())
        self.pictures.mkdir(exist_ok=True)
        for i in range(PICTURES):
            draw(self.pictures / f"p{i:02}.png", i)
        self.labels_file.write_text(
            "".join(f"{label}\n" for label in self.labels), encoding="utf-8"
        )

    @property
    def picture_files(self) -> list[Path]:
        return sorted(self.pictures.glob("p*.png"))


@torch.no_grad()
def write_model(folder: Path, words: list[str]) -> None:
    """CLIPConfig's defaults are ViT-B/32. Weights are drawn so that each block matters: different
    pictures then have a cosine of about 0.75, and an agreement of 0.999 means something."""
    model = CLIPModel(CLIPConfig()).eval()
    generator = torch.Generator().manual_seed(SEED)
    for name, p in model.named_parameters():
        if name == "logit_scale":
            p.fill_(math.log(100))
        elif "norm" in name and name.endswith("weight"):
            p.uniform_(0.8, 1.2, generator=generator)
        elif p.ndim < 2:
            p.normal_(0, 0.05, generator=generator)
        elif "token_embedding" in name or "position_embedding" in name:
            p.normal_(0, 0.5 if "token" in name else 0.1, generator=generator)
        else:
            gain = 1.5 if "q_proj" in name or "k_proj" in name else 0.7
            p.normal_(0, gain / math.sqrt(p[0].numel()), generator=generator)
    folder.mkdir(parents=True)
    write_tokenizer(folder, words)
    CLIPImageProcessorPil().save_pretrained(folder)
    # Last, because config.json says that the folder is complete.
    model.save_pretrained(folder)


def write_tokenizer(folder: Path, words: list[str]) -> None:
    if cached := cached_tokenizer():
        shutil.copy(cached, folder / "tokenizer.json")
        return
    vocabulary, merges = synthetic(words)
    CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=77).save_pretrained(folder)


def cached_tokenizer() -> Path | None:
    home = Path(os.environ.get("HF_HOME", Path.home() / ".cache" / "huggingface"))
    hub = Path(os.environ.get("HF_HUB_CACHE", home / "hub"))
    repo = hub / ("models--" + TOKENIZER_REPO.replace("/", "--"))
    return next(iter(sorted(repo.glob("snapshots/*/tokenizer.json"))), None)


def synthetic(words: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """A vocabulary of CLIP's size and layout: bytes, bytes that end a word, merges, two specials.
    The merges make the texts' own words, so that most are one token, as with the real one; then
    every syllable of two letters, of three, and as many of four as there is room for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    letters = [chr(b) for b in plain] + [chr(256 + i) for i in range(len(rest))]
    base = letters + [c + "</w>" for c in letters]
    az = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    ends = [c + "</w>" for c in az]
    twos = list(product(az, az))
    joined = ["".join(pair) for pair in twos]
    wanted = VOCABULARY - len(base) - len(SPECIAL)
    every = [twos, product(az, ends), product(joined, ends), product(joined, az)]
    every = chain(learned(words), *every, product(joined, joined))
    first: dict[str, tuple[str, str]] = {}  # one merge for each string
    for pair in every:
        first.setdefault("".join(pair), pair)
        if len(first) == wanted:
            break
    merges = list(first.values())
    names = [*base, *("".join(m) for m in merges), *SPECIAL]
    vocabulary = {name: i for i, name in enumerate(names)}
    assert len(vocabulary) == len(names) == VOCABULARY
    return vocabulary, merges


def learned(words: list[str]) -> list[tuple[str, str]]:
    """Byte-pair merges trained on the words until each is one token; ties by alphabet."""
    plain = Counter(word for word in words if word.isascii() and word.isalpha())
    table = {(*word[:-1], word[-1] + "</w>"): count for word, count in plain.items()}
    merges: list[tuple[str, str]] = []
    while any(len(word) > 1 for word in table):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in table.items():
            for pair in pairwise(word):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        table = {merged(word, best): count for word, count in table.items()}
    return merges


def merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out, i = [], 0
    while i < len(word):
        step = 2 if word[i : i + 2] == pair else 1
        out.append("".join(word[i : i + step]))
        i += step
    return tuple(out)


def draw(file: Path, index: int) -> None:
    """640x480: a few soft waves of colour and some noise, different for every index."""
    if file.exists():
        return
    rng = np.random.default_rng([SEED, index])
    y, x = np.mgrid[0:480, 0:640] / 100.0
    planes = []
    for _ in range(3):
        a, b, c = rng.uniform(-3, 3, 3)
        wave = np.sin(a * x + b * y + c) + np.sin(b * x * y / 4 + a)
        planes.append(128 + 55 * wave + rng.normal(0, 6, x.shape))
    Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8)).save(file)
