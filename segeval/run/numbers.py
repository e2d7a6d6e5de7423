"""The numbers of a run: which there are, what each is of images however they are drawn, which side of it is better."""

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segeval.catalog import did_you_mean
from segeval.errors import UnknownName
from segeval.evidence.kinds import EVIDENCE, Columns
from segeval.evidence.run_length import Array
from segeval.measures import Measure, Metric, Metrics, turned
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told
from segeval.run.averages import AVERAGES, Average
from segeval.run.bootstrap import Stat
from segeval.run.means import Drawn, once
from segeval.run.scoring import REASONS
from segeval.run.statistics import Mean, mean
from segeval.run.tables import PIXELS, Outline, Tables, reasons

MISSED, INVENTED = "empty-prediction", "empty-truth"  # why a distance is infinite
MEANS = tuple(each.name for each in AVERAGES.values() if not each.quiet)  # those that are always told
SUMMARY = Metrics("summary number")


@SUMMARY.add(low=0, high=1, best=1, short="pixel accuracy")
def pixel_accuracy(d: Drawn) -> Array:
    """Share of the pixels that are predicted as what they are.

        pixel_accuracy = Σ_c tp_c / pixels

    Of classes that do not exclude each other, the share of right decisions, one for each class and pixel.
    """
    return ratio(d.pixels.images["right"], d.pixels.images["pixels"])


@SUMMARY.add(low=0, high=1, best=1, short="frequency-weighted IoU")
def fw_iou(d: Drawn) -> Array:
    """Mean of the IoU of classes, each weighing as many pixels as the truth has of it.

        fw_iou = Σ_c t_c iou_c / Σ_c t_c, t_c = tp_c + fn_c

    Long, J. et al. (2015). arXiv:1411.4038
    """
    truth = d.counts.tp + d.counts.fn
    iou = METRICS["iou"].func(d.counts)
    return ratio(d.total(np.where(truth > 0, iou, 0.0) * truth), d.total(truth))


@SUMMARY.add(low=0, high=1, best=1, short="mean accuracy")
def mean_accuracy(d: Drawn) -> Array:
    """Mean of the recall of classes over the whole data set, also called class accuracy.

        mean_accuracy = mean over c of tp_c / (tp_c + fn_c)

    The same as `mrecall_dataset`.
    """
    return d.over_classes(d.class_terms(METRICS["recall"]))


@SUMMARY.add(low=-1, high=1, best=1, short="multi-class kappa", quiet=True)
def multiclass_kappa(d: Drawn) -> Array:
    """Cohen's kappa of all classes at once: agreement beyond chance.

        multiclass_kappa = (p_o − p_e) / (1 − p_e), p_o = Σ_c tp_c / N, p_e = Σ_c t_c p_c / N²

    t_c and p_c are the true and the predicted pixels of a class, N all.  What is predicted as no class agrees with
    nothing.  Undefined where p_e is 1, and for classes that do not exclude each other.

    Cohen, J. (1960). doi:10.1177/001316446002000104
    """
    right, whole, truth, pred = _marginals(d)
    chance = d.total(truth * pred)
    return ratio(right * whole - chance, whole * whole - chance)


@SUMMARY.add(low=-1, high=1, best=1, short="multi-class MCC", quiet=True)
def multiclass_mcc(d: Drawn) -> Array:
    """Correlation of truth and prediction over all classes at once: R_K, which is `mcc` for two classes.

        multiclass_mcc = (N Σ_c tp_c − Σ_c t_c p_c) / √((N² − Σ_c p_c²)(N² − Σ_c t_c²))

    t_c and p_c are the true and the predicted pixels of a class, N all.  What is predicted as no class is one more
    class that is never true.  Undefined where truth or prediction is all of one class, and for classes that do not
    exclude each other.

    Gorodkin, J. (2004). doi:10.1016/j.compbiolchem.2004.09.006
    """
    right, whole, truth, pred = _marginals(d)
    other = whole - d.total(pred)
    spread_of_pred = whole * whole - d.total(pred * pred) - other * other
    spread = np.sqrt(spread_of_pred) * np.sqrt(whole * whole - d.total(truth * truth))
    return ratio(right * whole - d.total(truth * pred), spread)


