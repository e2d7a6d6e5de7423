"""Arrays -> records -> Run: scores of what is in memory, image by image or batch by batch."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from segeval.arrays.functions import plain
from segeval.data.door import read_pair
from segeval.data.folders import added
from segeval.data.from_arrays import ArrayImage, images
from segeval.data.image import Image
from segeval.errors import BadOption, NothingMatched, TwoReadings
from segeval.evaluate.measure import checked, recorded
from segeval.io import Array, Mask
from segeval.parameters import measurable
from segeval.run.options import Options, check_names
from segeval.run.records import Record
from segeval.run.run import Run
from segeval.text import extent


class Evaluator:
    """Collects the evidence of images in memory, and makes a `Run` of it.

        evaluator = segeval.Evaluator(num_classes=19, ignore=[255])
        for images, truth in loader:
            evaluator.update(model(images), truth, batch=True)
        print(evaluator.compute().summary["miou_dataset"])

    options: those of `segeval score`, by name. Arrays are NumPy's, torch's on any device, or whatever has DLPack or
    `__array__`. Nothing of an image is kept but its evidence. Evaluators of equal options and disjoint ids add up, and
    can be pickled: one in each process, and their sum.
    """

    def __init__(self, **options: Any) -> None:
        check_names("Evaluator", options)
        self._given = options
        self.options = Options.of(**options).with_losses()
        if self.options.losses is not None and self.options.losses.weights is not None:
            raise BadOption("weights is a folder of maps for files", "losses of arrays take weights=map: losses.value")
        self.reset()

    def reset(self) -> None:
        """Forget all images."""
        self._records: dict[str, Record] = {}
        self._inputs: list[str] = []

    def update(
        self,
        pred: Any,
        truth: Any,
        id: str | Sequence[str] | None = None,
        batch: bool | None = None,
        spacing: Sequence[float] | None = None,
    ) -> None:
        """Add an image, or a batch of images; nothing is added where something is wrong with one of them.

        pred: labels (spatial); probabilities, or raw outputs with logits=True, (C, spatial) or of the foreground
        (spatial); with multilabel=True (C, spatial). truth: labels (spatial), or channels as the options say.
        With a batch both have one axis more, the first. batch: whether there is one; None: what the shapes allow.
        id: a name, or N names of a batch; by default a number that counts up. spacing: the size of a pixel along each
        axis of an image.

        Raises a `SegevalError`: TwoReadings, ShapesDiffer, UnknownTruthIds, NotProbabilities, …
        """
        channels = self.options.classes.multilabel and not self.options.classes.members
        found = images(_known(pred), _known(truth), batch=batch, multilabel=channels)
        if (
            batch is None
            and spacing is None
            and not found.axes.batch
            and found.kind == "labels"
            and found.truth.ndim > 2
        ):
            raise TwoReadings(
                f"pred and truth are {extent(found.truth.shape)}: a volume, or {len(found.truth)} images",
                "say batch=True for images, batch=False for one volume (or give its spacing)",
            )
        every = list(found)
        ids = self._ids(id, len(every), found.axes.batch)
        records, inputs = zip(*(self._measured(*each, spacing) for each in zip(every, ids, strict=True)), strict=True)
        self._records |= {record.id: record for record in records}
        self._inputs += inputs

    def _ids(self, given: str | Sequence[str] | None, number: int, batch: bool) -> list[str]:
        """The ids of some more images."""
        if given is None:
            start = len(self._records)
            ids = [f"{n:06}" for n in range(start, start + number)]
        else:
            ids = list(given) if batch and not isinstance(given, str) else [given]  # type: ignore[list-item]
        if len(ids) != number or not all(isinstance(each, str) and each for each in ids):
            raise BadOption(f"id is {given!r}", f"give {number} texts, one for each image" if batch else "give a text")
        twice = [each for n, each in enumerate(ids) if each in self._records or each in ids[:n]]
        if twice:
            raise BadOption(f"there is an image {twice[0]!r} already", "give each an id of its own: id=…")
        return ids

    def _measured(self, each: ArrayImage, id_: str, spacing: Sequence[float] | None) -> tuple[Record, str]:
        """The record of an image, and a digest of what it was made of."""
        masks = [
            Mask(f"{side}{each.place} ({id_})", array, levels=_levels(array), spacing=_spacing(spacing, each))
            for side, array in (("pred", plain(each.pred)), ("truth", each.truth))
        ]
        pair = read_pair(masks[0], masks[1], self.options.reading, self.options.classes)
        record = recorded(id_, Image(masks[1].name, pair, self.options.reading, self.options.classes), self.options)
        shapes = json.dumps([id_, each.pred.shape, each.truth.shape, record.truth_digest])
        return record, hashlib.sha256(shapes.encode()).hexdigest()

    def compute(self) -> Run:
        """The run over all images so far; NothingMatched where there are none."""
        if not self._records:
            raise NothingMatched("there is no image to score", "call update(pred, truth) before compute()")
        records = tuple(sorted(self._records.values(), key=lambda record: record.id))
        return checked(Run(records, self.options, added(self._inputs), paired=len(records)))

    def __add__(self, other: "Evaluator") -> "Evaluator":
        if self.options.recorded() != other.options.recorded():
            raise ValueError("evaluators of other options do not add up")
        if twice := self._records.keys() & other._records.keys():
            raise ValueError(f"evaluators that share images do not add up: {min(twice)!r}; give ids of your own: id=…")
        found = Evaluator(**self._given)
        found._records, found._inputs = self._records | other._records, self._inputs + other._inputs
        return found

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        return f"Evaluator({len(self)} images)"


def _levels(array: Array) -> int:
    """The largest value of an integer type."""
    return int(np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else 255


def _spacing(spacing: Sequence[float] | None, image: ArrayImage) -> tuple[float, ...] | None:
    """The spacing, if it has a length for each axis."""
    if spacing is None:
        return None
    found = tuple(float(length) for length in spacing)
    if len(found) != len(image.shape) or not all(map(measurable, found)):
        raise BadOption(
            f"spacing is {spacing!r}", f"give {len(image.shape)} lengths from 1e-50 to 1e50, one for each axis"
        )
    return found


def _known(array: Any) -> Any:
    """The array, or its memory as NumPy sees it where the library has nothing but DLPack."""
    other = hasattr(array, "__dlpack__") and not (hasattr(array, "__array__") or hasattr(array, "__array_namespace__"))
    return np.from_dlpack(array) if other else array
