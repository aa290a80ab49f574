#!/usr/bin/env python3
"""Generate Tests/Fixtures/resize: grids of vectors resized by torch.nn.functional.interpolate.

    make_resize.py            writes ../Fixtures/resize beside this file's folder

Grids are [H, W, D], as position tables lie; torch sees them as [1, D, H, W]. Everything is
float32 with align_corners=False. Needs torch, safetensors and numpy.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "Fixtures" / "resize"
DEPTH = 3
# Height and width before and after: enlarged, shrunk, one of each, by whole and odd factors.
SIZES = [((7, 7), (16, 16)), ((16, 16), (7, 7)), ((5, 8), (9, 3)), ((3, 4), (3, 4)), ((4, 4), (1, 13)),
         ((1, 1), (3, 2)), ((16, 12), (11, 12))]
FILTERS = {
    "bicubic": {"mode": "bicubic", "antialias": False},
    "bilinear": {"mode": "bilinear", "antialias": False},
    "bilinearAntialiased": {"mode": "bilinear", "antialias": True},
}


def main() -> None:
    torch.manual_seed(1)
    tensors, cases = {}, []
    for number, (before, after) in enumerate(SIZES):
        grid = torch.randn(*before, DEPTH)
        tensors[f"resize/input/{number}"] = grid
        for name, arguments in FILTERS.items():
            out = torch.nn.functional.interpolate(
                grid.permute(2, 0, 1)[None], size=after, align_corners=False, **arguments)
            key = f"resize/{name}/{number}"
            tensors[key] = out[0].permute(1, 2, 0).contiguous()
            cases.append({"name": key, "input": f"resize/input/{number}", "filter": name,
                          "height": after[0], "width": after[1]})
    FOLDER.mkdir(parents=True, exist_ok=True)
    save_file(tensors, FOLDER / "expected.safetensors")
    (FOLDER / "case.json").write_text(
        json.dumps({"versions": {"torch": torch.__version__}, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
