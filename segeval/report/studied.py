"""A study of losses as files: `losses.json`, `losses_images.csv`, and pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segeval.errors import Unfit
from segeval.evaluate import Job
from segeval.io.write import atomic, make_folder, save
from segeval.losses.maps import pixel_losses
from segeval.losses.one import derivative
from segeval.pairing import Pairing
from segeval.report.study import FORMATS
from segeval.run import Run
from segeval.study import samples


def prepare(studying: Mapping[str, Any], inputs: list[str]) -> None:
    """Make the folders, before any work, or say why that cannot be."""
    for name in ("folder", "maps"):
        if studying[name] is not None:
            make_folder(Path(studying[name]), inputs)


def write(document: dict[str, Any], run: Run, found: Pairing, job: Job, studying: Mapping[str, Any]) -> None:
    """Write what was asked for, each file whole or not at all."""
    if studying["folder"] is not None:
        for name, form in (("losses_images.csv", "csv"), ("losses.json", "json")):
            with atomic(Path(studying["folder"]) / name) as stream:
                FORMATS[form](document, run, stream)
    if studying["maps"] is not None:
        _pictures(run, found, job, Path(studying["maps"]))


def _pictures(run: Run, found: Pairing, job: Job, folder: Path) -> None:
    """For each image and loss the loss of each pixel, where it has one, and Σ|∂L/∂p| over the channels."""
    from segeval.io.pictures import picture

    criteria = run.criteria
    assert criteria is not None
    for id_, image in samples([pair for pair in found.pairs if pair.pred is not None], job):
        for asked in criteria.asked:
            try:
                pull = np.abs(derivative(asked, image, criteria.choice.caller)).sum(axis=0)
                save(folder / id_ / f"{asked.name}.gradient.png", picture(pull))
                each = pixel_losses(asked, image)
            except Unfit:
                continue
            save(folder / id_ / f"{asked.name}.loss.png", picture(each))
