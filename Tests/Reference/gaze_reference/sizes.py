"""Every size and flag of every fixture. `a` is committed; `b` is for a second look; add more.

A family maps a variant name to a dictionary; the builders read nothing else. To add a variant, add
a key. Sizes are chosen so that a whole fixture stays below about 400 kB.
"""

from __future__ import annotations


def _tower(hidden, heads, layers, inter, act, **more):
    return dict(
        hidden_size=hidden,
        num_attention_heads=heads,
        num_hidden_layers=layers,
        intermediate_size=inter,
        hidden_act=act,
        **more,
    )


CLIP = {
    "a": dict(
        text=_tower(24, 3, 2, 96, "quick_gelu", max_position_embeddings=12),
        vision=_tower(32, 4, 2, 76, "quick_gelu", image_size=24, patch_size=8),
        projection=20,
        merges=46,
        images=[(37, 52), (41, 29)],
        interpolate=(32, 24),
        torch_wrapper=False,
    ),
    "b": dict(
        text=_tower(20, 2, 3, 80, "gelu", max_position_embeddings=14),
        vision=_tower(36, 3, 2, 90, "gelu", image_size=28, patch_size=7),
        projection=28,
        merges=30,
        images=[(28, 61), (23, 19)],
        interpolate=(21, 35),
        torch_wrapper=True,
    ),
}

# ViT-B/32; the vocabulary alone is small.
CLIP_FULL_SIZE = {
    "a": dict(
        text=_tower(512, 8, 12, 2048, "quick_gelu", max_position_embeddings=77),
        vision=_tower(768, 12, 12, 3072, "quick_gelu", image_size=224, patch_size=32),
        projection=512,
        merges=200,
        images=[(260, 300), (301, 231)],
    ),
}

# Pairs of (image, text) of the clip fixture; its variants are the same rows.
CLIP_ROLLOUT = {"a": dict(pairs=[(0, 0), (1, 2)]), "b": dict(pairs=[(0, 1), (1, 0)])}
CLIP_GRADIENTS = {"a": {}, "b": {}}

# Odd widths and an odd batch, so that pairs along and across every product have ends; `steps` names
# the pairs of each by their digits.
_ADAM = dict(betas=[0.9, 0.98], epsilon=1e-6, weight_decay=0.2, clip=3.0, smoothing=0.1, bias=-2.0)

CLIP_TRAINING = {
    "a": dict(
        text=_tower(18, 2, 2, 27, "quick_gelu", max_position_embeddings=9),
        vision=_tower(20, 4, 2, 25, "quick_gelu", image_size=24, patch_size=8),
        projection=13,
        vocab=31,
        lengths=[9, 3, 5, 7, 4, 6, 8],
        equal_groups=[(3, 0)],
        equal_texts=[(5, 2)],
        steps="01234 23456 45601 60325 135 0246",
        learning_rate=2e-3,
        warm_up=2,
        final_rate=0.1,
        **_ADAM,
    ),
    "b": dict(
        text=_tower(21, 3, 2, 23, "gelu", max_position_embeddings=11),
        vision=_tower(22, 2, 2, 31, "gelu", image_size=18, patch_size=6),
        projection=17,
        vocab=41,
        lengths=[4, 11, 6, 9, 3, 5, 10, 7, 8],
        equal_groups=[(8, 1)],
        equal_texts=[(6, 0)],
        steps="0128 65430 87123 0618 543 726",
        learning_rate=1e-3,
        warm_up=1,
        final_rate=0.0,
        **_ADAM,
    ),
}

# Ids of a text, padded; pieces of the test's own tokenizer.
SIGLIP_ROLLOUT = {"a": dict(ids=[5, 6]), "b": dict(ids=[7, 5, 9])}

CLIP_LEGACY = {
    "a": dict(
        text=_tower(24, 2, 2, 50, "gelu", max_position_embeddings=10),
        vision=_tower(24, 4, 2, 56, "quick_gelu", image_size=16, patch_size=4),
        projection=16,
        vocab=120,
    ),
    "b": dict(
        text=_tower(32, 4, 2, 44, "quick_gelu", max_position_embeddings=13),
        vision=_tower(20, 2, 3, 60, "gelu", image_size=18, patch_size=6),
        projection=22,
        vocab=95,
    ),
}

# OpenAI archives have no config: heads are width / 64 and the MLP is four times as wide.
CLIP_TORCHSCRIPT = {
    "a": dict(
        text=_tower(64, 1, 1, 256, "quick_gelu", max_position_embeddings=9),
        vision=_tower(64, 1, 1, 256, "quick_gelu", image_size=16, patch_size=8),
        projection=24,
        vocab=110,
    ),
    "b": dict(
        text=_tower(64, 1, 1, 256, "quick_gelu", max_position_embeddings=11),
        vision=_tower(64, 1, 1, 256, "quick_gelu", image_size=15, patch_size=5),
        projection=40,
        vocab=90,
    ),
}

