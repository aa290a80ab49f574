"""Contrastive training of a CLIP: losses, every gradient and a few steps of AdamW.

All in float64 from float32 weights, rounded at the end; `checks` says how far float32 is off."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F
from transformers import CLIPModel

from .attention import own_precision
from .audit import AuditError, audit, sig, spread
from .clip import config
from .fixture import Fixture
from .huggingface import KEY_BIAS, build, save_model

#: What no weight decay touches, beside whatever has fewer than two axes.
UNDECAYED = ("token_embedding.weight", "position_embedding.weight")
GREATEST_SCALE = 100.0


def clip_training(fx: Fixture, v: dict) -> None:
    model = build(CLIPModel, config(v, v["vocab"]), fx.draw)
    batch = the_batch(fx, v)
    evaluate = lambda m: summary(m, batch)
    fx.checks["audit"] = audit(model, lambda: evaluate(model), cancels=KEY_BIAS)
    save_model(fx, model, evaluate)
    base_case(fx, model, batch)
    exact, rough = copy.deepcopy(model).double(), copy.deepcopy(model)
    for name, (loss, extra) in losses(v).items():
        loss_case(fx, name, exact, rough, batch, loss, extra)
    steps_case(fx, v, exact, rough, batch)


# ---------------------------------------------------------------------------------------- the batch


def the_batch(fx: Fixture, v: dict) -> dict:
    """Pictures, texts of many lengths padded with their end, and who says the same as whom."""
    size, length, end = (
        v["vision"]["image_size"],
        v["text"]["max_position_embeddings"],
        v["vocab"] - 1,
    )
    count = len(v["lengths"])
    pixels = fx.draw.normal("pixels", (count, 3, size, size))
    ids = torch.full((count, length), end)
    for row, true_length in enumerate(v["lengths"]):
        ids[row, 0] = end - 1
        ids[row, 1 : true_length - 1] = fx.draw.ids(f"ids/{row}", (true_length - 2,), 0, end - 1)
    for row, other in v["equal_texts"]:
        ids[row] = ids[other]
    groups = torch.arange(count)
    for row, other in v["equal_groups"]:
        groups[row] = groups[other]
    return dict(pixels=pixels, ids=ids, groups=groups)


def same(batch: dict) -> torch.Tensor:
    """[B, B]: which pairs are not each other's negatives, a pair and itself left out."""
    ids, groups = batch["ids"], batch["groups"]
    equal = (ids[:, None] == ids).all(-1) | (groups[:, None] == groups)
    return equal & ~torch.eye(len(groups), dtype=torch.bool)


def taken(batch: dict, rows: list[int]) -> dict:
    return {name: values[rows] for name, values in batch.items()}


def cosines(model, batch: dict) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines of pictures with texts, and what transformers multiplies them by."""
    pixels = batch["pixels"].to(model.logit_scale.dtype)
    with own_precision():
        out = model(input_ids=batch["ids"], pixel_values=pixels)
    return out.image_embeds @ out.text_embeds.T, model.logit_scale.exp()


# --------------------------------------------------------------------------------------- the losses


def cross_entropy(logits: torch.Tensor, hidden: torch.Tensor, smoothing: float) -> torch.Tensor:
    """By row, to its own column; `smoothing` of the target is spread over the others not hidden."""
    own = torch.eye(len(logits), dtype=torch.bool)
    others = ~own & ~hidden
    spread_over = others.sum(-1, keepdim=True)
    targets = torch.where(own, 1 - smoothing, torch.where(others, smoothing / spread_over, 0.0))
    scores = logits.masked_fill(hidden, -math.inf).log_softmax(-1).masked_fill(hidden, 0)
    return -(targets.to(logits) * scores).sum(-1).mean()


def softmax_loss(model, batch: dict, smoothing: float = 0) -> torch.Tensor:
    cos, scale = cosines(model, batch)
    logits, hidden = scale * cos, same(batch)
    return (
        cross_entropy(logits, hidden, smoothing) + cross_entropy(logits.T, hidden, smoothing)
    ) / 2


def sigmoid_loss(model, batch: dict, bias: torch.Tensor) -> torch.Tensor:
    cos, scale = cosines(model, batch)
    signs = 2 * torch.eye(len(cos), dtype=cos.dtype) - 1
    each = -F.logsigmoid(signs * (scale * cos + bias.to(cos)))
    return each.masked_fill(same(batch), 0).sum() / len(cos)


def losses(v: dict) -> dict:
    """Name -> the loss of (model, batch, extra), and a parameter beside the model's, if any."""
    return {
        "softmax": (lambda m, b, _: softmax_loss(m, b), None),
        "smoothed": (lambda m, b, _: softmax_loss(m, b, v["smoothing"]), None),
        "sigmoid": (sigmoid_loss, v["bias"]),
    }


def differentiate(model, batch: dict, loss, extra: float | None):
    """The loss and the gradient of every parameter, by name."""
    model.zero_grad(set_to_none=True)
    bias = None
    if extra is not None:
        bias = torch.tensor(extra, dtype=model.logit_scale.dtype, requires_grad=True)
    value = loss(model, batch, bias)
    value.backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters()}
    if bias is not None:
        found["logit_bias"] = bias.grad
    return value.detach(), found


