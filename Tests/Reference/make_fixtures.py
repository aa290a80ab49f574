#!/usr/bin/env python3
"""Generate golden fixtures from the reference implementations.

    make_fixtures.py all --out ../Fixtures --checkpoint EMOJI-CLIP
    make_fixtures.py FAMILY... --out DIR [--seed N] [--variant NAME] [--deps DIR] [--check]
    make_fixtures.py --list

Each fixture is a directory:

    <model container>      model.safetensors + config.json, or the container under test
    case.json              what is asked, which checks passed, package versions, seed, tolerance
    expected.safetensors   `<case>/input/<name>` and `<case>/<output>`; lists end in `/0`, `/1`, ...

Everything is float32 on one thread with eager attention. A floating tensor agrees when
max|actual - expected| <= tolerance.relative_to_max_abs * max|expected|; integers agree exactly.
Rows named in a case's `meaningless` are to be ignored.

Weights depend only on (seed, variant, attempt) and the tensor's name. `attempt` counts up until no
decision in the fixture is close, and is recorded. Before anything is written, every tensor of the
checkpoint is neutralised in turn and must change the result (or is listed as cancelling),
configuration switches are flipped, and the saved files are reloaded and must compute the same bits.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
HERE = Path(__file__).resolve().parent
ATTEMPTS = 60


def registry(checkpoint: Path | None) -> dict[str, tuple]:
    """Fixture name -> (builder, its table of variants, the fixture that it builds upon, if any)."""
    from gaze_reference import (
        attention,
        clip,
        containers,
        drawings,
        openclip,
        preprocess,
        siglip,
        sizes,
        tokens,
        training,
    )

    table = {
        "clip": (clip.clip, sizes.CLIP),
        "clip-rollout": (attention.clip_rollout, sizes.CLIP_ROLLOUT, "clip"),
        "clip-gradients": (attention.clip_gradients, sizes.CLIP_GRADIENTS, "clip"),
        "clip-training": (training.clip_training, sizes.CLIP_TRAINING),
        "clip-legacy-eos": (clip.clip_legacy_eos, sizes.CLIP_LEGACY),
        "clip-openclip": (containers.clip_openclip, sizes.CLIP),
        "clip-torch": (containers.clip_torch, sizes.CLIP),
        "clip-torchscript": (containers.clip_torchscript, sizes.CLIP_TORCHSCRIPT),
        "clip-resnet": (openclip.clip_resnet, sizes.CLIP_RESNET),
        "siglip": (siglip.siglip, sizes.SIGLIP),
        "siglip-rollout": (attention.siglip_rollout, sizes.SIGLIP_ROLLOUT, "siglip"),
        "siglip2-naflex": (siglip.siglip2_naflex, sizes.SIGLIP2),
        "siglip-openclip": (openclip.siglip_openclip, sizes.SIGLIP_OPENCLIP),
        "siglip2-openclip": (openclip.siglip_openclip, sizes.SIGLIP2_OPENCLIP),
        "preprocess": (preprocess.preprocess, sizes.PREPROCESS),
        "tokenizers": (tokens.tokenizers, sizes.TOKENIZERS),
    }
    if checkpoint:
        build = partial(drawings.emoji_clip_drawings, checkpoint=checkpoint)
        table["emoji-clip-drawings"] = (build, sizes.EMOJI_CLIP_DRAWINGS)
    return table


def make(table: dict, root: Path, name: str, variant: str, seed: int, verbose: bool = False):
    """Build one fixture, drawing new weights until every decision in it is clear-cut."""
    import torch

    from gaze_reference.audit import Retry
    from gaze_reference.fixture import Fixture

    build, variants, *needs = table[name]
    for other in needs:
        if not (root / other / "case.json").exists():
            make(table, root, other, variant, seed, verbose)
    torch.manual_seed(0)  # nothing depends on it: every weight is drawn by name
    for attempt in range(ATTEMPTS):
        fixture = Fixture(root, name, name, variant, seed, attempt)
        try:
            build(fixture, variants[variant])
        except Retry as reason:
            if verbose:
                print(f"  {name}, attempt {attempt}: {reason}", file=sys.stderr)
            continue
        fixture.finish()
        return fixture
    raise RuntimeError(f"{name}: no clear-cut draw in {ATTEMPTS} attempts")


def different_files(a: Path, b: Path) -> list[str]:
    names = sorted({str(f.relative_to(d)) for d in (a, b) for f in d.rglob("*") if f.is_file()})
    both = lambda n: (a / n).exists() and (b / n).exists()
    return [n for n in names if not (both(n) and filecmp.cmp(a / n, b / n, shallow=False))]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("families", nargs="*", metavar="FAMILY", help="fixtures to make, or `all`")
    add("--out", type=Path, help="directory that receives one subdirectory per fixture")
    add("--seed", type=int, default=1, help="default 1")
    add(
        "--variant",
        default="a",
        help="row of the tables in sizes.py (default a: the committed one)",
    )
    add("--deps", type=Path, default=HERE / "refdeps", help="directory with open_clip and timm")
    add("--checkpoint", type=Path, help="the bundled emoji-clip, for emoji-clip-drawings")
    add("--check", action="store_true", help="make everything twice and compare every byte")
    add("--verbose", action="store_true", help="say why weights were drawn again")
    add("--list", action="store_true", help="name the fixtures and stop")
    return parser


def prepare(deps: Path) -> None:
    if deps.is_dir():
        sys.path.append(str(deps))
    import torch
    import transformers

    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def main() -> int:
    parser = arguments()
    options = parser.parse_args()
    prepare(options.deps)
    table = registry(options.checkpoint)
    if options.list:
        print(*table, sep="\n")
        return 0
    if unknown := [f for f in options.families if f not in table and f != "all"]:
        parser.error(f"unknown families: {' '.join(unknown)}")
    if not options.families or options.out is None:
        parser.error("name at least one FAMILY and --out DIR")
    chosen = list(table) if "all" in options.families else options.families
    if missing := [n for n in chosen if options.variant not in table[n][1]]:
        parser.error(f"sizes.py has no variant {options.variant!r} for {' '.join(missing)}")
    total, failed = 0, []
    print(f"{'fixture':22}{'kB':>7}{'tensors':>9}{'attempt':>9}{'seconds':>9}")
    for name in chosen:
        start = time.monotonic()
        try:
            fixture = make(table, options.out, name, options.variant, options.seed, options.verbose)
            if options.check:
                with tempfile.TemporaryDirectory() as again:
                    make(table, Path(again), name, options.variant, options.seed)
                    if different := different_files(fixture.path, Path(again) / name):
                        raise AssertionError(f"not reproducible: {different}")
        except Exception:
            failed.append(name)
            print(f"{name}: FAILED\n{traceback.format_exc()}", file=sys.stderr)
            continue
        size = sum(f.stat().st_size for f in fixture.path.rglob("*") if f.is_file())
        total += size
        counts = f"{size / 1000:7.0f}{len(fixture.tensors):9}{fixture.attempt:9}"
        print(f"{name:22}{counts}{time.monotonic() - start:9.1f}", flush=True)
    print(f"{'total':22}{total / 1000:7.0f}" + (f"   FAILED: {' '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
