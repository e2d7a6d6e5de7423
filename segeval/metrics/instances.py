"""Metrics of objects: which were found, and how well those that were found fit.

Each takes the matches of true and predicted objects (`Matches`), by IoU > 0.5 unless a threshold is named, and gives
float64 of their shape, nan where the formula is 0/0.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np

from segeval.evidence.instances import InstanceOptions, Matches
from segeval.evidence.kinds import Columns
from segeval.evidence.run_length import Array
from segeval.measures import Measure
from segeval.metrics import METRICS
from segeval.metrics.overlap import ratio
from segeval.metrics.sections import SECTIONS, Told


@METRICS.add(low=0, high=1, best=1, mean="mpq", short="PQ")
def pq(m: Matches) -> Array:
    """Panoptic quality: how many objects were found, and how well these fit.

        pq = Σ IoU of matches / (tp + fp/2 + fn/2)

    Matches are pairs of IoU > 0.5.  Undefined where neither mask has an object.  pq = sq · rq.

    Kirillov, A. et al. (2019). arXiv:1801.00868
    """
    return ratio(m.iou, m.tp + m.fp / 2 + m.fn / 2)


@METRICS.add(low=0, high=1, best=1, mean="msq", short="SQ")
def sq(m: Matches) -> Array:
    """Segmentation quality: the mean IoU of matched objects.

        sq = Σ IoU of matches / tp

    Undefined without a match.

    Kirillov, A. et al. (2019). arXiv:1801.00868
    """
    return ratio(m.iou, m.tp)


@METRICS.add(low=0, high=1, best=1, mean="mrq", short="RQ")
def rq(m: Matches) -> Array:
    """Recognition quality: the F1 score of objects.

        rq = tp / (tp + fp/2 + fn/2)

    Undefined where neither mask has an object.

    Kirillov, A. et al. (2019). arXiv:1801.00868
    """
    return ratio(m.tp, m.tp + m.fp / 2 + m.fn / 2)


@METRICS.add(low=0, high=1, best=1, short="Obj. precision")
def object_precision(m: Matches) -> Array:
    """Share of the predicted objects that are matches.

        object_precision = tp / (tp + fp)

    Undefined where nothing was predicted.

    Caicedo, J. C. et al. (2019). doi:10.1002/cyto.a.23863
    """
    return ratio(m.tp, m.tp + m.fp)


@METRICS.add(low=0, high=1, best=1, short="Obj. recall")
def object_recall(m: Matches) -> Array:
    """Share of the true objects that were found.

        object_recall = tp / (tp + fn)

    Undefined where there are no true objects.

    Caicedo, J. C. et al. (2019). doi:10.1002/cyto.a.23863
    """
    return ratio(m.tp, m.tp + m.fn)


@METRICS.add(low=0, high=1, best=1, mean="mobject_ap", short="Obj. AP")
def object_ap(m: Matches) -> Array:
    """Average precision of objects without scores: the mean over IoU thresholds.

        object_ap = mean over t of tp_t / (tp_t + fp_t + fn_t)

    A pair matches at t where its IoU ≥ t. Undefined where neither mask has an object.  Not the area under a curve of
    precision and recall, for which predictions need scores.

    Caicedo, J. C. et al. (2019). doi:10.1038/s41592-019-0612-7
    """
    every = [critical(m.at(threshold)) for threshold in m.thresholds]
    return np.asarray(sum(every) / len(every))


@METRICS.add(low=0, high=1, best=1, mean="maji", short="AJI")
def aji(m: Matches) -> Array:
    """Aggregated Jaccard index: pixels of all objects together, each true one beside the predicted one that fits best.

        aji = Σ_i |t_i ∩ p_j(i)| / (Σ_i |t_i ∪ p_j(i)| + Σ of p_k that fit none best), j(i) = argmax_j IoU(t_i, p_j)

    One predicted object may fit several true ones best. Undefined where neither mask has an object.

    Kumar, N. et al. (2017). doi:10.1109/TMI.2017.2677499
    """
    return ratio(m.aji_both, m.aji_union)


@METRICS.add(low=0, high=1, best=1, mean="maji_plus", short="AJI+")
def aji_plus(m: Matches) -> Array:
    """Aggregated Jaccard index of objects that are paired one to one, with the largest sum of IoU.

        aji_plus = Σ over pairs of |t ∩ p| / (Σ over pairs of |t ∪ p| + Σ of all t and p in no pair)

    Undefined where neither mask has an object.

    Graham, S. et al. (2019). arXiv:1812.06499
    """
    return ratio(m.aji_plus_both, m.aji_plus_union)


def critical(m: Matches) -> Array:
    """Share of all objects, true or predicted, that are matches: the critical success index.

        ap = tp / (tp + fp + fn)

    Called accuracy by StarDist, average precision by Cellpose and the Data Science Bowl 2018. Undefined where neither
    mask has an object.
    """
    return ratio(m.tp, m.tp + m.fp + m.fn)


def mean_true_iou(m: Matches) -> Array:
    """Mean over true objects of the IoU of their match, 0 without one.

        mean_true_iou = Σ IoU of matches / (tp + fn)

    Undefined where there are no true objects.
    """
    return ratio(m.iou, m.tp + m.fn)


def rand_precision(of: Columns) -> Array:
    """Share of the pairs of pixels in one predicted object that lie in one true object.

        rand_precision = Σ_ij n_ij (n_ij − 1) / Σ_j n_j (n_j − 1), over pixels of true objects

    Low where objects are merged.
    """
    return ratio(of.images["pairs_both"], of.images["pairs_pred"])


def rand_recall(of: Columns) -> Array:
    """Share of the pairs of pixels in one true object that lie in one predicted object.

        rand_recall = Σ_ij n_ij (n_ij − 1) / Σ_i n_i (n_i − 1), over pixels of true objects

    Low where objects are split.
    """
    return ratio(of.images["pairs_both"], of.images["pairs_truth"])


def adapted_rand_error(of: Columns) -> Array:
    """Adapted Rand error: 1 − F1 of pairs of pixels, of those that lie in true objects.

        adapted_rand_error = 1 − 2 Σ_ij n_ij (n_ij − 1) / (Σ_i n_i (n_i − 1) + Σ_j n_j (n_j − 1))

    Predicted background is one object more. Undefined where the truth has no object of two pixels.

    Arganda-Carreras, I. et al. (2015). doi:10.3389/fnana.2015.00142
    """
    return 1 - ratio(2 * of.images["pairs_both"], of.images["pairs_truth"] + of.images["pairs_pred"])


def vi_split(of: Columns) -> Array:
    """Information (bits a pixel) that the prediction adds to the truth: too many objects.

        vi_split = H(prediction | truth) = Σ_ij n_ij/N log₂(n_i / n_ij)

    Background counts as one object on each side.
    """
    return ratio(of.images["split_bits"], of.images["known_pixels"])


def vi_merge(of: Columns) -> Array:
    """Information (bits a pixel) of the truth that the prediction lacks: too few objects.

        vi_merge = H(truth | prediction) = Σ_ij n_ij/N log₂(n_j / n_ij)

    Background counts as one object on each side.
    """
    return ratio(of.images["merge_bits"], of.images["known_pixels"])


def vi(of: Columns) -> Array:
    """Variation of information (bits a pixel) between the two partitions.

        vi = vi_split + vi_merge

    Meilă, M. (2007). doi:10.1016/j.jmva.2006.11.013
    """
    return vi_split(of) + vi_merge(of)


def _told(func: Callable[..., Array], low: float = 0, high: float = 1, best: float = 1) -> Measure:
    return Measure(func.__name__, func, low, high, best)


OF_MATCHES = {
    "precision": METRICS["object_precision"],
    "recall": METRICS["object_recall"],
    "f1": METRICS["rq"],
    "pq": METRICS["pq"],
    "sq": METRICS["sq"],
    "rq": METRICS["rq"],
    "mean_true_iou": _told(mean_true_iou),
}
OF_OBJECTS = {"ap": METRICS["object_ap"], "aji": METRICS["aji"], "aji_plus": METRICS["aji_plus"]}
OF_PIXELS = {
    "adapted_rand_error": _told(adapted_rand_error, best=0),
    "rand_precision": _told(rand_precision),
    "rand_recall": _told(rand_recall),
    "vi": _told(vi, high=math.inf, best=0),
    "vi_split": _told(vi_split, high=math.inf, best=0),
    "vi_merge": _told(vi_merge, high=math.inf, best=0),
}
COUNTS: dict[str, tuple[Callable[[Matches], Array], float]] = {
    "tp": (lambda m: m.tp, math.nan),
    "fp": (lambda m: m.fp, 0),
    "fn": (lambda m: m.fn, 0),
}
OF_CLASSES: dict[str, tuple[Callable[[Matches], Array], float]] = {
    "truth_objects": (lambda m: m.truth, math.nan),
    "pred_objects": (lambda m: m.tp + m.fp, math.nan),
    **COUNTS,
    "splits": (lambda m: m.splits, 0),
    "merges": (lambda m: m.merges, 0),
}


@SECTIONS.add("instances")
def instances(asked: InstanceOptions | None) -> Iterator[Told]:
    """Objects of all classes together, means over classes and over images, and by threshold; None: all there may be."""
    asked = asked or InstanceOptions("panoptic", things=())
    for name, (count, best) in OF_CLASSES.items():
        yield Told(name, ("overall", name), _total(count), best=best)
        yield Told(name, ("classes", "*", name), _each(count), best=best, over="class")
    for name, measure in {**OF_MATCHES, **OF_OBJECTS}.items():
        yield Told(name, ("overall", name), _total(measure.func), measure)
    for name, measure in OF_PIXELS.items():
        yield Told(name, ("overall", name), measure.func, measure)
    for name in ("pq", "f1", "ap", "aji", "aji_plus"):
        measure = {**OF_MATCHES, **OF_OBJECTS}[name]
        yield Told(f"{name}_over_images", ("images", name), _total(measure.func), measure, over="images")
    for name in ("adapted_rand_error", "vi"):
        measure = OF_PIXELS[name]
        yield Told(f"{name}_over_images", ("images", name), measure.func, measure, over="images")
    yield from _means(asked)
    for threshold in asked.iou_thresholds:
        yield from _by_threshold(threshold)


def _means(asked: InstanceOptions) -> Iterator[Told]:
    """The means over classes; where things are told from stuff, of each of both."""
    things = frozenset(asked.things or ())
    parts: dict[str, Callable[[int], bool] | None] = {"": None}
    if asked.things is not None:
        parts |= {"_things": things.__contains__, "_stuff": lambda id_: id_ not in things}
    for part, among in parts.items():
        for name, func in (("pq", pq), ("sq", _sq_or_0), ("rq", rq)):
            path, measure = ("mean", f"{name}{part}"), METRICS[name]
            yield Told(f"mean_{name}{part}", path, _each(func), measure, over="classes", among=among)


def _sq_or_0(m: Matches) -> Array:
    """The segmentation quality; 0 for a class that has objects and no match, as COCO's mean has it."""
    return np.where((m.tp == 0) & (m.fp + m.fn > 0), 0.0, sq(m))


