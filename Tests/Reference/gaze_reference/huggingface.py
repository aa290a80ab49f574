"""Building, changing, running and saving transformers models."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager

import torch
from safetensors.torch import load_file, save_file

from .audit import AuditError, spread
from .draw import Draw, randomise
from .fixture import Fixture

EAGER = {"attn_implementation": "eager", "experts_implementation": "eager"}

#: A key bias shifts every score of a query alike, so softmax cancels it.
KEY_BIAS = [r"k_proj\.bias$"]


def build(cls, config, draw: Draw | None = None, dtype_of: Callable | None = None):
    """Instantiate with eager attention throughout, in evaluation mode, with drawn weights."""
    model = cls._from_config(config, **EAGER).float().eval()
    if draw is not None:
        randomise(model, draw, dtype_of)
    for m in model.modules():
        if hasattr(m, "config") and getattr(m.config, "_attn_implementation", "eager") != "eager":
            raise AuditError(f"{type(m).__name__} is not eager")
    return model


def twin(model, change: Callable[[object], None]):
    """The same weights under a changed configuration."""
    config = type(model.config).from_dict(json.loads(model.config.to_json_string(use_diff=False)))
    change(config)
    other = build(type(model), config)
    other.load_state_dict(model.state_dict(), strict=True)
    return other


@contextmanager
def hooks(*specs: tuple[torch.nn.Module, Callable]):
    """`specs` are (module, callback(args, kwargs, output)) forward hooks."""
    handles = [
        m.register_forward_hook(lambda _m, a, k, o, f=f: f(a, k, o) and None, with_kwargs=True)
        for m, f in specs
    ]
    try:
        yield
    finally:
        for h in handles:
            h.remove()


def vision_text(model, text: dict, vision: dict, pooled: dict | None = None):
    """One joint forward pass with everything transformers can record. `pooled` modules (by name)
    are hooked; their outputs are in `.seen`."""
    seen: dict[str, torch.Tensor] = {}
    taps = [(m, lambda a, k, o, n=n: seen.__setitem__(n, o)) for n, m in (pooled or {}).items()]
    with torch.no_grad(), hooks(*taps):
        out = model(**text, **vision, output_hidden_states=True, output_attentions=True)
    out.seen = seen
    return out


def record_joint(case, out) -> None:
    for side, part in (("text", out.text_model_output), ("vision", out.vision_model_output)):
        case.outputs(
            side,
            hidden=part.hidden_states,
            attention=part.attentions,
            last_hidden_state=part.last_hidden_state,
        )
    case.outputs(text_embeds=out.text_embeds, image_embeds=out.image_embeds)
    case.outputs(logits_per_image=out.logits_per_image, logits_per_text=out.logits_per_text)


def summary(out) -> dict[str, torch.Tensor]:
    """What audits and probes compare."""
    return {
        "text": out.text_embeds,
        "image": out.image_embeds,
        "logits": out.logits_per_image,
        "text_hidden": out.text_model_output.last_hidden_state,
        "vision_hidden": out.vision_model_output.last_hidden_state,
    }


def save_model(fx: Fixture, model, evaluate: Callable, dtype_of: Callable | None = None) -> None:
    """save_pretrained, optionally re-typed; then prove that a reload computes the same."""
    model.save_pretrained(fx.path, max_shard_size="10GB")
    (fx.path / "generation_config.json").unlink(missing_ok=True)
    file = fx.path / "model.safetensors"
    state = load_file(file)
    if dtype_of:
        state = {k: v.to(dtype_of(k)) if dtype_of(k) else v for k, v in state.items()}
    save_file(state, file, metadata={"format": "pt"})
    again = type(model).from_pretrained(fx.path, dtype=torch.float32, **EAGER).eval()
    loaded = again.state_dict()
    if wrong := [k for k, t in model.state_dict().items() if not torch.equal(t, loaded[k])]:
        raise AuditError(f"the reloaded model has other weights: {wrong[:4]}")
    delta = spread(evaluate(model), evaluate(again))
    if delta > 1e-6:  # kernels depend on memory alignment
        raise AuditError(
            f"the reloaded model computes something else (relative change {delta:.3g})"
        )
    fx.container(["model.safetensors"], type(model).__name__, state)