_SIGLIP_IDS = dict(pad_token_id=1, bos_token_id=0, eos_token_id=1)

SIGLIP = {
    "a": dict(
        text=dict(
            _tower(24, 4, 2, 56, "gelu_pytorch_tanh"),
            vocab_size=90,
            max_position_embeddings=12,
            projection_size=36,
            **_SIGLIP_IDS,
        ),
        vision=_tower(36, 4, 2, 60, "gelu_pytorch_tanh", image_size=24, patch_size=8),
        images=[(31, 44), (40, 26)],
        lengths=[5, 12, 8],
        interpolate=(32, 16),
    ),
    "b": dict(
        text=dict(
            _tower(24, 3, 3, 70, "gelu_pytorch_tanh"),
            vocab_size=70,
            max_position_embeddings=10,
            projection_size=36,
            **_SIGLIP_IDS,
        ),
        vision=_tower(36, 3, 2, 60, "gelu_pytorch_tanh", image_size=20, patch_size=5),
        images=[(18, 53), (33, 21), (20, 20)],
        lengths=[10, 4, 7],
        interpolate=(15, 25),
    ),
}

SIGLIP2 = {
    "a": dict(
        text=dict(
            _tower(32, 4, 2, 52, "gelu_pytorch_tanh"),
            vocab_size=80,
            max_position_embeddings=10,
            projection_size=40,
            **_SIGLIP_IDS,
        ),
        vision=_tower(40, 4, 2, 70, "gelu_pytorch_tanh", patch_size=4, num_patches=16),
        max_patches=16,
        images=[(24, 40), (30, 31), (9, 44)],
        dtype="bfloat16",
    ),
    "b": dict(
        text=dict(
            _tower(24, 2, 2, 60, "gelu_pytorch_tanh"),
            vocab_size=70,
            max_position_embeddings=12,
            projection_size=32,
            **_SIGLIP_IDS,
        ),
        vision=_tower(32, 4, 3, 64, "gelu_pytorch_tanh", patch_size=5, num_patches=25),
        max_patches=14,
        images=[(52, 20), (35, 33), (12, 60)],
        dtype="float16",
    ),
}

# ModifiedResNet: the pool has width * 32 / 64 heads and a grid of image_size / 32.
CLIP_RESNET = {
    "a": dict(
        text=_tower(24, 3, 2, 96, "quick_gelu", max_position_embeddings=10),
        vision=dict(image_size=64),
        layers=[1, 2, 1, 1],
        width=4,
        projection=24,
        vocab=90,
        ends=[4, 9, 6],
        images=[(70, 81), (90, 64)],
    ),
    "b": dict(
        text=_tower(32, 2, 2, 128, "quick_gelu", max_position_embeddings=9),
        vision=dict(image_size=96),
        layers=[2, 1, 1, 2],
        width=6,
        projection=20,
        vocab=70,
        ends=[8, 2, 5],
        images=[(99, 120), (97, 96)],
    ),
}

# The timm name decides heads, activation and MLP ratio, as it does for the released models.
SIGLIP_OPENCLIP = {
    "a": dict(
        text=_tower(24, 4, 2, 96, "gelu", max_position_embeddings=10, vocab_size=80),
        text_more={},
        timm_model_name="vit_base_patch16_siglip_224",
        width=36,
        depth=2,
        image_size=24,
        patch_size=8,
        images=[(31, 44), (40, 26)],
        lengths=[5, 10, 7],
    ),
    "b": dict(
        text=_tower(30, 3, 3, 120, "gelu", max_position_embeddings=12, vocab_size=60),
        text_more={},
        timm_model_name="vit_large_patch16_siglip_256",
        width=32,
        depth=3,
        image_size=20,
        patch_size=5,
        images=[(18, 53), (33, 21)],
        lengths=[12, 4, 6],
    ),
}

SIGLIP2_OPENCLIP = {
    "a": dict(
        text=_tower(24, 3, 2, 89, "gelu_tanh", max_position_embeddings=11, vocab_size=70),
        text_more={"mlp_ratio": 3.7362, "act_kwargs": {"approximate": "tanh"}},
        timm_model_name="vit_so400m_patch16_siglip_256",
        width=32,
        depth=2,
        image_size=18,
        patch_size=6,
        images=[(27, 19), (20, 45)],
        lengths=[6, 11, 3],
    ),
    "b": dict(
        text=_tower(28, 2, 2, 104, "gelu_tanh", max_position_embeddings=8, vocab_size=50),
        text_more={"mlp_ratio": 3.7362, "act_kwargs": {"approximate": "tanh"}},
        timm_model_name="vit_giantopt_patch16_siglip_256",
        width=48,
        depth=2,
        image_size=16,
        patch_size=4,
        images=[(16, 16), (40, 13)],
        lengths=[8, 5, 2],
    ),
}

