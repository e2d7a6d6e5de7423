"""Plain loops over objects: what scores of objects are by their definitions, for small masks."""

import itertools
import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np

Mask = np.ndarray[Any, Any]


def overlaps(pred: Mask, truth: Mask) -> dict[tuple[int, int], Fraction]:
    """The IoU of each pair (true id, predicted id) of objects that meet; 0 is none."""
    found = {}
    for t, p in itertools.product(sorted(set(truth.ravel()) - {0}), sorted(set(pred.ravel()) - {0})):
        both, either = int(((truth == t) & (pred == p)).sum()), int(((truth == t) | (pred == p)).sum())
        if both:
            found[int(t), int(p)] = Fraction(both, either)
    return found


def best(iou: dict[tuple[int, int], Fraction], count: bool) -> dict[tuple[int, int], Fraction]:
    """Of all ways to pair one to one the one with the most pairs (if `count`), then the largest sum of IoU."""
    pairs = sorted(iou)

    def ways(n: int, taken: frozenset[tuple[str, int]]) -> tuple[tuple[int, Fraction], list[tuple[int, int]]]:
        if n == len(pairs):
            return (0, Fraction(0)), []
        without = ways(n + 1, taken)
        t, p = pairs[n]
        if {("t", t), ("p", p)} & taken:
            return without
        (number, total), rest = ways(n + 1, taken | {("t", t), ("p", p)})
        with_it = ((number + int(count), total + iou[t, p]), [(t, p), *rest])
        return max(without, with_it, key=lambda way: way[0])

    return {pair: iou[pair] for pair in ways(0, frozenset())[1]}


def greedy(iou: dict[tuple[int, int], Fraction]) -> dict[tuple[int, int], Fraction]:
    """The pair of largest IoU, then the next whose objects are free."""
    kept: dict[tuple[int, int], Fraction] = {}
    for (t, p), value in sorted(iou.items(), key=lambda item: (-item[1], item[0])):
        if all(t != one and p != other for one, other in kept):
            kept[t, p] = value
    return kept


def scores(pairs: dict[tuple[int, int], Fraction], number_true: int, number_pred: int) -> dict[str, float]:
    """The numbers of a matching."""
    tp, total = len(pairs), sum(pairs.values(), Fraction(0))
    fp, fn = number_pred - tp, number_true - tp
    found = {
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "f1": (2 * tp, 2 * tp + fp + fn),
        "ap": (tp, tp + fp + fn),
        "pq": (total, Fraction(2 * tp + fp + fn, 2)),
        "sq": (total, tp),
        "mean_true_iou": (total, number_true),
    }
    ratios = {name: float(Fraction(part) / whole) if whole else math.nan for name, (part, whole) in found.items()}
    return {"tp": tp, "fp": fp, "fn": fn, **ratios}


def jaccard(pred: Mask, truth: Mask, one_to_one: bool) -> float:
    """The aggregated Jaccard index, or that of objects paired one to one."""
    iou = overlaps(pred, truth)
    true, predicted = sorted(set(truth.ravel()) - {0}), sorted(set(pred.ravel()) - {0})
    if one_to_one:
        partner = dict(best(iou, count=False).keys())
    else:
        partner = {
            t: max(mine, key=lambda p: (iou[t, p], -p)) for t in true if (mine := [p for one, p in iou if one == t])
        }
    both = sum(int(((truth == t) & (pred == p)).sum()) for t, p in partner.items())
    either = sum(int(((truth == t) | (pred == partner[t])).sum() if t in partner else (truth == t).sum()) for t in true)
    either += sum(int((pred == p).sum()) for p in predicted if p not in partner.values())
    return both / either if either else math.nan


def split_and_merged(pred: Mask, truth: Mask) -> tuple[int, int]:
    """How many true objects hold most of several predicted ones, and how many predicted ones most of several true."""

    def several(inner: Mask, outer: Mask) -> int:
        owners: Counter[int] = Counter()
        for one in set(inner.ravel()) - {0}:
            for other in set(outer.ravel()) - {0}:
                owners[other] += 2 * ((inner == one) & (outer == other)).sum() > (inner == one).sum()
        return sum(number > 1 for number in owners.values())

    return several(pred, truth), several(truth, pred)


def rand(pred: Mask, truth: Mask) -> dict[str, float]:
    """Of all pairs of pixels of true objects, how many lie in one object of one side, of the other, of both."""
    pixels = [(t, p) for t, p in zip(truth.ravel().tolist(), pred.ravel().tolist(), strict=True) if t]
    both = same_truth = same_pred = 0
    for (t, p), (u, q) in itertools.combinations(pixels, 2):
        both += t == u and p == q
        same_truth += t == u
        same_pred += p == q
    error = 1 - 2 * both / (same_truth + same_pred) if same_truth + same_pred else math.nan
    return {
        "adapted_rand_error": error,
        "rand_precision": both / same_pred if same_pred else math.nan,
        "rand_recall": both / same_truth if same_truth else math.nan,
    }


def information(pred: Mask, truth: Mask) -> dict[str, float]:
    """The entropies of each side given the other, in bits, from probabilities of single pixels."""

    def entropy(values: list[Any]) -> float:
        return -sum(n / len(values) * math.log2(n / len(values)) for n in Counter(values).values())

    true, predicted = truth.ravel().tolist(), pred.ravel().tolist()
    joint = entropy(list(zip(true, predicted, strict=True)))
    split, merge = joint - entropy(true), joint - entropy(predicted)
    return {"vi_split": split, "vi_merge": merge, "vi": split + merge}
