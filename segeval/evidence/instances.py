"""Objects: which were found, missed and invented, how well those that were found fit, and what was split and merged."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from segeval.catalog import check_choice
from segeval.errors import BadOption, NoEffect
from segeval.evidence import objects as found_objects
from segeval.evidence.kinds import EVIDENCE, Columns, joined, packed_classes, packed_text, split, united, unpacked_text
from segeval.evidence.objects import HALF, Objects, Pairs, Threshold
from segeval.evidence.run_length import Array, cells_of, narrow_pair
from segeval.parameters import CONNECTIVITIES, background_id

MODES = ("labels", "components", "panoptic")  # ids are objects; classes of connected parts; objects of a table
MATCHINGS = ("optimal", "greedy")
THRESHOLDS = tuple(f"{0.5 + 0.05 * n:.2f}".rstrip("0") for n in range(10))  # 0.5, 0.55, … 0.95, as COCO has them
OBJECT = 1  # the class of the objects of `labels`
_DIGITS = 6  # after the point of a threshold: products with pixels stay within 64 bits


@dataclass(frozen=True)
class InstanceOptions:
    """What objects are, and when two of them are a match."""

    instances: str
    background: int | None = 0  # the id that is no object; None: all are
    connectivity: str = "face"
    match_across_classes: bool = False
    matching: str = "optimal"
    iou_thresholds: tuple[str, ...] = THRESHOLDS
    keep_void: bool = False
    things: tuple[int, ...] | None = None  # of a panoptic table the classes of countable things
    pred_json: str | None = None  # the tables of panoptic masks, where they do not lie beside these
    gt_json: str | None = None

    ask: ClassVar[str] = "say what an object is: --instances labels, components or panoptic"

    @classmethod
    def of(
        cls,
        instances: str | None = None,
        background: int | str | None = 0,
        connectivity: str | None = None,
        match_across_classes: bool = False,
        matching: str | None = None,
        iou_thresholds: str | float | Iterable[str | float] | None = None,
        keep_void: bool = False,
        pred_json: str | None = None,
        gt_json: str | None = None,
    ) -> "InstanceOptions | None":
        """The same from options; None where objects are not asked for."""
        if instances is None:
            given = {
                "connectivity": connectivity,
                "match-across-classes": match_across_classes,
                "matching": matching,
                "iou-thresholds": iou_thresholds,
                "keep-void": keep_void,
                "pred-json": pred_json,
                "gt-json": gt_json,
            }
            for name, value in given.items():
                if value:
                    raise NoEffect(
                        f"--{name} is about objects, and none are asked for", cls.ask, name.replace("-", "_")
                    )
            return None
        check_choice("--instances", instances, MODES)
        check_choice("--matching", matching or MATCHINGS[0], MATCHINGS)
        check_choice("--connectivity", connectivity or CONNECTIVITIES[0], CONNECTIVITIES)
        if connectivity and instances != "components":
            raise BadOption(f"--connectivity has no meaning for --instances {instances}", "leave it out")
        for name, path in (("pred-json", pred_json), ("gt-json", gt_json)):
            if path is not None and instances != "panoptic":
                raise BadOption(f"--{name} has no meaning for --instances {instances}", "leave it out")
        if match_across_classes and instances == "labels":
            raise BadOption("--match-across-classes has no meaning for --instances labels", "all are of one class")
        return cls(
            instances,
            background_id(background),
            connectivity or CONNECTIVITIES[0],
            match_across_classes,
            matching or MATCHINGS[0],
            THRESHOLDS if iou_thresholds is None else _thresholds(iou_thresholds),
            keep_void,
            pred_json=pred_json,
            gt_json=gt_json,
        )

    def recorded(self) -> dict[str, Any]:
        """The same as it stands in `run.json`."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if not each.name.endswith("_json")}
        none = {"things": self.things is None, "connectivity": self.instances != "components"}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in told.items()
            if not none.get(name)
        }

    @classmethod
    def from_record(cls, options: Mapping[str, Any]) -> "InstanceOptions":
        """The same from the options of a `run.json`."""
        given: dict[str, Any] = {name: value for name, value in options.items() if name != "things"}
        found = cls.of(**given)
        things = options.get("things")
        if found is None:
            raise ValueError("it says nothing of what an object is")
        return replace(found, things=None if things is None else tuple(map(int, things)))

    @property
    def ids_are_objects(self) -> bool:
        """Whether the ids of masks number objects, and are no classes."""
        return self.instances == "labels"

    @property
    def ids_are_segments(self) -> bool:
        """Whether the ids of masks number the segments of a panoptic table."""
        return self.instances == "panoptic"

    @property
    def how(self) -> dict[str, bool]:
        """How objects meet."""
        return {"across": self.match_across_classes, "keep_void": self.keep_void}


