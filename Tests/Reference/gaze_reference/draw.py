"""Deterministic random values: weights, ids and pictures that depend on names alone."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable

import numpy as np
import torch


class Draw:
    """Random tensors that depend only on (seed, variant, attempt, name), never on call order."""

    def __init__(self, *scope: object):
        self.scope = "/".join(map(str, scope))

    def generator(self, name: str) -> torch.Generator:
        digest = hashlib.sha256(f"{self.scope}/{name}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "little"))

    def normal(self, name: str, shape: Iterable[int], std: float = 1.0) -> torch.Tensor:
        return torch.randn(tuple(shape), generator=self.generator(name)) * std

    def uniform(self, name: str, shape: Iterable[int], low: float, high: float) -> torch.Tensor:
        return torch.rand(tuple(shape), generator=self.generator(name)) * (high - low) + low

    def ids(self, name: str, shape: Iterable[int], low: int, high: int) -> torch.Tensor:
        return torch.randint(low, high, tuple(shape), generator=self.generator(name))

    def picture(self, name: str, height: int, width: int, channels: int = 3) -> np.ndarray:
        """A uint8 image with gradients, a disc, hard edges and noise: every resize filter shows."""
        g = self.generator(name)
        yy, xx = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        k = torch.randint(1, 9, (channels, 3), generator=g)
        radius = min(height, width) * 0.3
        disc = (xx - width * 0.4) ** 2 + (yy - height * 0.6) ** 2 < radius**2
        tiles = (xx // 5 + yy // 7) % 4 == 0
        planes = []
        for c in range(channels):
            p = (xx * k[c, 0] * 3 + yy * k[c, 1] * 2) % 256
            p = torch.where(disc, 255 - p, p)
            p = torch.where(tiles, (p + 20 * k[c, 2]) % 256, p)
            planes.append(p + torch.randint(-12, 13, p.shape, generator=g))
        return torch.stack(planes, -1).clamp(0, 255).to(torch.uint8).numpy()


# ---------------------------------------------------------------------------------------- weights

#: A pattern of tensor names and how to draw a tensor of that name and shape.
Rule = tuple[str, Callable[[Draw, str, torch.Size], torch.Tensor]]


def between(low: float, high: float):
    return lambda d, n, s: d.uniform(n, s, low, high)


def gaussian(std: float):
    return lambda d, n, s: d.normal(n, s, std)


def fan_in(gain: float):
    return lambda d, n, s: d.normal(n, s, gain / math.sqrt(max(1, math.prod(s[1:]))))


NORMS = (
    r"(norm|ln|layernorm|layrnorm|norm_\w+|norm\d|ln_\w+|layer_norm\d?|bn\d|downsample\.1)\.weight$"
)

#: First match wins. Nothing keeps an initial constant: a norm of ones would hide a missing norm.
RULES: list[Rule] = [
    (r"logit_scale$", between(1.0, 1.8)),
    (r"logit_bias$", between(-1.5, -0.5)),
    (r"running_mean$", gaussian(0.3)),
    (r"running_var$", between(0.5, 2.0)),
    (NORMS, between(0.5, 1.5)),
    (r"bias$", gaussian(0.2)),
    (r"(class_embedding|latent|probe|pos_embed|positional_embedding)$", gaussian(0.6)),
    (r"(embed\w*|embedding)\.weight$", gaussian(0.7)),
    (r"text_projection$|\.proj$", lambda d, n, s: d.normal(n, s, s[0] ** -0.5)),
    (r".", fan_in(1.2)),
]


def live_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and persistent buffers, each storage once (tied names are dropped)."""
    seen, out = set(), {}
    for name, t in model.state_dict(keep_vars=True).items():
        if t.data_ptr() not in seen:
            seen.add(t.data_ptr())
            out[name] = t
    return out


@torch.no_grad()
def randomise(model: torch.nn.Module, draw: Draw, dtype_of: Callable | None = None) -> None:
    """Redraw every floating tensor. `dtype_of(name)` rounds it to the dtype it is stored in."""
    for name, t in live_state(model).items():
        if not t.is_floating_point():
            continue
        if t.ndim > 0 and t.numel() == 0:
            raise ValueError(f"{name} is empty")
        make = next(f for pattern, f in RULES if re.search(pattern, name))
        value = make(draw, "weight/" + name, t.shape)
        store = dtype_of(name) if dtype_of else None
        t.copy_(value.to(store).float() if store else value)
