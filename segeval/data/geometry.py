"""How large a pixel is, by the headers of both files: it must be the same, and is that of the image."""

from dataclasses import replace

from segeval.data.class_selection import ClassChoice
from segeval.data.labels import Labels
from segeval.errors import GeometryDiffers
from segeval.io import Mask
from segeval.io.units import ratio

TOLERANCE = 1e-2  # of the length of a pixel


def measured(labels: Labels, classes: ClassChoice, *masks: Mask) -> Labels:
    """The labels with the size of a pixel that the first of the masks tells for all spatial axes."""
    axes = labels.truth.ndim - classes.multilabel
    for mask in masks:
        if mask.spacing is not None and len(mask.spacing) >= axes:  # channels may have a step: they come first
            return replace(labels, spacing=mask.spacing[-axes:], unit=mask.unit)
    return labels


def check_geometry(pred: Mask, truth: Mask) -> None:
    """Refuse two sizes of a pixel, by more than rounding; a side that says nothing agrees with all."""
    if what := geometry_differs(pred, truth):
        raise GeometryDiffers(what, "resample one side, or give --ignore-geometry")


def geometry_differs(pred: Mask, truth: Mask) -> str | None:
    """What differs between what both files say of the size of a pixel; None where it agrees."""
    if not pred.spacing or not truth.spacing:
        return None
    axes = min(len(pred.spacing), len(truth.spacing))  # the last ones: channels come first
    factor = ratio(pred.unit, truth.unit)
    steps = zip(pred.spacing[-axes:], truth.spacing[-axes:], strict=True)
    if all(abs(one * factor - other) <= TOLERANCE * other for one, other in steps):
        return None
    size, other = (
        " x ".join(f"{step:g}" for step in mask.spacing or ()) + (f" {mask.unit}" if mask.unit else "")
        for mask in (pred, truth)
    )
    return f"a pixel of {pred.name} is {size} but one of {truth.name} is {other}"
