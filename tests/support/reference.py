"""Independent plain loops and the fixed vectors that tests compare with."""

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent.parent / "files"
VECTORS = {v["id"]: v for v in json.loads((DATA / "metric_vectors.json").read_text(encoding="utf-8"))["vectors"]}


def mask(form: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The mask that a vector describes: nested lists, or boxes and balls painted on a fill."""
    if "array" in form:
        return np.array(form["array"], np.uint8)
    array = np.full(form["shape"], form["fill"], np.uint8)
    for paint in form["paint"]:
        if "box" in paint:
            array[tuple(slice(low, high) for low, high in paint["box"])] = paint["value"]
            continue
        ball = paint["ball"]
        parts = zip(np.indices(array.shape), ball["spacing"], ball["center"], strict=True)
        array[sum((index * step - at) ** 2 for index, step, at in parts) <= ball["radius"] ** 2] = paint["value"]
    return array


def cases(vector: dict[str, Any]) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """The (pred, truth) pairs of a vector."""
    inputs = vector["inputs"].get("cases", [vector["inputs"]])
    return [(mask(case["pred"]), mask(case["truth"])) for case in inputs]


def confusion(pred: Any, truth: Any, ids: list[int], ignore: Any = ()) -> list[list[int]]:
    """Pixel by pixel."""
    counts = [[0] * (len(ids) + 1) for _ in ids]
    for p, t in zip(np.ravel(pred).tolist(), np.ravel(truth).tolist(), strict=True):
        if t not in ignore:
            counts[ids.index(t)][ids.index(p) if p in ids else len(ids)] += 1
    return counts


def share(part: float, whole: float) -> float:
    """part / whole, nan for 0/0."""
    return part / whole if whole else math.nan


def iou(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tp, tp + fp + fn)


def dice(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tp + tp, (tp + fp) + (tp + fn))


def precision(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tp, tp + fp)


def recall(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tp, tp + fn)


def specificity(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tn, fp + tn)


def accuracy(tp: int, fp: int, fn: int, tn: int) -> float:
    return 1 - share(fp + fn, tp + fp + fn + tn)


def balanced_accuracy(tp: int, fp: int, fn: int, tn: int) -> float:
    return 0.5 * share(tp, tp + fn) + 0.5 * share(tn, fp + tn)


def f_beta(tp: int, fp: int, fn: int, tn: int, beta: float = 2.0) -> float:
    """From precision and recall where both exist; the counts decide the rest."""
    if tp == 0:
        return 0.0 if fp + fn else math.nan
    p, r = Fraction(tp, tp + fp), Fraction(tp, tp + fn)
    b = Fraction(beta)
    return float((1 + b * b) * p * r / (b * b * p + r))


def mcc(tp: int, fp: int, fn: int, tn: int) -> float:
    """Pearson's correlation of the two indicator variables."""
    n = tp + fp + fn + tn
    true, predicted = tp + fn, tp + fp
    variance = true * (n - true) * predicted * (n - predicted)
    return share(n * tp - true * predicted, math.sqrt(variance))


def kappa(tp: int, fp: int, fn: int, tn: int) -> float:
    """(observed − expected) / (1 − expected) agreement."""
    n = tp + fp + fn + tn
    if n == 0:
        return math.nan
    observed = Fraction(tp + tn, n)
    expected = Fraction((tp + fn) * (tp + fp) + (fp + tn) * (fn + tn), n * n)
    return float((observed - expected) / (1 - expected)) if expected != 1 else math.nan


def volume_similarity(tp: int, fp: int, fn: int, tn: int) -> float:
    true, predicted = tp + fn, tp + fp
    return 1 - share(abs(predicted - true), predicted + true)


def relative_volume_difference(tp: int, fp: int, fn: int, tn: int) -> float:
    true, predicted = tp + fn, tp + fp
    return share(predicted - true, true)


def two_nearest(labels, spacing):
    """Distances to the nearest and the second nearest object, looking at all pixels from each pixel."""
    first, second = np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)
    pixels = [(np.array(place), int(labels[place])) for place in np.ndindex(labels.shape) if labels[place]]
    for place in np.ndindex(labels.shape):
        distances = {}
        for other, id_ in pixels:
            away = math.sqrt(sum((s * (a - b)) ** 2 for s, a, b in zip(spacing, place, other, strict=True)))
            distances[id_] = min(away, distances.get(id_, math.inf))
        near = [*sorted(distances.values()), math.inf, math.inf]
        first[place], second[place] = near[:2]
    return first, second


def false_positive_rate(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(fp, fp + tn)


def false_negative_rate(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(fn, tp + fn)


def negative_predictive_value(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(tn, fn + tn)


def false_discovery_rate(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(fp, tp + fp)


def false_omission_rate(tp: int, fp: int, fn: int, tn: int) -> float:
    return share(fn, fn + tn)


def informedness(tp: int, fp: int, fn: int, tn: int) -> float:
    """The determinant of the table over the sizes of the two true sides."""
    return share(tp * tn - fp * fn, (tp + fn) * (fp + tn))


def markedness(tp: int, fp: int, fn: int, tn: int) -> float:
    """The same over the sizes of the two predicted sides."""
    return share(tp * tn - fp * fn, (tp + fp) * (fn + tn))


def prevalence_threshold(tp: int, fp: int, fn: int, tn: int) -> float:
    if not (tp + fn and fp + tn):
        return math.nan
    found, wrong = Fraction(tp, tp + fn), Fraction(fp, fp + tn)
    return share(math.sqrt(wrong), math.sqrt(found) + math.sqrt(wrong))


def fowlkes_mallows(tp: int, fp: int, fn: int, tn: int) -> float:
    return math.sqrt(Fraction(tp * tp, (tp + fp) * (tp + fn))) if tp + fp and tp + fn else math.nan
