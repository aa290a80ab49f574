"""The bundled emoji-clip on some of the project's own drawings, end to end: files to logits.

Only numbers are stored; the weights and pictures stay where they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .audit import sig, spread
from .fixture import Fixture
from .huggingface import EAGER

DRAWINGS = Path(__file__).resolve().parents[3] / "examples" / "pictures"
#: The files of a checkpoint that decide its numbers.
FILES = ("config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@torch.no_grad()
def emoji_clip_drawings(fx: Fixture, v: dict, checkpoint: Path) -> None:
    model = CLIPModel.from_pretrained(checkpoint, dtype=torch.float32, **EAGER).eval()
    images = picture_case(fx, model, v["drawings"], checkpoint)
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    scale = model.logit_scale.exp()
    for name, labels, template in v["rankings"]:
        texts = [template.replace("{}", label) for label in labels]
        rows = [tokenizer.encode(text).ids for text in texts]
        embeds = torch.stack([text_embedding(model, torch.tensor([row]))[0] for row in rows])
        case = fx.case(name, "rank", "each text at its own length: start, words, end, no padding")
        case.inputs(labels=labels, template=template, texts=texts)
        case.outputs(input_ids=[torch.tensor(row) for row in rows], text_embeds=embeds)
        logits = scale * images @ embeds.T
        case.outputs(logits_per_image=logits, probabilities=logits.softmax(-1))
        fx.checks[name] = {"padding_relative_difference": padding(model, rows, embeds)}
    hashes = {f: digest((checkpoint / f).read_bytes()) for f in FILES}
    fx.container([], "CLIPModel", checkpoint="emoji-clip", sha256=hashes)


def picture_case(fx: Fixture, model, names: list[str], checkpoint: Path) -> torch.Tensor:
    """Normalised embeddings of the drawings."""
    processor = CLIPImageProcessorPil.from_pretrained(checkpoint)
    pictures = [Image.open(DRAWINGS / name) for name in names]
    pixels = processor(pictures, return_tensors="pt")["pixel_values"]
    out = model.vision_model(pixel_values=pixels)
    embeds = normalised(model.visual_projection(out.pooler_output))
    case = fx.case("pictures", "embed", "drawings of examples/pictures through the PIL processor")
    case.inputs(drawings=names)
    case.info["file_sha256"] = [digest((DRAWINGS / name).read_bytes()) for name in names]
    case.info["pixel_values_sha256"] = [
        digest(np.ascontiguousarray(p.numpy().astype("<f4")).tobytes()) for p in pixels
    ]
    case.outputs(pixel_values=pixels[:1], image_embeds=embeds)
    case.keys(
        pixel_values="of the first drawing, [1, 3, S, S]",
        pixel_values_sha256="of each drawing's [3, S, S] float32, little-endian",
    )
    return embeds


def normalised(x: torch.Tensor) -> torch.Tensor:
    return x / x.norm(dim=-1, keepdim=True)


def text_embedding(model, ids: torch.Tensor) -> torch.Tensor:
    return normalised(model.text_projection(model.text_model(input_ids=ids).pooler_output))


def padding(model, rows: list[list[int]], embeds: torch.Tensor) -> float | str:
    """How far padding every text to the model's full length moves its embedding."""
    config = model.config.text_config
    full = torch.full((len(rows), config.max_position_embeddings), config.pad_token_id)
    for row, ids in zip(full, rows):
        row[: len(ids)] = torch.tensor(ids)
    delta = spread({"e": embeds}, {"e": text_embedding(model, full)})
    assert delta < 1e-5, delta
    return sig(delta)
