"""Models that only open_clip (with timm) defines: ModifiedResNet towers, and SigLIP with its
`visual.trunk` names. Both are written as OpenCLIP containers and run by open_clip's own modules."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from .audit import AuditError, audit, probe, sig, spread
from .clip import pictures, preprocess
from .containers import openclip_json
from .draw import randomise
from .fixture import Fixture
from .huggingface import hooks
from .packages import open_clip_model
from .siglip import padded_ids


class AttentionTap(torch.overrides.TorchFunctionMode):
    """Records attention probabilities [batch, heads, queries, keys] in the order in which they are
    computed: what torch's multi-head attention would discard, and timm's unfused softmax."""

    def __init__(self):
        super().__init__()
        self.maps: list[torch.Tensor] = []

    def __torch_function__(self, func, kinds, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "multi_head_attention_forward":
            kwargs = dict(kwargs, need_weights=True, average_attn_weights=False)
        out = func(*args, **kwargs)
        if name == "multi_head_attention_forward":
            self.maps.append(out[1].clone())
        elif name == "softmax":
            self.maps.append(out.clone())
        return out


def unfuse(model) -> None:
    """Make timm compute its attention step by step, so that it can be recorded."""
    for m in model.modules():
        if hasattr(m, "fused_attn"):
            m.fused_attn = False


def encode(model, ids, pixels, taps: dict[str, torch.nn.Module] | None = None) -> dict:
    """Both towers, with the attention maps of each and the outputs of the `taps` modules, under the
    key of their tap; `<key>/in` is the module's input."""
    out: dict = {}

    def record(name):
        def keep(arguments, _, output):
            out[name], out[f"{name}/in"] = output.clone(), arguments[0].clone()

        return keep

    with torch.no_grad(), hooks(*((m, record(n)) for n, m in (taps or {}).items())):
        with AttentionTap() as vision:
            image = model.encode_image(pixels)
        with AttentionTap() as text:
            words = model.encode_text(ids)
    out |= {"vision/attention": vision.maps, "text/attention": text.maps}
    out |= {"vision/features": image, "text/features": words}
    out["image_embeds"], out["text_embeds"] = F.normalize(image, dim=-1), F.normalize(words, dim=-1)
    bias = 0 if model.logit_bias is None else model.logit_bias.detach()
    scale = model.logit_scale.detach().exp()
    out["logits_per_image"] = scale * out["image_embeds"] @ out["text_embeds"].T + bias
    return out


def essentials(out: dict) -> dict[str, torch.Tensor]:
    """What audits and probes compare."""
    keys = ("text_embeds", "image_embeds", "logits_per_image", "vision/features", "text/features")
    return {k: out[k] for k in keys}


def text_taps(tower) -> dict[str, torch.nn.Module]:
    blocks = {f"text/block/{i}": b for i, b in enumerate(tower.transformer.resblocks)}
    return blocks | {"text/final": tower.ln_final}


def record_text(case, out: dict) -> None:
    """Hidden states as in the other fixtures: the last one is after the final norm."""
    blocks = sum(1 for k in out if k.startswith("text/block/") and not k.endswith("/in"))
    hidden = [out[f"text/block/{i}/in"] for i in range(blocks)] + [out["text/final"]]
    case.outputs("text", hidden=hidden, attention=out["text/attention"])


def record_joint(case, out: dict, probabilities: torch.Tensor) -> None:
    case.outputs(text_embeds=out["text_embeds"], image_embeds=out["image_embeds"])
    case.outputs(
        logits_per_image=out["logits_per_image"], logits_per_text=out["logits_per_image"].T
    )
    case.outputs(probabilities=probabilities)


def write(fx: Fixture, model, config: dict, dtype_of, again, kind: str) -> None:
    """Save as an OpenCLIP container; a second model loaded from it must compute the same.

    `again(config)` builds that model, `dtype_of(name)` is the stored type of a tensor."""
    state = {k: t.to(dtype_of(k) or t.dtype).contiguous() for k, t in model.state_dict().items()}
    file = fx.path / "open_clip_model.safetensors"
    save_file(state, file, metadata={"format": "pt"})
    fx.json("open_clip_config.json", config)
    other = again(config)
    other.load_state_dict(load_file(file), strict=True)
    for name, t in model.state_dict().items():
        if not torch.equal(t, other.state_dict()[name]):
            raise AuditError(f"{name} has other values when reloaded")
    fx.container([file.name], kind, state)
    fx.packages.append("open_clip_torch")


# ---------------------------------------------------------------------------------- ModifiedResNet


def resnet_half(name: str):
    """Convolutions and matrices in half precision; norms, their statistics and the scale not."""
    single = ("ln_", "bn", "downsample.1", "logit_scale", "num_batches")
    return None if any(s in name for s in single) else torch.float16


