#!/usr/bin/env python3
"""Small pictures in every form that Gaze decodes, with what Pillow sees in them.

    pip install pillow==13.0.0 numpy
    python Tests/Reference/make_pictures.py

writes `Tests/Fixtures/pictures`: the files and `manifest.json`. Expected pixels are those of
`ImageOps.exif_transpose(Image.open(f)).convert("RGB")`, or `"RGBA"` where the file knows
transparency; the manifest holds their SHA-256, so the files stay small. Everything is
deterministic: the same versions write the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageOps, features

PILLOW = "13.0.0"
FOLDER = Path(__file__).resolve().parent.parent / "Fixtures" / "pictures"


# ------------------------------------------------------------------------------------- content


def picture(name: str, height: int, width: int, channels: int = 3, top: int = 255) -> np.ndarray:
    """Gradients, a disc, hard edges and noise; depends on the name alone."""
    state = np.random.RandomState(int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big"))
    yy, xx = np.mgrid[0:height, 0:width]
    planes = []
    for channel in range(channels):
        a, b = state.randint(1, 9, 2)
        plane = (xx * a * 3 + yy * b * 2 + 40 * channel) % 256
        disc = (xx - width * 0.4) ** 2 + (yy - height * 0.6) ** 2 < (min(height, width) * 0.3) ** 2
        plane = np.where(disc, 255 - plane, plane)
        plane = np.where((xx // 5 + yy // 7) % 4 == 0, (plane + 60) % 256, plane)
        planes.append(np.clip(plane + state.randint(-12, 13, plane.shape), 0, 255))
    return (np.stack(planes, -1) * top // 255).astype(np.int64)


def image(name: str, height: int, width: int, mode: str = "RGB") -> Image.Image:
    channels = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    array = picture(name, height, width, channels).astype(np.uint8)
    if mode in ("LA", "RGBA"):  # every kind of alpha: clear, opaque, between
        array[..., -1] = np.linspace(-60, 320, width).clip(0, 255).astype(np.uint8)[None]
    return Image.frombytes(mode, (width, height), array.tobytes())


# ----------------------------------------------------------------------------------------- PNG


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def paeth(a: int, b: int, c: int) -> int:
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def scanlines(samples: np.ndarray, depth: int) -> bytes:
    """Filtered rows, the five filters in turn."""
    height, width, channels = samples.shape
    if height == 0 or width == 0:
        return b""
    step = max(1, channels * depth // 8)
    out, above = bytearray(), None
    for y in range(height):
        flat = samples[y].reshape(-1)
        if depth == 16:
            row = flat.astype(">u2").tobytes()
        elif depth == 8:
            row = flat.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :]
            row = np.packbits(bits.reshape(-1)).tobytes()
        above = above or bytes(len(row))
        kind = y % 5
        out.append(kind)
        for i, value in enumerate(row):
            a = row[i - step] if i >= step else 0
            b, c = above[i], above[i - step] if i >= step else 0
            out.append((value - [0, a, b, (a + b) // 2, paeth(a, b, c)][kind]) & 255)
        above = row
    return bytes(out)


def png(samples: np.ndarray, depth: int, colour: int, interlaced: bool = False, before: list = (), after: list = (), split: int = 0) -> bytes:
    """A PNG of raw samples [height, width, channels] with extra chunks around the pixels."""
    height, width, _ = samples.shape
    if interlaced:
        data = b"".join(scanlines(samples[y::dy, x::dx], depth) for x, y, dx, dy in PASSES)
    else:
        data = scanlines(samples, depth)
    data = zlib.compress(data, 9)
    parts = [data[i : i + split] for i in range(0, len(data), split)] if split else [data]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), *(chunk(*c) for c in before),
         *(chunk(b"IDAT", p) for p in parts), *(chunk(*c) for c in after), chunk(b"IEND", b"")])


def pngs(add) -> None:
    palette = picture("palette", 1, 256).astype(np.uint8).tobytes()
    for depth in (1, 2, 4, 8, 16):
        for interlaced in (False, True):
            tail = f"{depth}{'-interlaced' if interlaced else ''}"
            grey = picture(f"grey{tail}", 19, 23, 1, (1 << depth) - 1)
            # 16-bit grey is the one form that Gaze reads in its own way.
            add(f"png/grey-{tail}.png", png(grey, depth, 0, interlaced), wide_grey=depth == 16)
            if depth <= 8:
                index = picture(f"index{tail}", 19, 23, 1, (1 << depth) - 1)
                colours = palette[: 3 << depth]
                add(f"png/palette-{tail}.png", png(index, depth, 3, interlaced, [(b"PLTE", colours)]))
            if depth >= 8:
                top = (1 << depth) - 1
                add(f"png/rgb-{tail}.png", png(picture(f"rgb{tail}", 19, 23, 3, top), depth, 2, interlaced))
                add(f"png/rgba-{tail}.png", png(picture(f"rgba{tail}", 19, 23, 4, top), depth, 6, interlaced))
                add(f"png/grey-alpha-{tail}.png", png(picture(f"la{tail}", 19, 23, 2, top), depth, 4, interlaced))
    for depth in (1, 2, 4, 8):
        index = picture(f"index-alpha{depth}", 9, 11, 1, (1 << depth) - 1)
        colours, alpha = palette[: 3 << depth], bytes(range(7, 200, 37))[: 1 << depth]
        add(f"png/palette-alpha-{depth}.png", png(index, depth, 3, before=[(b"PLTE", colours), (b"tRNS", alpha)]))
        grey = picture(f"grey-clear{depth}", 9, 11, 1, (1 << depth) - 1)
        for value in {0, int(grey[4, 5, 0]), (1 << depth) - 1}:
            add(f"png/grey-clear-{depth}-{value}.png", png(grey, depth, 0, before=[(b"tRNS", struct.pack(">H", value))]))
    few = picture("few", 9, 11, 1, 15)
    add("png/palette-one-clear.png", png(few, 4, 3, before=[(b"PLTE", palette[:48]), (b"tRNS", b"\xff\xff\x00\xff")]))
    add("png/palette-short.png", png(few, 4, 3, before=[(b"PLTE", palette[:21])]))
    rgb = picture("rgb-clear", 9, 11)
    add("png/rgb-clear.png", png(rgb, 8, 2, before=[(b"tRNS", struct.pack(">3H", *map(int, rgb[3, 4])))]))
    wide = picture("rgb-clear-16", 9, 11, 3, 65535)
    add("png/rgb-clear-16.png", png(wide, 16, 2, before=[(b"tRNS", struct.pack(">3H", *map(int, wide[3, 4])))]))
    deep = picture("grey-clear-16", 9, 11, 1, 65535)
    clear = struct.pack(">H", int(deep[2, 2, 0]))
    add("png/grey-clear-16.png", png(deep, 16, 0, before=[(b"tRNS", clear)]), wide_grey=True)
    add("png/split.png", png(picture("split", 9, 11), 8, 2, split=17))
    add("png/one-pixel.png", png(picture("one", 1, 1), 8, 2))
    add("png/row.png", png(picture("row", 1, 40), 8, 2, True))
    add("png/column.png", png(picture("column", 40, 1), 8, 2, True))
    with_exif = [(b"eXIf", exif(6)[6:])]
    add("png/exif-before.png", png(picture("exif", 9, 11), 8, 2, before=with_exif))
    add("png/exif-after.png", png(picture("exif", 9, 11), 8, 2, after=with_exif))
    block = exif(8)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    add("png/exif-text.png", png(picture("exif", 9, 11), 8, 2, before=[(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))]))
    packet = xmp(5)
    add("png/xmp.png", png(picture("exif", 9, 11), 8, 2, before=[(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)]))
    frames = [image(f"frame{i}", 12, 16, "RGBA") for i in range(3)]
    add("png/animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=40))


# ---------------------------------------------------------------------------------------- JPEG


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int, endian: str = "<", kind: int = 3) -> bytes:
    """An EXIF block with one tag."""
    value = struct.pack(endian + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,)))
    head = (b"II" if endian == "<" else b"MM") + struct.pack(endian + "HI", 42, 8)
    return b"Exif\0\0" + head + struct.pack(endian + "HHHI", 1, 0x0112, kind, 1) + value + bytes(4)


def xmp(orientation: int) -> bytes:
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def frame(jpeg: bytes) -> int:
    """Where the payload of the frame header begins."""
    place = 2
    while jpeg[place + 1] not in (0xC0, 0xC1, 0xC2):
        place += 2 + struct.unpack(">H", jpeg[place + 2 : place + 4])[0]
    return place + 4


def resampled(jpeg: bytes, factors: int, size: tuple[int, int] | None = None) -> bytes:
    """The same blocks under other luma sampling factors: a form that Pillow cannot write.

    Valid where both forms have equally many units; the picture is scrambled, which is welcome.
    """
    place = frame(jpeg)
    out = bytearray(jpeg)
    if size:
        out[place + 1 : place + 5] = struct.pack(">HH", size[1], size[0])
    out[place + 7] = factors
    return bytes(out)


def jpegs(add) -> None:
    for name, value in (("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0")):
        for progressive in (False, True):
            tail = name + ("-progressive" if progressive else "")
            data = saved(image(tail, 37, 45), "JPEG", quality=83, subsampling=value, progressive=progressive)
            add(f"jpeg/{tail}.jpg", data)
    for width, height in ((1, 1), (2, 2), (3, 1), (1, 3), (8, 8), (16, 16), (17, 16), (16, 17), (15, 33)):
        for name, value in (("422", "4:2:2"), ("420", "4:2:0")):
            add(f"jpeg/{name}-{width}x{height}.jpg", saved(image(f"{width}x{height}", height, width), "JPEG", quality=90, subsampling=value))
    half = saved(image("440", 21, 35), "JPEG", quality=90, subsampling="4:2:2")
    add("jpeg/440.jpg", resampled(half, 0x12, (21, 35)))
    add("jpeg/440-progressive.jpg", resampled(saved(image("440p", 32, 32), "JPEG", quality=90, subsampling="4:2:2", progressive=True), 0x12))
    quarter = saved(image("411", 32, 64), "JPEG", quality=90, subsampling="4:2:0")
    add("jpeg/411.jpg", resampled(quarter, 0x41))
    add("jpeg/441.jpg", resampled(saved(image("441", 64, 32), "JPEG", quality=90, subsampling="4:2:0"), 0x14))
    add("jpeg/coarse.jpg", saved(image("coarse", 37, 45), "JPEG", quality=5))
    add("jpeg/fine.jpg", saved(image("fine", 21, 29), "JPEG", quality=100, subsampling="4:4:4"))
    add("jpeg/grey.jpg", saved(image("grey", 37, 45, "L"), "JPEG", quality=83))
    add("jpeg/grey-progressive.jpg", saved(image("grey", 37, 45, "L"), "JPEG", quality=83, progressive=True))
    add("jpeg/rgb.jpg", saved(image("rgb", 21, 29), "JPEG", quality=90, keep_rgb=True))
    add("jpeg/restarts.jpg", saved(image("restarts", 37, 45), "JPEG", quality=83, restart_marker_blocks=2))
    ink = saved(image("cmyk", 21, 29, "CMYK"), "JPEG", quality=90)
    add("jpeg/cmyk.jpg", ink)
    adobe = ink.index(b"Adobe")
    add("jpeg/ycck.jpg", ink[: adobe + 11] + b"\x02" + ink[adobe + 12 :])
    add("jpeg/cmyk-bare.jpg", ink[: adobe - 4] + ink[adobe + 12 :])
    upright = image("exif", 13, 18)
    for value in range(1, 9):
        add(f"jpeg/exif-{value}.jpg", saved(upright, "JPEG", quality=90, exif=exif(value, "<>"[value % 2])))
    add("jpeg/exif-long.jpg", saved(upright, "JPEG", quality=90, exif=exif(6, kind=4)))
    add("jpeg/exif-nine.jpg", saved(upright, "JPEG", quality=90, exif=exif(9)))
    plain = saved(upright, "JPEG", quality=90)
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp(8)
    add("jpeg/xmp.jpg", plain[:2] + b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet + plain[2:])
    add("jpeg/padded.jpg", plain[:2] + b"\xff\xff\xff" + plain[2:])


# ---------------------------------------------------------------------------------------- WebP


def webps(add) -> None:
    add("webp/lossy.webp", saved(image("lossy", 37, 45), "WEBP", quality=80))
    add("webp/lossy-coarse.webp", saved(image("coarse", 37, 45), "WEBP", quality=5))
    add("webp/lossy-even.webp", saved(image("even", 32, 48), "WEBP", quality=90))
    add("webp/lossless.webp", saved(image("lossless", 19, 23), "WEBP", lossless=True))
    add("webp/lossy-alpha.webp", saved(image("lossy-alpha", 37, 45, "RGBA"), "WEBP", quality=80))
    add("webp/lossless-alpha.webp", saved(image("lossless-alpha", 19, 23, "RGBA"), "WEBP", lossless=True, exact=True))
    add("webp/one-pixel.webp", saved(image("one", 1, 1), "WEBP"))
    add("webp/exif.webp", saved(image("exif", 13, 18), "WEBP", quality=80, exif=exif(6)))
    add("webp/xmp.webp", saved(image("exif", 13, 18), "WEBP", quality=80, xmp=xmp(7)))
    for name, mode, options in (("opaque", "RGB", {"quality": 80}), ("clear", "RGBA", {"lossless": True})):
        frames = [image(f"{name}{i}", 20, 26, mode) for i in range(4)]
        frames[1].paste(frames[0], (0, 0))  # so that later frames cover a part only
        add(f"webp/animated-{name}.webp", saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50, **options))


# ------------------------------------------------------------------------------------ manifest


def seen(data: bytes) -> Image.Image:
    """What a model's preprocessing would start from."""
    opened = Image.open(io.BytesIO(data))
    upright = ImageOps.exif_transpose(opened)
    alpha = "A" in upright.getbands() or upright.info.get("transparency") is not None
    return upright.convert("RGBA" if alpha else "RGB")


