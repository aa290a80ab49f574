"""What a map of attention is made of: rollout, gradient relevance, and the gradients themselves.

All of it is computed on the models of the `clip` and `siglip` fixtures with PyTorch's autograd, in
float64, and rounded to float32 when stored.

* Rollout: Abnar and Zuidema, "Quantifying Attention Flow in Transformers" (2020).
* Relevance: Chefer, Gur and Wolf, "Generic Attention-model Explainability for Interpreting
  Bi-Modal and Encoder-Decoder Transformers" (2021), the rule for self-attention.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from transformers import CLIPModel, SiglipModel

from .audit import AuditError, sig, spread
from .draw import Draw
from .fixture import Fixture
from .huggingface import EAGER, hooks

ARITHMETIC = "float64, rounded to float32 when stored"
SIDES = ("vision", "text")


class own_precision:
    """transformers computes every softmax in float32; in here it keeps the precision of its input,
    so that finite differences of the float64 model mean something."""

    def __enter__(self):
        self.real = F.softmax
        F.softmax = lambda x, dim=None, dtype=None: self.real(x, dim=dim)

    def __exit__(self, *_):
        F.softmax = self.real


def the_model(fx: Fixture, dtype: torch.dtype):
    """The model of the `clip` fixture beside this one, and the inputs of its base case."""
    folder = fx.beside("clip")
    model = CLIPModel.from_pretrained(folder, dtype=torch.float32, **EAGER).eval().to(dtype)
    stored = load_file(folder / "expected.safetensors")
    pixels, ids = stored["base/input/pixel_values"], stored["base/input/input_ids"]
    return model, pixels.to(dtype), ids


def refer(fx: Fixture) -> None:
    fx.container(["../clip/model.safetensors"], "CLIPModel", note="the model of the clip fixture")
    fx.meta["arithmetic"] = ARITHMETIC


def differentiate(model, pixels, ids, score) -> dict:
    """`score(output)` and its gradients: `attention` and `gradient` per side and layer
    ([N, heads, queries, keys]), `parameter` by name, `pixel_values`."""
    model.zero_grad()
    pixels = pixels.clone().requires_grad_()
    with own_precision():
        out = model(pixel_values=pixels, input_ids=ids, output_attentions=True)
    maps = {"vision": out.vision_model_output.attentions, "text": out.text_model_output.attentions}
    for m in [*maps["vision"], *maps["text"]]:
        m.retain_grad()
    s = score(out)
    s.backward()
    return {
        "score": s.detach(),
        "attention": {side: [m.detach() for m in maps[side]] for side in SIDES},
        "gradient": {side: [m.grad for m in maps[side]] for side in SIDES},
        "parameter": {n: p.grad.clone() for n, p in model.named_parameters()},
        "pixel_values": pixels.grad,
    }


# ----------------------------------------------------------------------------------------- rollout


def rollout(maps: list[torch.Tensor]) -> list[torch.Tensor]:
    """[N, heads, T, T] per layer -> the product A_l ... A_1 after each layer, [N, T, T], where A is
    the mean over the heads plus the identity (the residual path), its rows scaled to one."""
    steps, product = [], None
    for m in maps:
        a = m.mean(1) + torch.eye(m.shape[-1], dtype=m.dtype)
        a = a / a.sum(-1, keepdim=True)
        product = a if product is None else a @ product
        steps.append(product)
    return steps


def grid_of(row: torch.Tensor) -> torch.Tensor:
    """[..., patches] -> [..., side, side], row-major."""
    side = round(row.shape[-1] ** 0.5)
    return row.unflatten(-1, (side, side))


def heat(grid: torch.Tensor, size: int) -> torch.Tensor:
    """[side, side] -> [size, size]: bilinear (pixel centres, no antialias), then 0 ... 1."""
    big = F.interpolate(grid[None, None], size=(size, size), mode="bilinear", align_corners=False)
    return (big[0, 0] - big.min()) / (big.max() - big.min())


def eot_positions(model, ids) -> torch.Tensor:
    return (ids == model.config.text_config.eos_token_id).int().argmax(-1)


def rollout_case(fx: Fixture, model, pixels, ids) -> None:
    case = fx.case(
        "rollout", "rollout", "every image and every text of the clip fixture's base case"
    )
    case.inputs(pixel_values=pixels, input_ids=ids)
    with torch.no_grad(), own_precision():
        out = model(pixel_values=pixels, input_ids=ids, output_attentions=True)
    vision = rollout(out.vision_model_output.attentions)
    text = rollout(out.text_model_output.attentions)
    ends, size = eot_positions(model, ids), pixels.shape[-1]
    grids = grid_of(vision[-1][:, 0, 1:])
    case.outputs(
        "vision", rollout=vision, map=grids, heat=torch.stack([heat(g, size) for g in grids])
    )
    case.outputs("text", rollout=text, position=ends)
    case.outputs("text", map=[text[-1][i, e, 1:e] for i, e in enumerate(ends.tolist())])
    case.keys(
        **{
            "vision/rollout/*": "[N, 1+P, 1+P] after each layer; rows sum to 1",
            "vision/map": "[N, side, side]: last rollout, row of the class token, its patches",
            "vision/heat": "[N, S, S]: map, bilinear to the image's size, min to 0 and max to 1",
            "text/rollout/*": "[N, T, T] after each layer of the padded, unmasked text",
            "text/position": "index of the end of each text",
            "text/map/*": "per text: last rollout, row of its end, columns 1 ... end - 1",
        }
    )
    for r in (vision[-1], text[-1]):
        assert (r.sum(-1) - 1).abs().max() < 1e-12
        assert (r - torch.eye(r.shape[-1])).abs().max() > 0.1


# --------------------------------------------------------------------------------------- relevance


def relevance(maps: list[torch.Tensor], gradients: list[torch.Tensor]) -> torch.Tensor:
    """[heads, T, T] per layer -> R [T, T]: R = 1; per layer R += mean_h max(0, grad * map) R."""
    r = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype)
    for m, g in zip(maps, gradients):
        r = r + (g * m).clamp(min=0).mean(0) @ r
    return r


def relevance_case(fx: Fixture, model, pixels, ids, i: int, t: int) -> None:
    case = fx.case(f"relevance-{i}-{t}", "relevance", "s = the logit of one image and one text")
    case.inputs(
        image_index=i, text_index=t, pixel_values=pixels[i : i + 1], input_ids=ids[t : t + 1]
    )
    found = differentiate(
        model, pixels[i : i + 1], ids[t : t + 1], lambda out: out.logits_per_image[0, 0]
    )
    case.outputs(score=found["score"])
    end, size = int(eot_positions(model, ids)[t]), pixels.shape[-1]
    for side in SIDES:
        maps = [m[0] for m in found["attention"][side]]
        gradients = [g[0] for g in found["gradient"][side]]
        case.outputs(side, attention=maps, gradient=gradients)
        for span, start in (("last", len(maps) - 1), ("all", 0)):
            r = relevance(maps[start:], gradients[start:])
            case.outputs(f"{side}/{span}", relevance=r)
            if side == "vision":
                grid = grid_of(r[0, 1:])
                case.outputs(f"{side}/{span}", map=grid, heat=heat(grid, size))
            else:
                words = r[end, 1:end]
                if not words.sum() > 0:
                    raise AuditError("no word of the text has any relevance")
                case.outputs(f"{side}/{span}", map=words / words.sum())
    case.keys(
        **{
            "score": "s = logits_per_image[0, 0]",
            "*/attention/*": "[heads, T, T] probabilities of each layer",
            "*/gradient/*": "[heads, T, T] ds/d(probabilities)",
            "*/last/relevance": "[T, T] R over the last layer alone (the default of the method)",
            "*/all/relevance": "[T, T] R over all layers",
            "vision/*/map": "[side, side] R[0, 1:]",
            "vision/*/heat": "[S, S]: map, bilinear to the image's size, min to 0 and max to 1",
            "text/*/map": "R[end, 1:end] divided by its sum, end being the end of the text",
        }
    )
    shortcut_check(fx, model, pixels[i : i + 1], ids[t : t + 1], found, end)


def shortcut_check(fx: Fixture, model, pixels, ids, found: dict, end: int) -> None:
    """The last layer's gradient needs no full backward pass: at the pooled row it is
    g_h . V_h[j] with g = W_o^T ds/d(output of the attention), and elsewhere it is zero."""
    for side, row in (("vision", 0), ("text", end)):
        block = getattr(model, f"{side}_model").encoder.layers[-1].self_attn
        kept: dict[str, torch.Tensor] = {}

        def keep(name, kept=kept):
            return lambda a, k, out: (out.retain_grad(), kept.__setitem__(name, out))

        with hooks((block.v_proj, keep("values")), (block.out_proj, keep("out"))), own_precision():
            model(pixel_values=pixels, input_ids=ids).logits_per_image[0, 0].backward()
        heads = block.num_heads
        g = (kept["out"].grad[0, row] @ block.out_proj.weight).unflatten(-1, (heads, -1))
        values = kept["values"][0].unflatten(-1, (heads, -1))
        want = torch.zeros_like(found["gradient"][side][-1][0])
        want[:, row] = torch.einsum("hd,jhd->hj", g, values)
        delta = spread({"g": found["gradient"][side][-1][0]}, {"g": want.detach()})
        assert delta < 1e-12, (side, delta)
        fx.checks.setdefault("last_layer_shortcut", {})[side] = sig(delta)


def clip_rollout(fx: Fixture, v: dict) -> None:
    model, pixels, ids = the_model(fx, torch.float64)
    rollout_case(fx, model, pixels, ids)
    for i, t in v["pairs"]:
        relevance_case(fx, model, pixels, ids, i, t)
    fx.checks["float32_relative_difference"] = single_precision_difference(fx, v["pairs"])
    refer(fx)


def single_precision_difference(fx: Fixture, pairs) -> float | str:
    """How far the same relevance computed in float32 is from what is stored."""
    model, pixels, ids = the_model(fx, torch.float32)
    worst = 0.0
    for i, t in pairs:
        found = differentiate(
            model, pixels[i : i + 1], ids[t : t + 1], lambda out: out.logits_per_image[0, 0]
        )
        for side in SIDES:
            maps = [m[0] for m in found["attention"][side]]
            r = relevance(maps, [g[0] for g in found["gradient"][side]])
            stored = fx.tensors[f"relevance-{i}-{t}/{side}/all/relevance"]
            worst = max(worst, spread({"r": stored}, {"r": r}))
    return sig(worst)


# --------------------------------------------------------------------------------------- gradients

#: Zero in exact arithmetic: softmax does not see a constant added to every score of a query.
VANISHING = "k_proj.bias"


def clip_gradients(fx: Fixture, v: dict) -> None:
    model, pixels, ids = the_model(fx, torch.float64)
    weights = fx.draw.normal("gradients/weights", (len(pixels), len(ids))).to(torch.float64)
    weights = weights.float().double()  # as stored
    pair = lambda out: out.logits_per_image[0, 0]
    every = lambda out: (out.logits_per_image * weights.to(out.logits_per_image)).sum()
    one = fx.case("pair", "gradient", "s = logits_per_image[0, 0] of one image and one text")
    record_gradients(fx, one, model, pixels[:1], ids[:1], pair, lambda name: True)
    all_of_them = fx.case(
        "batch", "gradient", "s = sum over images and texts of weights * logits_per_image"
    )
    all_of_them.inputs(weights=weights)
    # For the size of the file: the first block's gradients have come through all the others.
    record_gradients(fx, all_of_them, model, pixels, ids, every, lambda name: ".0." in name)
    refer(fx)


def record_gradients(fx: Fixture, case, model, pixels, ids, score, kept) -> None:
    """`kept(name)` says which parameters' gradients are stored."""
    case.inputs(pixel_values=pixels, input_ids=ids)
    found = differentiate(model, pixels, ids, score)
    single, _, _ = the_model(fx, torch.float32)
    rough = differentiate(single, pixels.float(), ids, score)
    case.outputs(score=found["score"])
    case.outputs("gradient", pixel_values=found["pixel_values"])
    if case.name == "pair":
        for side in SIDES:
            case.outputs(f"gradient/{side}", attention=found["gradient"][side])
    exact = {n: g for n, g in found["parameter"].items() if not n.endswith(VANISHING)}
    zero = {n: g * 0 for n, g in found["parameter"].items() if n.endswith(VANISHING)}
    case.outputs("parameter", **{n: g for n, g in (exact | zero).items() if kept(n)})
    largest = max(g.abs().max() for g in exact.values())
    assert all(found["parameter"][n].abs().max() < 1e-12 * largest for n in zero)
    case.meaningless(
        **{
            f"parameter/*.{VANISHING}": "zero in exact arithmetic, stored as zero: "
            "agree within 3e-5 of the largest gradient of any parameter"
        }
    )
    case.keys(
        **{
            "score": "s",
            "gradient/pixel_values": "ds/d(pixel_values)",
            "gradient/*/attention/*": "[N, heads, T, T] ds/d(attention probabilities), per layer",
            "parameter/*": "ds/d(parameter), under the parameter's name in model.safetensors",
        }
    )
    fx.checks[case.name] = {
        "float32_relative_difference": sig(spread(exact, rough["parameter"])),
        "finite_difference_relative_error": finite_difference(model, pixels, ids, score, found),
    }


