"""A study of losses as files: `losses.json`, `losses_images.csv`, and pictures."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segeval.data.folders import Pair, Pairing
from segeval.errors import Unfit
from segeval.evaluate.measure import in_order, read_sample, threads
from segeval.evaluate.perfile import guarded
from segeval.evidence.sample import Sample
from segeval.io.output import OutputFolder
from segeval.io.write import atomic, save
from segeval.losses.derivatives import derivative
from segeval.losses.engine.evidence import Asked, Caller
from segeval.losses.engine.pixel_loss import pixel_losses
from segeval.run.options import Options
from segeval.run.records import Note
from segeval.run.run import Run
from segeval.study.study import SCHEMA, scored
from segeval.study.tables import FORMATS
from segeval.study.view import View

FILES = {"losses_images.csv": "csv", "losses.json": "json"}  # with the format of each


def opened(studying: Mapping[str, Any]) -> OutputFolder | None:
    """The folder as one of a study; None without `-o`."""
    if studying["folder"] is None:
        return None
    return OutputFolder(Path(studying["folder"]), "study", "losses.json", ("losses_images.csv",), studying["force"])


def known(studying: Mapping[str, Any], options: Mapping[str, Any], inputs: str) -> dict[str, Any]:
    """What of a study shows before any work."""
    how = {"images": studying["images"], "steps": studying["steps"]}
    return {"schema": SCHEMA, "options": options, "inputs": inputs, "study": how}


def write(document: dict[str, Any], run: Run, studying: Mapping[str, Any]) -> None:
    """Write the document and its table, each whole or not at all."""
    if studying["folder"] is not None:
        for name, form in FILES.items():
            with atomic(Path(studying["folder"]) / name) as stream:
                FORMATS[form](View(document), run, stream)


def write_maps(run: Run, found: Pairing, options: Options, studying: Mapping[str, Any], jobs: int | None) -> list[Note]:
    """For each image and loss the loss of each pixel, where it has one, and Σ|∂L/∂p| over the channels.

    Gives a note for each image of which that cannot be drawn, though it was scored.
    """
    criteria = run.criteria
    if studying["maps"] is None or criteria is None:
        return []
    folder, asked, caller = Path(studying["maps"]), criteria.asked, criteria.choice.caller

    def draw(pair: Pair, options: Options) -> None:
        image = read_sample(pair, options)
        for each in asked:
            _pictures(folder / pair.id, each, image, caller)

    def drawn(pair: Pair, options: Options) -> Note | None:
        return guarded(pair.id, pair.names, lambda: draw(pair, options))

    with threads(jobs) as executor:
        return [note for note in in_order(executor, drawn, scored(run, found), options) if note]


def _pictures(folder: Path, asked: Asked, image: Sample, caller: Caller) -> None:
    """The pictures of one image and loss; none of a loss that cannot be computed of it."""
    from segeval.io.pictures import picture

    with contextlib.suppress(Unfit):
        pull = np.abs(derivative(asked, image, caller)).sum(axis=0)
        save(folder / f"{asked.name}.gradient.png", picture(pull))
        save(folder / f"{asked.name}.loss.png", picture(pixel_losses(asked, image)))
