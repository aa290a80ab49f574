"""The rounds, and the table."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from gaze import Disagreement, Gaze
from material import Material
from peers import Peers

#: What Gaze is measured at, the peer it is held against, and the ratio to reach.
ROWS = [
    ("image gaze f32", "image onnxruntime f32", 0.8),
    ("image gaze f32", "image torch f32", None),
    ("image gaze bf16", "image torch bf16", 0.65),
    ("image gaze int8", "image torch bf16", 0.45),
    ("images gaze bf16", "images torch bf16", 0.9),
    ("labels gaze bf16", "labels torch bf16 to 77", 0.12),
    ("labels gaze bf16", "labels torch bf16 to longest", 0.7),
    ("first ranking gaze f32", "first ranking transformers f32", 0.1),
]
#: Milliseconds that one measurement of Gaze alone is to stay under.
ALONE = [("empty script gaze", 60)]
LABELS = ["cat", "dog", "house"]


class Rounds:
    """Takes measurements in turn; `times` holds every one of them in milliseconds."""

    def __init__(self, peers: Peers, gaze: Gaze | None, repeats: int):
        self.peers, self.gaze, self.repeats = peers, gaze, repeats
        self.times: dict[str, list[float]] = defaultdict(list)
        self.expected = peers.reference()

    def peer(self, name: str, repeats: int) -> None:
        self.times[name] += self.peers.time(name, repeats)

    def image(self, precision: str) -> None:
        if self.gaze:
            taken = self.gaze.measure_image(precision, self.repeats, self.expected)
            self.times[f"image gaze {precision}"] += taken

    def batch(self) -> None:
        if self.gaze:
            taken = self.gaze.measure_batch(self.few, self.expected)
            self.times["images gaze bf16"] += taken["image"]
            self.times["labels gaze bf16"] += taken["label"]

    @property
    def few(self) -> int:
        """Repeats of what takes seconds."""
        return max(1, self.repeats // 3)

    def once(self) -> None:
        """A B A B: no two measurements of the same side that could be apart are together."""
        self.peer("image onnxruntime f32", self.repeats)
        self.image("f32")
        self.peer("image torch f32", self.repeats)
        self.image("bf16")
        self.peer("image torch bf16", self.repeats)
        self.image("int8")
        self.peer("images torch bf16", self.few)
        self.peer("labels torch bf16 to longest", self.few)
        self.batch()
        self.peer("labels torch bf16 to 77", self.few)
        self.times["first ranking transformers f32"].append(self.peers.first_ranking(LABELS))
        if self.gaze:
            self.times["first ranking gaze f32"].append(self.gaze.first_ranking(LABELS))
            self.times["empty script gaze"].append(self.gaze.empty_script())


def run(options, folder: Path) -> int:
    note("writing the model and the pictures")
    material = Material(folder.resolve())
    note("loading the peers")
    peers = Peers(material, options.threads)
    gaze = None if options.peers_only else Gaze(options.gaze.resolve(), material, options.threads)
    rounds = Rounds(peers, gaze, options.repeats)
    describe(peers, rounds.expected)
    try:
        if problems := peers.disagreements(rounds.expected):
            raise Disagreement("; ".join(problems))
        for i in range(options.rounds):
            note(f"round {i + 1} of {options.rounds}")
            rounds.once()
    except Disagreement as problem:
        print(f"compare: {problem}", file=sys.stderr)
        return 1
    table(rounds.times)
    if options.json:
        options.json.write_text(json.dumps(rounds.times, indent=1) + "\n")
    return 0


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def describe(peers: Peers, expected: dict[str, np.ndarray]) -> None:
    import onnxruntime
    import torch
    import transformers

    print(f"python {platform.python_version()}, torch {torch.__version__}, ", end="")
    print(
        f"transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}, ", end=""
    )
    print(f"{peers.threads} threads")
    lengths = peers.longest["attention_mask"].sum(-1)
    print(
        f"labels of {lengths.float().mean():.1f} tokens on average, {lengths.max()} at most", end=""
    )
    for name, vectors in expected.items():
        cosines = vectors @ vectors.T
        others = cosines[~np.eye(len(cosines), dtype=bool)]
        print(f"; {name} among themselves: cosine {others.mean():.2f}", end="")
    print()


def table(times: dict[str, list[float]]) -> None:
    """Medians with quartiles; then the ratios, if Gaze was there."""
    print(f"\n{'median ms':40}{'median':>10}{'quartiles':>20}{'runs':>6}")
    for name, values in times.items():
        low, middle, high = quartiles(values)
        print(f"{name:40}{middle:10.1f}{f'{low:.1f} ... {high:.1f}':>20}{len(values):6}")
    if not any("gaze" in name for name in times):
        return
    print(f"\n{'ratio of medians':66}{'ratio':>8}{'to reach':>10}")
    for ours, theirs, limit in ROWS:
        ratio = statistics.median(times[ours]) / statistics.median(times[theirs])
        verdict(f"{ours} / {theirs}", ratio, limit)
    for name, limit in ALONE:
        verdict(f"{name}, ms", statistics.median(times[name]), limit)


def verdict(name: str, value: float, limit: float | None) -> None:
    against = "" if limit is None else f"{limit:10}  {'reached' if value <= limit else 'MISSED'}"
    print(f"{name:66}{value:8.3f}{against}")


def quartiles(values: list[float]) -> tuple[float, float, float]:
    return tuple(np.quantile(values, [0.25, 0.5, 0.75]).tolist())
