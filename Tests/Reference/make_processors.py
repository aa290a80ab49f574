#!/usr/bin/env python3
"""Resizes by Pillow, and pictures prepared by open_clip.

    pip install pillow==13.0.0 open_clip_torch==3.3.0 torchvision==0.28.0 safetensors numpy
    python Tests/Reference/make_processors.py

writes `Tests/Fixtures/processors`. Complements the fixture `preprocess`, which covers the image
processors of transformers. Pictures are those of `make_pictures.py`.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import random
from pathlib import Path

import numpy as np
import PIL
from make_pictures import PILLOW, image
from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict
from PIL import Image
from safetensors.numpy import save_file

FOLDER = Path(__file__).resolve().parent.parent / "Fixtures" / "processors"
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
#: mode, height, width
PICTURES = [("RGB", 46, 37), ("RGB", 29, 40), ("RGB", 7, 9), ("RGBA", 31, 44), ("L", 33, 26), ("LA", 25, 25), ("RGB", 61, 13), ("RGB", 30, 30)]
CONFIGS = {
    "shortest": {"size": 15},
    "shortest-own-size": {"size": 99, "mean": [0.5, 0.25, 0.125], "std": [0.5, 0.25, 0.75], "mode": "RGB"},
    "shortest-bilinear": {"size": [16, 16], "interpolation": "bilinear", "resize_mode": "shortest", "fill_color": 9},
    "shortest-oblong": {"size": [14, 19], "interpolation": "bilinear"},
    "shortest-oblong-tall": {"size": [21, 10], "resize_mode": "shortest"},
    "longest": {"size": 17, "resize_mode": "longest", "fill_color": 114},
    "longest-oblong": {"size": [12, 20], "resize_mode": "longest", "interpolation": "bilinear"},
    "squash": {"size": [18, 11], "resize_mode": "squash", "interpolation": "bilinear", "mean": 0.5, "std": 0.5},
    "squash-wide": {"size": [16, 48], "resize_mode": "squash", "interpolation": "random"},
}
#: The vision tower's own size wins over the settings'.
TOWERS = {"shortest-own-size": 13}


def resizes(pictures: list[Image.Image]) -> list[list]:
    """[filter, picture, height, width, SHA-256], with both orders of the passes well represented."""
    draw, rows = random.Random(4), []
    for index in range(160):
        which = draw.choice([0, 1, 3, 4, 6, 7])
        name = draw.choice(list(FILTERS))
        source = pictures[which]
        width = draw.randint(1, 60)
        height = draw.randint(1, 60)
        if index % 4 == 0:  # near the border between the orders
            width = draw.randint(max(1, source.width - 10), source.width)
            height = max(1, source.height - 2 * (source.width - width) + draw.randint(-1, 1))
        result = source.resize((width, height), FILTERS[name])
        rows.append([name, which, height, width, hashlib.sha256(result.tobytes()).hexdigest()])
    return rows


def main() -> None:
    assert PIL.__version__ == PILLOW, f"needs Pillow {PILLOW}, not {PIL.__version__}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictures = [image(f"processor{i}", h, w, mode) for i, (mode, h, w) in enumerate(PICTURES)]
    tensors = {f"picture/{i}": np.asarray(p) for i, p in enumerate(pictures)}
    cases = []
    for name, settings in CONFIGS.items():
        config = {"preprocess_cfg": settings, "model_cfg": {"embed_dim": 8, "vision_cfg": {"width": 8}}}
        merged = merge_preprocess_dict(PreprocessCfg(), settings)
        if name in TOWERS:
            config["model_cfg"]["vision_cfg"]["image_size"] = merged["size"] = TOWERS[name]
        transform = image_transform_v2(PreprocessCfg(**merged), is_train=False)
        cases.append({"name": name, "config": config})
        for index, picture in enumerate(pictures):
            tensors[f"{name}/{index}"] = transform(picture).numpy()
    save_file(tensors, FOLDER / "expected.safetensors")
    (FOLDER / "expected.safetensors").chmod(0o644)
    versions = {k: importlib.metadata.version(k) for k in ("pillow", "open_clip_torch", "torchvision", "torch")}
    manifest = {"versions": versions, "cases": cases, "resizes": resizes(pictures)}
    (FOLDER / "case.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{len(tensors)} tensors, {sum(p.stat().st_size for p in FOLDER.iterdir())} bytes")


if __name__ == "__main__":
    main()
