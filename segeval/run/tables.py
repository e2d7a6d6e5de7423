"""What the images of a run left behind, in the order of their ids: what every number of a run is made of."""

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from segeval.evidence.confusion import Confusion
from segeval.evidence.kinds import EVIDENCE, Columns, Kind
from segeval.evidence.run_length import Array
from segeval.measures import Metric
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told
from segeval.run.grouping import Grouping
from segeval.run.scoring import REASONS, Scoring
from segeval.run.statistics import mean


@dataclass(frozen=True)
class Outline:
    """What numbers a run has, before any of them is known."""

    scoring: Scoring
    classes: tuple[tuple[int, str], ...]  # ids and names, in order
    groups: tuple[str, ...] = ()  # of classes
    kinds: tuple[str, ...] = ("counts",)  # of evidence
    losses: Mapping[str, bool] = field(default_factory=dict)  # whether each is the mean of its values of images

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "sections"}  # formulas cannot be pickled

    @cached_property
    def sections(self) -> dict[str, tuple[Told, ...]]:
        """The numbers of the section of each kind that has one."""
        return {kind: SECTIONS.told(kind, self.scoring.kinds.get(kind)) for kind in self.kinds if kind in SECTIONS}

    @property
    def merged(self) -> "Outline":
        """The same for groups of classes, of which pixels are counted, and what else kinds tell of them."""
        kinds = tuple(kind for kind in self.kinds if EVIDENCE[kind].eaten is PIXELS.eaten or EVIDENCE[kind].grouped)
        return Outline(self.scoring, tuple((-1, name) for name in self.groups), (), kinds)

    def known(self, metric: Metric) -> bool:
        """Whether a run has the evidence that a metric is a function of, or its values."""
        kinds = [EVIDENCE[kind] for kind in self.kinds if EVIDENCE[kind].eaten is metric.eats]
        return any(not kind.valued or metric.name in self.scoring.names for kind in kinds)

    def bare(self, eaten: type) -> list[int]:
        """The positions of classes that evidence tells nothing of: the background, where classes exclude each other."""
        kinds = [EVIDENCE[kind] for kind in self.kinds if EVIDENCE[kind].eaten is eaten]
        if "multilabel" in self.kinds:
            return []
        none = {self.scoring.background for kind in kinds if "background" in kind.options}
        none |= {getattr(self.scoring.kinds.get(kind.name), "background", None) for kind in kinds}
        return [k for k, (id_, _) in enumerate(self.classes) if id_ in none]


PIXELS = EVIDENCE["counts"]


