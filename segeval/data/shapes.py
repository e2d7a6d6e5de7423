"""Two shapes that do not fit, and what would mend it."""

from segeval.errors import ShapesDiffer
from segeval.text import extent

Shape = tuple[int, ...]


def shapes_differ(pred_name: str, pred: Shape, truth_name: str, truth: Shape) -> ShapesDiffer:
    """The error for two sizes, with what they look like."""
    return ShapesDiffer(f"{pred_name} is {extent(pred)} but {truth_name} is {extent(truth)}", cure(pred, truth))


def cure(pred: Shape, truth: Shape) -> str:
    """What to do about two shapes that differ."""
    found = _axes_of_one(pred, truth) or _channels(pred, truth)
    if found:
        return found
    if len(pred) != len(truth):
        return "both need the same axes; only probabilities have one more, the first"
    if pred == truth[::-1]:
        return "the prediction looks transposed: save pred.T"
    if all(a * truth[0] == b * pred[0] for a, b in zip(pred, truth, strict=True)):
        return f"the prediction is {pred[0] / truth[0]:.4g} times as large; resample it, nearest neighbour for labels"
    if all(0 <= a - b < 64 for a, b in zip(pred, truth, strict=True)):
        return "the prediction looks padded; crop it first"
    return "masks are compared pixel by pixel; resample one of them first"


def _axes_of_one(pred: Shape, truth: Shape) -> str:
    """Axes of one element that are too many."""
    for name, shape, other in (("pred", pred, truth), ("truth", truth, pred)):
        for axis, index in ((0, "[0]"), (1, "[:, 0]"), (-1, "[..., 0]")):
            if len(shape) > 1 + (axis == 1) and shape[axis] == 1:
                left = shape[:axis] + shape[axis + 1 or len(shape) :]
                if left == other or (other == left[1:] if name == "pred" else left == other[1:]):
                    return f"one axis of {name} has one element: save {name}{index}"
    return ""


def _channels(pred: Shape, truth: Shape) -> str:
    """An axis of channels that stands elsewhere, or where none can be."""
    if pred[:-1] == truth:
        return "channels come first: save numpy.moveaxis(pred, -1, 0); integers 0 and 1 want --one-hot"
    if pred[1:] == truth:
        return "integers are labels: channels of 0 and 1 want --one-hot; or save one page for one mask"
    if pred in (truth[1:], truth[:-1]):
        return "a truth with a channel for each class wants --one-hot"
    if len(pred) == len(truth) + 1 and pred[1:] == truth[::-1]:
        return "rows and columns of pred are swapped: save numpy.swapaxes(pred, 1, 2)"
    return ""
