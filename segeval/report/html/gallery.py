"""The images that a page shows: which, and their pictures, as large as the budget of the page allows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from segeval.errors import InputError
from segeval.evidence.run_length import Array
from segeval.io import photo
from segeval.overlay.colours import of_classes, of_kinds
from segeval.overlay.layers import Kind, Layers
from segeval.overlay.source import Masks, background, legend
from segeval.run.tables import Tables

BUDGET = 3_600_000  # bytes of pictures: base64 makes 4.8 million of them
SIDES = (512, 384, 256, 192, 128)  # pixels of the longer side
CARDS = 48


@dataclass(frozen=True)
class Card:
    """An image with its pictures."""

    id: str
    tags: tuple[str, ...]
    shape: tuple[int, int]  # (height, width) in pixels of its pictures
    pictures: Mapping[str, bytes]  # photo, truth, prediction, errors: those that there are
    shares: Mapping[str, float]  # of the pixels of the mask: invented, missed, confused
    remark: str


@dataclass(frozen=True, eq=False)
class _Read:
    """An image as it is read, before anybody knows how large it can be shown."""

    id: str
    layers: Layers
    photo: Array | None
    remark: str
    shares: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Gallery:
    """The masks of a run, and how many of them to show."""

    masks: Masks
    cards: int = CARDS
    seed: int = 0
    background: int | Literal["auto"] | None = "auto"
    budget: int = BUDGET

    def made(self, tables: Tables, picks: Mapping[str, Sequence[str]]) -> tuple[list[Card], list[str]]:
        """The cards of some images with their tags, and what is to be said about them."""
        read, said = [], []
        for id_ in picks:
            try:
                read.append(self._read(id_, tables))
            except KeyError:
                said.append(f"{id_}: its masks were not found")
            except InputError as fault:
                said.append(f"{id_}: {fault.message} ({fault.code})")
        for side in SIDES:
            cards = [self._card(each, tuple(picks[each.id]), side) for each in read]
            if (size := _size(cards)) <= self.budget:
                break
        if side < SIDES[0] and read:
            said.append(f"pictures are at most {side} pixels long, so that the page stays small")
        while cards and size > self.budget:
            size -= _size([cards.pop()])
        if len(cards) < len(read):
            said.append(f"{len(read) - len(cards)} images are left out, so that the page stays small")
        return cards, said

    @property
    def nothing(self) -> int | None:
        """The id that stands for no object; None: every class is one."""
        return background(self.masks, self.background)

    @cached_property
    def legend(self) -> dict[Kind, str]:
        """What the colours mean."""
        return legend(self.masks, self.nothing)

    def _read(self, id_: str, tables: Tables) -> _Read:
        case = id_
        members = self.masks.cases[case]
        if members == [case]:
            layers = self.masks.layers(case, tables, self.nothing)
        else:  # the worst of the images that are counted together
            drawn = {each: self.masks.layers(each, None, self.nothing) for each in members}
            id_, layers = max(drawn.items(), key=lambda item: float(item[1].wrong.mean()))
        plane, number = layers.plane()
        remark = [] if members == [case] else [f"{id_}, 1 of {len(members)} images"]
        remark += [] if number is None else [f"slice {number} of {layers.kinds.size // plane.kinds.size}"]
        shares = {kind.name.lower(): np.count_nonzero(layers.kinds == kind) / layers.kinds.size for kind in self.legend}
        try:
            behind = self.masks.photo(id_)
        except InputError as fault:
            behind = None
            remark.append(f"no photograph: {fault.message}")
        if self.masks.pairs[id_].pred is None:
            remark.append("no prediction")
        if behind is not None and number is not None:
            behind = None
        if behind is not None and not _same_form(behind.shape[:2], plane.kinds.shape):
            remark.append(f"its photograph is {behind.shape[1]} x {behind.shape[0]}, of another form, and not shown")
            behind = None
        small, n = plane.smaller(SIDES[0])
        remark += [f"drawn 1 : {n}"] if n > 1 else []
        if behind is not None:
            behind = _shrunk(behind, max(small.kinds.shape))
        return _Read(case, small, behind, ", ".join(remark), shares)

    def _card(self, read: _Read, tags: tuple[str, ...], side: int) -> Card:
        layers, _ = read.layers.smaller(side)
        height, width = layers.kinds.shape
        pictures = {} if read.photo is None else {"photo": photo.jpeg(read.photo, (height, width))}
        pictures |= {
            "truth": of_classes(layers.truth, self.masks.colours),
            "prediction": of_classes(layers.pred, self.masks.colours),
            "errors": of_kinds(layers.kinds),
        }
        return Card(read.id, tags, (height, width), pictures, read.shares, read.remark)


def _size(cards: Sequence[Card]) -> int:
    return sum(len(picture) for card in cards for picture in card.pictures.values())


def _same_form(shape: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two sizes are one picture at two scales, but for rounding."""
    return math.isclose(shape[0] * other[1], shape[1] * other[0], rel_tol=0.02)


def _shrunk(pixels: Array, side: int) -> Array:
    """Every n-th pixel, so that no photograph takes more memory than it is shown with."""
    n = max(1, max(pixels.shape[:2]) // (2 * side))
    return np.ascontiguousarray(pixels[n // 2 :: n, n // 2 :: n])


def picks(values: Array, ids: Sequence[str], change: Array | None, cards: int, seed: int) -> dict[str, list[str]]:
    """Which images are shown and why: the worst, those that changed most, and some by chance, so that nobody is misled.

    values: the larger, the better; nan is not among the worst.  change: against a baseline, likewise.
    """
    order = np.argsort(values, kind="stable")
    order = order[~np.isnan(values[order])]
    parts: dict[str, Array] = {"worst": order}
    if change is not None:
        moved = np.argsort(change, kind="stable")
        moved = moved[np.isfinite(change[moved])]
        parts["regressed"] = moved[change[moved] < 0]
        parts["improved"] = moved[change[moved] > 0][::-1]
    parts["random"] = np.random.RandomState(seed).permutation(len(ids))
    each = {"worst": 3, "regressed": 2, "improved": 1, "random": 1} if change is not None else {"worst": 3, "random": 1}
    found: dict[str, list[str]] = {}
    for tag, some in parts.items():
        for n in some[: max(1, cards * each[tag] // sum(each.values()))].tolist():
            if ids[n] in found or len(found) < cards:
                found.setdefault(ids[n], []).append(tag)
    return found
