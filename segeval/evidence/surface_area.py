"""The same distances, each weighing as much as the piece of contour or surface that it stands for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from segeval.errors import UnfitPixels
from segeval.evidence.kinds import EVIDENCE
from segeval.evidence.regions import Region, Regions
from segeval.evidence.surface import Surface, Ways

if TYPE_CHECKING:
    from segeval.distance.grid import Steps


@EVIDENCE.add(columns={}, totals={"diagonal": "value"}, valued=True, options=("background", "spacing"))
@dataclass(frozen=True, eq=False)
class SurfaceArea(Surface):
    """Distances between the contours of truth and prediction, which pass between pixels, weighed by length or area.

    A piece of contour lies in a cell of 2 × 2 pixels, of surface in one of 2 × 2 × 2, and is as far from the other as
    its cell is. A cell with an ignored pixel has none.
    """

    kind: ClassVar[str] = "surface_area"

    @classmethod
    def measured(cls, image: Any, spec: Any) -> "SurfaceArea":
        """The distances of an image behind the door."""
        try:
            return super().measured(image, spec)  # type: ignore[return-value]
        except UnfitPixels as fault:
            raise UnfitPixels(f"{image.truth_name}: {fault.message}", fault.hint) from fault

    @classmethod
    def _all(cls, regions: Regions, grid: "Steps", full: bool) -> Iterator[tuple[int, list[int], Ways]]:
        return cls._one_by_one(regions, grid, full)

    @classmethod
    def _ways(cls, region: Region, grid: "Steps", full: bool) -> Ways:  # noqa: ARG003
        from segeval.distance.borders import weighed_distances
        from segeval.distance.elements import codes, sizes

        if region.truth.ndim > 3:
            what = f"masks of {region.truth.ndim} axes have no area"
            raise UnfitPixels(what, "ask for nsd and hd95_max, which count pixels")
        sizes_of_cells = sizes(grid.lengths)
        truth, pred = (sizes_of_cells[codes(mask)] for mask in (region.truth, region.pred))
        if region.valid is not None:
            whole = codes(region.valid) == sizes_of_cells.size - 1
            truth, pred = (np.where(whole, each, 0.0) for each in (truth, pred))
        at = (truth > 0, pred > 0)
        return [weighed_distances(*at, grid, truth), weighed_distances(*at[::-1], grid, pred)]