def _thresholds(given: str | float | Iterable[str | float]) -> tuple[str, ...]:
    """IoUs as texts in order, each once."""
    texts = given.split(",") if isinstance(given, str) else [given] if isinstance(given, int | float) else [*given]
    found: dict[Fraction, str] = {}
    for text in texts:
        try:
            number = Fraction(str(text).strip())
        except (ValueError, ZeroDivisionError) as fault:
            raise _no_threshold(text) from fault
        if not 0 < number <= 1 or (number * 10**_DIGITS).denominator != 1:
            raise _no_threshold(text)
        found[number] = f"{float(number):.{_DIGITS}f}".rstrip("0").rstrip(".")
    if not found:
        raise BadOption("--iou-thresholds is empty", "give numbers with commas between them, as 0.5,0.75")
    return tuple(found[number] for number in sorted(found))


def _no_threshold(text: Any) -> BadOption:
    return BadOption(f"--iou-thresholds holds {text!r}", f"give numbers above 0, up to 1, of at most {_DIGITS} digits")


def _threshold(text: str) -> Threshold:
    """A threshold as a fraction."""
    number = Fraction(text)
    return Threshold(number.numerator, number.denominator)


WHOLE = (
    "truth",  # true objects
    "tp",  # matched by IoU > 0.5
    "fp",
    "aji_both",
    "aji_union",
    "aji_plus_both",
    "aji_plus_union",
    "splits",
    "merges",
)
OF_IMAGES = ("pairs_both", "pairs_truth", "pairs_pred", "split_bits", "merge_bits", "known_pixels")


class Matches:
    """Columns of objects, of any leading shape, as metrics eat them: those of one threshold, and sums."""

    def __init__(self, **columns: Array) -> None:
        self._columns = columns

    def __getattr__(self, name: str) -> Array:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._columns[name]

    @property
    def fn(self) -> Array:
        """True objects without a match."""
        found: Array = self.truth - self.tp
        return found

    @property
    def thresholds(self) -> list[str]:
        """The thresholds that were asked for."""
        return [name.partition("@")[2] for name in self._columns if name.startswith("tp@")]

    def at(self, threshold: str) -> "Matches":
        """The same by another threshold."""
        return Matches(
            **{**self._columns, **{name: self._columns[f"{name}@{threshold}"] for name in ("tp", "fp", "iou")}}
        )

    def total(self) -> "Matches":
        """The same of all classes together."""
        return Matches(**{name: column.sum(axis=-1) for name, column in self._columns.items()})


