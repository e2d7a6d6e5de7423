"""From samples to evidence, in one sweep for all losses asked for; and from evidence to their values."""

import functools
import inspect
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from segeval.arrays.functions import like, namespace, plain, ratio
from segeval.errors import Unfit
from segeval.evidence.pixels import Distributions, Numbers, Outcomes, Pixels, Values
from segeval.evidence.sample import LOCAL, Bag, Field, Picture, Sample, Unplaced
from segeval.evidence.soft import ClassSums, LoneClass, PixelSums, SoftConfusion, SoftCounts, Sums
from segeval.losses.engine.parts import Formula, Parts
from segeval.measures import Loss, needs

T = TypeVar("T")
Key = tuple[str, tuple[tuple[str, Any], ...]]
PLACES = (Field, Picture)  # what has to see all of an image


@dataclass(frozen=True)
class Asked:
    """One loss with all its parameters."""

    entry: Loss
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.entry.name


@dataclass(frozen=True)
class Caller:
    """What is chosen outside every formula: how classes are averaged, and which."""

    average: str = "macro"
    presence: str = "union"
    background: bool | None = None  # None: as the loss has it
    mean_weights: tuple[float, ...] | None = None  # of each class in the mean over them; None: all alike


@dataclass(frozen=True)
class Leaf:
    """A formula that eats evidence itself, with its parameters."""

    formula: Formula
    params: Mapping[str, Any]
    outcomes: bool = False  # a binary problem counts both outcomes

    @property
    def key(self) -> Key:
        return key(self.formula, self.params)

    @cached_property
    def needs(self) -> type:
        return needs(self.formula)

    @property
    def by_class(self) -> int:
        """The classes that a parameter has numbers of, one for each; 0 where none has."""
        return max((len(value) for value in self.params.values() if isinstance(value, tuple)), default=0)

    @cached_property
    def sums(self) -> "Made":
        """The evidence of its own kind that it eats, where that depends on parameters."""
        return Made(self.needs, {name: self.params[name] for name in self.needs.chosen_by})  # type: ignore[attr-defined]

    def __call__(self, evidence: Any) -> Any:
        own = getattr(self.needs, "chosen_by", ())
        given = {name: value for name, value in self.params.items() if name not in own}
        if isinstance(evidence, SoftCounts):
            given = {name: _by_channel(value, evidence.p) for name, value in given.items()}
        return self.formula(evidence, **given)

    def margin(self, derived: bool) -> int | None:
        """How far from its class a formula with places looks; None: everywhere. derived: so does its derivative."""
        margin, both = LOCAL.get(self.formula, (None, True))
        if margin is None or (derived and not both):
            return None
        return margin(**self.params) if callable(margin) else margin

    def on(self, sample: Sample) -> "Leaf":
        """The same with what an image says: the place of class 0, and its weight map if none was given."""
        placed = self.placed(sample.background if sample.exclusive else 0)
        if sample.weights is None or self.params.get("weights", 0) is not None:
            return placed
        return Leaf(self.formula, {**placed.params, "weights": sample.weights}, self.outcomes)

    def placed(self, background: int | None) -> "Leaf":
        """The same with the place of class 0 among the outcomes (None: it is none of them), if the formula asks."""
        if not asks_background(self.formula):
            return self
        return Leaf(self.formula, {**self.params, "background": background}, self.outcomes)


@dataclass(frozen=True)
class Made:
    """A kind of sums, and the parameters that say what is summed."""

    kind: type
    params: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return key(self.kind, self.params)

    def of(self, *given: Any) -> Any:
        return self.kind.of(*given, **self.params)  # type: ignore[attr-defined]


def _by_channel(value: Any, p: Numbers) -> Any:
    """A number for each class as an array of the channels; of a binary problem that of the foreground."""
    return like(np.array(value[-p.shape[-1] :]), p) if isinstance(value, tuple) else value


def key(formula: Formula, params: Mapping[str, Any]) -> Key:
    """What tells a formula with its parameters from all others; a map belongs to the image, not to the formula."""
    return formula.__name__, tuple(sorted((k, v) for k, v in params.items() if not hasattr(v, "shape")))


@functools.lru_cache
def asks_background(formula: Formula) -> bool:
    """Whether a formula treats class 0 apart from all others."""
    return "background" in inspect.signature(formula).parameters


