"""What images leave behind for losses, as a kind of evidence.

Of a hard mask the pixel counts tell nearly all, and nothing is kept twice: an image leaves behind what has places.
"""

import functools
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from segeval.arrays.functions import Array
from segeval.errors import InputError, Unfit, UnfitPixels
from segeval.evidence.kinds import EVIDENCE, Columns
from segeval.evidence.multilabel import PixelEvidence
from segeval.evidence.sample import Bag
from segeval.evidence.soft import PixelSums
from segeval.losses import packing
from segeval.losses.engine import counts
from segeval.losses.engine.evidence import Asked, Key, Measured, Placed, Plan, added, both, values

if TYPE_CHECKING:
    from segeval.losses.engine.selection import LossChoice

AT_ONCE = 1 << 14  # numbers of many images that are looked at together
AT_HAND = 1 << 23  # bytes of values of losses that are kept


@dataclass(frozen=True)
class Apart:
    """What a hard mask leaves behind for losses beside its pixel counts; or several together."""

    sums: Mapping[Key, PixelSums] = field(default_factory=dict)
    kept: Mapping[Key, Placed] = field(default_factory=dict)  # as in `Measured`
    bag: Bag | None = None
    unfit: Mapping[Key, Unfit] = field(default_factory=dict)

    def __add__(self, other: "Apart") -> "Apart":
        return Apart(
            added(self.sums, other.sums),
            added(self.kept, other.kept),
            both(self.bag, other.bag),
            {**self.unfit, **other.unfit},
        )

    def beside(self, counted: Measured) -> Measured:
        """All that the image leaves behind; counted: what its counts tell."""
        return counted.beside(vars(self))


COUNTED = Apart()  # one object for all images of which nothing is kept

Left = Measured | Apart


@EVIDENCE.add(columns={}, view=dict, prefix="loss.", beside_counts=True)
class Losses:
    """The evidence of losses: a `Measured` of a prediction that says how sure it is, and an `Apart` of a hard mask."""

    kind: ClassVar[str] = "losses"

    @classmethod
    def measured(cls, image: Any, spec: "LossChoice") -> Left | None:
        """The evidence of an image behind the door; None where it cannot be computed, and need not be."""
        _ = image.weight_map  # one that is missing is no matter of the prediction
        try:
            if image.hard:
                return _of_hard_mask(image, spec)
            found = spec.plan.measure(image.sample)
            return found if spec.inputs.ids else replace(found, ids=image.class_ids)
        except InputError:
            if not spec.everything:
                raise
            return None

    @classmethod
    def missed(cls, image: Any, spec: "LossChoice") -> None:  # noqa: ARG003 - one signature for all kinds
        """A loss wants a prediction."""
        return

    @classmethod
    def summed(cls, every: Sequence[Left | None]) -> Left | None:
        """The evidence of all images together; None where hard masks and others are mixed, which do not add up."""
        there = [each for each in every if each is not None]
        if not there or len({type(each) for each in there}) > 1:
            return None
        return functools.reduce(operator.add, there)

    @classmethod
    def columns(
        cls, every: Sequence[Left | None], ids: Sequence[int], spec: "LossChoice", pixels: Sequence[PixelEvidence]
    ) -> "Values":
        """The values of the losses of each image, and of its classes; nan where undefined or without a prediction."""
        return Values(Images(every, pixels, tuple(ids), spec), np.arange(len(every)))

    @classmethod
    def packed(cls, every: Sequence[Left | None]) -> dict[str, Array]:
        """The evidence of many images as a few arrays, without loss."""
        return packing.packed(every)

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Left | None]:
        """What `packed` was given."""
        return [COUNTED if each == COUNTED else each for each in packing.unpacked(arrays, Measured, Apart)]


def _of_hard_mask(image: Any, spec: "LossChoice") -> Apart:
    plan = spec.untold
    if not plan.leaves:
        return COUNTED
    sample = image.sample
    plan.check(sample)
    told = counts.measured(plan, [image.counts], image.class_ids, sample.binary)  # the soft counts alone
    with np.errstate(under="ignore"):
        return Apart(**plan.apart(sample, counts.row(told, 0).soft))


