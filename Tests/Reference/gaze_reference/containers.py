"""The weights of the `clip` fixture in the other containers: OpenCLIP safetensors, a PyTorch zip,
an OpenAI TorchScript archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPModel

from . import clip
from .audit import audit, sig, spread
from .fixture import Fixture
from .huggingface import KEY_BIAS, build, summary
from .packages import open_clip_model

#: What CLIP's pictures are normalised with.
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]

#: Hugging Face name -> OpenCLIP name, in blocks and outside of them; tried in order.
BLOCK_NAMES = (("self_attn.", "attn."), ("layer_norm", "ln_"), ("fc1", "c_fc"), ("fc2", "c_proj"))
OTHER_NAMES = (
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("embeddings.patch_embedding", "conv1"),
    ("embeddings.", ""),
    ("pre_layrnorm", "ln_pre"),
    ("post_layernorm", "ln_post"),
    ("final_layer_norm", "ln_final"),
)


def to_openclip(state: dict) -> dict:
    """Rename a CLIPModel state dict to OpenCLIP names: fused QKV and transposed projections."""
    out = {"logit_scale": state["logit_scale"]}
    for side, prefix in (("text_model", ""), ("vision_model", "visual.")):
        own = {k.removeprefix(side + "."): t for k, t in state.items() if k.startswith(side)}
        for name, t in own.items():
            if name.startswith("encoder.layers."):
                _, _, i, rest = name.split(".", 3)
                block = f"{prefix}transformer.resblocks.{i}."
                if rest.startswith("self_attn.q_proj"):
                    kind = rest.rsplit(".", 1)[1]
                    parts = [own[f"encoder.layers.{i}.self_attn.{p}_proj.{kind}"] for p in "qkv"]
                    out[f"{block}attn.in_proj_{kind}"] = torch.cat(parts)
                elif not rest.startswith(("self_attn.k", "self_attn.v")):
                    out[block + renamed(rest, BLOCK_NAMES)] = t
            elif not name.endswith("position_ids"):
                out[prefix + renamed(name, OTHER_NAMES)] = t
    out["visual.proj"] = state["visual_projection.weight"].T.contiguous()
    out["text_projection"] = state["text_projection.weight"].T.contiguous()
    return out


def renamed(name: str, table) -> str:
    for old, new in table:
        name = name.replace(old, new)
    return name


def openclip_config(v: dict, vocab: int) -> dict:
    """`open_clip_config.json` for the sizes of a CLIP variant, with a fractional MLP ratio."""
    t, s = v["text"], v["vision"]
    assert t["hidden_act"] == s["hidden_act"] and t["intermediate_size"] == 4 * t["hidden_size"]
    ratio = (s["intermediate_size"] + 0.5) / s["hidden_size"]  # width = int(hidden * ratio)
    assert int(s["hidden_size"] * ratio) == s["intermediate_size"]
    vision = {
        "image_size": s["image_size"],
        "layers": s["num_hidden_layers"],
        "width": s["hidden_size"],
        "head_width": s["hidden_size"] // s["num_attention_heads"],
        "patch_size": s["patch_size"],
        "mlp_ratio": ratio,
    }
    return openclip_json(v, vocab, t["hidden_act"] == "quick_gelu", vision)


def openclip_json(v: dict, vocab: int, quick_gelu: bool, vision_cfg: dict) -> dict:
    t = v["text"]
    return {
        "model_cfg": {
            "embed_dim": v["projection"],
            "quick_gelu": quick_gelu,
            "vision_cfg": vision_cfg,
            "text_cfg": {
                "context_length": t["max_position_embeddings"],
                "vocab_size": vocab,
                "width": t["hidden_size"],
                "heads": t["num_attention_heads"],
                "layers": t["num_hidden_layers"],
            },
        },
        "preprocess_cfg": {
            "size": vision_cfg["image_size"],
            "mode": "RGB",
            "interpolation": "bicubic",
            "resize_mode": "shortest",
            "fill_color": 0,
            "mean": MEAN,
            "std": STD,
        },
    }


def clip_openclip(fx: Fixture, v: dict) -> None:
    images, pixels, batch, vocab = clip.inputs(fx, v)
    (fx.path / "preprocessor_config.json").unlink()
    model = build(CLIPModel, clip.config(v, vocab), fx.draw, dtype_of=clip.half)
    base = clip.base_case(fx, model, images, pixels, batch, terse=True)
    typed = {k: t.to(clip.half(k) or torch.float32) for k, t in model.state_dict().items()}
    state = {k: t.contiguous().clone() for k, t in to_openclip(typed).items()}
    config = openclip_config(v, vocab)
    fx.json("open_clip_config.json", config)
    save_file(state, fx.path / "open_clip_model.safetensors", metadata={"format": "pt"})
    reference = open_clip_model(config["model_cfg"])
    reference.load_state_dict(state, strict=True)
    with torch.no_grad():
        image, text, scale = reference(pixels, batch["input_ids"])
    logits = scale * image @ text.T
    delta = spread(base, base | {"image": image, "text": text, "logits": logits})
    assert delta < 1e-5, delta
    fx.checks["open_clip_relative_difference"] = sig(delta)
    fx.container(["open_clip_model.safetensors"], "open_clip.CLIP", state)
    fx.packages.append("open_clip_torch")


def clip_torch(fx: Fixture, v: dict) -> None:
    """Hugging Face names in a PyTorch zip: shared storages, transposed (non-contiguous) views,
    int64 buffers."""
    images, pixels, batch, vocab = clip.inputs(fx, v)
    model = build(CLIPModel, clip.config(v, vocab), fx.draw, dtype_of=clip.half)
    clip.base_case(fx, model, images, pixels, batch, terse=True)
    state = {
        k: t.detach().clone().to(clip.half(k) or torch.float32)
        for k, t in model.state_dict().items()
    }
    for side in ("text_model", "vision_model"):
        for i in range(getattr(model, side).config.num_hidden_layers):
            names = [f"{side}.encoder.layers.{i}.self_attn.{p}_proj.weight" for p in "qkv"]
            fused = torch.cat([state[n] for n in names])  # one storage, three offsets
            state.update(zip(names, fused.chunk(3)))
            name = f"{side}.encoder.layers.{i}.mlp.fc1.weight"
            state[name] = state[name].T.contiguous().T  # column-major
        count = state[f"{side}.embeddings.position_embedding.weight"].shape[0]
        state[f"{side}.embeddings.position_ids"] = torch.arange(count)[None]  # by old versions
    assert not state["text_model.encoder.layers.0.mlp.fc1.weight"].is_contiguous()
    wrapped = state
    if v["torch_wrapper"]:
        inner = {f"module.{k}": t for k, t in state.items()}
        wrapped = {"epoch": 3, "name": "tiny", "state_dict": inner, "scale": 0.5, "done": True}
    torch.save(wrapped, fx.path / "pytorch_model.bin")
    model.config.architectures = ["CLIPModel"]
    model.config.save_pretrained(fx.path)
    back = torch.load(fx.path / "pytorch_model.bin", weights_only=True)
    if v["torch_wrapper"]:
        back = {k.removeprefix("module."): t for k, t in back["state_dict"].items()}
    assert all(torch.equal(back[k], t) for k, t in state.items())
    wrapper = "state_dict, module. prefix" if v["torch_wrapper"] else "bare dict"
    fx.container(["pytorch_model.bin"], "CLIPModel", state, wrapper=wrapper)


class _Node(torch.nn.Module):
    """A module without behaviour: only its attributes are archived."""

    # The archive holds this name; fixed, so that its bytes do not depend on where this class lives.
    __module__ = "gaze_reference.contrastive"


def openai_half(name: str):
    """OpenAI's files hold matrices in half precision, norms and embeddings in single."""
    block_matrix = "layers" in name and "norm" not in name
    return torch.float16 if block_matrix or "proj" in name or "patch_embedding" in name else None


