"""The on-disk format: a directory with the model in its native container, `case.json` (what was
asked, which checks passed) and `expected.safetensors`, whose keys read `<case>/input/<name>` for
inputs and `<case>/<path>` for everything that the reference computed."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from .audit import TOLERANCE, AuditError
from .draw import Draw

SCHEMA = 1


def versions(*extra: str) -> dict[str, str]:
    names = ["torch", "transformers", "tokenizers", "safetensors", "pillow", "numpy", *extra]
    return {n: importlib.metadata.version(n) for n in names}


class Case:
    """One question put to the reference: inputs, plain arguments and outputs under one name."""

    def __init__(self, fixture: Fixture, name: str, task: str, note: str):
        self.fixture, self.name = fixture, name
        self.info = {"name": name, "task": task, "inputs": [], "outputs": []}
        if note:
            self.info["note"] = note

    def inputs(self, **values) -> None:
        for key, value in values.items():
            if value is not None:
                self._record("inputs", f"input/{key}", value)

    def outputs(self, prefix: str = "", **values) -> None:
        for key, value in values.items():
            if value is not None:
                self._record("outputs", f"{prefix}/{key}" if prefix else key, value)

    def meaningless(self, **where: str) -> None:
        """Rows that engines may compute differently: output prefix -> condition."""
        self.info["meaningless"] = where

    def keys(self, **meaning: str) -> None:
        """What the outputs mean, where their names do not say it."""
        self.info["keys"] = meaning

    def _record(self, group: str, path: str, value) -> None:
        """Tensors and arrays are stored, lists of them numbered; plain values go to case.json."""
        many = isinstance(value, (tuple, list))
        if isinstance(value, (str, int, float)) or (
            many and isinstance(value[0], (str, int, float))
        ):
            self.info.setdefault("arguments", {})[path.removeprefix("input/")] = value
            return
        for i, v in enumerate(value) if many else [(None, value)]:
            self._store(path if i is None else f"{path}/{i}", v)
        self.info[group].append(path.removeprefix("input/") + ("/*" if many else ""))

    def _store(self, key: str, value) -> None:
        t = (
            torch.from_numpy(np.array(value))
            if isinstance(value, np.ndarray)
            else torch.as_tensor(value)
        )
        t = t.detach().clone().contiguous()
        if t.is_floating_point():
            t = t.float()
            if not torch.isfinite(t).all():
                raise AuditError(f"{self.name}/{key} is not finite")
        full = f"{self.name}/{key}"
        if full in self.fixture.tensors:
            raise AuditError(f"{full} stored twice")
        self.fixture.tensors[full] = t


class Fixture:
    """A fixture in the making. `finish` writes it; until then its directory holds the container."""

    def __init__(self, root: Path, name: str, family: str, variant: str, seed: int, attempt: int):
        self.path = root / name
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.name, self.family, self.variant, self.seed = name, family, variant, seed
        self.attempt = attempt
        # Fixtures with the same tensor names share weights (clip, clip-openclip, clip-torch).
        self.draw = Draw(seed, variant, attempt)
        self.tensors: dict[str, torch.Tensor] = {}
        self.cases: list[Case] = []
        self.checks: dict = {}
        self.meta: dict = {}
        self.packages: list[str] = []  # reference packages used beside the usual ones

    def beside(self, name: str) -> Path:
        """The directory of another fixture of the same set, which this one builds upon."""
        path = self.path.parent / name
        info = json.loads((path / "case.json").read_text())
        if (info["variant"], info["seed"]) != (self.variant, self.seed):
            raise AuditError(f"{name} is of variant {info['variant']}, seed {info['seed']}")
        return path

    def case(self, name: str, task: str, note: str = "") -> Case:
        c = Case(self, name, task, note)
        self.cases.append(c)
        return c

    def container(
        self, files: list[str], model_class: str, state: dict | None = None, **more
    ) -> None:
        """Describe the model's own files in case.json."""
        self.meta["container"] = {"files": files, "class": model_class, **more}
        if state is not None:
            kinds = sorted({str(t.dtype).removeprefix("torch.") for t in state.values()})
            self.meta["container"] |= {"tensors": len(state), "dtypes": kinds}

    def json(self, name: str, value) -> None:
        """One line per row for lists of records, indented otherwise."""
        text = json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)
        if isinstance(value, list):
            compact = dict(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            text = "[\n" + ",\n".join(json.dumps(row, **compact) for row in value) + "\n]"
        (self.path / name).write_text(text + "\n")

    def finish(self) -> Path:
        save_file(self.tensors, self.path / "expected.safetensors")
        self.json(
            "case.json",
            {
                "schema": SCHEMA,
                "fixture": self.name,
                "family": self.family,
                "variant": self.variant,
                "seed": self.seed,
                "attempt": self.attempt,
                "versions": versions(*self.packages),
                "arithmetic": "float32, whatever the stored type",
                "tolerance": TOLERANCE,
                "cases": [c.info for c in self.cases],
                "checks": self.checks,
                **self.meta,
            },
        )
        for f in self.path.rglob("*"):
            f.chmod(0o755 if f.is_dir() else 0o644)
        scan_for_paths(self.path)
        return self.path


def scan_for_paths(path: Path) -> None:
    """No file may carry a path or name of the machine that made it."""
    needles = {os.getcwd().encode() + b"/", sys.prefix.encode()}
    needles |= {socket.gethostname().encode()} if len(socket.gethostname()) > 5 else set()
    for f in path.rglob("*"):
        if f.is_file():
            data = f.read_bytes()
            for n in needles:
                if n in data:
                    raise AuditError(f"{f.name} contains {n.decode()!r}")