# (mode, height, width); processors: name, settings, indices of the images
PREPROCESS = {
    "a": dict(
        sources=[(37, 53), (64, 31), (20, 20)],
        resizes=[
            (0, 20, 29, "bicubic"),
            (0, 19, 29, "bilinear"),
            (0, 17, 23, "lanczos"),
            (0, 60, 70, "bicubic"),
            (0, 20, 70, "bicubic"),
            (0, 50, 30, "bicubic"),
            (1, 32, 16, "bicubic"),
            (1, 21, 45, "lanczos"),
            (1, 64, 20, "bilinear"),
            (1, 10, 31, "bicubic"),
            (2, 1, 1, "bicubic"),
            (2, 41, 43, "bilinear"),
            (2, 7, 50, "nearest"),
            (1, 30, 40, "bilinear"),
        ],
        images=[
            ("RGB", 31, 47),
            ("RGB", 52, 29),
            ("RGB", 24, 24),
            ("RGB", 11, 15),
            ("RGBA", 33, 26),
            ("L", 40, 27),
            ("LA", 25, 38),
            ("RGB", 9, 70),
            ("RGB", 71, 8),
        ],
        processors=[
            (
                "clip",
                dict(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
                [0, 1, 2, 3, 4, 5, 6, 7],
            ),
            (
                "clip-offcentre",
                dict(size={"shortest_edge": 21}, crop_size={"height": 14, "width": 15}),
                [0, 1, 3],
            ),
            ("clip-pad", dict(do_resize=False, crop_size={"height": 18, "width": 27}), [2, 3]),
            ("siglip", dict(size={"height": 14, "width": 18}), [0, 1, 3, 4, 5]),
            ("siglip2", dict(patch_size=4, max_num_patches=15), [0, 1, 3, 7]),
        ],
    ),
    "b": dict(
        sources=[(29, 61), (50, 50), (13, 40)],
        resizes=[
            (0, 14, 31, "bicubic"),
            (0, 15, 30, "lanczos"),
            (0, 29, 90, "bicubic"),
            (0, 58, 61, "bilinear"),
            (0, 12, 90, "bilinear"),
            (0, 40, 20, "lanczos"),
            (1, 25, 25, "bicubic"),
            (1, 49, 51, "bicubic"),
            (1, 77, 33, "bicubic"),
            (1, 3, 2, "bilinear"),
            (2, 26, 17, "bicubic"),
            (2, 5, 90, "lanczos"),
            (2, 20, 20, "box"),
            (2, 9, 23, "hamming"),
        ],
        images=[
            ("RGB", 44, 23),
            ("RGB", 19, 63),
            ("RGB", 17, 17),
            ("RGBA", 27, 41),
            ("LA", 38, 16),
            ("L", 21, 33),
            ("RGB", 6, 90),
            ("RGB", 50, 5),
            ("RGB", 13, 12),
        ],
        processors=[
            (
                "clip",
                dict(size={"shortest_edge": 15}, crop_size={"height": 15, "width": 15}),
                [0, 1, 2, 3, 4, 5, 7, 8],
            ),
            (
                "clip-offcentre",
                dict(size={"shortest_edge": 18}, crop_size={"height": 13, "width": 11}, resample=2),
                [0, 1, 8],
            ),
            (
                "clip-pad",
                dict(do_resize=False, do_normalize=False, crop_size={"height": 25, "width": 20}),
                [2, 8],
            ),
            ("siglip", dict(size={"height": 19, "width": 12}, resample=2), [0, 1, 2, 3, 5]),
            ("siglip2", dict(patch_size=5, max_num_patches=13), [0, 1, 6, 8]),
        ],
    ),
}

TOKENIZERS = {
    "a": dict(
        clip=60,
        gpt2=90,
        llama3=110,
        llama=120,
        legacy=100,
        gemma=130,
        unigram=220,
        unigram_bytes=160,
        alphabet=90,
    ),
    "b": dict(
        clip=35,
        gpt2=140,
        llama3=70,
        llama=80,
        legacy=150,
        gemma=90,
        unigram=150,
        unigram_bytes=240,
        alphabet=70,
    ),
}

_ENGLISH = ["cat face", "rocket", "strawberry", "umbrella", "bicycle", "volcano"]
_KOREAN = ["고양이 얼굴", "로켓", "딸기", "우산"]

# Rankings: case, labels, template.
EMOJI_CLIP_DRAWINGS = {
    "a": dict(
        drawings=["cat-face.png", "rocket.png", "strawberry.png", "umbrella.png"],
        rankings=[
            ("english", _ENGLISH, "{}"),
            ("english-template", _ENGLISH, "an emoji of {}"),
            ("korean", _KOREAN, "{}"),
            ("korean-template", _KOREAN, "{} 이모지"),
        ],
    ),
}