def clip_resnet(fx: Fixture, v: dict) -> None:
    """A CLIP whose vision tower is RN50's kind: stem of three convolutions, bottlenecks with
    average pools in place of strides, attention pool."""
    vision_cfg = {
        "image_size": v["vision"]["image_size"],
        "layers": v["layers"],
        "width": v["width"],
        "patch_size": None,
    }
    config = openclip_json(v, v["vocab"], v["text"]["hidden_act"] == "quick_gelu", vision_cfg)
    model = open_clip_model(config["model_cfg"])
    randomise(model, fx.draw, resnet_half)
    _, pixels = preprocess(fx, v)
    (fx.path / "preprocessor_config.json").unlink()
    ids = eot_ids(fx, v)
    tower = model.visual
    stages = {f"stage/{i}": getattr(tower, f"layer{i + 1}") for i in range(4)}
    taps = {"stem": tower.avgpool} | stages | text_taps(model)
    out = encode(model, ids, pixels, taps)
    case = fx.case("base", "contrastive", "BatchNorm by its running statistics; ids padded with 0")
    case.inputs(pixel_values=pixels, input_ids=ids)
    stage = [out[f"stage/{i}"][:1] for i in range(4)]  # of one image, for the size of the file
    case.outputs("vision", stem=out["stem"][:1], stage=stage, pooled=out["vision/features"])
    case.outputs("vision", pool_attention=out["vision/attention"][0][:, :, 0])
    record_text(case, out)
    eot = out["text/final"][torch.arange(len(ids)), ids.argmax(-1)]
    case.outputs("text", pooled=eot)
    record_joint(case, out, out["logits_per_image"].softmax(-1))
    case.keys(
        **{
            "vision/stem": "[1, C, H, W] of the first image, after the stem's average pool",
            "vision/stage/*": "[1, C, H, W] of the first image, after layer1 ... layer4",
            "vision/pool_attention": "[N, heads, 1 + H*W] of the pool's one query, the mean token",
            "vision/pooled": "[N, E] the pool's projection: the embedding before its normalisation",
            "text/pooled": "[N, D] final norm at the end of the text, before the projection",
        }
    )
    base = essentials(out)
    evaluate = lambda m=model: essentials(encode(m, ids, pixels))
    fx.checks["probes"] = {
        "BatchNorm eps": probe(base, evaluate(changed(model, batch_norm_eps)), "eps"),
        "pool heads": probe(base, evaluate(changed(model, one_pool_head)), "pool heads"),
        "exact GELU": probe(base, evaluate(changed(model, exact_gelu)), "activation"),
        "pool attention is not uniform": uneven(out["vision/attention"][0]),
    }
    fx.checks["audit"] = audit(model, evaluate, cancels=[r"attnpool\.k_proj\.bias$"])
    again = lambda c: open_clip_model(c["model_cfg"])
    write(fx, model, config, resnet_half, again, "open_clip.CLIP")


def eot_ids(fx: Fixture, v: dict) -> torch.Tensor:
    """Rows of start, words, end and zeros; the end has the largest id, as in CLIP's vocabulary."""
    vocab = v["vocab"]
    ids = fx.draw.ids("ids", (3, v["text"]["max_position_embeddings"]), 1, vocab - 2)
    ids[:, 0] = vocab - 2
    for row, end in enumerate(v["ends"]):
        ids[row, end], ids[row, end + 1 :] = vocab - 1, 0
    return ids


def changed(model, change):
    other = copy.deepcopy(model)
    change(other)
    return other


def batch_norm_eps(model) -> None:
    for m in model.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.eps = 1e-2


def one_pool_head(model) -> None:
    model.visual.attnpool.num_heads = 1


def exact_gelu(model) -> None:
    for block in model.transformer.resblocks:
        block.mlp.gelu = torch.nn.GELU()


def uneven(attention: torch.Tensor) -> float | str:
    return sig(float((attention - attention.mean(-1, keepdim=True)).abs().max()))


# ------------------------------------------------------------------------- SigLIP, `visual.trunk`


