"""How large a pixel is and where it lies, by the headers of both files: that must agree."""

from dataclasses import replace

import numpy as np

from segeval.data.class_selection import ClassChoice
from segeval.data.labels import Labels
from segeval.errors import GeometryDiffers
from segeval.io import Array, Mask
from segeval.io.units import ratio

TOLERANCE = 1e-2  # of the length of a pixel

_TOWARDS = (("L", "R"), ("P", "A"), ("I", "S"))  # names of the directions of a patient: down and up an axis


def measured(labels: Labels, classes: ClassChoice, *masks: Mask) -> Labels:
    """The labels with the size of a pixel that the first of the masks tells for all spatial axes."""
    axes = labels.truth.ndim - classes.multilabel
    for mask in masks:
        if mask.spacing is not None and len(mask.spacing) >= axes:  # channels may have a step: they come first
            return replace(labels, spacing=mask.spacing[-axes:], unit=mask.unit)
    return labels


def check_geometry(pred: Mask, truth: Mask) -> None:
    """Refuse two sizes of a pixel, or two places, by more than rounding; a side that says nothing agrees with all."""
    if what := geometry_differs(pred, truth):
        raise GeometryDiffers(what, "resample one side to the grid of the other, or give --ignore-geometry")


def geometry_differs(pred: Mask, truth: Mask) -> str | None:
    """What differs between what both files say of the size and the place of pixels; None where they agree."""
    if _other_spacing(pred, truth):
        size, other = (_size(mask) for mask in (pred, truth))
        return f"a pixel of {pred.name} is {size} but one of {truth.name} is {other}"
    if pred.affine is None or truth.affine is None:
        return None
    steps = np.linalg.norm(truth.affine[:3, :3], axis=0)
    apart = np.abs(pred.affine - truth.affine)[:3]
    if (apart[:, :3] > TOLERANCE * steps).any():
        one, other = (_directions(mask.affine) for mask in (pred, truth))
        if one != other:
            return f"the axes of {pred.name} go to {one} but those of {truth.name} to {other} (x, y, z of the file)"
        ways = [mask.affine[:3, :3] / np.linalg.norm(mask.affine[:3, :3], axis=0) for mask in (pred, truth)]  # type: ignore[index]
        angle = np.degrees(np.arccos(np.clip((ways[0] * ways[1]).sum(axis=0).min(), -1, 1)))
        return f"{pred.name} is turned against {truth.name}: the directions of their axes differ by {angle:.2g}°"
    along = (truth.affine[:3, :3] / steps).T @ (pred.affine - truth.affine)[:3, 3]
    if (np.abs(along) > TOLERANCE * steps).any():
        one, other = (", ".join(f"{each:g}" for each in mask.affine[:3, 3]) for mask in (pred, truth))  # type: ignore[index]
        return f"the first pixel of {pred.name} lies at ({one}) mm but that of {truth.name} at ({other})"
    return None


def _other_spacing(pred: Mask, truth: Mask) -> bool:
    """Whether both say how large a pixel is, and differ."""
    if not pred.spacing or not truth.spacing:
        return False
    axes = min(len(pred.spacing), len(truth.spacing))  # the last ones: channels come first
    factor = ratio(pred.unit, truth.unit)
    steps = zip(pred.spacing[-axes:], truth.spacing[-axes:], strict=True)
    return any(abs(one * factor - other) > TOLERANCE * other for one, other in steps)


def _size(mask: Mask) -> str:
    """The size of a pixel in the order of the array's axes."""
    return " x ".join(f"{step:g}" for step in mask.spacing or ()) + (f" {mask.unit}" if mask.unit else "")


def _directions(affine: Array | None) -> str:
    """Where the axes x, y, z go, as letters of a patient's directions."""
    assert affine is not None
    columns = affine[:3, :3].T
    main = [int(np.abs(column).argmax()) for column in columns]
    return "".join(_TOWARDS[axis][int(column[axis] > 0)] for axis, column in zip(main, columns, strict=True))