# ---------------------------------------------------------------------------------------- the cases


def summary(model, batch: dict) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        out = model(input_ids=batch["ids"], pixel_values=batch["pixels"])
    return {"image": out.image_embeds, "text": out.text_embeds, "logits": out.logits_per_image}


def base_case(fx: Fixture, model, batch: dict) -> None:
    case = fx.case(
        "base", "contrastive", "the batch that every case is about, padded, without a mask"
    )
    case.inputs(pixel_values=batch["pixels"], input_ids=batch["ids"], groups=batch["groups"])
    out = summary(model, batch)
    case.outputs(image_embeds=out["image"], text_embeds=out["text"])
    case.outputs(logits_per_image=out["logits"], same=same(batch).to(torch.uint8))
    case.keys(
        groups="pairs with equal numbers say the same, like pairs with equal ids",
        same="[B, B] pairs that are not each other's negatives",
    )


def flattened(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    """One after another, in the order of their names."""
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)])


def loss_case(fx: Fixture, name: str, exact, rough, batch: dict, loss, extra: float | None) -> None:
    value, found = differentiate(exact, batch, loss, extra)
    single, close = differentiate(rough, batch, loss, extra)
    vanishing = {n: found.pop(n) * 0 for n in list(found) if n.endswith("k_proj.bias")}
    note = "loss and every gradient, over the pairs of `base`"
    case = fx.case(name, "training", note)
    if extra is not None:
        case.inputs(logit_bias=torch.tensor(extra))
    case.outputs(loss=value, gradients=flattened(found | vanishing))
    case.keys(
        gradients="d loss / d parameter, flattened, one after another in the order of their names"
    )
    case.meaningless(**{"gradients/*.k_proj.bias": "zero in exact arithmetic, stored as zero"})
    largest = max(float(g.abs().max()) for g in found.values())
    if any(float(close[n].abs().max()) > 1e-5 * largest for n in vanishing):
        raise AuditError("the gradient of a key's bias does not vanish")
    fx.checks[name] = {
        "float32_relative_difference": sig(spread(found, close)),
        "float32_loss_difference": sig(float(abs(single - value) / value)),
    }


def pairs(v: dict) -> list[list[int]]:
    """Which pairs each step sees."""
    return [[int(digit) for digit in rows] for rows in v["steps"].split()]


def rate(v: dict, step: int) -> float:
    """Of step `step`, counted from 1: up in a straight line, then down along half a cosine."""
    warm_up, steps, last = v["warm_up"], len(pairs(v)), v["final_rate"]
    if step <= warm_up:
        return v["learning_rate"] * step / warm_up
    cosine = (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up))) / 2
    return v["learning_rate"] * (last + (1 - last) * cosine)


def train(model, v: dict, batch: dict) -> dict:
    """A few steps of AdamW, each on other pairs of the batch."""
    decayed, kept = [], []
    for name, p in model.named_parameters():
        (decayed if p.ndim >= 2 and not name.endswith(UNDECAYED) else kept).append(p)
    groups = [
        {"params": decayed, "weight_decay": v["weight_decay"]},
        {"params": kept, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=tuple(v["betas"]), eps=v["epsilon"], foreach=False)
    values, norms = [], []
    for step, rows in enumerate(pairs(v), start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate(v, step)
        optimizer.zero_grad(set_to_none=True)
        loss = softmax_loss(model, taken(batch, rows))
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), v["clip"]).detach())
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, math.log(GREATEST_SCALE))
        values.append(loss.detach())
    state = {name: p.detach().clone() for name, p in model.named_parameters()}
    return {"losses": torch.stack(values), "norms": torch.stack(norms), "state": state}


def steps_case(fx: Fixture, v: dict, exact, rough, batch: dict) -> None:
    found, close = train(exact, v, batch), train(rough, v, batch)
    case = fx.case("steps", "training", "AdamW on some pairs of `base` at each step, softmax loss")
    names = ["learning_rate", "warm_up", "final_rate", "weight_decay", "betas", "epsilon", "clip"]
    case.inputs(**{name: v[name] for name in names})
    case.inputs(pairs=[torch.tensor(rows) for rows in pairs(v)])
    case.outputs(rates=torch.tensor([rate(v, s + 1) for s in range(len(pairs(v)))]))
    case.outputs(losses=found["losses"], gradient_norms=found["norms"])
    case.outputs(parameters=flattened(found["state"]))
    case.keys(
        gradient_norms="of all gradients together, before they were clipped",
        parameters="after the last step, flattened, one after another in the order of their names",
    )
    moved = {name: found["state"][name] - p for name, p in close["state"].items()}
    fx.checks["steps"] = {
        "float32_loss_difference": sig(float((found["losses"] - close["losses"]).abs().max())),
        "float32_greatest_parameter_difference": sig(
            max(float(d.abs().max()) for d in moved.values())
        ),
        "clipped": [bool(n > v["clip"]) for n in found["norms"]],
    }
    if len(set(fx.checks["steps"]["clipped"])) != 2:
        raise AuditError("the gradient is clipped always or never")
