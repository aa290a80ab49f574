"""SigLIP and SigLIP 2 NaFlex as transformers computes them."""

from __future__ import annotations

import torch
from PIL import Image
from transformers import Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

from .audit import audit, probe, sig
from .clip import pictures
from .fixture import Fixture
from .huggingface import (
    KEY_BIAS,
    build,
    hooks,
    record_joint,
    save_model,
    summary,
    twin,
    vision_text,
)


def padded_ids(fx: Fixture, v: dict) -> torch.Tensor:
    """Rows of `lengths` ids; eos and pad share id 1, as in SigLIP's own tokenizer."""
    ids = fx.draw.ids("ids", (3, v["text"]["max_position_embeddings"]), 2, v["text"]["vocab_size"])
    for row, used in enumerate(v["lengths"]):
        ids[row, used - 1], ids[row, used:] = 1, 1
    return ids


def siglip(fx: Fixture, v: dict) -> None:
    model = build(
        SiglipModel, SiglipConfig(text_config=v["text"], vision_config=v["vision"]), fx.draw
    )
    size, length = v["vision"]["image_size"], v["text"]["max_position_embeddings"]
    processor = SiglipImageProcessorPil(size={"height": size, "width": size})
    processor.save_pretrained(fx.path)
    images = pictures(fx, v["images"])
    pixels = processor([Image.fromarray(i) for i in images], return_tensors="pt")["pixel_values"]
    ids = padded_ids(fx, v)
    mask = (torch.arange(length)[None] < torch.tensor(v["lengths"])[:, None]).long()

    def run(m, key_mask=None):
        text = {"input_ids": ids} | ({} if key_mask is None else {"attention_mask": key_mask})
        return vision_text(m, text, {"pixel_values": pixels})

    evaluate = lambda m: summary(run(m))
    case = fx.case(
        "base",
        "contrastive",
        "padded to max_length, no mask: the pooled text position is the last one, usually padding",
    )
    case.inputs(image=images, pixel_values=pixels, input_ids=ids)
    maps = []
    with hooks((model.vision_model.head.attention, lambda a, k, o: maps.append(o[1]))):
        out = run(model)
    record_joint(case, out)
    case.outputs("vision", head_attention=maps[0])
    case.outputs(probabilities=out.logits_per_image.sigmoid())
    base = summary(out)
    masked_case(fx, model, ids, mask)
    interpolate_case(fx, model, v)
    act = lambda part, name: evaluate(
        twin(model, lambda c: setattr(getattr(c, part), "hidden_act", name))
    )
    fx.checks["probes"] = {
        "text mask": probe(base, summary(run(model, mask)), "text mask"),
        "vision activation tanh vs erf": probe(
            base, act("vision_config", "gelu"), "vision activation", 1e-4
        ),
        "text activation vs quick": probe(
            base, act("text_config", "quick_gelu"), "text activation"
        ),
        "head attention is not uniform": sig(float((maps[0] - maps[0].mean()).abs().max())),
    }
    fx.checks["audit"] = audit(model, lambda: evaluate(model), cancels=KEY_BIAS)
    save_model(fx, model, evaluate)


def masked_case(fx: Fixture, model, ids, mask) -> None:
    case = fx.case("masked", "text", "bidirectional text with an attention mask")
    case.inputs(input_ids=ids, attention_mask=mask)
    with torch.no_grad():
        out = model.text_model(
            input_ids=ids, attention_mask=mask, output_hidden_states=True, output_attentions=True
        )
    case.outputs(
        "text", hidden=out.hidden_states, attention=out.attentions, pooled=out.pooler_output
    )


def interpolate_case(fx: Fixture, model, v: dict) -> None:
    h, w = v["interpolate"]
    big = fx.draw.normal("interpolate/pixels", (1, 3, h, w))
    case = fx.case(
        "interpolate", "vision", "interpolate_pos_encoding=True, bicubic, no class token"
    )
    case.inputs(pixel_values=big, interpolate_pos_encoding=True)
    with torch.no_grad():
        out = model.vision_model(pixel_values=big, interpolate_pos_encoding=True)
    case.outputs("vision", last_hidden_state=out.last_hidden_state, pooled=out.pooler_output)


def siglip2_naflex(fx: Fixture, v: dict) -> None:
    dtype_of = lambda name: getattr(torch, v["dtype"])
    config = Siglip2Config(text_config=v["text"], vision_config=v["vision"])
    model = build(Siglip2Model, config, fx.draw, dtype_of=dtype_of)
    processor = Siglip2ImageProcessorPil(
        patch_size=v["vision"]["patch_size"], max_num_patches=v["max_patches"]
    )
    processor.save_pretrained(fx.path)
    images = pictures(fx, v["images"])
    vision = dict(processor([Image.fromarray(i) for i in images], return_tensors="pt"))
    ids = fx.draw.ids("ids", (2, v["text"]["max_position_embeddings"]), 2, v["text"]["vocab_size"])
    ids[0, 5], ids[0, 6:] = 1, 0
    run = lambda m, vis=vision: vision_text(m, {"input_ids": ids}, vis)
    evaluate = lambda m: summary(run(m))
    case = fx.case(
        "base",
        "contrastive",
        "variable resolution: patches (row, column, channel), per-image grids, padded and masked",
    )
    case.inputs(image=images, input_ids=ids, **vision)
    case.meaningless(vision="rows where pixel_attention_mask is 0")
    maps, embedded = [], []
    tower = model.vision_model
    with hooks(
        (tower.head.attention, lambda a, k, o: maps.append(o[1])),
        (tower.embeddings, lambda a, k, o: embedded.append(o)),
    ):
        out = run(model)
    record_joint(case, out)
    case.outputs("vision", head_attention=maps[0], embeddings=embedded[0])
    case.outputs(probabilities=out.logits_per_image.sigmoid())
    base = summary(out)
    grids = {tuple(g) for g in vision["spatial_shapes"].tolist()}
    assert len(grids) == len(images) and any(h * w < v["max_patches"] for h, w in grids), grids
    unmasked = torch.ones_like(vision["pixel_attention_mask"])
    everything = dict(vision, pixel_attention_mask=unmasked)
    with no_antialias():
        aliased = evaluate(model)
    exact = twin(model, lambda c: setattr(c.vision_config, "hidden_act", "gelu"))
    fx.checks["probes"] = {
        "patch mask": probe(base, summary(run(model, everything)), "patch mask"),
        "antialiased positions": probe(base, aliased, "antialias"),
        "vision activation tanh vs erf": probe(base, evaluate(exact), "vision activation", 1e-4),
    }
    fx.checks["grids"] = sorted(map(list, grids))
    fx.checks["audit"] = audit(model, lambda: evaluate(model), cancels=KEY_BIAS)
    save_model(fx, model, evaluate, dtype_of=dtype_of)


class no_antialias:
    """Replaces antialiased interpolation by the plain kind, to prove the difference is visible."""

    def __enter__(self):
        self.real = torch.nn.functional.interpolate
        torch.nn.functional.interpolate = lambda *a, **k: self.real(*a, **dict(k, antialias=False))

    def __exit__(self, *_):
        torch.nn.functional.interpolate = self.real