@EVIDENCE.add(
    columns={**dict.fromkeys(WHOLE, "sum"), "iou": "sum"},
    totals=dict.fromkeys(OF_IMAGES, "sum"),
    eaten=Matches,
    view=Matches,
    settings=InstanceOptions,
)
@dataclass(frozen=True, eq=False)
class Instances:
    """Counts of objects of each class. They add up; objects of different images are never the same.

    ids: the classes that have objects.  thresholds: IoUs, as texts.
    """

    kind: ClassVar[str] = "instances"

    ids: tuple[int, ...]
    thresholds: tuple[str, ...]
    whole: Array  # int64 (C, columns): those of `WHOLE`, then tp and fp of each threshold
    iou: Array  # float64 (C, 1 + thresholds): sums over matches, by IoU > 0.5 first
    image: Array  # float64: those of `OF_IMAGES`

    @classmethod
    def of(
        cls,
        pred: npt.ArrayLike,
        truth: npt.ArrayLike,
        *,
        ignore: Iterable[int] = (),
        background: int | None = 0,
        matching: str = "optimal",
        iou_thresholds: str | float | Iterable[str | float] | None = None,
    ) -> "Instances":
        """The evidence of two label arrays of one shape whose ids are objects, all of class 1.

        ShapesDiffer when the shapes differ; BadOption for another option than `segeval score` takes.
        """
        one, other = narrow_pair(pred, truth)
        asked = InstanceOptions.of("labels", background, matching=matching, iou_thresholds=iou_thresholds)
        assert asked
        objects = found_objects.objects_of_cells(cells_of(one, other), background, [*ignore], OBJECT)
        return counted(objects, asked)

    @classmethod
    def measured(cls, image: Any, spec: InstanceOptions) -> "Instances":
        """The evidence of an image behind the door."""
        return counted(image.objects(spec), spec)

    @classmethod
    def missed(cls, image: Any, spec: InstanceOptions) -> "Instances":
        """The same of a truth without prediction: nothing is found."""
        return counted(image.objects(spec, missed=True), spec)

    @classmethod
    def none(cls, thresholds: Sequence[str]) -> "Instances":
        """No objects at all: adds nothing."""
        number = len(thresholds)
        empty = np.zeros((0, len(WHOLE) + 2 * number), np.int64), np.zeros((0, 1 + number))
        return cls((), tuple(thresholds), *empty, np.zeros(len(OF_IMAGES)))

    def __add__(self, other: "Instances") -> "Instances":
        return self.summed([self, other])

    @classmethod
    def summed(cls, every: Sequence[Any]) -> "Instances":
        """The sum of the evidence of many images, rounded once."""
        there = [each for each in every if each is not None]
        if len({each.thresholds for each in there}) != 1:
            raise ValueError("objects that were matched by different thresholds do not add up")
        ids = united(there)
        known = {id_: n for n, id_ in enumerate(ids)}
        whole = np.zeros((len(ids), there[0].whole.shape[1]), np.int64)
        iou = [[list[float]() for _ in row] for row in np.zeros((len(ids), there[0].iou.shape[1]))]
        for each in there:
            for n, id_ in enumerate(each.ids):
                whole[known[id_]] += each.whole[n]
                for column, value in zip(iou[known[id_]], each.iou[n].tolist(), strict=True):
                    column.append(value)
        sums = np.array([[math.fsum(column) for column in row] for row in iou])
        image = np.array([math.fsum(column) for column in np.array([each.image for each in there]).T])
        return cls(ids, there[0].thresholds, whole, sums.reshape(len(ids), there[0].iou.shape[1]), image)

    @classmethod
    def columns(cls, every: Sequence[Any], ids: Sequence[int], spec: InstanceOptions) -> Columns:
        """The columns of many images."""
        thresholds = spec.iou_thresholds
        place = {id_: n for n, id_ in enumerate(ids)}
        whole = np.zeros((len(WHOLE) + 2 * len(thresholds), len(every), len(ids)), np.int64)
        iou = np.zeros((1 + len(thresholds), len(every), len(ids)))
        image = np.zeros((len(OF_IMAGES), len(every)))
        for n, each in enumerate(every):
            if each is not None:
                own = [k for k, id_ in enumerate(each.ids) if id_ in place]
                at = [place[each.ids[k]] for k in own]
                whole[:, n, at], iou[:, n, at], image[:, n] = each.whole[own].T, each.iou[own].T, each.image
        names = [*WHOLE, *(f"{name}@{text}" for name in ("tp", "fp") for text in thresholds)]
        sums = ["iou", *(f"iou@{text}" for text in thresholds)]
        classes = {**dict(zip(names, whole, strict=True)), **dict(zip(sums, iou, strict=True))}
        return Columns(classes, dict(zip(OF_IMAGES, image, strict=True)))

    @classmethod
    def packed(cls, every: Sequence[Any]) -> dict[str, Array]:
        """The columns of all images, one after the other, with the number of classes of each."""
        there = [each for each in every if each is not None]
        return {
            "thresholds": packed_text(list(there[0].thresholds) if there else []),
            **packed_classes(every),
            "whole": joined([each.whole for each in there]),
            "iou": joined([each.iou for each in there]),
            "image": joined([each.image for each in there]),
        }

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Array]) -> list[Any]:
        """What `packed` was given."""
        thresholds, sizes = tuple(unpacked_text(arrays["thresholds"])), arrays["sizes"]
        parts = [split(arrays[name], np.maximum(sizes, 0)) for name in ("ids", "whole", "iou")]
        images = iter(arrays["image"].reshape(-1, len(OF_IMAGES)))
        return [
            None if size < 0 else cls(tuple(ids.tolist()), thresholds, whole, iou, next(images))
            for size, ids, whole, iou in zip(sizes.tolist(), *parts, strict=True)
        ]


