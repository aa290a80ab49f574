"""One picture among some labels, the shortest way with transformers: what a user would write.

first_ranking.py MODEL PICTURE THREADS LABEL..."""

import sys

import torch
from PIL import Image
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

folder, picture, threads, *labels = sys.argv[1:]
torch.set_num_threads(int(threads))
model = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
pixels = CLIPImageProcessorPil.from_pretrained(folder)(Image.open(picture), return_tensors="pt")
text = AutoTokenizer.from_pretrained(folder)(labels, padding=True, return_tensors="pt")
with torch.inference_mode():
    scores = model(**text, **pixels).logits_per_image.softmax(-1)[0]
print(sorted(zip(scores.tolist(), labels), reverse=True), flush=True)