@dataclass(frozen=True)
class Placed(Sums):
    """The values of each class of a formula with places, summed over the images where it is defined."""

    of_pred = ("total",)

    total: Numbers
    images: Numbers

    @classmethod
    def of(cls, values: Numbers) -> "Placed":
        defined = ~np.isnan(plain(values))
        total = namespace(values).where(like(defined, values), values, 0.0)
        return cls(total, like(defined.astype(np.float64), values))


@dataclass(frozen=True)
class Measured:
    """What one image, or several together, leave behind for the losses asked for."""

    number: int  # classes in tables
    binary: bool
    exclusive: bool
    background: int | None  # the position of class 0, of exclusive classes
    soft: SoftCounts
    confusion: SoftConfusion | None = None
    sums: Mapping[Key, PixelSums] = field(default_factory=dict)
    classes: Mapping[Key, ClassSums] = field(default_factory=dict)
    kept: Mapping[Key, Placed] = field(default_factory=dict)
    bag: Bag | None = None
    unfit: Mapping[Key, Unfit] = field(default_factory=dict)
    ids: tuple[int, ...] = ()  # the classes, where a run does not name them

    def __add__(self, other: "Measured") -> "Measured":
        return replace(
            self,
            soft=self.soft + other.soft,
            confusion=both(self.confusion, other.confusion),
            sums=added(self.sums, other.sums),
            classes=added(self.classes, other.classes),
            kept=added(self.kept, other.kept),
            bag=both(self.bag, other.bag),
            unfit={**self.unfit, **other.unfit},
        )

    def beside(self, apart: Mapping[str, Any]) -> "Measured":
        """The same with what has to see all of the image, by the fields of this."""
        merged = {name: {**getattr(self, name), **apart[name]} for name in ("sums", "unfit")}
        return replace(self, **{**apart, **merged})

    def only(self, plan: "Plan") -> "Measured":
        """What some of the formulas need of it."""

        def some(every: Mapping[Key, T]) -> dict[Key, T]:
            return {key: each for key, each in every.items() if key in keys}

        keys = {*plan.leaves, *(made.key for made in plan.made(ClassSums))}
        return replace(
            self,
            sums=some(self.sums),
            classes=some(self.classes),
            kept=some(self.kept),
            unfit=some(self.unfit),
        )

    @property
    def alike(self) -> tuple[int, bool, bool]:
        """What images must have in common to add up."""
        return self.number, self.binary, self.exclusive


def added(some: Mapping[Key, Any], others: Mapping[Key, Any]) -> dict[Key, Any]:
    """The sums that both have, added."""
    return {each: sums + others[each] for each, sums in some.items() if each in others}


def both(one: Any, other: Any) -> Any:
    """The sum of two sums; None where one is missing."""
    return None if one is None or other is None else one + other


