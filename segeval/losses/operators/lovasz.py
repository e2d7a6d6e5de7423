"""Losses of all errors in order."""

import numpy as np

from segeval.arrays.functions import Array, like, namespace, plain
from segeval.evidence.pixels import Numbers


def lovasz(errors: Numbers, truth: Array) -> Numbers:
    """Σ e_i Δ_i over errors (n,) in falling order; Δ is the step of the Jaccard loss; truth is boolean (n,).

    The order is a constant in the gradient. Without one, sorting suffices: see `_merged`.
    """
    xp = namespace(errors)
    if xp is np:
        return np.float64(_merged(errors[truth], errors[~truth]))
    return xp.sum(errors * like(steps(plain(errors), truth), errors))


def steps(errors: Array, truth: Array) -> Array:
    """Δ of each error, in the order given; equal errors keep their order."""
    order = np.argsort(-errors, kind="stable")
    sorted_truth = truth[order]
    total = sorted_truth.sum()
    found = np.cumsum(sorted_truth)
    jaccard = 1 - (total - found) / (total + np.cumsum(~sorted_truth))
    delta = np.empty(errors.size)
    delta[order] = np.diff(jaccard, prepend=0.0)
    return delta


def _merged(foreground: Array, background: Array) -> float:
    """The same from the errors on the foreground (G of them) and on the background, sorted apart.

    The k-th worst foreground error, with i_k larger errors on the background, steps by 1/(G + i_k). The background
    error at rank i steps by (G − k)(1/(G + i) − 1/(G + i + 1)), where k foreground errors are larger. Summed over the
    background, G − k counts the foreground errors still to come, so that each of these adds the sum C(i_k) of b_i
    (1/(G + i) − 1/(G + i + 1)) over the background errors before it: Σ_k e_k/(G + i_k) + C(i_k). Nothing has to carry
    an index, and what is below the smallest foreground error is not even sorted.
    """
    count = foreground.size
    if count == 0:
        return float(background.max(initial=0.0))
    foreground = np.sort(foreground)[::-1]
    background = np.sort(background[background > foreground[-1]])[::-1]
    before = background.size - np.searchsorted(background[::-1], foreground, side="right")
    ranks = np.arange(count, count + background.size, dtype=np.float64)
    ranks *= ranks + 1
    passed = np.zeros(background.size + 1)
    np.cumsum(np.divide(background, ranks, out=ranks), out=passed[1:])
    return float((foreground / (count + before) + passed[before]).sum())
