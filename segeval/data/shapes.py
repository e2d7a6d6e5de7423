"""Two shapes that do not fit, and what would mend it."""

from segeval.errors import ShapesDiffer
from segeval.text import extent


def shapes_differ(pred_name: str, pred: tuple[int, ...], truth_name: str, truth: tuple[int, ...]) -> ShapesDiffer:
    """The error for two sizes, with what they look like."""
    message = f"{pred_name} is {extent(pred)} but {truth_name} is {extent(truth)}"
    return ShapesDiffer(message, _shape_hint(pred, truth))


def _shape_hint(size: tuple[int, ...], shape: tuple[int, ...]) -> str:
    if size[:-1] == shape:
        return "channels come first: save numpy.moveaxis(pred, -1, 0)"
    if size[1:] == shape and size[0] == 1:
        return "drop the first axis: save pred[0]"
    if size[1:] == shape:
        return "integers are labels: save probabilities or one-hot channels as floating point, or one page for one mask"
    if len(size) != len(shape):
        return "both need the same axes; only probabilities have one more, the first"
    if size == shape[::-1]:
        return "the prediction looks transposed"
    if all(a * shape[0] == b * size[0] for a, b in zip(size, shape, strict=True)):
        return f"the prediction is {size[0] / shape[0]:.4g} times as large; resample it, nearest neighbour for labels"
    if all(0 <= a - b < 64 for a, b in zip(size, shape, strict=True)):
        return "the prediction looks padded; crop it first"
    return "masks are compared pixel by pixel; resample one of them first"