def _marginals(d: Drawn) -> tuple[Array, Array, Array, Array]:
    """Right and all pixels (B,), true and predicted pixels of classes (B, C), as floats; nan of channels."""
    kind = d.tables.kind(PIXELS.eaten)
    exclusive = 1.0 if kind is PIXELS else math.nan
    parts = d.pixels.images["right"], d.pixels.images["pixels"], d.counts.tp + d.counts.fn, d.counts.tp + d.counts.fp
    right, whole, truth, pred = (np.asarray(part, np.float64) * exclusive for part in parts)
    return right, whole, truth, pred


@dataclass(frozen=True)
class Number:
    """One number of a run: which, of which class, and over what."""

    name: str
    title: str  # as it is written in a rule: `iou[person]`
    low: float
    high: float
    best: float  # the value that cannot be better; nan: none is
    drawn: Callable[[Drawn], Array] | None  # (B,); None: its images do not tell it
    path: tuple[str | int, ...] = ()  # where a document has it; none: a document does not
    refusal: str = ""  # why it cannot be told from images
    images: Callable[[Tables], Array] | None = None  # what it is of single images (images,); None: nothing
    terms: Callable[[Drawn], Array] | None = None  # what it is a mean of, if it is one: (1, n) of images drawn once
    unit: str = ""  # pixel | spacing
    endless: bool = False  # a single image can make it infinite
    bare: bool = False  # of the background, which has no such number

    def good(self, values: Array) -> Array:
        """The values turned so that more is better."""
        found: Array = turned(values, self)
        return found

    def of_images(self, tables: Tables) -> float:
        """The number of these images; nan where they do not tell it."""
        return math.nan if self.drawn is None else float(self.drawn(once(tables))[0])

    def mean(self, drawn: Drawn) -> Mean:
        """The number of images drawn once, with how many of how many terms are undefined."""
        assert self.drawn
        value = float(self.drawn(drawn)[0])
        terms = np.array([value]) if self.terms is None else self.terms(drawn)
        return Mean(value, int(np.isnan(terms).sum()), terms.size)


@dataclass(frozen=True)
class Column:
    """A number of each class."""

    name: str
    of: Callable[[Drawn], Array]  # (B, classes)
    images: Callable[[Tables], Array] | None  # (images, classes)
    measure: Measure | None = None
    best: float = math.nan  # of a count: the one that cannot be better

    def number(self, outline: Outline, k: int) -> Number:
        """The number of a class."""
        of, images, title = self.of, self.images, f"{self.name}[{outline.classes[k][1]}]"
        own = None if images is None else lambda tables: images(tables)[:, k]
        number = _number(self.name, title, self.measure, lambda d: of(d)[:, k], ("classes", k, self.name), own)
        bare = isinstance(self.measure, Metric) and k in outline.bare(self.measure.eats)
        return replace(number, bare=bare) if self.measure else replace(number, best=self.best)


def _number(
    name: str,
    title: str,
    measure: Measure | None,
    of: Callable[[Drawn], Array] | None,
    path: tuple[str | int, ...] = (),
    images: Callable[[Tables], Array] | None = None,
    terms: Callable[[Drawn], Array] | None = None,
    refusal: str = "",
) -> Number:
    low, high, best, unit = (
        (measure.low, measure.high, measure.best, measure.unit) if measure else (0.0, math.inf, math.nan, "")
    )
    endless = isinstance(measure, Metric) and measure.endless
    return Number(name, title, low, high, best, of, path, refusal, images, terms, unit, endless)


