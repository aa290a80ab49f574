#!/usr/bin/env python3
"""Generate Tests/Fixtures/quantized: numbers in the blocks of GGML's Q8_0 and Q4_0.

    pip install --no-deps gguf==0.19.0
    make_quantized.py         writes ../Fixtures/quantized beside this file's folder

By the `gguf` package of llama.cpp's authors, whose arithmetic is that of `ggml-quants.c`. Needs numpy
and safetensors.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, quants
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent.parent / "Fixtures" / "quantized"
TYPES = {"q8_0": GGMLQuantizationType.Q8_0, "q4_0": GGMLQuantizationType.Q4_0}


def rows() -> np.ndarray:
    """64 rows of two blocks: noise of every size that weights have, and what is odd."""
    draw = np.random.default_rng(20).standard_normal
    noise = [draw(64) * scale for scale in np.geomspace(1e-5, 1e3, 54)]
    steps = np.arange(64) - 32
    odd = [
        np.zeros(64),
        np.full(64, -1e-3),
        np.full(64, 0.37),
        np.where(steps == 0, 5.0, 0.0),
        steps * 1.0,  # the greatest is negative
        -steps * 1.0,  # and positive
        (np.arange(64) % 32 - 16) * 127 / 32,  # many halves among the multiples of q8_0
        (np.arange(64) % 16 - 8) / 2,  # and of q4_0
        draw(64) * 1e-7,  # a scale that f16 holds only roughly
        draw(64) * 1e-30,  # and one that it does not hold at all
    ]
    return np.stack(noise + odd).astype(np.float32)


def main() -> None:
    values = rows()
    tensors = {"blocks/input/values": values}
    for name, kind in TYPES.items():
        tensors[f"blocks/{name}"] = quants.quantize(values, kind)
    FOLDER.mkdir(parents=True, exist_ok=True)
    save_file(tensors, FOLDER / "expected.safetensors")
    versions = {name: importlib.metadata.version(name) for name in ("gguf", "numpy")}
    (FOLDER / "case.json").write_text(
        json.dumps({"versions": versions, "cases": [{"name": "blocks", "types": list(TYPES)}]},
                   indent=1) + "\n")


if __name__ == "__main__":
    main()
