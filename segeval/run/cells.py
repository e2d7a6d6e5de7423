"""Which class each image took for which: the cells of the confusion matrices of single images that are not zero."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from segeval.evidence.confusion import positions
from segeval.evidence.multilabel import PixelEvidence
from segeval.evidence.run_length import Array, merged_cells

OTHER = -1  # in place of a predicted id that is no class


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of all images, in the order of their ids: int64 columns of one length."""

    ids: tuple[str, ...]
    image: Array  # positions in `ids`
    truth: Array
    pred: Array
    pixels: Array

    def wrong(self) -> "Cells":
        """Those where truth and prediction differ."""
        return self.only(self.truth != self.pred)

    def only(self, which: Array) -> "Cells":
        """Some of them."""
        return Cells(self.ids, self.image[which], self.truth[which], self.pred[which], self.pixels[which])


def of_image(counts: PixelEvidence, ids: Sequence[int]) -> tuple[Array, Array, Array]:
    """The cells of an image, over these classes: truth, prediction, pixels. None of classes that may overlap."""
    found = counts.by_id
    if found is None:
        return (np.zeros(0, np.int64),) * 3
    truth, pred, pixels = found.valid
    known = np.where(positions(pred, ids) < len(ids), pred, OTHER)
    return merged_cells(truth, known, pixels)


def of_counts(names: Sequence[str], every: Iterable[PixelEvidence], ids: Sequence[int]) -> Cells | None:
    """The cells of many images; None where classes may overlap, and so none is taken for another."""
    parts = [of_image(counts, ids) for counts in every if counts.by_id is not None]
    if len(parts) < len(names):
        return None
    image = np.repeat(np.arange(len(parts)), [part[0].size for part in parts])
    truth, pred, pixels = (np.concatenate([np.zeros(0, np.int64), *column]) for column in zip(*parts, strict=True))
    return Cells(tuple(names), image, truth, pred, pixels)
