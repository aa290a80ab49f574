"""Steps of contrastive training: the same model, batch and pictures in PyTorch and in Gaze.

    python3 Benchmarks/compare --training

A CLIP of the bundled model's sizes with random weights learns 256 pairs, all of them in every step,
so that the order in which each side draws them changes nothing. PyTorch multiplies under bf16
autocast, with fused attention and a fused AdamW, and has its batch ready in memory; Gaze reads,
decodes and prepares every batch as in any other run. Both take turns, each in a process of its own,
whose greatest memory counts. In f32 the losses must agree after three steps; in bf16 the two round
differently, so their last losses are shown and no more.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TOKENIZER = ROOT / "Sources" / "gaze" / "Resources" / "checkpoints" / "emoji-clip"
LABELS = ROOT / "examples" / "labels" / "distractors-en.txt"
PAIRS, SIDE = 256, 64
#: The first of them find cold caches.
STEPS, TIMED = 26, 20
#: Steps after which the losses of both must be the same in f32.
EXACT = 3
RATE, DECAY = 1e-4, 0.1
#: Gaze's share of PyTorch's samples a second, and of its memory.
LEAST_SPEED, MOST_MEMORY = 1.6, 1.0


def run(options, folder: Path) -> int:
    model, table = write_model(folder / "model"), write_pairs(folder / "pairs")
    figures: dict[str, list[float]] = defaultdict(list)
    exact = [side(model, table, options, "f32", EXACT)["losses"][-1] for side in (peer, gaze)]
    print(f"loss of step {EXACT} in f32: torch {exact[0]:.5f}, gaze {exact[1]:.5f}")
    if abs(exact[0] - exact[1]) > 1e-3:
        print("compare: these losses differ")
        return 1
    for i in range(options.rounds):
        print(f"round {i + 1} of {options.rounds}", file=sys.stderr, flush=True)
        sides = {"torch": peer(model, table, options, "bf16", STEPS)}
        sides["gaze"] = gaze(model, table, options, "bf16", STEPS)
        for name, side in sides.items():
            figures[f"pairs/s {name}"].append(side["pairsPerSecond"])
            figures[f"MB {name}"].append(side["bytes"] / 1e6)
            figures[f"last loss {name}"].append(side["losses"][-1])
    for name, values in figures.items():
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
        print(f"{name:24}{middle:10.2f}   {low:.2f} ... {high:.2f}")
    middle = {name: statistics.median(values) for name, values in figures.items()}
    speed = middle["pairs/s gaze"] / middle["pairs/s torch"]
    memory = middle["MB gaze"] / middle["MB torch"]
    word = {True: "reached", False: "MISSED"}
    print(f"speed gaze / torch {speed:.2f}, to reach {LEAST_SPEED}: {word[speed >= LEAST_SPEED]}")
    print(f"memory gaze / torch {memory:.2f}, at most {MOST_MEMORY}: {word[memory <= MOST_MEMORY]}")
    return 0


# MARK: what is learned


def write_model(folder: Path) -> Path:
    import shutil

    import torch
    from transformers import CLIPConfig, CLIPModel

    if (folder / "config.json").exists():
        return folder
    torch.manual_seed(7)
    settings = json.loads((TOKENIZER / "config.json").read_text())
    config = CLIPConfig(
        text_config=settings["text_config"], vision_config=settings["vision_config"],
        projection_dim=settings["projection_dim"],
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "preprocessor_config.json"):
        shutil.copy(TOKENIZER / name, folder / name)
    CLIPModel(config).save_pretrained(folder)
    return folder


def write_pairs(folder: Path) -> Path:
    """Pictures of coarse noise, each with a caption of its own."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(7)
    labels = LABELS.read_text(encoding="utf-8").splitlines()
    lines = []
    for i in range(PAIRS):
        cells = draw.integers(0, 256, (8, 8, 3), np.uint8)
        picture = Image.fromarray(cells).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        picture.save(folder / f"{i}.png")
        lines.append(f"{i}.png\t{labels[i % 100]} and {labels[(i * 7 + i // 100) % 100]} {i}\n")
    table = folder / "pairs.tsv"
    table.write_text("image\tcaption\n" + "".join(lines), encoding="utf-8")
    return table


# MARK: the two sides


def gaze(model: Path, table: Path, options, precision: str, steps: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder) / "recipe.yaml"
        recipe.write_text(
            f"name: compare\nprecision: {precision}\n"
            f"data: {{sources: ['{table}']}}\nmodel: {{start: '{model}'}}\n"
            f"optimizer: {{learning-rate: {RATE}, betas: [0.9, 0.98], epsilon: 1e-6, "
            f"weight-decay: {DECAY}, clip: 1}}\n"
            f"schedule: {{steps: {STEPS}, warm-up: 0, final-rate: 1, batch: {PAIRS}}}\n"
            "output: {folder: out, save-every: 1000}\n"
        )
        command = [options.gaze.resolve(), "--json", "--batch", "--no-init", "--threads", options.threads]
        text, peak = measured([*command, "-e", f':train "{recipe}" steps={steps}'])
    record = json.loads(text)
    if not record["ok"]:
        raise SystemExit(f"compare: {record['error']['message']}")
    data = record["data"]
    return {"losses": [data["loss"]], "pairsPerSecond": data["pairsPerSecond"], "bytes": peak}


def peer(model: Path, table: Path, options, precision: str, steps: int) -> dict:
    command = [sys.executable, __file__, model, table, precision, steps, options.threads]
    text, peak = measured(command)
    return {**json.loads(text), "bytes": peak}


def measured(command: list) -> tuple[str, int]:
    """The last line that a program prints, and the most memory that it had."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"compare: {command[0]} ended with {status}")
    return output.strip().splitlines()[-1], usage.ru_maxrss * 1024


def train(model: Path, table: Path, precision: str, steps: int, threads: int) -> dict:
    import time

    import torch
    from PIL import Image
    from transformers import CLIPModel, PreTrainedTokenizerFast
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.set_num_threads(threads)
    clip = CLIPModel.from_pretrained(model).train()
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    pictures = [Image.open(table.parent / name) for name, _ in rows]
    pixels = CLIPImageProcessorPil.from_pretrained(model)(pictures, return_tensors="pt")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(model / "tokenizer.json"), pad_token="<|endoftext|>")
    texts = tokenizer([text for _, text in rows], padding=True, return_tensors="pt")
    texts = {name: texts[name] for name in ("input_ids", "attention_mask")}
    decayed = [p for n, p in clip.named_parameters() if decays(n, p)]
    others = [p for n, p in clip.named_parameters() if not decays(n, p)]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=RATE, betas=(0.9, 0.98), eps=1e-6, fused=True,
    )
    target = torch.arange(PAIRS)
    times, losses = [], []
    for _ in range(steps):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            logits = clip(**texts, **pixels).logits_per_image.float()
        loss = (
            torch.nn.functional.cross_entropy(logits, target)
            + torch.nn.functional.cross_entropy(logits.T, target)
        ) / 2
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(clip.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - start)
        losses.append(loss.item())
    last = times[-TIMED:]
    return {"losses": losses, "pairsPerSecond": PAIRS * len(last) / sum(last)}


def decays(name: str, parameter) -> bool:
    return parameter.ndim >= 2 and not name.endswith(
        ("token_embedding.weight", "position_embedding.weight"))


if __name__ == "__main__":
    _, folder, pairs, exactness, count, processors = sys.argv
    print(json.dumps(train(Path(folder), Path(pairs), exactness, int(count), int(processors))))