class Plan:
    """The formulas to be run on every image.

    together: images are going to be added up, and a formula of all pixels in order wants those of all of them.
    """

    def __init__(
        self, asked: Iterable[Asked], wanted: Callable[[Leaf], bool] | None = None, together: bool = False
    ) -> None:
        self.asked = tuple(asked)
        self.together = together
        self._wanted = wanted  # of the formulas; None: all

    @cached_property
    def leaves(self) -> dict[Key, Leaf]:
        """Every formula that eats evidence itself, once, if it is wanted."""
        found: dict[Key, Leaf] = {}
        for each in self.asked:
            _note(found, each.entry.func, each.params, each.entry.outcomes)
        return {key: leaf for key, leaf in found.items() if self._wanted is None or self._wanted(leaf)}

    def of(self, kind: type) -> list[Leaf]:
        return [leaf for leaf in self.leaves.values() if issubclass(leaf.needs, kind)]

    def made(self, kind: type) -> list[Made]:
        """What is to be made of a kind of sums that its formulas choose by their parameters."""
        return [leaf.sums for leaf in self.leaves.values() if issubclass(leaf.needs, kind)]

    @property
    def adds_up(self) -> bool:
        """Whether the evidence of images together is that of one image of all their pixels."""
        return not self.of(Field)

    @property
    def bagged(self) -> list[Leaf]:
        """The formulas of all pixels of all images."""
        return self.of(Unplaced) if self.together else []

    def measure(self, sample: Sample) -> Measured:
        """The evidence of one image: one sweep over its pixels, and what has to see all of it."""
        self.check(sample)
        with np.errstate(under="ignore"):  # what is too small to be a number is 0
            return self._measured(sample)

    def check(self, sample: Sample) -> None:
        """Refuse parameters that do not fit an image."""
        for each in self.asked:
            outcomes, problems = (sample.number, 1) if sample.exclusive else (2, len(sample.channels))
            each.entry.check(outcomes, problems, each.params, sample.weights)

    def _measured(self, sample: Sample) -> Measured:
        swept = functools.reduce(operator.add, (self.swept(pixels, sample) for pixels in sample.blocks()))
        return swept.beside(self.placed(sample, swept.soft))

    def apart(self, sample: Sample, soft: SoftCounts) -> dict[str, Any]:
        """The evidence of one image, by the fields of `Measured`, without that which all formulas share."""
        sums = {}
        if leaves := self.of(Outcomes):
            parts = [
                {leaf.key: _outcomes_sums(leaf.on(sample), each.problems) for leaf in leaves}
                for each in sample.blocks()
            ]
            sums = {key: functools.reduce(operator.add, [part[key] for part in parts]) for key in parts[0]}
        placed = self.placed(sample, soft)
        return {**placed, "sums": {**sums, **placed["sums"]}}

    def placed(self, sample: Sample, soft: SoftCounts) -> dict[str, Any]:
        """The evidence of what has to see all of an image, by the fields of `Measured`."""
        bagged = self.bagged
        leaves = [leaf for leaf in self.of(Field) if leaf not in bagged]
        kept, unfit = fielded(leaves, sample, soft) if leaves else ({}, {})  # counts of tensors cost what is read
        sums = self.pictured(Picture.of(sample)) if self.of(Picture) else {}
        placed = {key: Placed.of(values) for key, values in kept.items()}
        return {"sums": sums, "kept": placed, "bag": Bag.of(sample) if bagged else None, "unfit": unfit}

    def pictured(self, pictures: list[Picture]) -> dict[Key, PixelSums]:
        """The sums of what has to see all of an image, and all classes of it."""
        return {leaf.key: _pictured(leaf, pictures) for leaf in self.of(Picture)}

    def swept(self, pixels: Pixels, sample: Sample) -> Measured:
        """The evidence of some pixels, which adds up."""
        problems, values = pixels.problems, Values(pixels)
        sums = {leaf.key: _outcomes_sums(leaf.on(sample), problems) for leaf in self.of(Outcomes)}
        sums |= {leaf.key: PixelSums.of_channels(leaf(values), pixels.exclusive) for leaf in self.of(Values)}
        if diverging := self.of(Distributions):
            given = [Distributions.of(problem) for problem in problems]
            for leaf in diverging:
                sums[leaf.key] = PixelSums.of([(d.outcomes, _summed(leaf(d)), None) for d in given])
        confusion, unfit = None, {}
        if hard := self.of(SoftConfusion):
            if sample.soft_truth or sample.multilabel:
                unfit = {leaf.key: wants_classes(leaf.formula.__name__) for leaf in hard}
            else:
                confusion = SoftConfusion.of(problems[0])
        classes = {made.key: made.of(problems) for made in self.made(ClassSums)}
        soft = sample.counted(pixels)
        facts = sample.number, sample.binary, sample.exclusive, sample.background
        return Measured(*facts, soft, confusion, sums, classes, unfit=unfit)


def _note(found: dict[Key, Leaf], formula: Formula, params: Mapping[str, Any], outcomes: bool = False) -> Any:
    """Note the formulas that eat evidence themselves among the parts of a formula."""
    if needs(formula) is Parts:
        formula(Parts(lambda part, given: _note(found, part, given)), **params)
    else:
        leaf = Leaf(formula, params, outcomes)
        found[leaf.key] = leaf
    return np.ones(1)


def wants_classes(name: str) -> Unfit:
    """Why a loss that is for labels cannot be computed."""
    return Unfit(f"{name} is for hard truths of classes that exclude each other", f"see `segeval explain loss.{name}`")


def _outcomes_sums(leaf: Leaf, problems: list[Outcomes]) -> PixelSums:
    return PixelSums.of([(problem, problem.expected(leaf(problem)), None) for problem in problems])


def _summed(terms: Numbers) -> Numbers:
    return namespace(terms).sum(terms, axis=0)


def _pictured(leaf: Leaf, pictures: list[Picture]) -> PixelSums:
    parts = []
    for picture in pictures:
        found = leaf(picture)
        values, weights = found if isinstance(found, tuple) else (found, None)
        parts.append((picture.outcomes, picture.outcomes.expected(values), weights))
    return PixelSums.of(parts)


