"""Proof that a fixture can fail: every tensor and every switch must move the result."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable

import torch

from .draw import NORMS, Draw, live_state

#: Relative change of the outputs that neutralising a live tensor or branch must cause.
MATTERS = 1e-3
#: What an engine is allowed, per tensor: max|actual - expected| <= this * max|expected|. Rounding
#: all weights by one unit in the last place must stay ten times below it.
TOLERANCE = {"relative_to_max_abs": 3e-5}


class Retry(Exception):
    """The drawn weights are unlucky (too close to call, too faint); draw with the next attempt."""


class AuditError(AssertionError):
    """A tensor or branch that should matter does not (or the reverse)."""


def sig(x: float, digits: int = 3) -> float | str:
    return "shape" if math.isinf(x) else float(f"{x:.{digits}g}")


def spread(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """Largest change of any output, relative to that output's own magnitude."""
    worst = 0.0
    for key, x in a.items():
        y = b[key]
        if x.shape != y.shape:
            return math.inf
        x, y = x.double(), y.double()
        change = float((x - y).abs().max() / x.abs().max().clamp_min(1e-6))
        worst = math.inf if math.isnan(change) else max(worst, change)
    return worst


def faint(delta: float) -> type[Exception]:
    """No effect at all is a mistake in the fixture; a weak one is an unlucky draw."""
    return Retry if delta > 0 else AuditError


def probe(base: dict, other: dict, what: str, minimum: float = MATTERS) -> float | str:
    """Assert that a change of configuration or input is visible in the outputs."""
    delta = spread(base, other)
    if not delta >= minimum:
        raise faint(delta)(f"probe '{what}' is invisible (relative change {delta:.3g})")
    return sig(delta)


def neutral(name: str) -> float:
    """The value that switches a tensor off, or makes it the identity."""
    return 1.0 if re.search(NORMS, name) or name.endswith("running_var") else 0.0


@torch.no_grad()
def audit(
    model: torch.nn.Module,
    evaluate: Callable[[], dict[str, torch.Tensor]],
    unused: Iterable[str] = (),
    cancels: Iterable[str] = (),
) -> dict:
    """Neutralise every tensor in turn: each must move an output. Exceptions are patterns of names:
    `unused` tensors must not, and `cancels` are those that the mathematics removes (a key bias
    under softmax), so that only rounding may be left of them."""
    base = {k: v.clone() for k, v in evaluate().items()}
    if spread(base, evaluate()) != 0.0:
        raise AuditError("evaluation is not repeatable")
    rounding = conditioning(model, evaluate, base)
    if rounding > TOLERANCE["relative_to_max_abs"] / 10:
        raise Retry(
            f"ill-conditioned: rounding the weights once moves the result by {rounding:.3g}"
        )
    weakest, weakest_name, dead = math.inf, "", 0
    for name, t in live_state(model).items():
        if not t.is_floating_point():
            continue
        old = t.detach().clone()
        t.fill_(neutral(name))
        delta = spread(base, evaluate())
        t.copy_(old)
        if any(re.search(p, name) for p in unused):
            if delta != 0.0:
                raise AuditError(f"{name} was declared unused but moves the output by {delta:.3g}")
            dead += 1
        elif any(re.search(p, name) for p in cancels):
            if delta > 1e-5:
                raise AuditError(f"{name} should cancel but moves the output by {delta:.3g}")
        elif not delta >= MATTERS:
            raise faint(delta)(f"{name} has no visible effect (relative change {delta:.3g})")
        elif delta < weakest:
            weakest, weakest_name = delta, name
    return {
        "tensors_audited": len(live_state(model)),
        "effect_of_one_ulp_on_all_weights": sig(rounding),
        "weakest_tensor": {"name": weakest_name, "relative_change": sig(weakest)},
        "unused": {"patterns": list(unused), "tensors": dead},
        "cancelling": list(cancels),
    }


@torch.no_grad()
def conditioning(model: torch.nn.Module, evaluate: Callable[[], dict], base: dict) -> float:
    """How far the outputs move when every weight is perturbed by about one float32 rounding."""
    floating = {n: t for n, t in live_state(model).items() if t.is_floating_point()}
    saved = {n: t.detach().clone() for n, t in floating.items()}
    for name, t in floating.items():
        t.mul_(1 + Draw("ulp").uniform(name, t.shape, -1, 1) * 2.0**-23)
    delta = spread(base, evaluate())
    for name, t in floating.items():
        t.copy_(saved[name])
    return delta