def clip_torchscript(fx: Fixture, v: dict) -> None:
    """An OpenAI-style TorchScript archive: no config, heads = width / 64."""
    vocab, length = v["vocab"], v["text"]["max_position_embeddings"]
    size = v["vision"]["image_size"]
    model = build(CLIPModel, clip.config(v, vocab), fx.draw, dtype_of=openai_half)
    ids = fx.draw.ids("ids", (2, length), 1, vocab - 2)
    ids[0, 0] = ids[1, 0] = vocab - 2
    ids[0, 4] = ids[1, 6] = vocab - 1
    ids[0, 5:] = ids[1, 7:] = 0  # OpenAI pads with zero
    pixels = fx.draw.normal("pixels", (2, 3, size, size))
    case = fx.case(
        "base",
        "contrastive",
        "weights are rounded to half precision first; arithmetic is float32",
    )
    case.inputs(input_ids=ids, pixel_values=pixels)
    out = clip.run(model, ids, pixels)
    case.outputs(text_embeds=out.text_embeds, image_embeds=out.image_embeds)
    case.outputs(logits_per_image=out.logits_per_image)
    typed = {k: t.to(openai_half(k) or torch.float32) for k, t in model.state_dict().items()}
    state = to_openclip(typed)
    scalars = {"input_resolution": size, "context_length": length, "vocab_size": vocab}
    file = fx.path / "ViT-tiny.pt"
    torch.jit.save(torch.jit.script(archive(state, scalars)), file)
    strip_debug(file)
    loaded = torch.jit.load(file).state_dict()
    assert all(torch.equal(loaded[k], t) for k, t in state.items())
    evaluate = lambda: summary(clip.run(model, ids, pixels))
    fx.checks["audit"] = audit(model, evaluate, cancels=KEY_BIAS)
    fx.container([file.name], "TorchScript", loaded)


def archive(state: dict, scalars: dict) -> torch.nn.Module:
    """A module tree with the dotted names of `state`, and `scalars` as buffers of its root."""
    root = _Node()
    for name, t in state.items():
        *path, leaf = name.split(".")
        node = root
        for part in path:
            if part not in dict(node.named_children()):
                node.add_module(part, _Node())
            node = getattr(node, part)
        node.register_parameter(leaf, torch.nn.Parameter(t.clone(), requires_grad=False))
    for name, value in scalars.items():
        root.register_buffer(name, torch.tensor(value))
    return root


def strip_debug(file: Path) -> None:
    """TorchScript archives carry source locations; drop them (the loader does not need them)."""
    with zipfile.ZipFile(file) as z:
        entries = [(i, z.read(i)) for i in z.infolist() if not i.filename.endswith(".debug_pkl")]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as z:
        for info, data in entries:
            z.writestr(zipfile.ZipInfo(info.filename, (1980, 1, 1, 0, 0, 0)), data)