def siglip_openclip(fx: Fixture, v: dict) -> None:
    """SigLIP as OpenCLIP ships it: a timm trunk with fused QKV and a latent attention pool, a text
    tower without causal mask that pools its last position and projects with a bias."""
    size, length = v["image_size"], v["text"]["max_position_embeddings"]
    config = siglip_config(v)
    trunk = dict(img_size=size, patch_size=v["patch_size"], embed_dim=v["width"], depth=v["depth"])
    build = lambda c: open_clip_model(c["model_cfg"], trunk)
    model = build(config)
    unfuse(model)
    randomise(model, fx.draw)
    processor = SiglipImageProcessorPil(size={"height": size, "width": size})
    images = pictures(fx, v["images"])
    pixels = processor([Image.fromarray(i) for i in images], return_tensors="pt")["pixel_values"]
    ids = padded_ids(fx, v)
    blocks = {f"block/{i}": b for i, b in enumerate(model.visual.trunk.blocks)}
    taps = blocks | {"norm": model.visual.trunk.norm} | text_taps(model.text)
    out = encode(model, ids, pixels, taps)
    case = fx.case(
        "base",
        "contrastive",
        f"padded to {length}, no mask: the pooled text position is the last one, usually padding",
    )
    case.inputs(image=images, pixel_values=pixels, input_ids=ids)
    hidden = [out[f"block/{i}/in"] for i in range(len(blocks))] + [out["norm/in"]]
    *maps, pool = out["vision/attention"]
    case.outputs("vision", hidden=hidden, attention=maps, last_hidden_state=out["norm"])
    case.outputs("vision", head_attention=pool.mean(1), pooled=out["vision/features"])
    record_text(case, out)
    case.outputs("text", pooled=out["text/features"])
    record_joint(case, out, out["logits_per_image"].sigmoid())
    case.keys(
        **{
            "vision/hidden/*": "input of each block; the last one is before the norm",
            "vision/head_attention": "[N, 1, patches] of the latent's query, mean over the heads",
            "vision/pooled": "[N, E] the pool's output: the embedding before its normalisation",
            "text/pooled": "[N, E] projection of the last position, before its normalisation",
        }
    )
    siglip_checks(fx, model, v, out, ids, pixels)
    write(fx, model, config, lambda name: None, build, "open_clip.CustomTextCLIP")
    again = build(config)
    again.load_state_dict(load_file(fx.path / "open_clip_model.safetensors"))
    delta = spread(essentials(out), essentials(encode(again, ids, pixels)))
    assert delta < 1e-5, delta
    fx.checks["fused_attention_relative_difference"] = sig(delta)
    fx.packages.append("timm")


def siglip_config(v: dict) -> dict:
    text = v["text"]
    text_cfg = {
        "context_length": text["max_position_embeddings"],
        "vocab_size": text["vocab_size"],
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": text["hidden_size"],
        "heads": text["num_attention_heads"],
        "layers": text["num_hidden_layers"],
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
    } | v["text_more"]
    return {
        "model_cfg": {
            "embed_dim": v["width"],
            "init_logit_bias": -10,
            "custom_text": True,
            "vision_cfg": {
                "image_size": v["image_size"],
                "timm_model_name": v["timm_model_name"],
                "timm_model_pretrained": False,
                "timm_pool": "map",
                "timm_proj": "none",
            },
            "text_cfg": text_cfg,
        },
        "preprocess_cfg": {
            "size": v["image_size"],
            "mode": "RGB",
            "interpolation": "bicubic",
            "resize_mode": "squash",
            "fill_color": 0,
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
        },
    }


def siglip_checks(fx: Fixture, model, v: dict, out: dict, ids, pixels) -> None:
    base = essentials(out)
    evaluate = lambda m=model: essentials(encode(m, ids, pixels))
    trunk = model.visual.trunk
    fx.checks["trunk"] = {
        "heads": trunk.blocks[0].attn.num_heads,
        "activation": gelu_name(trunk.blocks[0].mlp.act),
        "pool_activation": gelu_name(trunk.attn_pool.mlp.act),
        "norm_eps": trunk.norm.eps,
    }
    fx.checks["text_activation"] = gelu_name(model.text.transformer.resblocks[0].mlp.gelu)
    swap = lambda change: evaluate(changed(model, change))
    fx.checks["probes"] = {
        "vision activation tanh vs erf": probe(base, swap(other_trunk_gelu), "vision", 1e-4),
        "pool activation tanh vs erf": probe(base, swap(other_pool_gelu), "pool", 1e-4),
        "text activation tanh vs erf": probe(base, swap(other_text_gelu), "text", 1e-4),
        "causal text": probe(base, swap(causal), "causal"),
        "pooling the first position": probe(base, swap(pool_first), "pooling"),
        "one head in the pool": probe(base, swap(one_latent_head), "pool heads"),
        "pool attention is not uniform": uneven(out["vision/attention"][-1]),
    }
    fx.checks["audit"] = audit(model, evaluate)


def gelu_name(module) -> str:
    """The configuration's word for it; timm's tanh form is a class of its own."""
    tanh = getattr(module, "approximate", "none") == "tanh" or "Tanh" in type(module).__name__
    return "gelu_tanh" if tanh else "gelu"


def other_gelu(module) -> torch.nn.Module:
    return torch.nn.GELU(approximate="none" if gelu_name(module) == "gelu_tanh" else "tanh")


def other_trunk_gelu(model) -> None:
    for block in model.visual.trunk.blocks:
        block.mlp.act = other_gelu(block.mlp.act)


def other_pool_gelu(model) -> None:
    mlp = model.visual.trunk.attn_pool.mlp
    mlp.act = other_gelu(mlp.act)


def other_text_gelu(model) -> None:
    for block in model.text.transformer.resblocks:
        block.mlp.gelu = other_gelu(block.mlp.gelu)


def causal(model) -> None:
    # Registered as a plain attribute: the tower has none of its own.
    model.text.attn_mask = model.text.build_causal_mask()


def pool_first(model) -> None:
    model.text.pool_type = "first"


def one_latent_head(model) -> None:
    pool = model.visual.trunk.attn_pool
    pool.num_heads, pool.head_dim, pool.scale = 1, pool.latent_dim, pool.latent_dim**-0.5
