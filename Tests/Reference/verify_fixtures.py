#!/usr/bin/env python3
"""Recompute fixtures from their files alone: verify_fixtures.py [DIR], default ../Fixtures.

A fresh process loads each Hugging Face container with from_pretrained, feeds it the stored inputs
and compares logits with the stored ones. Containers that transformers cannot read (OpenCLIP,
TorchScript, tokenizers, ...) are checked when they are made.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

#: Stored beside the inputs of the forward pass, but not among them.
NOT_FORWARD = {"image", "texts"}


def compare(path: Path, info: dict) -> tuple[int, float]:
    """How many logit tensors were compared, and their largest relative difference."""
    cls = getattr(transformers, info["container"]["class"])
    model = cls.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()
    stored = load_file(path / "expected.safetensors")
    worst, count = 0.0, 0
    for case in info["cases"]:
        name = case["name"]
        if f"{name}/logits_per_image" not in stored:
            continue
        names = [k for k in case["inputs"] if not k.endswith("/*") and k not in NOT_FORWARD]
        with torch.no_grad():
            out = model(**{k: stored[f"{name}/input/{k}"] for k in names})
        want, got = stored[f"{name}/logits_per_image"], out["logits_per_image"]
        worst = max(worst, float((want - got).abs().max() / want.abs().max()))
        count += 1
    return count, worst


def main(root: Path) -> int:
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    bad = 0
    for path in sorted(p.parent for p in root.glob("*/case.json")):
        info = json.loads((path / "case.json").read_text())
        container = info.get("container", {})
        kind, wrapper = container.get("class", "no model"), container.get("wrapper", "bare dict")
        readable = (path / "config.json").exists() and hasattr(transformers, kind)
        if not readable or wrapper != "bare dict":
            print(f"{path.name:22} skipped ({kind})")
            continue
        count, worst = compare(path, info)
        ok = count > 0 and worst <= info["tolerance"]["relative_to_max_abs"]
        bad += not ok
        verdict = "ok" if ok else "WRONG"
        print(f"{path.name:22} {verdict:6} {count} compared, relative difference {worst:.2g}")
    return 1 if bad else 0


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "Fixtures"))
