"""Gaze, driven by scripts under `--json --batch`, and what its records must say."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from material import TEMPLATE, Material
from peers import unit, until_line

#: Least cosine of an embedding to PyTorch's in f32.
LEAST_COSINE = {"f32": 0.99999, "bf16": 0.9995, "int8": 0.995}


class Disagreement(Exception):
    """Gaze's output is not the reference's, or came from a cache, or a command failed."""


class Gaze:
    def __init__(self, executable: Path, material: Material, threads: int):
        self.executable, self.material, self.threads = executable, material, threads

    def command(self, *script: str) -> list[str]:
        evaluated = [word for line in script for word in ("-e", line)]
        start = [str(self.executable), "--json", "--batch", "--bail", "--no-init"]
        return [*start, "--threads", str(self.threads), *evaluated]

    def script(self, lines: list[str]) -> list[dict]:
        """The records of a script, all of which must be in order and none from a cache."""
        with tempfile.NamedTemporaryFile("w", suffix=".gaze", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            done = subprocess.run(
                [*self.command(), file.name],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
        records = [json.loads(line) for line in done.stdout.splitlines()]
        for record in records:
            if not record["ok"]:
                error = record["error"]
                raise Disagreement(f":{record['verb']} failed: {error['code']}: {error['message']}")
            if record.get("cached", 0) > 0:
                raise Disagreement(
                    f":{record['verb']} took {record['cached']} encodings from a cache"
                )
        if done.returncode != 0:
            raise Disagreement(f"gaze ended with {done.returncode}: {done.stderr.strip()[-400:]}")
        return records

    def preamble(self, precision: str) -> list[str]:
        return [f":load {quoted(self.material.model)} as clip", f":set precision {precision}"]

    def measure_image(self, precision: str, repeats: int, expected: dict) -> list[float]:
        """Encoding one picture, after one run that is not measured."""
        picture = self.material.picture_files[0]
        lines = [*self.preamble(precision), f":image {quoted(picture)}"]
        lines += [f":embed {picture.stem} cache=off"] * (repeats + 1)
        records = of_verb(self.script(lines), "embed")
        for data in records:
            check_vector(data["vector"], expected["images"][0], precision, picture.name)
        return [data["encodeMs"] for data in records[1:]]

    def measure_batch(self, repeats: int, expected: dict) -> dict[str, list[float]]:
        """Sixteen pictures and a hundred labels in bf16, by one ranking."""
        files = " ".join(quoted(f) for f in self.material.picture_files)
        rank = f':rank @{quoted(self.material.labels_file)} template="{TEMPLATE}" cache=off'
        samples = range(0, len(self.material.texts), 20)
        lines = [*self.preamble("bf16"), f":image {files}"]
        lines += [f':embed "{self.material.texts[i]}" cache=off' for i in samples]
        records = self.script(lines + [rank] * (repeats + 1))
        for i, data in zip(samples, of_verb(records, "embed"), strict=True):
            check_vector(data["vector"], expected["texts"][i], "bf16", self.material.texts[i])
        rankings = of_verb(records, "rank")
        for data in rankings:
            self.check_ranking(data["results"], expected)
        return {k: [data[f"{k}Ms"] for data in rankings[1:]] for k in ("image", "label")}

    def check_ranking(self, results: list[dict], expected: dict) -> None:
        want = expected["images"] @ expected["texts"].T
        order = {label: i for i, label in enumerate(self.material.labels)}
        got = np.full_like(want, np.nan)
        for row, result in zip(got, results):
            for item in result["items"]:
                row[order[item["label"]]] = item["cosine"]
        worst = float(np.abs(got - want).max())
        # Two unit vectors, each turned by arccos(least): their cosine moves by less than this.
        allowed = 2 * (2 * (1 - LEAST_COSINE["bf16"])) ** 0.5
        if not worst <= allowed:  # also when a label is missing
            raise Disagreement(f"a cosine of the ranking is {worst:.4f} from PyTorch's in f32")

    def first_ranking(self, labels: list[str]) -> float:
        ranking = ":rank " + " | ".join(labels) + " cache=off"
        picture = quoted(self.material.picture_files[0])
        load = f":load {quoted(self.material.model)}"
        command = self.command(load, f":image {picture}", ranking)
        return until_line(command, is_fresh_ranking)

    def empty_script(self) -> float:
        start = time.perf_counter()
        subprocess.run(self.command(":quit"), stdout=subprocess.DEVNULL, check=True)
        return (time.perf_counter() - start) * 1000


def of_verb(records: list[dict], verb: str) -> list[dict]:
    return [r["data"] for r in records if r["verb"] == verb]


def is_fresh_ranking(line: str) -> bool:
    record = json.loads(line)
    return record["verb"] == "rank" and record["ok"] and record.get("cached", 0) == 0


def quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def check_vector(vector: list[float], want: np.ndarray, precision: str, name: str) -> None:
    cosine = float(unit(np.asarray(vector, np.float64)) @ want)
    if not cosine >= LEAST_COSINE[precision]:
        raise Disagreement(f"{precision} embedding of {name}: cosine {cosine:.6f} to PyTorch's f32")
