"""PyTorch (through transformers) and onnxruntime on the same pixels and ids."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from material import Material

HERE = Path(__file__).resolve().parent
LENGTH = 77


class Towers(torch.nn.Module):
    """Pixels or ids to projected, not yet normalised embeddings."""

    def __init__(self, model: CLIPModel):
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        pooled = self.model.vision_model(pixel_values=pixels).pooler_output
        return self.model.visual_projection(pooled)

    def text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        pooled = self.model.text_model(input_ids=ids, attention_mask=mask).pooler_output
        return self.model.text_projection(pooled)


class Peers:
    """`runs` maps a measurement to what is timed; `first_ranking` starts a process of its own."""

    def __init__(self, material: Material, threads: int):
        self.material, self.threads = material, threads
        torch.set_num_threads(threads)
        processor = CLIPImageProcessorPil.from_pretrained(material.model)
        pictures = [Image.open(f) for f in material.picture_files]
        self.pixels = processor(pictures, return_tensors="pt")["pixel_values"]
        tokenizer = AutoTokenizer.from_pretrained(material.model)
        encode = lambda **how: tokenizer(material.texts, return_tensors="pt", **how)
        self.full = encode(padding="max_length", max_length=LENGTH)
        self.longest = encode(padding="longest")
        load = lambda dtype: Towers(CLIPModel.from_pretrained(material.model, dtype=dtype).eval())
        self.f32, self.bf16 = load(torch.float32), load(torch.bfloat16)
        self.session = self.onnx_session()
        half = self.pixels.to(torch.bfloat16)
        self.runs: dict[str, Callable[[], object]] = {
            "image torch f32": lambda: self.f32(self.pixels[:1]),
            "image onnxruntime f32": lambda: self.onnx(self.pixels[:1]),
            "image torch bf16": lambda: self.bf16(half[:1]),
            "images torch bf16": lambda: self.bf16(half),
            "labels torch bf16 to longest": lambda: self.bf16_text(self.longest),
            "labels torch bf16 to 77": lambda: self.bf16_text(self.full),
        }

    def bf16_text(self, batch) -> torch.Tensor:
        return self.bf16.text(batch["input_ids"], batch["attention_mask"])

    def onnx_session(self) -> onnxruntime.InferenceSession:
        """The vision tower in f32, by PyTorch's own exporter."""
        file = self.material.model.parent / "vision.onnx"
        if not file.exists():
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.onnx.export(
                    self.f32,
                    (self.pixels[:1],),
                    file,
                    input_names=["pixels"],
                    output_names=["embedding"],
                    opset_version=17,
                    dynamo=False,
                )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def onnx(self, pixels: torch.Tensor) -> np.ndarray:
        return self.session.run(None, {"pixels": pixels.numpy()})[0]

    def time(self, name: str, repeats: int) -> list[float]:
        """Milliseconds of each run, after one that is not measured."""
        run, taken = self.runs[name], []
        with torch.inference_mode():
            run()
            for _ in range(repeats):
                start = time.perf_counter()
                run()
                taken.append((time.perf_counter() - start) * 1000)
        return taken

    def reference(self) -> dict[str, np.ndarray]:
        """f32 embeddings by PyTorch, of unit length: what everyone must agree with."""
        with torch.inference_mode():
            images = self.f32(self.pixels)
            text = self.f32.text(self.longest["input_ids"], self.longest["attention_mask"])
        return {"images": unit(images.numpy()), "texts": unit(text.numpy())}

    def disagreements(self, expected: dict[str, np.ndarray]) -> list[str]:
        """The peers among themselves, so that a wrong export cannot serve as a baseline."""
        with torch.inference_mode():
            found = {
                "onnxruntime f32": (self.onnx(self.pixels[:1]), expected["images"][:1], 0.99999),
                "torch bf16": (
                    self.bf16(self.pixels.bfloat16()).float(),
                    expected["images"],
                    0.999,
                ),
                "torch bf16 text": (self.bf16_text(self.full).float(), expected["texts"], 0.999),
            }
        return [
            f"{name}: cosine {worst:.6f} to torch f32, less than {least}"
            for name, (got, want, least) in found.items()
            if (worst := float((unit(np.asarray(got)) * want).sum(-1).min())) < least
        ]

    def first_ranking(self, labels: list[str]) -> float:
        """Milliseconds from the start of a fresh process to its printed ranking."""
        picture = self.material.picture_files[0]
        script = [sys.executable, HERE / "first_ranking.py", self.material.model, picture]
        return until_line([*map(str, script), str(self.threads), *labels], lambda line: True)


def until_line(command: list[str], wanted: Callable[[str], bool]) -> float:
    """Milliseconds from the start of a process to the first line that is `wanted`."""
    start = time.perf_counter()
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stdin=subprocess.DEVNULL, text=True) as process:
        found = any(wanted(line) for line in process.stdout)
        taken = (time.perf_counter() - start) * 1000
        process.stdout.read()
    if not found or process.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {process.returncode} and printed no ranking")
    return taken


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)