@torch.no_grad()
def finite_difference(model, pixels, ids, score, found: dict) -> float | str:
    """The directional derivative along a random direction through every parameter."""
    direction = {
        n: Draw("direction").normal(n, p.shape).double() for n, p in model.named_parameters()
    }
    predicted = sum((found["parameter"][n] * d).sum() for n, d in direction.items())
    step, scores = 1e-6, []
    for sign in (1, -2):  # to +step, then to -step
        for n, p in model.named_parameters():
            p.add_(direction[n], alpha=sign * step)
        with own_precision():
            scores.append(score(model(pixel_values=pixels, input_ids=ids)))
    for n, p in model.named_parameters():
        p.add_(direction[n], alpha=step)
    measured = (scores[0] - scores[1]) / (2 * step)
    error = float((measured - predicted).abs() / predicted.abs())
    assert error < 1e-6, error
    return sig(error)


# -------------------------------------------------------------------- through a pool's learned query


def split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def pooled_maps(vision, pixels) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
    """What SigLIP's picture tower pools, and its probabilities as leaves of the graph, written out
    because torch's attention module hides its own: [1, D], [1, heads, T, T] per layer and
    [1, heads, 1, T]."""
    with own_precision():
        out = vision(pixel_values=pixels, output_attentions=True)
    maps = list(out.attentions)
    states, head = out.last_hidden_state, vision.head
    attention, width = head.attention, states.shape[-1]
    wq, wk, wv = attention.in_proj_weight.split(width)
    bq, bk, bv = attention.in_proj_bias.split(width)
    q = split_heads(F.linear(head.probe, wq, bq), attention.num_heads)
    k = split_heads(F.linear(states, wk, bk), attention.num_heads)
    v = split_heads(F.linear(states, wv, bv), attention.num_heads)
    pool = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
    gathered = attention.out_proj((pool @ v).transpose(1, 2).flatten(2))
    pooled = (gathered + head.mlp(head.layernorm(gathered)))[:, 0]
    assert (pooled - out.pooler_output).abs().max() < 1e-6
    for m in [*maps, pool]:
        m.retain_grad()
    return pooled, maps, pool