def summary(outline: Outline) -> dict[str, Number]:
    """The numbers of the whole data set, by name: those of `SUMMARY`, then the means over classes, of groups too.

    Quiet ones are told where the options name them.
    """
    asked = outline.scoring.numbers
    return {name: number for name, (number, quiet) in _all_of(outline).items() if not quiet or name in asked}


def every(outline: Outline) -> dict[str, Number]:
    """The same, and those that are told only where they are asked for."""
    return {name: number for name, (number, _) in _all_of(outline).items()}


def _all_of(outline: Outline) -> dict[str, tuple[Number, bool]]:
    """Every number of the whole data set, and whether it is quiet."""
    found = {n: (_number(n, n, each, each.func, ("summary", n)), each.quiet) for n, each in SUMMARY.items()}
    right, quiet = found["pixel_accuracy"]
    found["pixel_accuracy"] = replace(right, images=lambda tables: ratio(tables.right, tables.decisions)), quiet
    for prefix, own in [("", outline), *([("group_", outline.merged)] if outline.groups else [])]:
        accuracy = _mean(own, METRICS["recall"], AVERAGES["dataset"], "mean_accuracy", prefix)
        found[accuracy.name] = accuracy, False
        for metric in _with_means(own):
            for average in AVERAGES.values():
                if metric.eats is COUNTS or not average.pixels:
                    number = _mean(own, metric, average, metric.mean_name(average.name), prefix)
                    found[number.name] = number, average.quiet or not _unasked(own, metric)
    return found


def averaged(outline: Outline) -> list[Metric]:
    """The metrics whose means are always told: of pixel counts, and those of other evidence that were asked for."""
    return [metric for metric in _with_means(outline) if _unasked(outline, metric)]


def _unasked(outline: Outline, metric: Metric) -> bool:
    return not metric.quiet and (metric.eats is COUNTS or metric.name in outline.scoring.names)


def _with_means(outline: Outline) -> list[Metric]:
    """The metrics that a run can take means of, each with its parameters."""
    known = [metric for metric in METRICS.values() if metric.mean and outline.known(metric)]
    return [bound for metric in known for bound in outline.scoring.bound(metric)]


COUNTS = METRICS["iou"].eats


def _mean(outline: Outline, metric: Metric, average: Average, name: str, prefix: str = "") -> Number:
    """A mean over classes, or over those of groups."""

    def within(change: Callable[[Drawn, Metric], Array]) -> Callable[[Drawn], Array]:
        return (lambda d: change(d.merged, metric)) if prefix else (lambda d: change(d, metric))

    def images(tables: Tables) -> Array:
        owner = tables.merged if prefix else tables
        assert owner
        return average.images(owner, metric)

    def of(d: Drawn, metric: Metric) -> Array:
        if metric.low < 0 and outline.scoring.mean != "arithmetic" and not average.pixels:
            return np.full(average.value(d, metric).shape, math.nan)
        return average.value(d, metric)

    key = f"{prefix}{name}"
    return _number(key, key, metric, within(of), ("summary", key), images, within(average.terms))


def columns(outline: Outline) -> dict[str, Column]:
    """The numbers of each class: counts, the metrics asked for, means over images."""
    found = {name: _counted(name, *each) for name, each in COUNTED.items()}
    for metric in filter(outline.known, outline.scoring.entries):
        found[metric.printed] = _scored(metric)
        if metric.endless:
            found[metric.beside("finite")] = _finite(metric)
    pooled = [metric for metric in averaged(outline) if metric.dataset == "pooled"]
    return found | {column.name: column for column in map(_over_images, pooled)}


