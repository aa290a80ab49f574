#!/usr/bin/env python3
"""What transformers makes of a checkpoint's folder: embeddings of pictures and texts.

    embed_folder.py FOLDER OUT PICTURE... < TEXTS

Texts stand one on a line. OUT gets `expected.safetensors` with `ids/<n>`, `pixels`, `texts`,
`pictures` and `logits`, and `case.json` with what was loaded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> int:
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    import torch
    import transformers
    from PIL import Image
    from safetensors.torch import load_file, save_file

    transformers.utils.logging.disable_progress_bar()
    folder, out = sys.argv[1], Path(sys.argv[2])
    texts = sys.stdin.read().splitlines()
    model, loading = transformers.AutoModel.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True
    )
    model.eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    pictures = [Image.open(path) for path in sys.argv[3:]]
    inputs = processor(
        text=texts, images=pictures, return_tensors="pt", padding=True, truncation=True
    )
    with torch.no_grad():
        found = model(**inputs)
    tensors = {
        "pixels": inputs["pixel_values"],
        "texts": found.text_embeds,
        "pictures": found.image_embeds,
        "logits": found.logits_per_image,
    }
    for index, text in enumerate(texts):
        ids = tokenizer(text, truncation=True)["input_ids"]
        tensors[f"ids/{index}"] = torch.tensor(ids)
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, str(out / "expected.safetensors"))
    # The file again, as the library itself lays it out.
    stored = load_file(str(Path(folder) / "model.safetensors"))
    save_file(stored, str(out / "again.safetensors"), metadata={"format": "pt"})
    report = {
        "model": type(model).__name__,
        "tokenizer": type(tokenizer).__name__,
        "processor": type(processor).__name__,
        "missing": sorted(loading["missing_keys"]),
        "unexpected": sorted(loading["unexpected_keys"]),
        "config": model.config.to_dict(),
    }
    (out / "case.json").write_text(json.dumps(report, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main())