def read_by_pool(maps, pool) -> torch.Tensor:
    """The row of the pool's query: its mean map times R - 1 with rows of sum 1, plus 1 (equations 8
    and 9 of Chefer et al.: how a query of another kind reads what the positions gathered)."""
    r = relevance([m.detach()[0] for m in maps], [m.grad[0] for m in maps])
    r = r - torch.eye(r.shape[-1], dtype=r.dtype)
    sums = r.sum(-1, keepdim=True)
    r = torch.where(sums > 0, r / sums, r) + torch.eye(r.shape[-1], dtype=r.dtype)
    return ((pool * pool.grad).clamp(min=0).mean(1)[0].detach() @ r)[0]


def siglip_rollout(fx: Fixture, v: dict) -> None:
    folder = fx.beside("siglip")
    model = SiglipModel.from_pretrained(folder, dtype=torch.float32, **EAGER).eval().double()
    stored = load_file(folder / "expected.safetensors")
    text = model.config.text_config
    ids = torch.full((1, text.max_position_embeddings), text.pad_token_id)
    ids[0, : len(v["ids"])] = torch.tensor(v["ids"])
    with torch.no_grad(), own_precision():
        words = F.normalize(model.text_model(input_ids=ids).pooler_output, dim=-1)
    for i, pixels in enumerate(stored["base/input/pixel_values"].double()):
        case = fx.case(f"image-{i}", "relevance", "a picture of the siglip fixture, and one text")
        case.inputs(image=stored[f"base/input/image/{i}"].numpy(), input_ids=ids)
        pooled, maps, pool = pooled_maps(model.vision_model, pixels[None])
        score = (F.normalize(pooled, dim=-1) @ words.T) * model.logit_scale.exp()
        (score + model.logit_bias).sum().backward()
        weights = pool.detach().mean(1)[0, 0]
        rolled = rollout([m.detach() for m in maps])[-1][0]
        case.outputs(score=(score + model.logit_bias).detach()[0, 0])
        case.outputs("pool", raw=weights, rollout=weights @ rolled)
        case.outputs("pool", relevance=read_by_pool(maps, pool))
        case.keys(
            **{
                "pool/raw": "[T] the query's probabilities, mean of heads",
                "pool/rollout": "[T] those times the rollout of all layers",
                "pool/relevance": "[T] for the logit: see read_by_pool",
            }
        )
    fx.container(["../siglip/model.safetensors"], "SiglipModel", note="the model of siglip")
    fx.meta["arithmetic"] = ARITHMETIC