# What is counted of each image and class and summed over images, with the number that cannot be better (nan: none).
COUNTED: dict[str, tuple[Callable[[Any, Array], Array], float]] = {
    "images": (lambda _, present: present, math.nan),
    "n_both_empty": (lambda counts, _: counts.tp + counts.fn + counts.fp == 0, math.nan),
    "n_missed": (lambda counts, _: (counts.tp + counts.fp == 0) & (counts.fn > 0), 0),
    "n_hallucinated": (lambda counts, _: (counts.tp + counts.fn == 0) & (counts.fp > 0), 0),
    "truth_pixels": (lambda counts, _: counts.tp + counts.fn, math.nan),
    "pred_pixels": (lambda counts, _: counts.tp + counts.fp, math.nan),
    "tp": (lambda counts, _: counts.tp, math.nan),
    "fp": (lambda counts, _: counts.fp, math.nan),
    "fn": (lambda counts, _: counts.fn, math.nan),
    "tn": (lambda counts, _: counts.tn, math.nan),
}


def _counted(name: str, count: Callable[[Any, Array], Array], best: float) -> Column:
    def of_images(tables: Tables) -> Array:
        return count(tables.counts, tables.present(tables.counts)).astype(np.int64)

    def summed(d: Drawn) -> Array:
        groups = Columns({name: d.tables.summed(of_images(d.tables))}, {})
        return d.sums(groups, lambda _: "sum").classes[name]

    return Column(name, summed, of_images, best=best)


def _scored(metric: Metric) -> Column:
    def of_images(tables: Tables) -> Array:
        return tables.penalised(metric, tables.values(metric))

    return Column(metric.printed, lambda d: d.dataset(metric), of_images, metric)


def _finite(metric: Metric) -> Column:
    """The mean over the images where it is finite, beside a mean that one missed class makes infinite."""

    def of_images(tables: Tables) -> Array:
        values = tables.values(metric)
        return np.where(np.isinf(values), np.nan, values)

    return Column(metric.beside("finite"), lambda d: d.finite_means(metric), of_images, metric)


def _over_images(metric: Metric) -> Column:
    """The mean over images of what is of summed evidence else."""
    return Column(f"{metric.name}_over_images", lambda d: d.means(metric), lambda tables: tables.values(metric), metric)


def numbers(outline: Outline) -> Iterator[Number]:
    """Every number of a run."""
    yield from summary(outline).values()
    for column in columns(outline).values():
        yield from (column.number(outline, k) for k in range(len(outline.classes)))
    for name in outline.losses:
        yield from (_loss(outline, name, k) for k in (None, *range(len(outline.classes))))
    for kind in outline.sections:
        yield from section(outline, kind)


def section(outline: Outline, kind: str) -> Iterator[Number]:
    """The numbers of the section of a kind of evidence."""
    for told in outline.sections[kind]:
        places = range(len(outline.classes)) if told.over == "class" else [None]
        yield from (_told(outline, kind, told, k) for k in places)


def _told(outline: Outline, kind: str, told: Told, k: int | None) -> Number:
    """A number of a section, of a class if it is one of each."""
    name, of = f"{kind}.{told.name}", told.of
    places = _among(outline, told) if told.over == "classes" else None

    def of_images(tables: Tables) -> Array:
        values = of(tables.columns(kind))
        if places is not None:
            return np.array([mean(row, tables.scoring.mean).value for row in values[:, places]], np.float64)
        return values if k is None else values[:, k]

    def drawn(d: Drawn) -> Array:
        if told.over == "images":
            return d.over_images(of_images(d.tables)[:, None])[:, 0]
        values = of(d.pooled(EVIDENCE[kind].eaten))
        if places is not None:
            return d.over_classes(values[:, places])
        return values if k is None else values[:, k]

    class_ = None if k is None else outline.classes[k][1]
    path = (kind, *(class_ if step == "*" and class_ is not None else step for step in told.path))
    title = name if class_ is None else f"{name}[{class_}]"
    number = _number(name, title, told.measure, drawn, path, of_images)
    number = replace(number, bare=k in outline.bare(EVIDENCE[kind].eaten))
    return number if told.measure else replace(number, best=told.best)


def _among(outline: Outline, told: Told) -> list[int]:
    """The positions of the classes in a mean over them."""
    out, among = set(outline.scoring.mean_without), told.among
    return [k for k, (id_, _) in enumerate(outline.classes) if id_ not in out and (among is None or among(id_))]


