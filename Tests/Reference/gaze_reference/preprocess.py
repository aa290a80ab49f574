"""Image preprocessing through the PIL backends of transformers, and Pillow's own resampling."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from transformers.image_transforms import convert_to_rgb
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import (
    Siglip2ImageProcessorPil,
    get_image_size_for_max_num_patches,
)

from .draw import Draw
from .fixture import Fixture

PROCESSORS = {
    "clip": CLIPImageProcessorPil,
    "siglip": SiglipImageProcessorPil,
    "siglip2": Siglip2ImageProcessorPil,
}
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
#: (height, width) of photographs, for the size rules at released settings.
PHOTOS = [
    (480, 640), (640, 480), (1080, 1920), (100, 100), (30, 500), (700, 20), (48, 48),
    (1, 1), (5, 3000), (333, 517), (224, 1024), (4000, 3000), (17, 19),
]  # fmt: skip


def picture(draw: Draw, name: str, mode: str, height: int, width: int) -> Image.Image:
    array = draw.picture(name, height, width, CHANNELS[mode])
    if mode in ("LA", "RGBA"):  # every kind of alpha: clear, opaque, between
        ramp = np.linspace(-60, 320, width).clip(0, 255).astype(np.uint8)
        array[..., -1] = ramp[None] ^ (array[..., -1] & 15)
        array[0, :, -1], array[-1, :, -1] = 0, 255
    return Image.fromarray(array[..., 0] if mode == "L" else array, mode=None)


def resizing(fx: Fixture, v: dict) -> None:
    case = fx.case(
        "resize",
        "resize",
        "Pillow's own uint8 resampling; arguments: [filter, input, height, width]",
    )
    sources = [picture(fx.draw, f"resize/{k}", "RGB", *s) for k, s in enumerate(v["sources"])]
    plan = []
    for i, (source, height, width, name) in enumerate(v["resizes"]):
        plan.append([name, source, height, width])
        resized = sources[source].resize((width, height), FILTERS[name])
        case.outputs("out", **{str(i): np.asarray(resized)})
    case.inputs(source=[np.asarray(s) for s in sources])
    case.info["plan"] = plan


def images(fx: Fixture, v: dict) -> None:
    pictures = [picture(fx.draw, f"image/{i}", *spec) for i, spec in enumerate(v["images"])]
    shared = fx.case(
        "rgb", "convert", "alpha is composited on white, then dropped; grey is repeated"
    )
    shared.inputs(image=[np.asarray(p) for p in pictures])
    shared.info["modes"] = [p.mode for p in pictures]
    for i, p in enumerate(pictures):
        if p.mode != "RGB":
            shared.outputs("rgb", **{str(i): np.asarray(convert_to_rgb(p))})
    for name, settings, chosen in v["processors"]:
        processor = PROCESSORS[name.split("-")[0]](**settings)
        (fx.path / name).mkdir()
        processor.save_pretrained(fx.path / name)
        case = fx.case(
            name,
            "preprocess",
            "settings in the preprocessor_config.json of this name; "
            "images by index of the case 'rgb'",
        )
        case.info["images"] = chosen
        for i in chosen:
            seen = processor([pictures[i]], return_tensors="np")
            case.outputs(str(i), **{k: np.asarray(x) for k, x in seen.items()})


def sizes(fx: Fixture) -> None:
    case = fx.case(
        "sizes",
        "sizes",
        "released settings; columns: height, width, resized height, resized width",
    )
    for patches in (256, 1024):
        rows = [[h, w, *get_image_size_for_max_num_patches(h, w, 16, patches)] for h, w in PHOTOS]
        case.outputs(**{f"naflex_{patches}": torch.tensor(rows)})


def preprocess(fx: Fixture, v: dict) -> None:
    resizing(fx, v)
    images(fx, v)
    sizes(fx)
    fx.container([], "preprocessors")
