"""How much of the derivative of each loss falls on parts of an image.

Of a hard mask all pixels of one pair of classes have the same derivative, but for losses with places: so that these
alone are looked at pixel by pixel, class by class, and each formula once for all losses that are made of it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from segeval.arrays.functions import Array
from segeval.errors import SegevalError
from segeval.evidence.sample import Field, Picture, Sample
from segeval.losses.derivatives import (
    Slopes,
    by_pairs,
    class_slope,
    derivative,
    evidence,
    kept_pixels,
    of_pairs,
    of_pictures,
    row_of,
    slopes_of,
)
from segeval.losses.engine.evidence import Asked, Caller, Key, Leaf, Measured, Plan, looks

Box = tuple[slice, ...]


@dataclass(frozen=True)
class Groups:
    """What the pixels of an image belong to: one of `number` parts each, −1 for none, as (spatial)."""

    of: Array
    number: int

    def sums(self, values: Array, box: Box | None = None) -> Array:
        """(…, number): the sums of (…, spatial) values over the pixels of each part."""
        places = (self.of if box is None else self.of[box]).reshape(-1) + 1
        rows = values.reshape(-1, places.size)
        each = [np.bincount(places, row, self.number + 1)[1:] for row in rows]
        return np.stack(each).reshape(*values.shape[: values.ndim - self.of.ndim], self.number)


def masses(every: Sequence[Asked], image: Sample, caller: Caller, groups: Groups) -> list[Array | None]:
    """For each loss Σ|∂L/∂p| over the pixels of each part, (channels, parts); None where there is no derivative."""
    found = _Image(image, groups).masses([each for each in every if by_pairs(Plan([each]), image)], caller)
    return [found[each.name] if each.name in found else _plainly(each, image, caller, groups) for each in every]


def _plainly(asked: Asked, image: Sample, caller: Caller, groups: Groups) -> Array | None:
    """The same of what has a derivative of its own at every pixel."""
    try:
        return groups.sums(np.abs(derivative(asked, image, caller)))
    except SegevalError:  # such as an image smaller than a window
        return None


@dataclass(frozen=True)
class _Pull:
    """The derivative of one loss of a hard mask."""

    slopes: Slopes
    of_pairs: Array  # (channels, pairs)
    pictured: tuple[Array, Array] | None  # (n,) the channel, and what is added there
    leaves: tuple[Leaf, ...]  # those that look at the places of single classes


@dataclass(frozen=True)
class _Image:
    """A hard mask of hard labels, and its parts."""

    image: Sample
    groups: Groups

    @cached_property
    def pairs(self) -> Array:
        """(spatial) the pair of each pixel; any where it is ignored, and in no part."""
        place = np.zeros(int(np.prod(self.image.shape)), np.int64)
        place[kept_pixels(self.image)] = self.image.pairs.place
        return place.reshape(self.image.shape)

    @cached_property
    def codes(self) -> Array:
        """(spatial) pair and part of each pixel in one number."""
        return np.asarray(self.pairs * (self.groups.number + 1) + self.groups.of + 1)

    def met(self, box: Box) -> Array:
        """(pairs, parts): how many pixels of each pair are in each part."""
        size, number = len(self.image.pairs.pixels), self.groups.number + 1
        found = np.bincount(self.codes[box].reshape(-1), minlength=size * number)
        return np.asarray(found.reshape(size, number)[:, 1:].astype(np.float64))

    @cached_property
    def everywhere(self) -> Box:
        return tuple(slice(0, size) for size in self.image.shape)

    @cached_property
    def all_met(self) -> Array:
        return self.met(self.everywhere)

    def masses(self, every: Sequence[Asked], caller: Caller) -> dict[str, Array | None]:
        """The masses of losses of which all pixels of a pair have the same derivative, but for places."""
        found: dict[str, Array | None] = dict.fromkeys(each.name for each in every)
        fit = [each for each in every if self._fits(each)]
        if not fit:
            return found
        measured = evidence(Plan(fit), self.image)
        placed = {}
        for asked in fit:
            pull = self._pull(asked, measured, caller)
            if pull is not None:
                found[asked.name] = np.abs(pull.of_pairs) @ self.all_met
                if pull.leaves or pull.pictured:
                    placed[asked.name] = pull
        for name, row, mass in self._rows(placed, measured):
            found[name][row] = mass  # type: ignore[index]
        return found

    def _fits(self, asked: Asked) -> bool:
        try:
            Plan([asked]).check(self.image)
        except SegevalError:
            return False
        return True

    def _pull(self, asked: Asked, measured: Measured, caller: Caller) -> _Pull | None:
        plan = Plan([asked])
        try:
            slopes = slopes_of(asked, measured.only(plan), caller)
        except SegevalError:  # such as an image smaller than a window
            return None
        if slopes is None:
            return None
        pictured = of_pictures(plan, self.image, slopes) if plan.of(Picture) else None
        leaves = tuple(leaf for leaf in plan.of(Field) if leaf.key in slopes)
        return _Pull(slopes, of_pairs(plan, self.image, slopes), pictured, leaves)

    def _rows(self, pulls: Mapping[str, _Pull], measured: Measured) -> Iterator[tuple[str, int, Array]]:
        """The masses of the channels where places count."""
        leaves = {leaf.key: leaf for pull in pulls.values() for leaf in pull.leaves}
        seen = looks(list(leaves.values()), self.image, measured.soft)
        by_row = itertools.groupby(seen, lambda look: row_of(self.image, look[0]))
        coming = next(by_row, None)
        for row in range(len(self.image.channels)):
            classes = []
            if coming is not None and coming[0] == row:
                classes = list(coming[1])
                coming = next(by_row, None)
            slopes: dict[tuple[Key, int], tuple[Box, Array]] = {}
            for name, pull in pulls.items():
                added = [
                    (weight, *_once(slopes, leaf, k, of_class))
                    for k, of_class, _ in classes
                    for leaf in pull.leaves
                    if (weight := class_slope(leaf, self.image, k, pull.slopes))
                ]
                if added or pull.pictured:
                    yield name, row, self._mass(pull, row, added)

    def _mass(self, pull: _Pull, row: int, added: Sequence[tuple[float, Box, Array]]) -> Array:
        """(parts,): of one channel, with what is added in boxes of it."""
        box = self.everywhere if pull.pictured else _hull([place for _, place, _ in added])
        inside = pull.of_pairs[row][self.pairs[box]]
        if pull.pictured:
            channel, slope = pull.pictured
            own = np.zeros(int(np.prod(self.image.shape)))
            own[kept_pixels(self.image)] = np.where(channel == row, slope, 0.0)
            inside += own.reshape(self.image.shape)
        for weight, place, slope in added:
            inside[_within(place, box)] += weight * slope
        outside = np.abs(pull.of_pairs[row]) @ (self.all_met - self.met(box))
        return np.asarray(outside + self.groups.sums(np.abs(inside), box))


def _once(kept: dict[tuple[Key, int], tuple[Box, Array]], leaf: Leaf, k: int, of_class: Field) -> tuple[Box, Array]:
    """The derivative of a formula by the probability of one class, found once for all losses."""
    if (leaf.key, k) not in kept:
        kept[leaf.key, k] = of_class.slope(leaf, leaf.margin(derived=True))
    return kept[leaf.key, k]


def _hull(boxes: Sequence[Box]) -> Box:
    """The box that holds some boxes."""
    sides = zip(*boxes, strict=True)
    return tuple(slice(min(part.start for part in side), max(part.stop for part in side)) for side in sides)


def _within(box: Box, outer: Box) -> Box:
    """A box as it stands in one around it."""
    sides = zip(box, outer, strict=True)
    return tuple(slice(part.start - whole.start, part.stop - whole.start) for part, whole in sides)
