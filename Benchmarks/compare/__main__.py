#!/usr/bin/env python3
"""Gaze beside PyTorch, transformers and onnxruntime: same weights, pictures and texts, one run.

    python3 Benchmarks/compare                        # about fifteen minutes on two cores
    python3 Benchmarks/compare --rounds 1 --repeats 1 # a smoke run
    python3 Benchmarks/compare --peers-only           # without gaze
    python3 Benchmarks/compare --training             # steps of training; see training.py

How it works
------------
1. A virtual environment with the pinned peers is made once under `Benchmarks/out`; `--python PATH`
   names an interpreter that has them already.
2. A CLIP of ViT-B/32's size with random weights is written as a Hugging Face folder (f32
   safetensors, 605 MB), with CLIP's own tokenizer if the Hugging Face cache has it and one of the
   same size, made from syllables, if not; and sixteen pictures of 640x480. All of it depends on a
   fixed seed; all of it is removed afterwards unless `--keep DIR` says where to put it.
3. Every round runs a peer, then Gaze, then the next peer (A B A B ...), so that a slow spell of the
   machine meets both. Gaze is driven by scripts under `--json --batch`, one process per precision
   and round, with one unmeasured run first; the peers have one in every round too.
4. Gaze's outputs must agree with PyTorch's in f32, and no record may say that anything came from a
   cache: either failure ends the run with exit status 1.
5. It prints the median of every measurement, the ratio to the peer and the ratio to reach.

What is timed
-------------
Encoding alone, from pixels or ids to embeddings: `encodeMs`, `imageMs` and `labelMs` of Gaze's
records, the forward call of the peers. "First ranking" is the whole time from the start of a
process to its printed ranking of one picture among three labels: transformers with its processor
and tokenizer, Gaze by a script, both in f32. "Empty script" is Gaze from start to exit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENT = ROOT / "Benchmarks" / "out" / "compare-env"
MARKER = "GAZE_COMPARE_READY"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    built = ROOT / ".build" / "release" / "gaze"
    add("--gaze", type=Path, default=built, help="the executable (default: the release build)")
    add("--training", action="store_true", help="steps of training instead of inference")
    add("--peers-only", action="store_true", help="measure and print the peers alone")
    add("--rounds", type=int, default=5, help="times around (default 5)")
    add("--repeats", type=int, default=5, help="runs of each measurement in a round (default 5)")
    add("--threads", type=int, default=os.cpu_count(), help="for everyone (default: all)")
    add("--keep", type=Path, help="put the model and pictures here, and use them if they are there")
    add("--python", type=Path, help="an interpreter that has requirements.txt already")
    add("--json", type=Path, help="write every single measurement here")
    return parser.parse_args()


def enter_environment(python: Path | None) -> None:
    """Continue in an interpreter that has the peers, setting it up the first time."""
    if os.environ.get(MARKER):
        return
    requirements = (HERE / "requirements.txt").read_text()
    if python is None:
        python = ENVIRONMENT / "bin" / "python"
        stamp = ENVIRONMENT / "requirements.txt"
        if not stamp.exists() or stamp.read_text() != requirements:
            print(f"setting up {ENVIRONMENT.relative_to(ROOT)}", file=sys.stderr)
            try:
                venv.create(ENVIRONMENT, with_pip=True, clear=True)
            except subprocess.CalledProcessError:
                sys.exit("compare: Python cannot make an environment here; Debian has what it needs "
                         "in the package python3-venv")
            pip = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
            subprocess.run(pip, check=True)
            stamp.write_text(requirements)
    os.environ[MARKER] = "1"
    os.environ.update(TQDM_DISABLE="1", HF_HUB_OFFLINE="1")
    os.execv(python, [str(python), str(HERE), *sys.argv[1:]])


def main() -> int:
    options = arguments()
    if not options.peers_only and not os.access(options.gaze, os.X_OK):
        print(f"{options.gaze}: no such executable; build it, or give --gaze PATH", file=sys.stderr)
        return 2
    enter_environment(options.python)
    if options.training:
        import training as measurement
    else:
        import comparison as measurement

    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        return measurement.run(options, options.keep.resolve())
    with tempfile.TemporaryDirectory(prefix="gaze-compare-") as folder:
        return measurement.run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
