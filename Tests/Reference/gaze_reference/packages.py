"""Access to the packages that are used for their numbers only: open_clip and timm.

They are imported without running their `__init__` files (training code, data loaders, all of timm's
models). The directory that holds them is given by `--deps` and appended to `sys.path`.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from contextlib import contextmanager
from pathlib import Path


def _locate(package: str) -> Path:
    folder = Path(*package.split("."))
    for entry in sys.path:
        if (Path(entry) / folder / "__init__.py").exists():
            return Path(entry) / folder
    raise SystemExit(f"{package} not found: install it and pass its directory with --deps")


def _shell(package: str) -> types.ModuleType:
    """Register a package whose submodules can be imported but whose `__init__` never runs."""
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = [str(_locate(package))]
        sys.modules[package] = module
    return sys.modules[package]


@contextmanager
def _fake_torchvision():
    """Both packages import one torchvision name that is never called here. The stand-in disappears
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


def _timm() -> types.ModuleType:
    """timm's Vision Transformers alone; `create_model` is set by who builds one."""
    timm = _shell("timm")
    timm.__version__ = importlib.import_module("timm.version").__version__
    _shell("timm.models")
    data, constants = _shell("timm.data"), importlib.import_module("timm.data.constants")
    vars(data).update({k: v for k, v in vars(constants).items() if k.isupper()})
    timm.vision_transformer = importlib.import_module("timm.models.vision_transformer")
    return timm


def open_clip() -> types.ModuleType:
    """The module `open_clip.model`."""
    _shell("open_clip")
    with _fake_torchvision():
        _timm()
        return importlib.import_module("open_clip.model")


def open_clip_model(model_cfg: dict, trunk: dict | None = None):
    """The open_clip model for a `model_cfg` of open_clip_config.json, in evaluation mode.

    A `timm_model_name` is built by timm's own function of that name (number of heads, activation
    and norms are what it says), with the sizes in `trunk` in place of its own.
    """
    m = open_clip()

    def create_model(name: str, **options):
        return getattr(sys.modules["timm"].vision_transformer, name)(**options, **trunk)

    sys.modules["timm"].create_model = create_model
    settings = dict(model_cfg)
    custom_text = settings.pop("custom_text", False)
    settings["vision_cfg"] = m.CLIPVisionCfg(**settings["vision_cfg"])
    settings["text_cfg"] = m.CLIPTextCfg(**settings["text_cfg"])
    return (m.CustomTextCLIP if custom_text else m.CLIP)(**settings).eval()