def fielded(
    leaves: Iterable[Leaf], sample: Sample, soft: SoftCounts
) -> tuple[Mapping[Key, Numbers], Mapping[Key, Unfit]]:
    """The values of each class, and misfits.

    Undefined where everything is ignored, and for classes that are not looked at.
    """
    undefined, unfit = like(np.nan, soft.p), {}
    values: dict[Key, list[Numbers]] = {leaf.key: [undefined] * len(own_classes(leaf, sample)) for leaf in leaves}
    for k, field_, wanted in looks(leaves, sample, soft):
        for leaf in wanted:
            try:
                values[leaf.key][own_classes(leaf, sample).index(k)] = _fielded(leaf, sample, k, field_)
            except Unfit as fault:
                unfit[leaf.key] = fault
    xp = namespace(soft.p)
    kept = {key: xp.stack([xp.reshape(value, ()) for value in each]) for key, each in values.items()}
    return {key: each for key, each in kept.items() if key not in unfit}, unfit


def _fielded(leaf: Leaf, sample: Sample, k: int, of_class: Field) -> Numbers:
    """The value of one class: known if another prediction of the same truth had the same."""
    if sample.known is None or not sample.hard_pred:
        return of_class.value(leaf, leaf.margin(derived=False))
    place = leaf.key, k, of_class.digest
    if place not in sample.known:
        sample.known[place] = of_class.value(leaf, leaf.margin(derived=False))
    return sample.known[place]


def looks(leaves: Iterable[Leaf], sample: Sample, soft: SoftCounts) -> Iterator[tuple[int, Field, list[Leaf]]]:
    """Each class with its places, and the formulas that look at it."""
    if sample.total == 0:
        return
    empty = _empty(sample, soft)
    for k in range(sample.number):
        wanted = [leaf for leaf in leaves if k in own_classes(leaf, sample) and k not in empty]
        if wanted:
            yield k, Field.of(sample, k), wanted


def own_classes(leaf: Leaf, sample: Sample | Measured) -> range:
    """The classes that a formula with places has values of."""
    return range(1 if sample.binary and not leaf.outcomes else 0, sample.number)


def _empty(sample: Sample | Measured, soft: SoftCounts) -> set[int]:
    """The channels in neither prediction nor truth, if the truth holds others beside class 0.

    Such a class is in no mean then, whatever the caller chooses: what it costs need not be found out.
    """
    if sample.binary:
        return set()
    union, true = plain(soft.union), plain(soft.t)
    hidden = sample.background if sample.exclusive else None
    others = any(true[k] > 0 for k in range(len(true)) if k != hidden)
    return {k for k in range(len(true)) if others and not union[k] > 0}


def values(asked: Asked, found: Measured, caller: Caller) -> Numbers:
    """The value of a loss, then that of each class: (…, 1 + classes), nan where undefined.

    Unfit where the loss cannot be computed for these inputs.
    """
    empty = plain(found.soft.n)[..., 0] == 0  # everything is ignored
    if empty.all():
        return like(np.full((*empty.shape, 1 + found.number), np.nan), found.soft.p)
    keep_background = caller.background
    if keep_background is None:
        keep_background = asked.entry.background
    result = _compounded(Leaf(asked.entry.func, asked.params, asked.entry.outcomes), found, caller, keep_background)
    return namespace(result).where(like(~empty[..., None], result), result, np.nan) if empty.any() else result


def _compounded(leaf: Leaf, found: Measured, caller: Caller, background: bool) -> Numbers:
    """The values of a formula, of those that it calls where it is made of others."""
    if leaf.needs is not Parts:
        return _value(leaf, found, caller, background)
    # a function inside that called itself by its name would keep the whole image alive
    return leaf.formula(
        Parts(lambda part, given: _compounded(Leaf(part, given), found, caller, background)), **leaf.params
    )


