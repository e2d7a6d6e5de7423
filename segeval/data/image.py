"""A pair behind the door: what each kind of evidence looks at, made once and only where it is asked for."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from segeval.data.channels import class_rows
from segeval.data.class_selection import ClassChoice
from segeval.data.class_tables import known
from segeval.data.classes import ClassTable
from segeval.data.labels import Labels
from segeval.data.panoptic import Segmented
from segeval.data.reading import Reading
from segeval.errors import UnfitPixels, UnfitSpacing, UnknownTruthIds
from segeval.evidence.confusion import Confusion
from segeval.evidence.instances import OBJECT, InstanceOptions
from segeval.evidence.multilabel import IGNORED, ChannelCounts
from segeval.evidence.multilabel import count as count_channels
from segeval.evidence.objects import VOID as NOTHING_KNOWN
from segeval.evidence.objects import Objects, objects_of_cells, objects_of_maps, objects_of_parts
from segeval.evidence.regions import Regions
from segeval.evidence.run_length import Array, Cells, counted_cells, label_digest, merged_cells, number_digest
from segeval.evidence.scores import Scores
from segeval.io import Mask

if TYPE_CHECKING:
    from segeval.evidence.sample import Sample


@dataclass(frozen=True, eq=False)
class Image:
    """The labels of a pair, checked: nothing behind the door asks again.

    weights: reads a weight of each pixel, where losses take one.
    """

    truth_name: str
    labels: Labels
    reading: Reading
    classes: ClassChoice
    weights: Callable[[], Mask | None] = lambda: None

    @cached_property
    def _counted(self) -> tuple[Confusion | ChannelCounts, str]:
        """The counts of the pair, and the digest of its true labels: one sweep finds both."""
        classes = self.classes
        ids = classes.scored.ids if classes.scored else None
        if classes.multilabel:
            return count_channels(self.labels.pred, self.labels.truth, ids=ids, ignore=classes.ignore)
        cells, digest = self._cells
        try:
            return Confusion.from_cells(recoded(cells, classes), ids, classes.ignore), digest
        except UnknownTruthIds as fault:
            raise UnknownTruthIds(f"{self.truth_name}: {fault.message}", fault.hint) from fault

    @cached_property
    def _cells(self) -> tuple[Cells, str]:
        return counted_cells(self.labels.pred, self.labels.truth)

    @property
    def cells(self) -> Cells:
        """How often each true and predicted id meet, as they stand in the files: of masks without channels."""
        return self._cells[0]

    @property
    def counts(self) -> Confusion | ChannelCounts:
        """How often each class was right or wrong."""
        return self._counted[0]

    def objects(self, asked: InstanceOptions, missed: bool = False) -> Objects:
        """The objects of the pair; missed: there is no prediction, and so no predicted one."""
        labels, ignore = self.labels, self.classes.ignore
        if labels.segments:
            found = self._segments(*labels.segments, asked)
        elif asked.ids_are_objects:
            if labels.given and labels.given.kind != "labels":
                what = (
                    f"{labels.given.name} holds numbers of the foreground, and --instances labels wants ids of objects"
                )
                raise UnfitPixels(what, "parts of a mask are objects with --instances components")
            found = objects_of_cells(self.cells, 0, ignore, OBJECT, **asked.how)
        else:
            pred, truth = (_zeros_and_ones(each, self.classes) for each in (labels.pred, labels.truth))
            found = objects_of_parts(pred, truth, asked.background, ignore, asked.connectivity, **asked.how)
        return found.without_pred() if missed else found

    def _segments(self, pred: Segmented, truth: Segmented, asked: InstanceOptions) -> Objects:
        """The objects of panoptic masks; those of ignored classes, and what is no segment, are void."""
        numbers = np.arange(len(truth.kinds), dtype=np.int32)
        numbers[np.isin(truth.kinds, list(self.classes.ignore))] = NOTHING_KNOWN
        objects = numbers[truth.numbers]
        return objects_of_maps(pred.numbers, objects, pred.kinds, truth.kinds, truth.crowd, **asked.how)

    @property
    def true_objects(
        self,
    ) -> tuple[Array, Array, Array, frozenset[int], Mapping[int, float], Sequence[frozenset[int]]]:
        """The number of the segment of each true pixel; of each number the class, and whether it is one object.

        Then the classes that are left out; how large an average object is, by class, where a known table says so; and
        the groups of classes, with the ignored classes that belong to them.
        """
        assert self.labels.segments
        truth = self.labels.segments[1]
        table = self.classes.table
        sizes = known(table.known_as).object_sizes if table and table.known_as else {}
        ignore = self.classes.ignore | {NOTHING_KNOWN}
        return truth.numbers, truth.kinds, truth.single, ignore, sizes, table.families if table else ()

    @property
    def digest(self) -> str:
        """A number for the truth: of its labels, or of its fractions where it has them."""
        target, kept = self.labels.target, self.labels.kept
        if target is not None:
            return number_digest(target if kept is None else np.where(kept, target, -1))
        if self.labels.segments:
            both = self._counted[1], label_digest(self.labels.segments[1].numbers)
            return hashlib.sha256(" ".join(both).encode()).hexdigest()
        return self._counted[1]

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """The length of a pixel along each spatial axis, in the order of the array: as the options say, or a file.

        None where neither does.  UnfitSpacing where the options have not one for each axis.
        """
        given, axes = self.reading.spacing, self.labels.truth.ndim - self.classes.multilabel
        if given is None:
            return self.labels.spacing
        if len(given) not in (1, axes):
            what = f"{self.truth_name} has {axes} axes, and --spacing {len(given)} lengths"
            raise UnfitSpacing(what, "give one for each axis, in the order of the array, or one for all")
        return given * axes if len(given) == 1 else given

    @property
    def unit(self) -> str:
        """The unit of those lengths, such as mm or µm; empty where none is known."""
        return self.labels.unit if self.reading.spacing is None else ""

    def regions(self, background: int | None, predicted: bool = True) -> Regions:
        """The places of each class; without those of the prediction if it is missing.

        background: the class that has no surface; classes that do not exclude each other have none.  The same object
        for all kinds of evidence that ask for it.
        """
        asked = background, predicted
        if asked not in self._regions:
            self._regions[asked] = self._regions_of(*asked)
        return self._regions[asked]

    @cached_property
    def _regions(self) -> dict[tuple[int | None, bool], Regions]:
        return {}

    def _regions_of(self, background: int | None, predicted: bool) -> Regions:
        labels, ids = self.labels, self.counts.ids
        if self.classes.multilabel:
            channels = labels.pred if predicted else np.zeros_like(labels.pred)
            return Regions.of_channels(channels, labels.truth, ids, IGNORED, self.spacing)
        ids = tuple(id_ for id_ in ids if id_ in self.counts.seen and id_ != background)
        pred = labels.pred if predicted else None
        binary, ignore = self.classes.binary, self.classes.ignore
        return Regions.of_labels(pred, labels.truth, ids, ignore, self.spacing, binary=binary)

    def lacking(self, need: str) -> str:
        """Why the image has not what a kind of evidence needs; empty where it has."""
        given = self.labels.given
        if need == "instances":
            return "" if self.labels.segments else f"{self.truth_name} is read without ids of instances"
        if given is None:
            return ""
        if need == "foreground":
            few = given.kind == "foreground" or (given.kind == "channels" and len(given.array) <= 2)
            return "" if few and not self.classes.multilabel else f"{given.name} tells of no single foreground"
        if given.hard:
            return f"{given.name} is a hard mask: it does not tell how sure the prediction is"
        return f"{self.truth_name} holds fractions" if self.labels.target is not None else ""

    @property
    def scores(self) -> Scores:
        """How sure the prediction is of each class, where it tells."""
        given, truth, classes = self.labels.given, self.labels.truth, self.classes
        assert given is not None
        logits = self.reading.logits and given.array.dtype.kind == "f"
        if classes.multilabel:
            rows = class_rows(len(given.array), classes)
            array, truth = (each.reshape(len(each), -1) for each in (given.array[rows], truth))
            ids = classes.scored.ids if classes.scored else tuple(rows)
            return Scores(array, truth, ids, frozenset({IGNORED}), given.levels, False, logits)
        array = given.array if given.kind == "channels" else given.array[None]
        number = max(2, len(array))
        ids = classes.channels if classes.channels and len(classes.channels) == number else tuple(range(number))
        array, ignore = array.reshape(len(array), -1), classes.ignore
        return Scores(array, truth.reshape(-1), ids, ignore, given.levels, True, logits, classes.binary)

    @property
    def shape(self) -> tuple[int, ...]:
        """The spatial shape."""
        shape = self.labels.truth.shape
        return shape[1:] if self.classes.multilabel else shape

    @property
    def hard(self) -> bool:
        """Whether prediction and truth say yes or no everywhere, so that counts of pixels tell all but places."""
        return self.labels.given is not None and self.labels.given.hard and self.labels.target is None

    @property
    def class_ids(self) -> tuple[int, ...]:
        """The classes as losses see them: those that are named, or one for each channel."""
        table = self._with_classes.scored
        assert table is not None
        return table.ids

    @cached_property
    def _with_classes(self) -> ClassChoice:
        if self.classes.table:
            return self.classes
        given = self.labels.given
        assert given is not None
        channels = [
            each for each in (given.array, self.labels.target) if each is not None and each.ndim > len(self.shape)
        ]
        table = ClassTable.numbered(max(2, *map(len, channels)) if channels else 2)
        table = table if self.classes.multilabel else table.ignoring(self.classes.ignore)
        if not self.classes.multilabel and self.labels.target is None:
            Confusion.from_cells(self.cells, table.scored.ids, self.classes.ignore)  # refuses other true ids
        return replace(self.classes, table=table)

    @cached_property
    def weight_map(self) -> Mask | None:
        """A weight of each pixel, if losses take one."""
        return self.weights()

    @cached_property
    def sample(self) -> "Sample":
        """The pair as losses see it."""
        from segeval.data.samples import sample

        return sample(self.labels, self.reading, self._with_classes, self.weight_map).spaced(self.spacing)


def _zeros_and_ones(labels: Array, classes: ClassChoice) -> Array:
    """The labels with 1 for every non-zero id when the masks are binary; ignored ids stay what they are."""
    if not classes.binary:
        return labels
    return np.where(np.isin(labels, list(classes.ignore)), labels, labels != 0)


def recoded(cells: Cells, classes: ClassChoice) -> Cells:
    """The cells with 1 for every non-zero id when the masks are binary; ignored true ids stay what they are."""
    if not classes.binary:
        return cells
    truth, pred, pixels = cells
    kept = np.isin(truth, list(classes.ignore))
    return merged_cells(np.where(kept, truth, truth != 0).astype(np.int32), (pred != 0).astype(np.int32), pixels)
