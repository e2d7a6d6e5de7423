"""Masks as other programs write them, through the door: a table of what came out.

    python scripts/check_writers.py

A truth and a prediction are written by each program that is installed (OpenCV, matplotlib, rasterio, Pillow, tifffile
in the manner of ImageJ, optipng), and scored as a user would. The right mIoU is 0.8217, by NumPy; whatever else comes
must be an error or carry a note. Ends with 1 where another number came in silence. (A palette in an order of its own
cannot be told from ids where the other side has none: give --colors.)
"""

import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import segeval
from segeval.errors import SegevalError

Array = np.ndarray[Any, Any]
Write = Callable[[Path, Array], None]

TRUTH = np.zeros((32, 48), np.uint8)
TRUTH[4:14, 6:20], TRUTH[18:28, 24:40] = 1, 2
PRED = np.roll(TRUTH, 2, axis=1)
CLASSES = 3
COLOURS = np.array([[0, 0, 0], [220, 20, 60], [70, 130, 180]], np.uint8)
PROBABILITIES = (0.8 * (np.arange(CLASSES)[:, None, None] == PRED) + 0.2 / CLASSES).astype(np.float32)


def miou(pred: Array, truth: Array) -> float:
    """The mean IoU of the classes, by NumPy."""
    each = [((pred == k) & (truth == k)).sum() / ((pred == k) | (truth == k)).sum() for k in range(CLASSES)]
    return float(np.mean(each))


def by_opencv() -> dict[str, tuple[str, Write, Array, dict[str, Any]]]:
    import cv2

    def write(path: Path, array: Array) -> None:
        assert cv2.imwrite(str(path), array)

    return {
        "grey PNG": (".png", write, PRED, {}),
        "16-bit PNG": (".png", write, PRED.astype(np.uint16), {}),
        "TIFF": (".tif", write, PRED, {}),
        "BMP": (".bmp", write, PRED, {}),
        "PGM": (".pgm", write, PRED, {}),
        "BGR PNG of colours": (".png", write, COLOURS[PRED][..., ::-1].copy(), {}),
        "JPEG": (".jpg", write, PRED * 100, {}),
    }


def by_matplotlib() -> dict[str, tuple[str, Write, Array, dict[str, Any]]]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    def saved(path: Path, array: Array) -> None:
        pyplot.imsave(path, array, cmap="gray", vmin=0, vmax=255)

    def viridis(path: Path, array: Array) -> None:
        pyplot.imsave(path, array)

    return {"imsave, grey RGBA": (".png", saved, PRED, {}), "imsave, viridis": (".png", viridis, PRED, {})}