def seen_wide_grey(data: bytes) -> Image.Image:
    """16-bit grey scaled by 1/257 and rounded, alpha 0 where it equals the clear value."""
    opened = Image.open(io.BytesIO(data))
    wide = np.asarray(opened).astype(np.int64)
    grey = ((wide + 128) // 257).astype(np.uint8)
    planes = [grey] * 3
    if "transparency" in opened.info:
        planes.append(np.where(wide == opened.info["transparency"], 0, 255).astype(np.uint8))
    return Image.fromarray(np.stack(planes, -1))


def accepted_lengths(data: bytes) -> list[list[int]]:
    """The prefixes of a file that Pillow decodes, as ranges [first, last].

    Without those that lack a part of the compressed pixels: Pillow does not miss the checksums at
    their end, Gaze does.
    """
    first = 0
    if data.startswith(b"\x89PNG"):
        first = place = 8
        while data[place + 4 : place + 8] not in (b"IEND", b"fdAT"):
            end = place + 8 + struct.unpack(">I", data[place : place + 4])[0]
            first = end + 4 if data[place + 4 : place + 8] == b"IDAT" else first
            place = end + 4
    ranges: list[list[int]] = []
    for length in range(first, len(data) + 1):
        try:
            seen(data[:length])
        except Exception:
            continue
        if ranges and ranges[-1][1] == length - 1:
            ranges[-1][1] = length
        else:
            ranges.append([length, length])
    return ranges


#: Small files of every kind, cut at every byte.
CUT = ["png/split.png", "png/exif-after.png", "png/animated.png", "png/palette-alpha-4.png", "png/row.png",
       "jpeg/420-16x16.jpg", "jpeg/exif-6.jpg", "jpeg/440-progressive.jpg", "jpeg/cmyk.jpg",
       "webp/lossy.webp", "webp/lossless.webp", "webp/exif.webp", "webp/lossy-alpha.webp"]


def main() -> None:
    assert PIL.__version__ == PILLOW, f"needs Pillow {PILLOW}, not {PIL.__version__}"
    warnings.simplefilter("ignore")
    shutil.rmtree(FOLDER, ignore_errors=True)
    entries = []

    def add(name: str, data: bytes, wide_grey: bool = False) -> None:
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        result = seen_wide_grey(data) if wide_grey else seen(data)
        entry = {"file": name, "width": result.width, "height": result.height, "mode": result.mode,
                 "sha256": hashlib.sha256(result.tobytes()).hexdigest()}
        if name in CUT:
            entry["accepted"] = accepted_lengths(data)
        entries.append(entry)

    pngs(add)
    jpegs(add)
    webps(add)
    versions = {"pillow": PIL.__version__, **{k: features.version(k) for k in ("libjpeg_turbo", "zlib", "webp")}}
    lines = ",\n".join("  " + json.dumps(entry) for entry in entries)
    text = f'{{\n "versions": {json.dumps(versions)},\n "pictures": [\n{lines}\n ]\n}}\n'
    (FOLDER / "manifest.json").write_text(text)
    missing = set(CUT) - {entry["file"] for entry in entries}
    assert not missing, missing
    print(f"{len(entries)} pictures, {sum(p.stat().st_size for p in FOLDER.rglob('*') if p.is_file())} bytes")


if __name__ == "__main__":
    main()
