#!/usr/bin/env python3
"""Write `Tests/Fixtures/archives`: what PyTorch can put in a file, and what it reads back.

    make_archives.py [--out ../Fixtures/archives]

`expected.safetensors` holds every tensor as `<file>/<name>`, contiguous; `case.json` the checksums
(CRC-32 of the contiguous bytes) of the larger archives of other fixtures.
"""

import argparse
import json
import zlib
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
]


def plain() -> dict:
    """Every element type, layout and kind of tensor, under one level of names."""
    base = torch.arange(24, dtype=torch.float32) * 0.5 - 3
    grid = base.reshape(2, 3, 4)
    state = OrderedDict()
    for dtype in DTYPES:
        state[f"dtype.{str(dtype).removeprefix('torch.')}"] = (base[:6] * 7).to(dtype)
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    state["whole"] = grid
    state["transposed"] = grid.permute(2, 0, 1)
    state["part"] = grid[:, 1:, ::2]
    state["column"] = grid[:, :, 1]
    state["row_of_one"] = base[3:5][None].expand(1, 2)
    state["channels_last"] = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    state["half_transposed"] = torch.randn(5, 3).half().T
    state["parameter"] = torch.nn.Parameter(torch.randn(3, 2))
    state["caf\u00e9"] = torch.tensor([1.0])
    state["cafe\u0301"] = torch.tensor([2.0])
    return state


class Attributes(torch.nn.Module):
    """Attributes that TorchScript pickles with functions of its own."""

    numbers: list[int]
    ratios: list[float]
    tensors: list[torch.Tensor]
    named: dict[str, torch.Tensor]

    def __init__(self):
        super().__init__()
        self.numbers, self.ratios = [1, 2, 3], [0.5, 0.25]
        self.tensors = [torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])]
        self.named = {"key": torch.tensor([4.0])}
        self.layers = torch.nn.ModuleList(torch.nn.Linear(2, 3) for _ in range(2))
        self.register_buffer("count", torch.tensor(7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)[..., :2]
        return x + self.tensors[0] + self.named["key"] + len(self.numbers) + self.ratios[0]


def scripted(path: Path) -> dict:
    module = Attributes()
    torch.jit.save(torch.jit.script(module), path)
    state = dict(torch.jit.load(path).state_dict())
    state |= {f"tensors.{i}": t for i, t in enumerate(module.tensors)}
    return state | {f"named.{k}": t for k, t in module.named.items()}


def checksums(state: dict) -> dict:
    return {
        name: {
            "dtype": str(t.dtype).removeprefix("torch."),
            "shape": list(t.shape),
            "crc32": zlib.crc32(t.contiguous().numpy().tobytes()),
        }
        for name, t in state.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parent / "Fixtures" / "archives")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    state = plain()
    torch.save(state, out / "plain.pt")
    small = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    inner = OrderedDict((f"module.{k}", t) for k, t in small.items())
    torch.save({"epoch": 3, "state_dict": inner, "args": {"lr": 0.1}}, out / "wrapped.pt")
    network = torch.nn.Sequential(torch.nn.Linear(2, 1))  # its dictionary carries `_metadata`
    torch.save(network.state_dict(), out / "module.pt")
    torch.save(small, out / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(small | {"extra": torch.nn.Linear(1, 1)}, out / "object.pt")
    expected = {f"plain.pt/{k}": t for k, t in state.items()}
    expected |= {f"wrapped.pt/{k}": t for k, t in inner.items()}
    expected |= {f"module.pt/{k}": t for k, t in network.state_dict().items()}
    expected |= {f"scripted.pt/{k}": t for k, t in scripted(out / "scripted.pt").items()}
    save_file(
        {k: t.detach().contiguous().clone() for k, t in expected.items()},
        out / "expected.safetensors",
    )
    other = "clip-torchscript/ViT-tiny.pt"
    loaded = torch.jit.load(out.parent / other).state_dict()
    case = {"checksums": {other: checksums(loaded)}, "versions": {"torch": torch.__version__}}
    (out / "case.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    main()