def _value(leaf: Leaf, found: Measured, caller: Caller, background: bool) -> Numbers:
    if leaf.key in found.unfit:
        raise found.unfit[leaf.key]
    if leaf.key in found.sums:
        return _of_sums(found.sums[leaf.key], found.number)
    outcome = found.background if found.exclusive else 0
    if issubclass(leaf.needs, ClassSums):
        sums = found.classes[leaf.sums.key]
        return _of_classes(leaf.placed(outcome)(sums), sums, found.exclusive or found.binary)
    if leaf.needs is SoftConfusion:
        return _single(leaf.placed(outcome)(found.confusion), found.number)
    if leaf.needs is SoftCounts:
        leaf = leaf.placed(outcome if found.exclusive or found.binary else None)
        return _of_counts(leaf, found, caller, background)
    if leaf.key in found.kept:
        kept = found.kept[leaf.key]
        return _over_classes(ratio(kept.total, kept.images), found, caller, background)
    assert found.bag is not None
    empty, undefined, xp = _empty(found, found.soft), like(np.nan, found.soft.p), namespace(found.bag.given)
    each = [undefined if k in empty else leaf(found.bag.field(k)) for k in own_classes(leaf, found)]
    return _over_classes(xp.stack([xp.reshape(value, ()) for value in each]), found, caller, background)


def _of_sums(sums: PixelSums, number: int) -> Numbers:
    per_class = ratio(sums.by, like(plain(sums.per), sums.by))
    overall = ratio(sums.total, like(plain(sums.weight), sums.total))
    assert per_class.shape[-1] == number
    return namespace(sums.total).concat([overall[..., None], per_class], axis=-1)


def _of_classes(terms: Numbers, sums: ClassSums, one_problem: bool) -> Numbers:
    """From terms (…, B, K) that add up to the value of each problem."""
    xp = namespace(terms)
    rows = xp.sum(terms, axis=-1)
    if not one_problem:
        return xp.concat([xp.sum(rows, axis=-1)[..., None] / rows.shape[-1], rows], axis=-1)
    shares = plain(sums.pixels)[..., 0, :] / np.asarray(plain(sums.n)).reshape(*terms.shape[:-2], 1)
    return xp.concat([rows, ratio(terms[..., 0, :], like(shares, terms))], axis=-1)


def _single(value: Numbers, number: int) -> Numbers:
    """A loss that has no value of single classes."""
    nothing = like(np.full((*value.shape, number), np.nan), value)
    return namespace(value).concat([value[..., None], nothing], axis=-1)


def _of_counts(leaf: Leaf, found: Measured, caller: Caller, background: bool) -> Numbers:
    counts = LoneClass(*found.soft.fields) if found.number == 1 else found.soft
    each = leaf(counts)
    if len(each.shape) < len(counts.p.shape):
        hidden = 0 if found.binary else found.background if found.exclusive else None
        each = each if background or hidden is None else leaf(counts.outcomes.without(hidden))
        return _single(each, found.number)
    result = _over_classes(each, found, caller, background)
    if caller.average == "micro" and each.shape == found.soft.p.shape and not leaf.by_class:
        pooled = leaf(found.soft.only(_chosen(found, background)).pooled)
        if pooled.shape[-1] == 1:
            return namespace(result).concat([pooled, result[..., 1:]], axis=-1)
    return result


def _chosen(found: Measured, background: bool) -> list[int]:
    """The channels that take part."""
    channels = range(found.soft.p.shape[-1])
    hidden = None if background or not found.exclusive or len(channels) == 1 else found.background
    return [channel for channel in channels if channel != hidden]


def _over_classes(each: Numbers, found: Measured, caller: Caller, background: bool) -> Numbers:
    """The mean over the classes present (over all, where none is), then each class."""
    rows = each.shape[-1]
    foreground_only = found.binary and rows == 1
    counts = found.soft.outcomes if found.binary and not foreground_only else found.soft
    seen = plain(counts.t if caller.presence == "truth" else counts.union) > 0
    chosen = range(0 if background else rows - 1, rows) if found.binary else _chosen(found, background)
    own = np.isin(np.arange(rows), chosen)
    present = own & seen
    nobody = ~present.any(axis=-1, keepdims=True)
    taken = (present | (own & nobody)) & ~np.isnan(plain(each))
    xp = namespace(each)
    weights = np.ones(rows) if caller.mean_weights is None else np.array(caller.mean_weights[:rows], np.float64)
    total = xp.sum(xp.where(like(taken, each), like(weights, each) * each, 0.0), axis=-1)
    mean = ratio(total, like((taken * weights).sum(axis=-1), each))[..., None]
    if foreground_only:
        return xp.concat([mean, like(np.full(each.shape, np.nan), each), each], axis=-1)
    return xp.concat([mean, xp.where(like(present | nobody, each), each, np.nan)], axis=-1)