@dataclass(frozen=True, eq=False)
class Tables:
    """The columns of each kind of evidence of the images of a run.

    `load` makes the columns of a kind when they are first asked for.
    """

    outline: Outline
    ids: tuple[str, ...]
    groups: tuple[str, ...]  # which images belong together
    truths: tuple[str, ...]  # a digest of each true mask
    load: Mapping[str, Callable[[], Columns]]
    load_merged: Callable[[], "Tables | None"] = lambda: None  # of groups of classes
    _made: dict[Any, Any] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, every: Sequence[Any], ids: Sequence[int], scoring: Scoring | None = None) -> "Tables":
        """The tables of images of which only pixels were counted, over these classes; the images are numbered."""
        kind = every[0].kind if every else PIXELS.name
        outline = Outline(scoring or Scoring(), tuple((id_, str(id_)) for id_ in ids), (), (kind,))
        names = tuple(f"{n:06}" for n in range(len(every)))
        return cls(outline, names, names, names, {kind: lambda: EVIDENCE[kind].evidence.columns(every, ids, None)})

    @property
    def scoring(self) -> Scoring:
        return self.outline.scoring

    def columns(self, kind: str) -> Columns:
        """The columns of a kind."""
        found: Columns = self.once(kind, self.load[kind])
        return found

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """What several numbers share, made for the first of them."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def kind(self, eats: object) -> Kind:
        """The kind of evidence that is eaten by metrics of this annotation."""
        return next(EVIDENCE[name] for name in self.load if EVIDENCE[name].eaten is eats)

    @cached_property
    def merged(self) -> "Tables | None":
        """The tables of groups of classes, from the counts of all their classes."""
        return self.load_merged()

    @cached_property
    def pixels(self) -> Columns:
        """The counts of pixels, which every run has."""
        return self.columns(self.kind(PIXELS.eaten).name)

    @cached_property
    def counts(self) -> Any:
        """The pixels of each image and class: int64 (images, classes) each."""
        return PIXELS.view(**self.pixels.classes)

    @cached_property
    def right(self) -> Array:
        """Of each image the decisions that are right."""
        return self.pixels.images["right"]

    @cached_property
    def decisions(self) -> Array:
        """Of each image all decisions: its pixels that are not ignored, or so many for each channel."""
        return self.pixels.images["pixels"]

    def values(self, metric: Metric) -> Array:
        """A metric of each image and class (images, classes), undefined where the class is not present."""
        kind = self.kind(metric.eats)
        columns = self.columns(kind.name).classes
        if kind.valued:
            return np.where(self.present(self.counts), columns[metric.printed], np.nan)
        return self.scored(metric, kind.view(**columns), self.counts)

    def penalised(self, metric: Metric, values: Array) -> Array:
        """Values of images as means take them: the run's penalty, if it has one, in place of infinite ones."""
        return self._penalised(self.kind(metric.eats), values) if metric.endless else values

    def _penalised(self, kind: Kind, values: Array) -> Array:
        penalty = self.scoring.penalty
        if penalty is None or not np.isinf(values).any():
            return values
        instead = self.columns(kind.name).images[penalty][:, None] if isinstance(penalty, str) else penalty
        return np.where(np.isinf(values), instead, values)

    def scored(self, metric: Metric, evidence: Any, counts: Any) -> Array:
        """A metric where the class is present by its counts, undefined (nan) elsewhere."""
        values = metric.func(evidence, **metric.settings)
        return np.where(self.present(counts), values, np.nan)

    def filled(self, metric: Metric, values: Array, counts: Any, decisions: Array) -> Array:
        """Values as means take them: what is undefined replaced as the run's policy says, by the reason of each."""
        policy = self.scoring.undefined
        words = [_instead(policy.get(reason, "skip"), metric.best) for reason in REASONS]
        if all(map(math.isnan, words)):
            return values
        instead = np.array(words)[reasons(counts, decisions)]
        instead[..., self.outline.bare(metric.eats)] = math.nan
        return np.where(np.isnan(values), instead, values)

    def for_means(self, metric: Metric) -> Array:
        """A metric of each image and class (images, classes) as means take it: penalised, and filled."""
        return self.filled(metric, self.penalised(metric, self.values(metric)), self.counts, self.decisions)

    def in_means(self, metric: Metric, values: Array) -> Array:
        """The columns of classes that are in means of a metric."""
        out, bare = set(self.scoring.mean_without), self.outline.bare(metric.eats)
        if not out and not bare:
            return values
        classes = enumerate(self.outline.classes)
        return values[..., [k for k, (id_, _) in classes if id_ not in out and k not in bare]]

    def present(self, counts: Any) -> Array:
        """Where a class counts."""
        if self.scoring.presence == "always":
            return np.ones(np.shape(counts.tp), bool)
        truth: Array = counts.tp + counts.fn > 0
        return truth if self.scoring.presence == "truth" else truth | (counts.fp > 0)

    def image_means(self, metric: Metric) -> Array:
        """For each image the mean of a metric over its classes."""

        def means() -> Array:
            rows = self.in_means(metric, self.for_means(metric))
            return np.array([mean(row, self.scoring.mean).value for row in rows], np.float64)

        found: Array = self.once(("means of images", metric.printed), means)
        return found

    def only(self, images: Array) -> "Tables":
        """The tables of some images, by their positions."""
        ids, groups, truths = (tuple(each[n] for n in images) for each in (self.ids, self.groups, self.truths))
        return self._changed(lambda columns, _: columns.only(images), ids, groups, truths)

    def grouped(self, grouping: Grouping) -> "Tables":
        """The same with groups made anew, if there is a pattern for them."""
        return self if grouping.pattern is None else self.with_groups(grouping.every(self.ids))

    def with_groups(self, groups: tuple[str, ...]) -> "Tables":
        """The same with other groups of images."""
        return self._changed(lambda columns, _: columns, self.ids, groups, self.truths)

    @property
    def pooled(self) -> "Tables":
        """Each group of images as if it were one image: sums are added, of values the mean is taken."""
        return self if self.clusters == len(self.ids) else self._pooled  # of single images a copy would be the same

    @cached_property
    def _pooled(self) -> "Tables":
        names = tuple(dict.fromkeys(self.groups))

        def pooled(columns: Columns, kind: Kind) -> Columns:
            def each(name: str, values: Array) -> Array:
                if kind.adds(name) == "sum":
                    return self.summed(values)
                return self._means_of_groups(
                    self._penalised(kind, values) if kind.valued and values.ndim > 1 else values
                )

            return columns.mapped(each)

        return self._changed(pooled, names, names, names)

    def _changed(
        self,
        change: Callable[[Columns, Kind], Columns],
        ids: tuple[str, ...],
        groups: tuple[str, ...],
        truths: tuple[str, ...],
    ) -> "Tables":
        def loader(kind: str) -> Callable[[], Columns]:
            return lambda: change(self.columns(kind), EVIDENCE[kind])

        def merged() -> "Tables | None":
            return self.merged and self.merged._changed(change, ids, groups, truths)

        return Tables(self.outline, ids, groups, truths, {kind: loader(kind) for kind in self.load}, merged)

    @cached_property
    def cluster(self) -> Array:
        """The number of each image's group, in the order of the groups' first images."""
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(group, len(numbers)) for group in self.groups], np.int64)

    @property
    def clusters(self) -> int:
        return int(self.cluster.max(initial=-1)) + 1

    def summed(self, values: Array) -> Array:
        """The sums (groups, …) of what images have (images, …)."""
        sums = np.zeros((self.clusters, *values.shape[1:]), values.dtype)
        np.add.at(sums, self.cluster, values)
        return sums

    def _means_of_groups(self, values: Array) -> Array:
        """For each group the mean of the values of its images that are not nan."""
        defined = ~np.isnan(values)
        return ratio(self.summed(np.where(defined, values, 0.0)), self.summed(defined.astype(np.int64)))