def find(outline: Outline, name: str, class_: int | None, over: str = "images", stat: Stat | None = None) -> Number:
    """The number of that name.  UnknownName where the run has none.

    class_: a position in the class table.  stat: what to tell of the scores of single images or groups (`over`);
    without one the number is of all of them together.
    """
    if name.startswith("loss."):
        number = _loss(outline, name.removeprefix("loss."), class_)
        return number if stat is None else _spread(number, over, stat)
    kind, dot, rest = name.partition(".")
    if dot and kind in SECTIONS:
        number = _of_section(outline, kind, rest, class_)
        return number if stat is None else _spread(number, over, stat)
    if stat is not None:
        return _spread(_of_images(outline, name, class_, over), over, stat)
    return _of_all(outline, name) if class_ is None else _of_class(outline, name, class_)


def _of_section(outline: Outline, kind: str, name: str, k: int | None) -> Number:
    """The number of a section of that name, of a class or of all."""
    if kind not in outline.sections:
        raise UnknownName(f"the run has no {kind}", f"score with {kind} among the --metrics")
    known = {(told.name, told.over == "class"): told for told in outline.sections[kind]}
    if found := known.get((name, k is not None)):
        return _told(outline, kind, found, k)
    if (name, True) in known:
        raise UnknownName(f"{kind}.{name} belongs to classes", f"write {kind}.{name}[CLASS] or {kind}.{name}[*]")
    if (name, False) in known:
        raise UnknownName(f"{kind}.{name} is of no single class", f"write {kind}.{name} without a class")
    names = [name for name, of_class in known if of_class == (k is not None)]
    raise UnknownName(f"the run has no number called '{kind}.{name}'", did_you_mean(name, names))


def _of_all(outline: Outline, name: str) -> Number:
    known = every(outline)
    name = found.name if (found := SUMMARY.known(name)) else name
    alike = [each for each in known if each == name] or [each for each in known if each.partition("@")[0] == name]
    if len(alike) == 1:
        return known[alike[0]]
    if alike:
        raise UnknownName(f"there are several {name}", f"say which: {', '.join(alike)}")
    if name in {metric.mean_stem for metric in _with_means(outline)}:
        raise UnknownName(f"there are several {name}", f"say which: {', '.join(f'{name}_{kind}' for kind in AVERAGES)}")
    if name in METRICS or name in columns(outline):
        raise UnknownName(f"{name} belongs to classes", f"write {name}[CLASS], {name}[*] or {name} over images STAT")
    raise UnknownName(f"the run has no number called {name!r}", did_you_mean(name, list(known)))


def _of_class(outline: Outline, name: str, k: int) -> Number:
    known = columns(outline)
    metric = _metric(outline, name)
    if metric:
        known[name] = _scored(metric)
    if name not in known and name.endswith("_over_images") and (of := _metric(outline, name[: -len("_over_images")])):
        known[name] = _over_images(of)
    if name not in known:
        raise UnknownName(f"the run has no number of a class called {name!r}", did_you_mean(name, [*known, *METRICS]))
    return known[name].number(outline, k)


def _metric(outline: Outline, name: str) -> Metric | None:
    """The metric of that name, with or without the values of its parameters: `f_beta@2`."""
    known = [each for metric in METRICS.values() if outline.known(metric) for each in outline.scoring.bound(metric)]
    name = also.name if (also := METRICS.known(name)) else name
    found = [metric for metric in known if metric.printed == name] or [each for each in known if each.name == name]
    if len(found) > 1:
        raise UnknownName(f"there are several {name}", f"say which: {', '.join(each.printed for each in found)}")
    return found[0] if found else None


