"""How much of the skeleton of each class lies within the other mask, as vessels and roads are judged."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from segeval.errors import MissingPackage, UnfitPixels
from segeval.evidence.kinds import EVIDENCE, ClassColumns
from segeval.evidence.regions import Regions
from segeval.evidence.run_length import Array

_COLUMNS = ("truth", "pred", "truth_skeleton", "pred_skeleton", "truth_covered", "pred_covered")


@EVIDENCE.add(columns=dict.fromkeys(_COLUMNS, "sum"), options=("background",), package="skimage")
@dataclass(frozen=True, eq=False)
class Skeleton(ClassColumns):
    """Pixels of the skeletons of truth and prediction, of each class, int64 (C,): all, and those in the other mask.

    Ignored pixels are cut out of both masks. Skeletons add up.
    """

    kind: ClassVar[str] = "skeleton"

    ids: tuple[int, ...]
    truth: Array  # pixels of the class
    pred: Array
    truth_skeleton: Array
    pred_skeleton: Array
    truth_covered: Array  # of the skeleton of the truth, those in the prediction
    pred_covered: Array

    @classmethod
    def of(
        cls,
        pred: npt.ArrayLike,
        truth: npt.ArrayLike,
        *,
        num_classes: int | None = None,
        ignore: Iterable[int] = (),
        background: int | None = 0,
    ) -> "Skeleton":
        """The skeletons of two integer label arrays of one shape, in 2-D or 3-D, which are taken as by `Surface.of`."""
        return cls.from_regions(Regions.of(pred, truth, None, num_classes, ignore, background))

    @classmethod
    def from_regions(cls, regions: Regions, name: str = "a mask") -> "Skeleton":
        """The same from the places of each class; those that are in neither mask are left out."""
        if len(regions.shape) > 3:
            what = f"{name} has {len(regions.shape)} axes, and skeletons are of pictures and volumes"
            raise UnfitPixels(what, "leave out the metrics of skeletons")
        ids, rows = [], []
        for id_ in regions.ids:
            if region := regions.region(id_):
                truth, pred = region.truth, region.pred
                thin = [_skeleton(mask) for mask in (truth, pred)]
                parts = (truth, pred, *thin, thin[0] & pred, thin[1] & truth)
                ids.append(id_)
                rows.append([np.count_nonzero(part) for part in parts])
        return cls(tuple(ids), *np.array(rows, np.int64).reshape(-1, len(_COLUMNS)).T)

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "Skeleton":
        """The skeletons of an image behind the door."""
        return cls.from_regions(image.regions(spec.options["background"]), image.truth_name)

    @classmethod
    def missed(cls, image: Any, spec: Any) -> "Skeleton":
        """Every class of the truth is missed."""
        return cls.from_regions(image.regions(spec.options["background"], predicted=False), image.truth_name)


def _skeleton(mask: Array) -> Array:
    try:
        from skimage.morphology import skeletonize
    except ImportError as fault:
        raise MissingPackage("skeletons need scikit-image", "pip install 'segeval-masks[skeleton]'") from fault
    return np.asarray(skeletonize(np.atleast_2d(mask)), bool).reshape(mask.shape)  # a line is a picture of one row