def fingerprint(ids: Iterable[str], truths: Iterable[str]) -> str:
    """A sha256 of the ids and true labels of images: equal for equal data, however it is stored."""
    digest = hashlib.sha256()
    for id_, truth in zip(ids, truths, strict=True):
        digest.update(f"{json.dumps(id_)} {truth}\n".encode())
    return digest.hexdigest()


def _instead(word: str, best: float) -> float:
    """What stands for an undefined value in means; 0 and 1 are of a score whose best is 1, and of no distance."""
    if word == "best":
        return best
    return {"zero": 0.0, "one": 1.0}.get(word, math.nan) if best == 1 else math.nan


def reasons(counts: Any, decisions: Array) -> Array:
    """Why a value of these counts (…, classes) would be undefined: positions in `REASONS`."""
    truth, pred = counts.tp + counts.fn, counts.tp + counts.fp
    conditions = [np.broadcast_to(decisions[..., None] == 0, truth.shape), truth + pred == 0, truth == 0, pred == 0]
    return np.select(conditions, range(len(conditions)), len(conditions))


def same(a: float, b: float) -> bool:
    """Whether two numbers are one, to rounding; undefined is undefined."""
    return math.isclose(a, b, rel_tol=1e-9) or (math.isnan(a) and math.isnan(b))


def alike(now: Any, then: Any) -> bool:
    """Whether two documents say the same, to rounding, in all places that both have: a later version says more."""
    if isinstance(now, dict) and isinstance(then, dict):
        return all(alike(now[key], then[key]) for key in now.keys() & then.keys())
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(alike, now, then))
    if isinstance(now, float) and isinstance(then, float):
        return same(now, then)
    return bool(now == then and type(now) is type(then))


def merged_tables(tables: Tables, every: Sequence[Confusion], groups: Mapping[str, Sequence[int]]) -> Tables:
    """The tables of groups of classes, from the counts of each image by id, and what else kinds tell of groups."""
    load = {PIXELS.name: lambda: Confusion.merged(every, groups)}
    for kind in tables.load:
        if grouped := EVIDENCE[kind].grouped:
            load[kind] = functools.partial(_told, grouped, tables, kind, groups)
    return Tables(tables.outline.merged, tables.ids, tables.groups, tables.truths, load)


def _told(
    grouped: Callable[[Columns, Mapping[str, Sequence[int]]], Columns],
    tables: Tables,
    kind: str,
    groups: Mapping[str, Sequence[int]],
) -> Columns:
    return grouped(tables.columns(kind), groups)