class Images:
    """The evidence of the images of a run, and the values of losses that it gives.

    every: what each left behind, in order; None: nothing.  pixels: the counts of pixels of each.  ids: the classes of
    the tables.
    """

    def __init__(
        self, every: Sequence[Left | None], pixels: Sequence[PixelEvidence], ids: tuple[int, ...], choice: "LossChoice"
    ) -> None:
        self._every, self._pixels, self._ids = every, pixels, ids
        self._hard = np.array([isinstance(each, Apart) for each in every], bool)
        self._soft = {n: each for n, each in enumerate(every) if isinstance(each, Measured)}
        named = next((each.ids for each in self._soft.values()), ()) or ids
        self._whole = choice.inputs.ids or named  # all classes: of very many, tables have those that occur
        self.choice = choice.settled(self._whole)
        self.unlike = self._odd()
        if self.unlike and not choice.everything:
            raise UnfitPixels(self.unlike, "score them apart")

    def _odd(self) -> str:
        """Why the images have no losses in common; empty where they have."""
        forms = {each.alike for each in self._soft.values()}
        if self._hard.any():
            binary = self.choice.inputs.binary
            forms |= {(len(self._whole), binary, counts.one_problem(self._pixels[int(self._hard.argmax())], binary))}
        if len({(is_binary, exclusive) for _, is_binary, exclusive in forms}) > 1:
            return "some predictions are maps of the foreground and others are not"
        return "" if len(forms) < 2 else "some predictions have more channels than others"

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """The losses with all their parameters."""
        return self.choice.final(self._whole, self._true_pixels)

    def _true_pixels(self) -> Iterator[Mapping[int, int]]:
        """Of each image the pixels of each class."""
        for n, each in enumerate(self._every):
            if each is None:
                continue
            if n in self._soft:
                soft = self._soft[n].soft.outcomes if self._soft[n].binary else self._soft[n].soft
                yield {id_: round(float(pixels)) for id_, pixels in zip(self._whole, soft.t, strict=True)}
            else:
                found = self._pixels[n].with_ids(self._whole).counts
                yield dict(zip(self._whole, (found.tp + found.fn).tolist(), strict=True))

    @property
    def width(self) -> int:
        """How many values each loss has of an image."""
        return 1 + len(self._ids)

    def values(self, some: Sequence[Asked], images: Array) -> dict[str, Array]:
        """(images, 1 + classes) of some losses and images: the value, and those of the classes; nan where undefined."""
        found = {asked.name: np.full((len(images), self.width), np.nan) for asked in some}
        if self.unlike:
            return found
        plan = Plan([each for each in self.choice.asked if each.name in found])
        for row, n in enumerate(images.tolist()):
            if n in self._soft:
                for asked in some:
                    found[asked.name][row] = self._shown(self._value(asked, self._soft[n]))
        hard = np.flatnonzero(self._hard[images])
        step = max(1, AT_ONCE // (counts.CASES * max(1, len(self._whole))))
        for start in range(0, len(hard), step):  # of some images at a time: what counts tell is many times as large
            rows = hard[start : start + step]
            part = images[rows].tolist()
            told = self._told(plan, [self._pixels[n] for n in part])
            for asked in some:
                found[asked.name][rows] = self._shown(self._of_counts(asked, part, told))
        return found

    def _shown(self, values: Array) -> Array:
        """(…, 1 + classes): the value and those of the classes of the tables, of those of all classes."""
        return np.append(values, np.full((*values.shape[:-1], 1), np.nan), axis=-1)[..., self._columns]

    def _told(self, plan: Plan, pixels: Sequence[PixelEvidence]) -> Measured:
        with np.errstate(all="ignore"):  # an image of which all is ignored has no shares
            return counts.measured(plan, pixels, self._whole, self.choice.inputs.binary)

    def _of_counts(self, asked: Asked, part: list[int], counted: Measured) -> Array:
        if all(map(counts.tells, Plan([asked]).leaves.values())):
            return self._value(asked, counted)
        apart = [self._every[n] for n in part]
        rows = [each.beside(counts.row(counted, n)) for n, each in enumerate(apart) if isinstance(each, Apart)]
        return np.array([self._value(asked, row) for row in rows])

    def total(self, asked: Asked) -> Array:
        """(1 + classes,) the value of the evidence of all images together."""
        if self._together is None:
            return np.full(self.width, np.nan)
        return self._shown(self._value(asked, self._together))

    @cached_property
    def _together(self) -> Measured | None:
        """The evidence of all images together; None where there is none, or none that adds up."""
        if self.unlike or not (self._soft or self._hard.any()):
            return None
        together = list(self._soft.values())
        if apart := [each for each in self._every if isinstance(each, Apart)]:
            pixels = [each for each, hard in zip(self._pixels, self._hard, strict=True) if hard]
            told = self._told(self.choice.plan, [EVIDENCE[pixels[0].kind].evidence.summed(pixels)])
            together.append(functools.reduce(operator.add, apart).beside(counts.row(told, 0)))
        return functools.reduce(operator.add, together)

    def _value(self, asked: Asked, found: Measured) -> Array:
        try:
            with np.errstate(all="ignore"):
                return np.asarray(values(asked, found, self.choice.caller))
        except Unfit:
            return np.full(1 + len(self._whole), np.nan)

    @cached_property
    def _columns(self) -> list[int]:
        """Where the value and those of the classes of the tables stand; behind all others nan, for ids without one."""
        place = {id_: k for k, id_ in enumerate(self._whole, 1)}
        return [0, *(place.get(id_, 1 + len(self._whole)) for id_ in self._ids)]

    @property
    def hard(self) -> int:
        """How many predictions are hard masks."""
        return int(self._hard.sum())


class Values(Columns):
    """The values of losses of some images, made when they are asked for: those of all losses would be by far the most
    that a run keeps of an image.

    So many losses are looked at together as `AT_HAND` bytes hold, and only the last ones asked for are kept.
    """

    def __init__(self, of: Images, images: Array) -> None:
        self.of, self._images = of, images
        self._kept: dict[str, Array] = {}
        super().__init__(_Part(self, np.s_[:, 1:]), _Part(self, np.s_[:, 0]))

    def rows(self, name: str) -> Array:
        """(images, 1 + classes) of a loss."""
        if name not in self._kept:
            start = [*self.classes].index(name) // self._together * self._together
            self._kept = {}  # before others are made
            self._kept = self.of.values(self.of.asked[start : start + self._together], self._images)
        return self._kept[name]

    @property
    def _together(self) -> int:
        """How many losses are looked at together."""
        return max(1, AT_HAND // (8 * self.of.width * max(1, len(self._images))))

    def only(self, images: Array) -> Columns:
        """Those of some images, by their positions."""
        if self._together >= len(self.of.asked):
            return super().only(images)
        return Values(self.of, self._images[images])


@dataclass(frozen=True)
class _Part(Mapping[str, Array]):
    """The columns of images, or of classes, by the names of losses."""

    of: Values
    part: Any

    def __getitem__(self, name: str) -> Array:
        found: Array = self.of.rows(name)[self.part]
        return found

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in self.of.of.asked)

    def __len__(self) -> int:
        return len(self.of.of.asked)
