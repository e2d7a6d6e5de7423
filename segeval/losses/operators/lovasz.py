"""Losses of all errors in order."""

import numpy as np

from segeval.arrays.functions import Array, like, namespace, plain
from segeval.evidence.pixels import Numbers


def lovasz(errors: Numbers, truth: Array, count: Array | None = None) -> Numbers:
    """Σ e_i Δ_i over errors (n,) in falling order; Δ is the step of the Jaccard loss; truth is boolean (n,).

    count: how many pixels each stands for. The order is a constant in the gradient. Without one, sorting suffices: see
    `_merged`.
    """
    xp = namespace(errors)
    if xp is np and count is None:
        return np.float64(_merged(errors[truth], errors[~truth]))
    delta = steps(plain(errors), truth) if count is None else _counted_steps(plain(errors), truth, count)
    return xp.sum(errors * like(delta, errors))


def _counted_steps(errors: Array, truth: Array, count: Array) -> Array:
    """Δ of each error, of as many pixels as it stands for."""
    order = np.argsort(-errors, kind="stable")
    found = np.cumsum(np.where(truth, count, 0)[order])
    total = count[truth].sum()
    jaccard = 1 - (total - found) / (total + np.cumsum(np.where(truth, 0, count)[order]))
    delta = np.empty(errors.size)
    delta[order] = np.diff(jaccard, prepend=0.0)
    return delta


def steps(errors: Array, truth: Array) -> Array:
    """Δ of each error from 0 up, in the order given; equal errors keep their order."""
    delta = np.zeros(errors.size, errors.dtype)
    total = int(np.count_nonzero(truth))
    if total == 0:
        delta[errors.argmax()] = 1
        return delta
    # once all of the foreground is passed, the Jaccard loss is 1 and rises no more
    order = _falling(errors, np.flatnonzero(errors >= errors[truth].min()))
    found = np.cumsum(truth[order])
    union = np.arange(total + 1, total + 1 + order.size) - found
    jaccard = 1 - (total - found) / union
    delta[order] = np.diff(jaccard, prepend=0.0)
    return delta


def _falling(errors: Array, index: Array) -> Array:
    """Some places of errors from 0 up, those of larger ones first; equal ones keep their order.

    The bits of such numbers are in order as whole numbers, and of 16 bits NumPy's stable sort counts digits: digit by
    digit, from the last, that is eight times as fast as a stable sort of the numbers.
    """
    size = errors.dtype.itemsize
    bits = ~errors[index].view(f"u{size}")
    for shift in range(0, 8 * size, 16):
        order = np.argsort((bits >> shift).astype(np.uint16), kind="stable")
        bits, index = bits[order], index[order]
    return index


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
