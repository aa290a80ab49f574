"""CLIP as transformers computes it, in its own container: pooling rules, masks, interpolation."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from . import tokens
from .audit import audit, probe
from .fixture import Fixture
from .huggingface import KEY_BIAS, build, record_joint, save_model, summary, twin, vision_text

TEXTS = ["a photo of a cat", "two dogs, running!", "the number 7 in café snow"]


def config(v: dict, vocab: int, eos: int | None = None) -> CLIPConfig:
    eos = vocab - 1 if eos is None else eos
    ids = dict(vocab_size=vocab, bos_token_id=vocab - 2, eos_token_id=eos, pad_token_id=vocab - 1)
    return CLIPConfig(
        text_config=dict(v["text"], **ids, projection_dim=v["projection"]),
        vision_config=dict(v["vision"], projection_dim=v["projection"]),
        projection_dim=v["projection"],
    )


def half(name: str):
    """What fits half precision in every CLIP container: `clip` stores it as float32, the other
    containers as float16."""
    return None if "norm" in name or name.endswith("logit_scale") else torch.float16


def pictures(fx: Fixture, sizes) -> list[np.ndarray]:
    return [fx.draw.picture(f"image/{i}", h, w) for i, (h, w) in enumerate(sizes)]


def preprocess(fx: Fixture, v: dict):
    """Drawn images and what the PIL processor makes of them; its settings are saved."""
    size = v["vision"]["image_size"]
    square = {"height": size, "width": size}
    processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size=square)
    images = pictures(fx, v["images"])
    pixels = processor([Image.fromarray(i) for i in images], return_tensors="pt")["pixel_values"]
    processor.save_pretrained(fx.path)
    return images, pixels


def inputs(fx: Fixture, v: dict):
    """Images, pixels, tokens of TEXTS by a tiny CLIP tokenizer (saved), and its vocabulary size."""
    images, pixels = preprocess(fx, v)
    tokenizer = tokens.clip_tokenizer(v["merges"], fx.draw)
    length = v["text"]["max_position_embeddings"]
    batch = tokenizer(
        TEXTS, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    )
    tokenizer.save_pretrained(fx.path)
    return images, pixels, batch, len(tokenizer)


def run(model, ids, pixels, mask=None):
    text = {"input_ids": ids} | ({"attention_mask": mask} if mask is not None else {})
    pooled = {
        "vision": model.vision_model.post_layernorm,
        "text": model.text_model.final_layer_norm,
    }
    return vision_text(model, text, {"pixel_values": pixels}, pooled)


def base_case(fx: Fixture, model, images, pixels, batch, terse: bool = False) -> dict:
    """The plain zero-shot case shared by every CLIP container; returns its summary."""
    ids = batch["input_ids"]
    case = fx.case(
        "base", "contrastive", "padded ids without a mask; pooled values are before the projections"
    )
    case.inputs(texts=TEXTS, image=images, pixel_values=pixels, input_ids=ids)
    out = run(model, ids, pixels)
    if terse:
        case.outputs(text_embeds=out.text_embeds, image_embeds=out.image_embeds)
        case.outputs(logits_per_image=out.logits_per_image)
    else:
        record_joint(case, out)
    eos = (ids == model.config.text_config.vocab_size - 1).int().argmax(-1)
    case.outputs("vision", pooled=out.seen["vision"])
    case.outputs("text", pooled=out.seen["text"][torch.arange(len(eos)), eos])
    case.outputs(probabilities=out.logits_per_image.softmax(-1))
    return summary(out)


def clip(fx: Fixture, v: dict) -> None:
    images, pixels, batch, vocab = inputs(fx, v)
    model = build(CLIPModel, config(v, vocab), fx.draw, dtype_of=half)
    ids = batch["input_ids"]
    evaluate = lambda m: summary(run(m, ids, pixels))
    base = base_case(fx, model, images, pixels, batch)
    masked_case(fx, model, ids, batch["attention_mask"])
    eos_case(fx, model, v, vocab)
    interpolate_case(fx, model, v)

    flip = {"quick_gelu": "gelu", "gelu": "quick_gelu"}
    switches = {
        "text activation": ("text_config", "hidden_act", flip[v["text"]["hidden_act"]]),
        "vision activation": ("vision_config", "hidden_act", flip[v["vision"]["hidden_act"]]),
        "text eps": ("text_config", "layer_norm_eps", 1e-2),
        "vision heads": ("vision_config", "num_attention_heads", 1),
        "text heads": ("text_config", "num_attention_heads", 1),
    }
    probes = {}
    for name, (part, key, value) in switches.items():
        change = partial(switch, part=part, key=key, value=value)
        other = twin(model, change)
        probes[name] = probe(base, evaluate(other), name)
    fx.checks["probes"] = probes
    fx.checks["audit"] = audit(model, lambda: evaluate(model), cancels=KEY_BIAS)
    save_model(fx, model, evaluate)


def clip_full_size(fx: Fixture, v: dict) -> None:
    """The base case alone, of a model as large as those that people use."""
    images, pixels, batch, vocab = inputs(fx, v)
    model = build(CLIPModel, config(v, vocab), fx.draw)
    base_case(fx, model, images, pixels, batch)
    save_model(fx, model, lambda m: summary(run(m, batch["input_ids"], pixels)))


def switch(config, part: str, key: str, value) -> None:
    setattr(getattr(config, part), key, value)


def masked_case(fx: Fixture, model, ids, mask) -> None:
    case = fx.case(
        "masked", "text", "attention mask given: pads are hidden, the pooled row is unchanged"
    )
    case.inputs(input_ids=ids, attention_mask=mask)
    with torch.no_grad():
        out = model.text_model(
            input_ids=ids, attention_mask=mask, output_hidden_states=True, output_attentions=True
        )
    case.outputs("text", hidden=out.hidden_states, attention=out.attentions)
    case.outputs("text", last_hidden_state=out.last_hidden_state, pooled=out.pooler_output)


def eos_case(fx: Fixture, model, v: dict, vocab: int) -> None:
    rows = fx.draw.ids("eos/rows", (3, v["text"]["max_position_embeddings"]), 0, vocab - 2)
    rows[0, 5], rows[0, 9] = vocab - 1, vocab - 1  # the first of several EOS wins
    rows[1, 3] = vocab - 1
    case = fx.case(
        "eos",
        "text",
        "EOS twice, once, and absent (row 2): pooling takes the first EOS, "
        "or position 0 when there is none",
    )
    case.inputs(input_ids=rows)
    with torch.no_grad():
        out = model.text_model(input_ids=rows)
    case.outputs("text", last_hidden_state=out.last_hidden_state, pooled=out.pooler_output)
    for r, p in enumerate([5, 3, 0]):
        assert torch.equal(out.pooler_output[r], out.last_hidden_state[r, p])


def interpolate_case(fx: Fixture, model, v: dict) -> None:
    h, w = v["interpolate"]
    big = fx.draw.normal("interpolate/pixels", (1, 3, h, w))
    case = fx.case(
        "interpolate",
        "vision",
        "interpolate_pos_encoding=True on a non-square image (torch bicubic, A=-0.75)",
    )
    case.inputs(pixel_values=big, interpolate_pos_encoding=True)
    with torch.no_grad():
        out = model.vision_model(
            pixel_values=big, interpolate_pos_encoding=True, output_hidden_states=True
        )
    case.outputs("vision", hidden=out.hidden_states, pooled=out.pooler_output)


def clip_legacy_eos(fx: Fixture, v: dict) -> None:
    """`eos_token_id: 2` in the text config: pool at the largest id, wherever it stands."""
    vocab, length = v["vocab"], v["text"]["max_position_embeddings"]
    model = build(CLIPModel, config(v, vocab, eos=2), fx.draw)
    ids = fx.draw.ids("ids", (4, length), 3, vocab - 1)
    ids[:, 0] = vocab - 2
    ids[0, 6] = vocab - 1  # maximum in the middle
    ids[1, 4] = ids[1, 8] = vocab - 1  # two maxima: the first
    # Neither the configured id 2 nor the real EOS is the largest: still the maximum.
    ids[2, 0], ids[2, 2], ids[2, 9] = 4, 2, vocab - 3
    ids[3, -1] = vocab - 1
    size = v["vision"]["image_size"]
    pixels = fx.draw.normal("pixels", (2, 3, size, size))
    evaluate = lambda m: summary(run(m, ids, pixels))
    case = fx.case("legacy", "contrastive", "pooled position = first maximum of the ids")
    case.inputs(input_ids=ids, pixel_values=pixels)
    out = run(model, ids, pixels)
    record_joint(case, out)
    where = ids.int().argmax(-1)
    pooled = out.seen["text"][torch.arange(4), where]
    case.outputs("text", pooled=pooled, pooled_position=where)
    case.outputs("vision", pooled=out.seen["vision"])
    modern = twin(model, lambda c: setattr(c.text_config, "eos_token_id", vocab - 1))
    fx.checks["probes"] = {
        "modern eos rule": probe(summary(out), evaluate(modern), "modern eos rule")
    }
    fx.checks["audit"] = audit(model, lambda: evaluate(model), cancels=KEY_BIAS)
    save_model(fx, model, evaluate)
