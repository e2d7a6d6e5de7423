"""For each of some pixels the one that is cheapest to reach."""

from collections.abc import Sequence

import numpy as np

from segeval.arrays.functions import Array
from segeval.distance.grid import steps

LEVELS = 12  # prices for which the nearest pixel is tried first
ROWS = 256  # pixels that are compared together
PAIRS = 1 << 20  # and pairs of pixels


class Best:
    """For each start pixel y the pixel x of least (d(x, y) + ε) price(x) so far: its flat index, and d(x, y)."""

    def __init__(self, starts: Array, price: Array, eps: float) -> None:
        self.price, self.eps = price.reshape(-1), eps
        self.place = np.flatnonzero(starts)
        self.distance = np.zeros(self.place.size)
        self.cost = eps * self.price[self.place]  # that of the pixel itself

    def offer(self, rows: Array, place: Array, distance: Array) -> None:
        """Other pixels for some of the starts."""
        cost = (distance + self.eps) * self.price[place]
        wins = cost < self.cost[rows]
        rows = rows[wins]
        self.cost[rows], self.place[rows], self.distance[rows] = cost[wins], place[wins], distance[wins]


def cheapest(starts: Array, price: Array, eps: float, spacing: Sequence[float] | None = None) -> tuple[Array, Array]:
    """For each start pixel y (in C order) the pixel x of least (d(x, y) + ε) price(x), as flat index, and d(x, y).

    Exact. The pixel itself and the nearest ones below a few prices give a bound; then only pixels are compared whose
    price is low enough to beat it from one pixel away. Of so few prices as hard masks have, the nearest pixel of each
    price or less is all that can win. spacing: the length of a pixel along each axis; None: 1.
    """
    from scipy import ndimage

    lengths = np.array(steps(spacing, price.ndim).lengths)
    best = Best(starts, price, eps)
    everyone = np.arange(best.cost.size)
    levels = _few_levels(price)
    settled = levels is not None
    if levels is None:
        levels = np.unique(np.quantile(price, np.linspace(0, 1, LEVELS, endpoint=False)))
    for level in levels:
        above = price > level
        if above.any():  # SciPy needs a pixel to measure to, which the cheapest always are
            found = ndimage.distance_transform_edt(above, sampling=lengths, return_indices=True)
            distance, index = np.asarray(found[0]), np.asarray(found[1])
            place = np.ravel_multi_index(tuple(index[:, starts]), price.shape)
            best.offer(everyone, place, distance[starts])
    if not settled:
        _compare(best, np.argwhere(starts), price, eps, lengths)
    return best.place, best.distance


def _few_levels(price: Array) -> Array | None:
    """All prices but the highest, if there are only a few: at that one every pixel is its own nearest."""
    found: list[float] = []
    rest = price.reshape(-1)
    while rest.size and len(found) <= LEVELS:
        found.append(float(rest.min()))
        rest = rest[rest > found[-1]]
    return None if rest.size else np.array(found[:-1])


def _compare(best: Best, starts: Array, price: Array, eps: float, lengths: Array) -> None:
    """All pixels that may still be cheaper, for the starts in order of what they have."""
    step = lengths.min()  # nothing else is nearer
    beatable = np.flatnonzero(best.cost > price.min() * (step + eps))
    beatable = beatable[np.argsort(best.cost[beatable], kind="stable")]
    while beatable.size:
        most = best.cost[beatable[: min(ROWS, beatable.size)]].max()
        candidates = np.argwhere(price * (step + eps) < most)
        size = min(ROWS, max(1, PAIRS // max(1, len(candidates))))
        rows, beatable = beatable[:size], beatable[size:]
        if len(candidates):
            squares = ((lengths * (starts[rows][:, None, :] - candidates[None, :, :])) ** 2).sum(axis=2)
            distance = np.sqrt(squares)
            flat = np.asarray(np.ravel_multi_index(tuple(candidates.T), price.shape))
            first = ((distance + eps) * best.price[flat]).argmin(axis=1)
            best.offer(rows, flat[first], distance[np.arange(rows.size), first])
