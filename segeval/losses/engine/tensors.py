"""Images that are tensors of torch: the same evidence as of all others, made of whole batches and only if it is read.

Where predictions are logits, one sweep over the batch gives −ln p of what is true and all soft counts
(`segeval.arrays.sweeps`); everything else is torch's own functions, each called when somebody asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from segeval.arrays import sweeps
from segeval.arrays.functions import Array, class_sums, plain
from segeval.arrays.torch import minimum, positions, selected
from segeval.data.checks import HUGE, TOLERANCE
from segeval.data.from_arrays import Images
from segeval.evidence.pixels import Outcomes, Pixels
from segeval.evidence.sample import Picture, Sample
from segeval.evidence.soft import ClassSums, SoftCounts
from segeval.losses.effects import two_pixels
from segeval.losses.engine.evidence import Plan
from segeval.losses.engine.said import Said

Tensor = Any


def tensor_samples(found: Images, said: Said, plan: Plan, per_class: bool) -> list[Sample] | None:
    """The images of a batch of tensors; None where a closer look has to say what they are, or what is wrong."""
    pred = found.pred
    if not pred.is_floating_point():
        return None
    truth = _tensor(found.given_truth, pred.device)
    given, true = (pred, truth) if found.axes.batch else (pred[None], truth[None])
    given = given if found.axes.channels else given[:, None]
    images, number = given.shape[:2]
    exclusive = found.kind == "channels" and said.inputs != "scores" and number > 1
    one_channel = number == 1 and not exclusive and (true.is_floating_point() or said.any_range)
    is_target = found.axes.one_hot or one_channel
    if true.is_floating_point() and not is_target:
        return None
    facts: dict[str, Any] = {"exclusive": exclusive, "logits": said.inputs != "probabilities"}
    facts |= {"raw": said.inputs == "scores", "per_class": per_class, "sums": read_counts(plan, number)}
    if is_target:
        if not _all_fit(said, given, exclusive, *_ends(pred)):
            return None
        target = true.reshape(images, number, -1)
        looked = _looked(target, said, exclusive, pred.dtype)
        if looked is None:
            return None
        kept, hard, mass = looked
        facts |= {"kept": kept, "hard": hard, "mass": mass, "background": 0, "channels": tuple(range(number))}
        tensors = Tensors(given, None, target, costs=bool(plan.of(Outcomes)), **facts)
    else:
        low, high, *ends = _ends(pred, true)
        if not _all_fit(said, given, exclusive, low, high):
            return None
        labels = _labelled(true.reshape(images, -1), said.ignore, number, exclusive, ends)
        if labels is None:
            return None
        places, channels, kept = labels
        facts |= {"kept": kept, "background": channels.index(0) if 0 in channels else None, "channels": channels}
        tensors = Tensors(
            given, places, None, costs=bool([*plan.of(Outcomes), *plan.of(Picture), *plan.made(ClassSums)]), **facts
        )
    return [TensorSample(tensors, n) for n in range(images)]


def read_counts(plan: Plan, channels: int) -> sweeps.Wanted:
    """The sums of a sweep that the formulas of a plan read: found by letting them read those of two pixels."""
    seen: set[str] = set()
    for leaf in plan.of(SoftCounts):
        if any(isinstance(each, torch.Tensor) for each in leaf.params.values()):  # one that learns knows no NumPy
            return tuple(range(sweeps.SUMS))
        with np.errstate(all="ignore"):
            leaf.placed(0)(_Noted(leaf.by_class or channels, seen))
    least = {"pt"} if "least" in seen else set()
    return tuple(place for place, name in enumerate(("p", "pt", "pp", "missed")) if name in seen | least)


class _Noted(SoftCounts):
    """Soft counts of two pixels that note which of them are read."""

    def __init__(self, channels: int, seen: set[str]) -> None:
        vars(self).update(_seen=seen, _values=vars(two_pixels(channels)))

    def __getattr__(self, name: str) -> Any:
        if name not in self._values:
            raise AttributeError(name)
        self._seen.add(name)
        return self._values[name]


def _tensor(truth: Any, device: Any) -> Tensor:
    """A truth on the device of the prediction, of a type that torch can compare."""
    if not isinstance(truth, torch.Tensor):
        array = np.asarray(plain(truth))
        truth = torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
    plain_types = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
    return truth if truth.is_floating_point() or truth.dtype in plain_types else truth.to(torch.int64)


def _ends(*tensors: Tensor) -> list[float]:
    """The least and the largest number of each; nan where one is nan. An accelerator waits but once."""
    ends = [end for each in tensors for end in torch.aminmax(each.detach())]
    found: list[float] = torch.stack([end.to(sweeps.wide(tensors[0])) for end in ends]).tolist()
    return found


def _fits(numbers: str, low: float, high: float) -> bool:
    return bool(low >= 0 and high <= 1 if numbers == "probabilities" else max(-low, high) <= HUGE)


def _all_fit(said: Said, given: Tensor, exclusive: bool, low: float, high: float) -> bool:
    """Whether predictions between these numbers are what was said."""
    if not _fits(said.numbers, low, high):
        return False
    return said.numbers != "probabilities" or not exclusive or _one(*_ends(given.detach().sum(dim=1)))


def _one(low: float, high: float) -> bool:
    """Whether sums between these numbers are 1."""
    return max(1 - low, high - 1) <= TOLERANCE


def _looked(target: Tensor, said: Said, exclusive: bool, dtype: Any) -> "tuple[Tensor | None, bool, Tensor] | None":
    """Of a target (N, C, n) the pixels (N, n) that are not ignored, whether all else is 0 or 1, and its sums (N, C).

    None where it is no target. Each block is looked at once, while it is in the cache.
    """
    if any(0 <= each < max(target.shape[1], 2) for each in said.ignore):  # classes, of which it has no labels
        return None
    kept, to_one, whole = _kept(target, said.ignore), exclusive and not said.any_range, not target.is_floating_point()
    kind = dtype if whole else target.dtype
    few = target[:1, :, :64] if kept is None else target[:1, :, :64] * kept[:1, None, :64]
    maybe_hard = not whole and (target.device.type != "cpu" or not _off(few).any())
    mass = torch.zeros(target.shape[:2], dtype=sweeps.wide(target), device=target.device)
    ends, sums = [], []
    for n, part in sweeps.blocks(target):
        t, counts = sweeps.truth_of(kind, target, kept, n, part)
        mass[n] += t.sum(dim=1)
        ends.append(torch.aminmax(_off(t) if maybe_hard else t))
        if to_one:
            total = t.sum(dim=0)
            sums.append(torch.aminmax(total if counts is None else total + (1 - counts)))
    (low, high), to = _least_and_most(ends, sums)
    hard = whole
    if maybe_hard:
        hard, high = low == high == 0, 1.0
        if not hard:
            every = (sweeps.truth_of(kind, target, kept, n, part)[0] for n, part in sweeps.blocks(target))
            ((low, high),) = _least_and_most([torch.aminmax(t) for t in every])
    wanted = "scores" if said.any_range else "probabilities"
    if not _fits(wanted, low, high) or (to_one and not _one(*to)):
        return None
    return kept, hard and low >= 0 and high <= 1, mass


def _off(t: Tensor) -> Tensor:
    """0 where a number is 0 or 1."""
    return torch.addcmul(t, t, t, value=-1)


def _least_and_most(*every: list[Any]) -> list[list[float]]:
    """Of each list of ends the least and the largest, nan where one is nan; of an empty one nothing."""
    found = [
        end(torch.stack(each))
        for ends in every
        if ends
        for end, each in zip((torch.amin, torch.amax), zip(*ends, strict=True), strict=True)
    ]
    told = iter(torch.stack(found).tolist())  # an accelerator waits but once
    return [[next(told), next(told)] if ends else [] for ends in every]


def _kept(target: Tensor, ignore: frozenset[int]) -> Tensor | None:
    """(N, n): the pixels none of whose channels holds an ignored value; None: all."""
    if not ignore or target.dtype == torch.bool:
        return None
    dropped = torch.zeros((target.shape[0], target.shape[2]), dtype=torch.bool, device=target.device)
    for value in sorted(ignore):
        for channel in target.unbind(1):
            dropped |= channel == value
    return _others(dropped)


def _others(dropped: Tensor) -> Tensor | None:
    """What is kept; None: all."""
    return ~dropped if int(torch.count_nonzero(dropped)) else None


def _labelled(
    labels: Tensor, ignore: frozenset[int], number: int, exclusive: bool, ends: Sequence[float]
) -> tuple[Tensor, tuple[int, ...], Tensor | None] | None:
    """Labels as places among the channels that are classes; None where they are no class.

    These channels, and which pixels are not ignored (None: all); the place of one that is ignored is 0.
    """
    limit = max(number, 2)
    low, high = ends
    known = tuple(c for c in range(number) if c not in ignore) if exclusive else tuple(range(number))
    labels = labels.to(torch.int64)
    if low >= 0 and high < limit and not any(low <= each <= high for each in ignore) and len(known) == number:
        return labels, known, None
    dropped = torch.zeros(labels.shape, dtype=torch.bool, device=labels.device)
    for each in ignore:
        if low <= each <= high:
            dropped |= labels == each
    if not known or bool((~dropped & ((labels < 0) | (labels >= limit))).any()):
        return None
    table = torch.zeros((limit,), dtype=torch.int64)
    table[list(known) if exclusive else slice(None)] = torch.arange(len(known) if exclusive else limit)
    places = table.to(labels.device)[labels.clamp(0, limit - 1)].masked_fill_(dropped, 0)
    return places, known, _others(dropped)


@dataclass(frozen=True, eq=False)
class Tensors:
    """A batch behind the door. The truth is labels, or a target of each channel, never both."""

    given: Tensor  # (N, rows, *spatial) probabilities or logits
    labels: Tensor | None  # int64 (N, n), the place of a class among the channels, 0 where ignored
    target: Tensor | None  # (N, C, n) numbers within [0, 1], of any type
    channels: tuple[int, ...]  # the rows that are classes, in order
    exclusive: bool
    logits: bool
    raw: bool
    background: int | None
    kept: Tensor | None  # bool (N, n), the pixels that are not ignored; None: all
    sums: sweeps.Wanted  # the soft counts that will be read
    costs: bool  # −ln p of what is true will be
    per_class: bool  # values of single classes are wanted
    hard: bool = True  # the truth is 0 or 1 everywhere
    mass: Tensor | None = None  # (N, C), of a target its sums

    @property
    def all_rows(self) -> bool:
        return len(self.channels) == int(self.given.shape[1])

    @cached_property
    def totals(self) -> list[int]:
        """Of each image the pixels that are not ignored."""
        if self.kept is None:
            return [int(np.prod(self.given.shape[2:]))] * len(self.given)
        found: list[int] = torch.stack([torch.count_nonzero(each) for each in self.kept]).tolist()
        return found

    @cached_property
    def flat(self) -> Tensor:
        """(N, rows, n)"""
        return self.given.reshape(*self.given.shape[:2], -1)

    @cached_property
    def rows(self) -> Tensor:
        """(rows of classes,) where they stand among all."""
        return torch.tensor(self.channels, device=self.given.device)

    @property
    def labelled(self) -> bool:
        return self.exclusive and self.labels is not None

    def counted(self, place: int) -> bool:
        """Whether a sweep gives one of the soft counts."""
        return self.logits and place in self.sums

    def _swept(self, sums: sweeps.Wanted, costs: bool) -> sweeps.Swept:
        if self.labelled:
            assert self.labels is not None
            places = self.labels if self.all_rows else self.rows[self.labels]
            return sweeps.softmax_sums(self.flat, places, self.kept, sums)
        if self.exclusive:
            return sweeps.shared_sums(self.flat, self.target, self.kept, sums, costs)
        truth = self.labels[:, None] if self.labels is not None else self.target
        return sweeps.sigmoid_sums(self.flat, truth, self.kept, sums, costs, self.hard)

    @cached_property
    def _sweep(self) -> sweeps.Swept:
        return self._swept(self.sums, self.costs)

    def cost(self, image: int, channel: int) -> Tensor:
        """(n,) of a problem of an image −ln p of what is true, or its mean by what is; 0 where ignored."""
        rows = self._rows
        return rows[image * (len(rows) // len(self.given)) + channel]

    @cached_property
    def _rows(self) -> Sequence[Tensor]:
        return (self._sweep if self.costs or self.labelled else self._swept((), True))[0]

    @cached_property
    def every_surprisal(self) -> list[Tensor]:
        """(rows, n) of each image −ln p of every class, of logits of classes that exclude each other."""
        return list(sweeps.softmax_surprisals(self.flat).unbind(0))

    @cached_property
    def counts(self) -> list[list[Tensor]]:
        """Of each image the soft counts of a sweep, each (C,)."""
        found = self._sweep[1]
        found = found if self.all_rows else found.index_select(2, self.rows)
        return [list(image.unbind(0)) for image in found.unbind(0)]

    @cached_property
    def images(self) -> list[Tensor]:
        """(rows, n) of each image, so that derivatives go back through all of them at once."""
        return list(self.flat.unbind(0))


class TensorSample(Sample):
    """One image of a batch of tensors."""

    def __init__(
        self,
        tensors: Tensors,
        number: int,
        weights: Array | None = None,
        spacing: tuple[float, ...] | None = None,
    ) -> None:
        names = ("channels", "exclusive", "logits", "raw", "background")
        vars(self).update({name: getattr(tensors, name) for name in names})
        vars(self).update(tensors=tensors, place=number, weights=weights, spacing=spacing)

    tensors: Tensors
    place: int

    def weighed(self, weights: Array) -> "TensorSample":
        return TensorSample(self.tensors, self.place, weights, self.spacing)

    def spaced(self, spacing: tuple[float, ...] | None) -> "TensorSample":
        return TensorSample(self.tensors, self.place, self.weights, spacing)

    @property
    def hard(self) -> bool:
        return self.tensors.hard

    @property
    def soft_truth(self) -> bool:
        return self.tensors.target is not None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensors.given.shape[2:])

    @property
    def hard_pred(self) -> bool:
        return False

    @cached_property
    def given(self) -> Tensor:
        """(rows, *spatial)"""
        return self.tensors.images[self.place].reshape(-1, *self.shape)

    @cached_property
    def probabilities(self) -> Tensor:
        if not self.logits:
            return self.given
        return torch.softmax(self.given, dim=0) if self.exclusive else torch.sigmoid(self.given)

    @cached_property
    def truth(self) -> Array:
        """The same as that of other samples, where places are looked at."""
        kept = True if self.tensors.kept is None else self.tensors.kept[self.place].cpu().numpy()
        if self.tensors.labels is not None:
            return np.where(kept, self.labels.cpu().numpy(), -1).reshape(self.shape)
        return np.where(kept, self.target.double().cpu().numpy(), 0).reshape(-1, *self.shape)

    @property
    def labels(self) -> Tensor:
        """(n,)"""
        assert self.tensors.labels is not None
        return self.tensors.labels[self.place]

    @property
    def target(self) -> Tensor:
        """(C, n)"""
        assert self.tensors.target is not None
        return self.tensors.target[self.place]

    @cached_property
    def index(self) -> Tensor | None:
        """The pixels that are not ignored; None: all."""
        return None if self.tensors.kept is None else positions(self.tensors.kept[self.place])

    @cached_property
    def keep(self) -> Array | None:
        kept = self.tensors.kept
        return None if kept is None else np.asarray(kept[self.place].cpu().numpy().reshape(self.shape))

    @property
    def total(self) -> int:
        return self.tensors.totals[self.place]

    @cached_property
    def mass(self) -> Tensor:
        """(K,) the true mass of each class, of a binary problem of labels of both outcomes."""
        if self.tensors.mass is not None:
            return self.tensors.mass[self.place]
        kept = self.labels if self.index is None else self.labels[self.index]
        ones = torch.ones((), dtype=sweeps.wide(self.tensors.given), device=kept.device).expand(kept.shape)
        return class_sums(ones, kept, self.number)

    @property
    def whole(self) -> Pixels:
        return TensorPixels(self)

    def counted(self, pixels: Pixels) -> SoftCounts:
        assert isinstance(pixels, TensorPixels)
        return TensorCounts(pixels)

    def truth_of(self, k: int) -> Tensor:
        kind, kept = self.tensors.given.dtype, self.tensors.kept
        t = self.labels == k if self.tensors.labels is not None else self.target[0 if self.binary else k].to(kind)
        if kept is not None:
            t = torch.where(kept[self.place], t, 0)
        t = t.to(kind).reshape(self.shape)
        return 1 - t if self.binary and k == 0 and self.tensors.labels is None else t


class TensorPixels(Pixels):
    """The pixels of one image that are not ignored."""

    def __init__(self, image: TensorSample) -> None:
        vars(self).update(image=image, exclusive=image.exclusive, raw=image.raw)

    image: TensorSample

    @property
    def hard(self) -> bool:
        return self.image.hard

    @property
    def number(self) -> int:
        return len(self.image.channels)

    def of_kept(self, values: Tensor) -> Tensor:
        """The last axis without what is ignored."""
        return values if self.image.index is None else selected(values, self.image.index)

    @cached_property
    def _chosen(self) -> Tensor:
        """(C, n) what was given of the classes; of logits of classes that exclude each other their logarithms."""
        tensors = self.image.tensors
        found = tensors.images[self.image.place]
        if tensors.logits and tensors.exclusive:
            found = torch.log_softmax(found, dim=0)
        return self.of_kept(found if tensors.all_rows else found.index_select(0, tensors.rows))

    @cached_property
    def p(self) -> Tensor:
        if self.image.logits and self.exclusive and "_chosen" in vars(self):
            return torch.exp(self._chosen)
        found = self.image.probabilities.reshape(self.image.tensors.flat.shape[1:])
        return self.of_kept(found if self.image.tensors.all_rows else found.index_select(0, self.image.tensors.rows))

    @property
    def log_p(self) -> Tensor | None:
        return self._chosen if self.image.logits and self.exclusive else None

    @property
    def x(self) -> Tensor | None:
        return self._chosen if self.image.logits and not self.exclusive else None

    @cached_property
    def labels(self) -> Tensor | None:
        return self.of_kept(self.image.labels) if self.exclusive and not self.image.soft_truth else None

    @cached_property
    def target(self) -> Tensor | None:
        if self.exclusive and not self.image.soft_truth:
            return None
        return self.raw_target.to(self.image.tensors.given.dtype)

    @cached_property
    def raw_target(self) -> Tensor:
        """(C, n) in the type that it came in."""
        return self.of_kept(self.image.target if self.image.soft_truth else self.image.labels[None])

    @cached_property
    def truth(self) -> Tensor:
        """(C, n) numbers."""
        if self.target is not None:
            return self.target
        assert self.labels is not None
        channels = torch.arange(len(self.image.channels), device=self.labels.device)
        return (self.labels[None] == channels[:, None]).to(self.image.tensors.given.dtype)

    @cached_property
    def place(self) -> Array | None:
        return None if self.image.index is None else np.asarray(self.image.index.cpu().numpy())

    @property
    def total(self) -> int:
        return self.image.total

    @cached_property
    def p_true(self) -> Tensor:
        assert self.labels is not None
        return self.p.gather(0, self.labels[None])[0]

    @cached_property
    def counts(self) -> Tensor:
        return self.image.mass

    @property
    def problems(self) -> list[Outcomes]:
        return [TensorOutcomes(self, channel) for channel in range(1 if self.exclusive else self.number)]


class TensorOutcomes(Outcomes):
    """One problem of an image, of which only what is read is made."""

    def __init__(self, pixels: TensorPixels, channel: int) -> None:
        vars(self).update(pixels=pixels, channel=channel)

    pixels: TensorPixels

    @cached_property
    def _plain(self) -> Outcomes:
        """The same as of any other kind of array."""
        return self.pixels.classes if self.pixels.exclusive else self.pixels.of_channel(self.channel)

    @cached_property
    def cost(self) -> Tensor:
        image = self.pixels.image
        if not image.logits:
            return self.expected(self.surprisal)
        return self.pixels.of_kept(image.tensors.cost(image.place, self.channel))

    @property
    def _lone(self) -> bool:
        """Whether a pixel has one outcome that is true, and a sweep gives what it costs."""
        return (
            self.pixels.image.logits
            and (self.pixels.image.tensors.labelled or not self.pixels.exclusive)
            and self.pixels.hard
        )

    @cached_property
    def surprisal(self) -> Tensor:
        image = self.pixels.image
        if self._lone:
            return self.cost
        if self.pixels.exclusive and image.logits and image.tensors.all_rows:
            return self.pixels.of_kept(image.tensors.every_surprisal[image.place])
        return self._plain.surprisal

    @cached_property
    def p(self) -> Tensor:
        return torch.exp(-self.surprisal) if self._lone else self._plain.p

    @cached_property
    def share(self) -> Tensor | None:
        if self.pixels.exclusive:
            return self.pixels.target
        return None if self._lone else self._plain.share

    @cached_property
    def labels(self) -> Tensor | None:
        if not self._lone:
            return self._plain.labels
        return (
            self.pixels.labels
            if self.pixels.exclusive
            else (self.pixels.raw_target[self.channel] > 0.5).to(torch.int64)
        )

    def expected(self, values: Tensor) -> Tensor:
        if self.share is None or values.ndim == 1:
            return values
        return sweeps.expected(values, self.share)

    def by_class(self, values: Tensor) -> Tensor:
        if not self.pixels.image.tensors.per_class:  # nobody looks at them
            return values.new_full((self.number,), float("nan"))
        return self.by_outcome(values)

    @property
    def class_mass(self) -> Tensor:
        return self.mass if self.pixels.image.tensors.per_class else self.by_class(self.surprisal)

    @cached_property
    def mass(self) -> Tensor:
        image = self.pixels.image
        if self.pixels.exclusive or not image.soft_truth:
            return image.mass
        true = image.mass[self.channel]
        return torch.stack([self.pixels.total - true, true])


class TensorCounts(SoftCounts):
    """Each count when it is asked for."""

    def __init__(self, pixels: TensorPixels) -> None:
        vars(self).update(pixels=pixels, image=pixels.image)

    pixels: TensorPixels
    image: TensorSample

    def __add__(self, other: SoftCounts) -> SoftCounts:  # type: ignore[override]
        return SoftCounts(*(mine + its for mine, its in zip(self.fields, other.fields, strict=True)))

    def _counted(self, place: int) -> Tensor | None:
        """The count of a sweep, if there is one."""
        return self.image.tensors.counts[self.image.place][place] if self.image.tensors.counted(place) else None

    @cached_property
    def p(self) -> Tensor:
        found = self._counted(sweeps.P)
        return self._summed(self.pixels.p) if found is None else found

    @cached_property
    def t(self) -> Tensor:
        mass = self.image.mass
        return mass[1:] if self.image.binary and not self.image.soft_truth else mass

    @cached_property
    def pt(self) -> Tensor:
        found = self._counted(sweeps.PT)
        if found is not None:
            return found
        if self.pixels.labels is not None:
            return class_sums(self.pixels.p_true, self.pixels.labels, self.pixels.number)
        return self._summed(self.pixels.p * self.pixels.truth)

    @cached_property
    def pp(self) -> Tensor:
        found = self._counted(sweeps.PP)
        return self._summed(self.pixels.p * self.pixels.p) if found is None else found

    @cached_property
    def tt(self) -> Tensor:
        return self.t if self.image.hard else self._summed(self.pixels.truth * self.pixels.truth)

    @cached_property
    def least(self) -> Tensor:
        if self.pixels.labels is not None or (self.image.logits and self.image.hard):
            return self.pt
        return self._summed(minimum(self.pixels.p, self.pixels.truth))

    @cached_property
    def missed(self) -> Tensor:
        found = self._counted(sweeps.MISSED)
        if found is not None:
            return found
        if self.pixels.labels is not None:
            return class_sums((1 - self.pixels.p_true) ** 2, self.pixels.labels, self.pixels.number)
        return self._summed((self.pixels.p - self.pixels.truth) ** 2 * self.pixels.truth)

    @cached_property
    def n(self) -> Tensor:
        return torch.full_like(self.t, float(self.image.total))

    def _summed(self, values: Tensor) -> Tensor:
        return values.sum(dim=1).to(sweeps.wide(values))