def _by_threshold(threshold: str) -> Iterator[Told]:
    """The numbers of a threshold."""

    def at(func: Callable[[Matches], Array]) -> Callable[[Columns], Array]:
        return lambda of: func(Matches(**of.classes).at(threshold).total())

    def told(name: str, func: Callable[[Matches], Array], **more: object) -> Told:
        return Told(f"{name}@{threshold}", ("thresholds", threshold, name), at(func), detail=True, **more)  # type: ignore[arg-type]

    for name, (count, best) in COUNTS.items():
        yield told(name, count, best=best)
    for name in ("precision", "recall", "f1"):
        yield told(name, OF_MATCHES[name].func, measure=OF_MATCHES[name])
    ap = _told(critical)
    yield told("ap", critical, measure=ap)
    yield told("ap_over_images", critical, measure=ap, over="images")
    for name, key in (("pq", "pq"), ("mean_matched_iou", "sq"), ("mean_true_iou", "mean_true_iou")):
        yield told(name, OF_MATCHES[key].func, measure=OF_MATCHES[key])


def _total(func: Callable[[Matches], Array]) -> Callable[[Columns], Array]:
    """A formula of the objects of all classes together."""
    return lambda of: func(Matches(**of.classes).total())


def _each(func: Callable[[Matches], Array]) -> Callable[[Columns], Array]:
    """A formula of the objects of each class."""
    return lambda of: func(Matches(**of.classes))
