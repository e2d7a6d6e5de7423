"""Pictures of a study: for each image and loss where it pulls and what each pixel costs, beside the masks."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from segeval.arrays.functions import Array
from segeval.data.folders import Pair
from segeval.errors import Unfit
from segeval.evaluate.measure import opened
from segeval.evidence.sample import Sample
from segeval.io.output import check_empty
from segeval.io.pictures import figure
from segeval.io.write import atomic, save
from segeval.losses.derivatives import derivative
from segeval.losses.engine.evidence import Asked, Caller
from segeval.losses.engine.pixel_loss import pixel_losses
from segeval.overlay.colours import Colour, of_classes
from segeval.overlay.layers import Layers
from segeval.run.options import Options
from segeval.text import clipped, safe_text

PAGE = "index.html"
LONG = 60  # columns of an id in a title
MASKS = {"truth": "truth", "prediction": "pred"}  # the pictures of both masks, and which layer each is


@dataclass(frozen=True)
class Drawn:
    """What was drawn of one image: the files of each loss, by what they show, and the plane of a volume."""

    id: str
    masks: Mapping[str, str]
    losses: Mapping[str, Mapping[str, str]]
    plane: int | None


def check(folder: Path, force: bool) -> None:
    """Refuse a folder with something in it that is no study's."""
    if not (folder / PAGE).exists():
        check_empty(folder, force, f"{PAGE} of maps")


def drawn(
    folder: Path, pair: Pair, options: Options, asked: Sequence[Asked], caller: Caller, colours: Mapping[int, Colour]
) -> Drawn:
    """Draw one image: its masks, and what each loss says of it."""
    assert pair.pred is not None
    image = opened(pair, pair.pred, options)
    layers, plane = Layers.of(image).plane()
    masks = {}
    for name, side in MASKS.items():
        masks[name] = f"{pair.id}/{name}.png"
        save(folder / masks[name], of_classes(getattr(layers, side), colours))
    said = clipped(safe_text(pair.id), LONG) + ("" if plane is None else f", plane {plane}")
    sample, losses = image.sample, {}
    for each in asked:
        pictures = _pictures(each, sample, caller, layers.truth, plane, said)
        losses[each.name] = {what: f"{pair.id}/{each.name}.{what}.png" for what in pictures}
        for what, data in pictures.items():
            save(folder / losses[each.name][what], data)
    return Drawn(pair.id, masks, losses, plane)


def _pictures(
    asked: Asked, image: Sample, caller: Caller, truth: Array, plane: int | None, said: str
) -> dict[str, bytes]:
    """The pictures of one loss: none of what cannot be computed of this image, or has no value of single pixels."""
    found = {}
    by = "dL/dx, x the score" if image.logits else "dL/dp, p the probability"
    of = "of the true class" if image.exclusive else "of the class that is pulled on most" if image.multilabel else ""
    try:
        pull = _plane(signed(derivative(asked, image, caller), image), plane)
        lines = [
            f"{by} {of}".rstrip(),
            "blue: the loss falls with more of it; red: with less of it; lines: true classes; grey: ignored",
        ]
        found["gradient"] = figure(pull, truth, True, f"{asked.name}, gradient: {said}", lines)
        costs = _plane(pixel_losses(asked, image), plane)
        lines = ["what each pixel costs; the loss is the mean over them; lines: true classes; grey: ignored"]
        found["loss"] = figure(costs, truth, False, f"{asked.name}, loss: {said}", lines)
    except Unfit:
        pass
    return found


def signed(pull: Array, image: Sample) -> Array:
    """(spatial): of the derivatives (channels, spatial) that of the true class, nan where ignored.

    Of classes that do not exclude each other, that of the largest size.
    """
    if image.exclusive:
        channels = np.arange(len(pull)) if image.hard_pred else np.array(image.channels)
        row = channels[np.maximum(image.true_labels, 0)]
    else:
        row = np.abs(pull).argmax(axis=0)
    found = np.take_along_axis(pull, row[None], axis=0)[0]
    return found if image.keep is None else np.where(image.keep, found, np.nan)


def _plane(values: Array, plane: int | None) -> Array:
    """(H, W): the plane of a volume that the masks are shown of."""
    return np.atleast_2d(values if plane is None else values.reshape(-1, *values.shape[-2:])[plane])


STYLE = """
:root { color-scheme: light dark; --line: #8886; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; }
h2 { margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; }
ul img { border: 1px solid var(--line); height: .8em; margin-right: .4em; width: 1.2em; }
.row { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
figure { border: 1px solid var(--line); margin: 0; padding: .5rem; }
figcaption { font-weight: 600; margin-bottom: .35rem; }
img { height: auto; image-rendering: pixelated; width: 100%; }
"""


def write_page(folder: Path, every: Sequence[Drawn], classes: Mapping[str, Colour]) -> None:
    """The page that lays the pictures of each image side by side; it loads nothing but these."""
    from segeval.io.encode import indexed

    swatches = []
    for name, colour in classes.items():
        data = base64.b64encode(indexed(np.zeros((1, 1), np.uint8), [colour])).decode()
        swatches.append(f'<li><img alt="" src="data:image/png;base64,{data}">{_text(name)}</li>')
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    nothing = "default-src 'none'; base-uri 'none'; form-action 'none'"
    policy = f"{nothing}; img-src 'self' file: data:; style-src 'sha256-{digest}'"
    with atomic(folder / PAGE) as out:
        out.write(
            f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>segeval losses: maps</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            "<h1>What losses say of each pixel</h1>\n"
            "<p>Gradient: the derivative of the loss by the probability of what is true (by the score, of scores); "
            "blue asks for more of it, red for less. Loss: what each pixel costs, of losses that are means over "
            "pixels. Lines are borders of true classes, grey is ignored. Each picture has a scale of its own.</p>\n"
            f"<ul>{''.join(swatches)}</ul>\n"
        )
        for image in every:
            plane = "" if image.plane is None else f", plane {image.plane}"
            out.write(f'<section>\n<h2>{_text(image.id)}{plane}</h2>\n<div class="row">\n')
            for name, file in image.masks.items():
                out.write(_figure(name, file))
            for loss, files in image.losses.items():
                for what, file in files.items():
                    out.write(_figure(f"{loss}: {what}", file))
            out.write("</div>\n</section>\n")
        out.write("</body>\n</html>\n")


def _figure(caption: str, file: str) -> str:
    shown = escape(quote(file))
    return (
        f"<figure><figcaption>{_text(caption)}</figcaption>"
        f'<a href="{shown}"><img loading="lazy" alt="{_text(caption)}" src="{shown}"></a></figure>\n'
    )


def _text(given: str) -> str:
    return escape(safe_text(given))