def _of_images(outline: Outline, name: str, k: int | None, over: str) -> Number:
    """A metric of single images: of a class, or the mean over classes."""
    metric = _metric(outline, name)
    if metric is None:
        raise UnknownName(f"{name} is no metric of single {over}", did_you_mean(name, list(METRICS)))
    kind, printed = outline.scoring.mean, metric.printed
    if k is not None:
        return _scored(metric).number(outline, k)
    if kind != "arithmetic" and metric.low < 0:
        raise UnknownName(f"{name} may be below 0 and has no {kind} mean over classes", f"write {name}[CLASS]")
    return _number(metric.name, printed, metric, None, images=lambda tables: tables.image_means(metric))


def _spread(number: Number, over: str, stat: Stat) -> Number:
    """A statistic of what a number is of single images or groups."""
    images = number.images
    assert images

    def of(d: Drawn) -> Array:
        rows = d.tables if over == "images" else d.tables.pooled
        return stat.of(d.weights_of(over), images(rows), number.good)

    title = f"{number.title} over {over} {stat.name}"
    return replace(
        number, title=title, drawn=of, path=(), refusal="", images=images if over == "images" else None, terms=None
    )


def _loss(outline: Outline, loss: str, k: int | None) -> Number:
    from segeval.losses import LOSSES  # here, since most runs have none

    known = outline.losses
    if loss not in known:
        hint = did_you_mean(loss, list(known)) if known else "score with --losses"
        raise UnknownName(f"the run has no loss called {loss!r}", hint)
    name = f"loss.{loss}"
    title = name if k is None else f"{name}[{outline.classes[k][1]}]"
    tail = ("value",) if k is None else ("per_class", outline.classes[k][1])

    def of_images(tables: Tables) -> Array:
        found = tables.columns("losses")
        return found.images[loss] if k is None else found.classes[loss][:, k]

    refusal = "" if known[loss] else f"{name} is computed of summed evidence (--loss-over batch)"
    of = None if refusal else (lambda d: d.over_images(of_images(d.tables)[:, None])[:, 0])
    return _number(name, title, LOSSES[loss], of, ("losses", loss, *tail), of_images, None, refusal)


def class_rows(drawn: Drawn) -> list[dict[str, Any]]:
    """The numbers of each class as `run.json` has them, and the reasons of those that are undefined or infinite."""
    outline = drawn.tables.outline
    known = columns(outline)
    found = {name: column.of(drawn)[0].tolist() for name, column in known.items()}
    why = reasons(drawn.counts, drawn.pixels.images["pixels"])[0]
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]

    def undefined(k: int) -> dict[str, str]:
        odd = [name for name, value in rows[k].items() if isinstance(value, float) and not math.isfinite(value)]
        return {name: _reason(outline, known[name], rows[k], k, REASONS[why[k]]) for name in odd}

    return [row | {"undefined": undefined(k)} for k, row in enumerate(rows)]


def section_document(drawn: Drawn, kind: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The section of a kind as `run.json` has it; `rows` are those of the classes, whose metrics it repeats."""
    outline, found = drawn.tables.outline, dict[str, Any]()
    metrics = [metric for metric in outline.scoring.entries if EVIDENCE[kind].eaten is metric.eats]
    names = [metric.printed for metric in metrics]
    told: list[tuple[tuple[str | int, ...], Any]]
    told = [((SECTIONS[kind].classes, row["name"], name), row[name]) for row in rows for name in names]
    for path, value in told + [(n.path[1:], n.drawn(drawn)[0].item()) for n in section(outline, kind) if n.drawn]:
        *parts, last = map(str, path)
        functools.reduce(lambda place, step: place.setdefault(step, {}), parts, found)[last] = value
    return found


def _reason(outline: Outline, column: Column, row: Mapping[str, Any], k: int, reason: str) -> str:
    """Why a number of a class is undefined or infinite; `reason`: by the counts of all images together."""
    metric = column.measure
    if not isinstance(metric, Metric) or metric.dataset == "pooled":
        return reason
    if k in outline.bare(metric.eats):
        return "background"
    if reason != REASONS[-1]:
        return reason
    return MISSED if row["n_missed"] else INVENTED if row["n_hallucinated"] else "nothing-defined"
