"""Access to the packages that are used for their numbers only: open_clip and timm.

They are imported without running their `__init__` files (training code, torchvision, ...). The
directory that holds them is given by `--deps` and appended to `sys.path`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from contextlib import contextmanager
from pathlib import Path


def _locate(package: str) -> Path:
    for entry in sys.path:
        if (Path(entry) / package / "__init__.py").exists():
            return Path(entry) / package
    raise SystemExit(f"{package} not found: install it and pass its directory with --deps")


def _shell(package: str) -> None:
    """Register a package whose submodules can be imported but whose `__init__` never runs."""
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = [str(_locate(package))]
        sys.modules[package] = module


@contextmanager
def _fake_torchvision():
    """open_clip imports one torchvision name that is never called here. The stand-in disappears
    again at once: transformers would otherwise switch its image processors to torchvision."""
    if importlib.util.find_spec("torchvision"):
        yield
        return
    names = ["torchvision", "torchvision.ops", "torchvision.ops.misc"]
    for n in names:
        sys.modules[n] = types.ModuleType(n)
    sys.modules["torchvision.ops.misc"].FrozenBatchNorm2d = object
    try:
        yield
    finally:
        for n in names:
            del sys.modules[n]


def open_clip():
    """The module `open_clip.model`."""
    _shell("open_clip")
    with _fake_torchvision():
        return importlib.import_module("open_clip.model")


def open_clip_model(model_cfg: dict):
    """`open_clip.CLIP` for a `model_cfg` of open_clip_config.json."""
    m = open_clip()
    return m.CLIP(
        embed_dim=model_cfg["embed_dim"],
        vision_cfg=m.CLIPVisionCfg(**model_cfg["vision_cfg"]),
        text_cfg=m.CLIPTextCfg(**model_cfg["text_cfg"]),
        quick_gelu=model_cfg["quick_gelu"],
    ).eval()