def by_rasterio() -> dict[str, tuple[str, Write, Array, dict[str, Any]]]:
    import rasterio

    def write(path: Path, array: Array, **more: Any) -> None:
        bands = array if array.ndim == 3 else array[None]
        shape = {"height": bands.shape[1], "width": bands.shape[2], "count": bands.shape[0]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # there is no place on earth
            with rasterio.open(path, "w", driver="GTiff", dtype=bands.dtype, **shape, **more) as file:
                file.write(bands)

    def tiled(path: Path, array: Array) -> None:
        write(path, array, tiled=True, blockxsize=16, blockysize=16, compress="deflate", predictor=2)

    def planar(path: Path, array: Array) -> None:
        write(path, array, interleave="pixel")

    def nodata(path: Path, array: Array) -> None:
        write(path, array, nodata=255, compress="lzw")

    return {
        "GeoTIFF": (".tif", write, PRED, {}),
        "GeoTIFF, tiles": (".tif", tiled, PRED, {}),
        "GeoTIFF with nodata": (".tif", nodata, PRED, {}),
        "softmax in bands": (".tif", write, PROBABILITIES, {}),
        "softmax in pixels": (".tif", planar, PROBABILITIES, {}),
    }


def by_pillow() -> dict[str, tuple[str, Write, Array, dict[str, Any]]]:
    from PIL import Image

    def grey(path: Path, array: Array) -> None:
        Image.fromarray(array).save(path)

    def palette(path: Path, array: Array) -> None:
        image = Image.fromarray(array, "P")
        image.putpalette(COLOURS.ravel().tolist())
        image.save(path)

    def adaptive(path: Path, array: Array) -> None:
        Image.fromarray(COLOURS[array]).convert("P", palette=Image.Palette.ADAPTIVE).save(path)

    return {
        "grey PNG": (".png", grey, PRED, {}),
        "palette PNG": (".png", palette, PRED, {}),
        "adaptive palette, of both": (".png", adaptive, PRED, {"truth": adaptive}),
        "GIF": (".gif", palette, PRED, {}),
        "optipng": (".png", optimised(grey), PRED, {}),
        "palette, optipng": (".png", optimised(palette), PRED, {}),
    }


def optimised(write: Write) -> Write:
    """The same, rewritten by optipng."""

    def written(path: Path, array: Array) -> None:
        write(path, array)
        subprocess.run([shutil.which("optipng") or "optipng", "-quiet", "-o7", str(path)], check=True)

    return written


def by_tifffile() -> dict[str, tuple[str, Write, Array, dict[str, Any]]]:
    import tifffile

    def imagej(path: Path, array: Array) -> None:
        tifffile.imwrite(path, array, imagej=True, resolution=(2.0, 2.0), metadata={"unit": "um"})

    def plain(path: Path, array: Array) -> None:
        tifffile.imwrite(path, array)

    one_hot = (np.arange(CLASSES)[:, None, None] == PRED).astype(np.uint8)
    return {
        "ImageJ": (".tif", imagej, PRED, {}),
        "plain": (".tif", plain, PRED, {}),
        "softmax as pages": (".tif", plain, PROBABILITIES, {}),
        "one-hot as tifffile writes it": (".tif", plain, one_hot, {"one_hot": True}),
    }


def tried(suffix: str, write: Write, array: Array, options: dict[str, Any]) -> tuple[str, bool]:
    """What scoring such a prediction gives, and whether that is as it should be."""
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore", segeval.IncompleteRun)
        for side in ("pred", "truth"):
            Path(place, side).mkdir()
        try:
            write(Path(place, "pred", f"a{suffix}"), array)
        except (ImportError, FileNotFoundError) as fault:
            return f"not installed: {fault}", True
        options = dict(options)
        if by := options.pop("truth", None):
            by(Path(place, "truth", f"a{suffix}"), TRUTH)
        else:
            one_hot = (np.arange(CLASSES)[:, None, None] == TRUTH).astype(np.uint8)
            np.save(Path(place, "truth", "a.npy"), one_hot if options.get("one_hot") else TRUTH)
        try:
            run = segeval.score(f"{place}/pred", f"{place}/truth", num_classes=CLASSES, **options)
        except SegevalError as fault:
            return f"{fault.code} {fault.message.replace(place + '/', '')[:70]}", True
    if run.failures:
        return f"{run.failures[0].code} {run.failures[0].message[:70]}", True
    right = abs(run.summary["miou_dataset"] - miou(PRED, TRUTH)) < 1e-12
    notes = sorted({note.code for note in run.notes})
    return f"{run.summary['miou_dataset']:.4f} {' '.join(notes)}", right or bool(notes)


def main() -> int:
    """Print the table; 1 where another number came in silence."""
    lines, silent = ["| program | file | what came |", "|---|---|---|"], 0
    for makers in (by_opencv, by_matplotlib, by_rasterio, by_pillow, by_tifffile):
        program = makers.__name__.removeprefix("by_")
        try:
            found = makers()
        except ImportError as fault:
            lines.append(f"| {program} | – | {fault} |")
            continue
        for name, each in found.items():
            said, fine = tried(*each)
            silent += not fine
            lines.append(f"| {program} | {name} | {said}{'' if fine else ' **in silence**'} |")
    print("\n".join(lines))
    return int(silent > 0)


if __name__ == "__main__":
    sys.exit(main())
