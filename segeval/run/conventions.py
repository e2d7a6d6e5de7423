"""What other programs call IoU, Dice, precision and recall of a data set, and how each of these numbers is made here.

Each line was checked by running the program named, or its formula, on random label sets: `scripts/check_peers.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segeval.evidence.run_length import Array
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.run.averages import AVERAGES
from segeval.run.numbers import Number, every
from segeval.run.scoring import Scoring
from segeval.run.tables import Tables

# The denominators of which metrics are shares, so that a pooled one is a weighted mean over images.
WHOLES: Mapping[str, Callable[[Any], Array]] = {
    "iou": lambda c: c.tp + c.fp + c.fn,
    "dice": lambda c: 2 * c.tp + c.fp + c.fn,
    "precision": lambda c: c.tp + c.fp,
    "recall": lambda c: c.tp + c.fn,
}
AT_LEAST = 0.05  # the share of a difference from which on a class or an image is named
MOST = 3  # of them


@dataclass(frozen=True)
class Way:
    """A way to make one number of a metric."""

    metric: str
    average: str  # one of AVERAGES
    presence: str = "union"
    undefined: tuple[str, ...] = ()
    foreground: bool = False  # without the background in the mean

    @property
    def number(self) -> str:
        """The name of the number."""
        return METRICS[self.metric].mean_name(self.average)

    def options(self, background: int = 0) -> dict[str, Any]:
        """The options off their defaults, by their names in Python."""
        return {
            **({"presence": self.presence} if self.presence != "union" else {}),
            **({"undefined": list(self.undefined)} if self.undefined else {}),
            **({"mean_without": [background]} if self.foreground else {}),
            **({"numbers": [self.number]} if AVERAGES[self.average].quiet else {}),
        }

    def flags(self, background: int = 0) -> str:
        """The same as they are typed."""
        names = {
            "numbers": "-n",
            "presence": "--presence",
            "undefined": "--undefined",
            "mean_without": "--mean-without",
        }
        found = self.options(background).items()
        parts = [(names[key], value if isinstance(value, list) else [value]) for key, value in found]
        return " ".join(f"{name} {each}" for name, values in parts for each in values)

    def scoring(self, background: int = 0) -> Scoring:
        """The same for the tables of a run."""
        return Scoring.of("all", **{key: value for key, value in self.options(background).items() if key != "numbers"})


@dataclass(frozen=True)
class Convention:
    """Who reports a number that is made in some way."""

    program: str  # with its version
    call: str
    way: Way


def _every() -> tuple[Convention, ...]:
    tm, sk, monai = "torchmetrics 1.9.0", "scikit-learn 1.9.1", "MONAI 1.6.1"
    smp, keras = "segmentation-models-pytorch 0.6.0", "Keras 3.15.1"
    instead: tuple[str, ...]
    zero, one, nothing_is_0 = ("absent=zero",), ("absent=one",), ("empty-truth=zero", "empty-prediction=zero")
    found = [
        Convention("mmsegmentation 1.2.2", "IoUMetric mIoU", Way("iou", "dataset")),
        Convention("Cityscapes 2.3.0", "IoU class score average", Way("iou", "dataset")),
        Convention("Hugging Face evaluate", "mean_iou", Way("iou", "dataset")),
        Convention(keras, "MeanIoU(C)", Way("iou", "dataset")),
        Convention(keras, "IoU(C, target_class_ids=[1, 2, …])", Way("iou", "dataset", foreground=True)),
        Convention("detectron2 027099d", "SemSegEvaluator mIoU", Way("iou", "dataset", "truth")),
        Convention("Scalabel 071d073", "sem_seg mIoU", Way("iou", "dataset", "truth")),
        Convention("Ultralytics 8.4.190", "SemanticMetrics mIoU", Way("iou", "dataset", "truth")),
        Convention("detectron2 027099d", "SemSegEvaluator fwIoU", Way("iou", "weighted")),
        Convention("ADE20K e202229", "scene parsing challenge, mean IoU", Way("iou", "dataset", undefined=zero)),
        Convention("mmsegmentation 1.2.2", "IoUMetric(iou_metrics=['mDice']) mDice", Way("dice", "dataset")),
        Convention("nnU-Net 2 0e49508", "foreground_mean Dice", Way("dice", "class", foreground=True)),
        Convention("nnU-Net 2 0e49508", "foreground_mean IoU", Way("iou", "class", foreground=True)),
        Convention("mmsegmentation 1.2.2", "IoUMetric mAcc", Way("recall", "dataset")),
        Convention("detectron2 027099d", "SemSegEvaluator mACC", Way("recall", "dataset", "truth")),
        Convention("Scalabel 071d073", "sem_seg mAcc", Way("precision", "dataset", "truth")),
    ]
    for metric, name in (("iou", "MeanIoU"), ("dice", "DiceMetric")):
        for foreground in (False, True):
            inside = "include_background=False" if foreground else "include_background=True"
            found += [
                Convention(monai, f"{name}({inside})", Way(metric, "image", "truth", (), foreground)),
                Convention(
                    monai, f"{name}({inside}, ignore_empty=False)", Way(metric, "image", "union", one, foreground)
                ),
            ]
    for foreground in (False, True):
        inside = ", include_background=False" if foreground else ""
        per_class = f"segmentation.MeanIoU(C{inside}, per_class=True), mean of its values"
        found += [
            Convention(tm, f"segmentation.MeanIoU(C{inside})", Way("iou", "pairs", foreground=foreground)),
            Convention(tm, per_class, Way("iou", "class", foreground=foreground)),
        ]
        for average, level, of in (
            ("macro", "samplewise", "image"),
            ("macro", "global", "dataset"),
            ("micro", "samplewise", "image_micro"),
            ("micro", "global", "micro"),
            ("weighted", "global", "weighted"),
        ):
            call = f"segmentation.DiceScore(C{inside}, average={average!r}, aggregation_level={level!r})"
            found.append(Convention(tm, call, Way("dice", of, foreground=foreground)))
    for metric, of_tm, of_sk in (
        ("iou", "MulticlassJaccardIndex", "jaccard_score"),
        ("dice", "MulticlassF1Score", "f1_score"),
        ("precision", "MulticlassPrecision", "precision_score"),
        ("recall", "MulticlassRecall", "recall_score"),
    ):
        instead = nothing_is_0 if metric in ("precision", "recall") else ()
        for average, of in (("macro", "dataset"), ("micro", "micro"), ("weighted", "weighted")):
            way = Way(metric, of, undefined=instead if of != "micro" else ())
            found += [
                Convention(tm, f"{of_tm}(C, average={average!r})", way),
                Convention(sk, f"{of_sk}(truth, pred, average={average!r})", way),
            ]
        whole = Way(metric, "dataset", undefined=(*zero, *instead))
        found.append(Convention(sk, f"{of_sk}(truth, pred, labels=range(C), average='macro')", whole))
    for metric, name in (("iou", "iou_score"), ("dice", "f1_score"), ("precision", "precision"), ("recall", "recall")):
        instead = ("one",)  # where nothing is divided by nothing, in images that are void all over too
        found += [
            Convention(smp, f"{name}(…, reduction='macro')", Way(metric, "dataset", undefined=instead)),
            Convention(smp, f"{name}(…, reduction='micro')", Way(metric, "micro")),
            Convention(smp, f"{name}(…, reduction='macro-imagewise')", Way(metric, "pairs", undefined=instead)),
            Convention(smp, f"{name}(…, reduction='micro-imagewise')", Way(metric, "image_micro", undefined=instead)),
        ]
    return tuple(found)


CONVENTIONS = _every()


@dataclass(frozen=True)
class Parts:
    """A number as a weighted sum: of the values of images and classes, and of classes that no image gives one."""

    weights: Array  # (images, classes)
    values: Array
    of_classes: Array  # (classes,)
    filled: Array

    @property
    def value(self) -> float:
        return float((self.weights * self.values).sum() + (self.of_classes * self.filled).sum())

    def against(self, other: "Parts", middle: float) -> tuple[Array, Array]:
        """What each image and each class adds to the difference, of values taken from `middle` on: sums to it."""
        cells = self.weights * (self.values - middle) - other.weights * (other.values - middle)
        classes = self.of_classes * (self.filled - middle) - other.of_classes * (other.filled - middle)
        return cells.sum(axis=1), cells.sum(axis=0) + classes


def parts(tables: Tables, way: Way) -> Parts:
    """The number of these tables, whose scoring is that of the way."""
    metric, counts = METRICS[way.metric], tables.counts
    kept = np.isin(
        np.arange(len(tables.outline.classes)), tables.in_means(metric, np.arange(len(tables.outline.classes)))
    )
    whole = np.where(kept, WHOLES[way.metric](counts), 0).astype(np.float64)
    own = np.nan_to_num(metric.func(counts))
    nothing = np.zeros(len(kept))
    if way.average in ("micro", "image_micro"):
        of = whole.sum() if way.average == "micro" else whole.sum(axis=1, keepdims=True)
        rows = 1 if way.average == "micro" else int((whole.sum(axis=1) > 0).sum())
        return Parts(np.nan_to_num(ratio(whole, of)) / max(rows, 1), own, nothing, nothing)
    if way.average in ("dataset", "weighted"):
        pooled = type(counts)(*(np.asarray(n).sum(axis=0) for n in counts))
        raw = tables.scored(metric, pooled, pooled)
        values = tables.filled(metric, raw, pooled, np.asarray(tables.decisions.sum()))
        among = (pooled.tp + pooled.fn if way.average == "weighted" else np.ones(len(kept))) * (
            kept & ~np.isnan(values)
        )
        share = np.nan_to_num(ratio(among, among.sum()))
        told = ~np.isnan(raw)
        cells = np.nan_to_num(ratio(whole, whole.sum(axis=0))) * np.where(told, share, 0.0)
        return Parts(cells, own, np.where(told, 0.0, share), np.nan_to_num(values))
    values = tables.for_means(metric)
    defined = (kept & ~np.isnan(values)).astype(np.float64)
    if way.average == "pairs":
        weights = defined / max(defined.sum(), 1)
    else:
        axis = 1 if way.average == "image" else 0
        of = defined.sum(axis=axis, keepdims=True)
        weights = np.nan_to_num(ratio(defined, of)) / max(int((of > 0).sum()), 1)
    return Parts(weights, np.nan_to_num(values), nothing, nothing)


def rows(tables: Tables, metrics: Iterable[str] = ("iou", "dice"), background: int = 0) -> list[dict[str, Any]]:
    """For each metric a row for each way in which a program reports it: what it gives on these images, and why.

    The first row of a metric is the mean over classes of the whole data set; the others are told by how they differ.
    """
    found = []
    changed: dict[tuple[Any, ...], tuple[Tables, dict[str, Number]]] = {}
    for name in metrics:
        first = Way(name, "dataset")
        told = {first: list[Convention]()}
        for each in CONVENTIONS:
            if each.way.metric == name:
                told.setdefault(each.way, []).append(each)
        base: tuple[float, Parts] | None = None
        for way, who in told.items():
            key = way.presence, way.undefined, way.foreground
            if key not in changed:
                scored = scored_by(tables, way.scoring(background))
                changed[key] = scored, every(scored.outline)
            own, numbers = changed[key]
            value, made = numbers[way.number].of_images(own), parts(own, way)
            base = base or (value, made)
            images, classes = made.against(base[1], base[0])
            difference = value - base[0]
            found.append(
                {
                    "metric": name,
                    "number": way.number,
                    "value": value,
                    "reported_by": [f"{each.program} {each.call}" for each in who],
                    "options": way.options(background),
                    "flags": way.flags(background),
                    "difference": difference,
                    "differs_by": _words(way),
                    "classes": _responsible(classes, [title for _, title in tables.outline.classes], difference),
                    "images": _responsible(images, list(tables.ids), difference),
                }
            )
    return found


def scored_by(tables: Tables, scoring: Scoring) -> Tables:
    """The same columns under other options; made once for both."""
    load = {kind: (lambda kind=kind: tables.columns(kind)) for kind in tables.load}
    return replace(tables, outline=replace(tables.outline, scoring=scoring, groups=()), load=load)


def _words(way: Way) -> list[str]:
    """How a way differs from the mean over classes of the whole data set."""
    says = [] if way.average == "dataset" else [AVERAGES[way.average].says.format(metric=way.metric).rstrip(".")]
    says += ["a class counts only where the truth holds it"] if way.presence == "truth" else []
    says += [f"undefined: {policy}" for policy in way.undefined]
    return says + (["the background is in no mean"] if way.foreground else [])


def _responsible(shares: Array, names: list[str], difference: float) -> list[dict[str, Any]]:
    """Whose shares of a difference are largest, in its direction."""
    if not abs(difference) > 1e-12:
        return []
    order = np.argsort(-shares * np.sign(difference), kind="stable")[:MOST]
    return [
        {"name": names[k], "share": float(shares[k])}
        for k in order.tolist()
        if shares[k] * np.sign(difference) >= AT_LEAST * abs(difference)
    ]
