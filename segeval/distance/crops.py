"""The two nearest objects within a reach, from one small transform for each object that has neighbours.

If d1 + d2 ≤ reach at a pixel, the two objects are at most that far apart, so each is among the other's neighbours. The
pixel is within reach of both boxes. Outside the hull of an object and its neighbours, both distances are at least as
large as the way to the hull, so that it is at most half of the reach. So the pixel lies in the crops of both, and each
crop holds its whole object.
"""

import numpy as np

from segeval.distance.grid import Array, Steps

_FEW = 1 << 14  # pairs that are looked at in any case


class Crowded(Exception):
    """There are so many pairs of neighbours that crops would be no help."""


class Crops:
    """Where each object has to be looked at: boxes as arrays of starts and stops, one row for each object."""

    def __init__(self, objects: Array, grid: Steps, reach: float) -> None:
        from scipy import ndimage

        boxes = ndimage.find_objects(objects)
        self.labels = np.array([n for n, box in enumerate(boxes, 1) if box is not None], np.int64)
        found = [box for box in boxes if box is not None]
        starts = np.array([[part.start for part in box] for box in found], np.int64).reshape(-1, objects.ndim)
        stops = np.array([[part.stop for part in box] for box in found], np.int64).reshape(-1, objects.ndim)
        lengths = np.array(grid.lengths)
        low, high = starts.copy(), stops.copy()
        first, second = _neighbours(starts, stops, lengths, reach, objects.size // 4)
        for here, other in ((first, second), (second, first)):
            np.minimum.at(low, here, starts[other])
            np.maximum.at(high, here, stops[other])
        whole, half = np.ceil(reach / lengths).astype(int), np.ceil(reach / 2 / lengths).astype(int)
        self.starts = np.maximum(np.maximum(starts - whole, low - half), 0)
        self.stops = np.minimum(np.minimum(stops + whole, high + half), objects.shape)
        lonely = np.ones(len(found), bool)
        lonely[first] = lonely[second] = False
        self.labels, self.starts, self.stops = (each[~lonely] for each in (self.labels, self.starts, self.stops))

    @property
    def pixels(self) -> int:
        """How many pixels all crops have together."""
        return int((self.stops - self.starts).prod(axis=1).sum())

    def two_nearest(self, objects: Array, grid: Steps) -> tuple[Array, Array]:
        """Distances that are exact wherever they add up to at most the reach, and nowhere too small."""
        from scipy import ndimage

        first, second = np.full(objects.shape, np.inf), np.full(objects.shape, np.inf)
        for label, start, stop in zip(self.labels, self.starts, self.stops, strict=True):
            crop = tuple(slice(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True))
            found = ndimage.distance_transform_edt(objects[crop] != label, sampling=grid.exact)
            np.minimum(second[crop], np.maximum(first[crop], found), out=second[crop])
            np.minimum(first[crop], found, out=first[crop])
        for each in (first, second):
            each *= grid.unit
        return first, second


def _neighbours(starts: Array, stops: Array, lengths: Array, reach: float, most: int) -> tuple[Array, Array]:
    """Pairs of objects whose boxes are at most `reach` apart; no more than `most` are looked at."""
    order = np.argsort(starts[:, 0], kind="stable")
    starts, stops = starts[order], stops[order]
    ends = np.searchsorted(starts[:, 0], stops[:, 0] - 1 + reach / lengths[0], side="right")
    numbers = np.maximum(ends - np.arange(1, len(order) + 1), 0)
    if numbers.sum() > max(most, _FEW):
        raise Crowded
    first = np.repeat(np.arange(len(order)), numbers)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    gaps = np.maximum(np.maximum(starts[second] - stops[first], starts[first] - stops[second]) + 1, 0) * lengths
    near = np.sqrt((gaps**2).sum(axis=1)) <= reach * (1 + 1e-12)
    return order[first[near]], order[second[near]]