def counted(objects: Objects, asked: InstanceOptions) -> Instances:
    """The counts of the objects of a pair."""
    ids = sorted({*objects.truth_kinds[objects.truths].tolist(), *objects.pred_kinds[objects.preds].tolist()})
    place = {id_: n for n, id_ in enumerate(ids)}
    true, predicted = (
        np.array([place.get(kind, 0) for kind in kinds.tolist()], np.int64)
        for kinds in (objects.truth_kinds, objects.pred_kinds)
    )

    def times(classes: Array, weights: Array | None = None) -> Array:
        if weights is None:
            return np.bincount(classes, minlength=len(ids)).astype(np.int64)
        found = np.zeros(len(ids), np.int64)
        np.add.at(found, classes, weights)
        return found

    def sums(pairs: Pairs) -> list[float]:
        own, iou = true[pairs.truth], pairs.iou
        return [math.fsum(iou[own == k].tolist()) for k in range(len(ids))]

    def lone(pairs: Pairs) -> tuple[Array, Array]:
        """The true objects in none of the pairs, and the predicted ones that are not forgiven."""
        free = _without(objects.preds, pairs.pred)
        return _without(objects.truths, pairs.truth), free[~objects.forgiven[free]]

    def joint(pairs: Pairs) -> list[Array]:
        """The pixels of pairs, and of them with all objects that are in none."""
        truths, preds = lone(pairs)
        union = times(true[pairs.truth], pairs.union) + times(true[truths], objects.truth_area[truths])
        return [times(true[pairs.truth], pairs.both), union + times(predicted[preds], objects.pred_area[preds])]

    half = objects.matched(HALF, asked.matching)
    near = [objects.matched(_threshold(text), asked.matching) for text in asked.iou_thresholds]
    splits, merges = _split_and_merged(objects)
    whole = [
        times(true[objects.truths]),
        times(true[half.truth]),
        times(predicted[lone(half)[1]]),
        *joint(objects.nearest),
        *joint(objects.overlapping),
        times(true[splits]),
        times(predicted[merges]),
        *(times(true[each.truth]) for each in near),
        *(times(predicted[lone(each)[1]]) for each in near),
    ]
    agreed = found_objects.agreement(objects)
    return Instances(
        tuple(ids),
        asked.iou_thresholds,
        np.array(whole, np.int64).T.reshape(len(ids), len(whole)),
        np.array([sums(each) for each in (half, *near)], np.float64).T.reshape(len(ids), 1 + len(near)),
        np.array([agreed[name] for name in OF_IMAGES]),
    )


def _without(numbers: Array, others: Array) -> Array:
    """The numbers of objects that are not among others."""
    there = np.zeros(int(max(numbers.max(initial=0), others.max(initial=0))) + 1, bool)
    there[others] = True
    found: Array = numbers[~there[numbers]]
    return found


def _split_and_merged(objects: Objects) -> tuple[Array, Array]:
    """The true objects that hold most of several predicted ones, and the predicted ones that hold most of several."""
    pairs = objects.pairs
    in_truth = pairs.truth[2 * pairs.both > objects.pred_area[pairs.pred]]
    in_pred = pairs.pred[2 * pairs.both > objects.truth_area[pairs.truth]]
    return tuple(np.flatnonzero(np.bincount(owners) > 1) for owners in (in_truth, in_pred))  # type: ignore[return-value]
