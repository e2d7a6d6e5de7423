"""The weight of each pixel, for training on objects that touch."""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from segeval.catalog import check_choice
from segeval.data.class_weights import LARGEST, Frequencies, by_scheme, checked
from segeval.data.ids import whole
from segeval.distance import within
from segeval.distance.grid import Array, Steps, compact, nearest, steps
from segeval.distance.objects import KINDS, Cells, ids_of, likely_kind, of_kind, semantic, separated
from segeval.errors import BadOption, FractionalMask, UnfitPixels
from segeval.parameters import CONNECTIVITIES

__all__ = ["unet_weights"]

CONVENTIONS = {"unet2015": (10.0, 5.0), "falk2019": (50.0, 6.0)}  # w0 and sigma
WHERE, NEAREST, TOUCHING = ("background", "all"), ("two", "one"), ("keep", "gap")
CLASS_WEIGHTS = "balanced"
FALK_BACKGROUND, FALK_SIGMA = 0.1, 10.0  # v and σ₁
MEMORY = 1 << 30  # bytes that one image may take beside its labels and its map
_SMALLEST = 16  # pixels: the side of a tile that is not cut any more
_FOREVER = 1e100  # a reach that is no limit


@dataclass(frozen=True)
class Formula:
    """How weights follow from distances. Made by `formula`, which knows the defaults."""

    convention: str
    w0: float
    sigma: float
    eps: float
    where: str
    nearest: str

    def __post_init__(self) -> None:
        check_choice("--where", self.where, WHERE)
        check_choice("--nearest", self.nearest, NEAREST)
        for name in ("w0", "sigma", "eps"):
            if isinstance(given := getattr(self, name), bool) or not isinstance(given, int | float | np.number):
                raise BadOption(f"--{name} is {given!r}", "give a number")
        if not (math.isfinite(self.sigma) and self.sigma > 0):
            raise BadOption(f"--sigma is {self.sigma}", "give a finite number above 0")
        if not 0 <= self.w0 <= LARGEST:
            raise BadOption(f"--w0 is {self.w0}", "give a number from 0 to 1e30")
        if not (math.isfinite(self.eps) and self.eps >= 0):
            raise BadOption(f"--eps is {self.eps}", "give a finite number from 0, where 0 looks at all distances")
        if self.falk and (self.where, self.nearest) != ("background", "two"):
            raise BadOption("--convention falk2019 has its own formula", "leave out --where and --nearest")

    @property
    def falk(self) -> bool:
        return self.convention == "falk2019"

    def reach(self, kinds: int = 1) -> float:
        """d1 + d2 beyond which the ridge is taken as 0; the ridges of all classes then miss at most eps together."""
        return _reach(self.w0, self.sigma, self._share(kinds))

    def transition_reach(self, kinds: int = 1) -> float:
        """d1 beyond which the transition of falk2019 is taken as 0."""
        return _reach(1 - FALK_BACKGROUND, FALK_SIGMA, self._share(kinds)) if self.falk else 0.0

    def _share(self, kinds: int) -> float:
        """What each term of the sum over classes may miss."""
        return self.eps / max(kinds, 1) / (2 if self.falk else 1)


def formula(
    convention: str = "unet2015",
    w0: float | None = None,
    sigma: float | None = None,
    eps: float = 1e-4,
    where: str = "background",
    nearest: str = "two",
) -> Formula:
    """The formula of a convention, with its own w0 and sigma where none are given."""
    check_choice("--convention", convention, CONVENTIONS)
    own_w0, own_sigma = CONVENTIONS[convention]
    given = own_w0 if w0 is None else w0, own_sigma if sigma is None else sigma
    return Formula(convention, *given, eps, where, nearest)


def _reach(height: float, sigma: float, share: float) -> float:
    """Where height · exp(−r² / 2σ²) falls to `share`."""
    if height <= share:
        return 0.0
    found = sigma * math.sqrt(2 * (math.log(height) - math.log(share))) if share else math.inf
    return found if found < _FOREVER else math.inf


def check_cells(
    rule: Formula, labels: str, connectivity: str, touching: str | None, class_weights: object | None
) -> None:
    """Refuse what makes no sense of how cells are found, or beside the formula."""
    if rule.falk and (class_weights is not None or touching == "keep"):
        what = "gaps between cells that touch" if class_weights is None else "class weights"
        raise BadOption(f"--convention falk2019 has its own {what}", "leave out --class-weights and --touching")
    check_choice("--labels", labels, KINDS)
    check_choice("--connectivity", connectivity, CONNECTIVITIES)
    if touching is not None:
        check_choice("--touching", touching, TOUCHING)


def unet_weights(
    mask: npt.ArrayLike,
    /,
    *,
    convention: str = "unet2015",
    w0: float | None = None,
    sigma: float | None = None,
    eps: float = 1e-4,
    where: str = "background",
    nearest: str = "two",
    class_weights: str | Mapping[int, float] | Sequence[float] | None = None,
    labels: str = "auto",
    connectivity: str = "face",
    ignore: Iterable[int] = (),
    touching: str | None = None,
    spacing: Sequence[float] | float | None = None,
) -> Array:
    """The U-Net weight of every pixel, as `segeval weightmap` writes it: high on the thin background between cells.

        unet2015:   w(x) = w_c(x) + w0 · exp(−(d1(x) + d2(x))² / (2 σ²))       on background;  w = w_c on objects
        falk2019:   w(x) = 0.1 + w0 · exp(−(d1 + d2)² / (2 σ²)) + 0.9 · exp(−d1² / (2 · 10²))   and 1 on objects, which
                    get gaps of one pixel where they touch

    d1 and d2: distances to the nearest and the second nearest object, 0 inside it. With fewer than two objects there
    is no second term. w0 = 10 and σ = 5, or 50 and 6 with falk2019, unless given.

    mask: whole numbers, 0 is background; any number of axes.  labels: what its ids are (auto, binary, instances,
    semantic).  connectivity: what joins pixels of binary and semantic masks (face, full).  ignore: ids whose pixels
    weigh 0.  touching: keep or gap.  spacing: the length of a step along each axis; σ has its unit.  where: `all` takes
    unet2015 on objects too.  nearest: `one` is a variant that looks at d1 alone.  class_weights: the name of a scheme
    (balanced unless given, median-frequency, rarest1, complement, none) over this mask, or weights by id, where objects
    of binary masks and instances are class 1.  eps: no weight misses its formula by more, rounding to float32 aside; 0
    for no truncation.  Gives float32.

    Ronneberger et al. (2015). arXiv:1505.04597.  Falk et al. (2019). doi:10.1038/s41592-018-0261-2
    """
    rule = formula(convention, w0, sigma, eps, where, nearest)
    check_cells(rule, labels, connectivity, touching, class_weights)
    ids, ignore = _whole(mask), ids_of(ignore)
    whole = of_kind(_kind(ids, ignore) if labels == "auto" else labels, ids, ignore, connectivity)
    if rule.falk:  # its gaps and its constants are its own
        return weights(whole, rule, {}, steps(spacing, ids.ndim))
    kept = separated(whole) if touching == "gap" else whole
    chosen = _class_weights(CLASS_WEIGHTS if class_weights is None else class_weights, kept)
    return weights(kept, rule, chosen, steps(spacing, ids.ndim))


def _whole(mask: npt.ArrayLike) -> Array:
    """The ids of a mask as integers."""
    array = np.asarray(mask)
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or not whole(array):
            raise FractionalMask("the mask holds fractions, and weight maps are made from labels", "threshold it first")
        return array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise UnfitPixels(f"the mask is an array of {array.dtype}", "labels are whole numbers")
    return array


def _kind(ids: Array, ignore: Iterable[int]) -> str:
    """What the ids of one mask are."""
    found = semantic(ids, ignore, "full")
    return likely_kind(len(found.classes), len(found.classes), found.count)


def _class_weights(given: str | Mapping[int, float] | Sequence[float], cells: Cells) -> dict[int, float]:
    """The weights of background and classes."""
    if isinstance(given, str):
        return by_scheme(given, Frequencies.of(cells.pixels()))
    return checked(given if isinstance(given, Mapping) else dict(enumerate(given)))


def weights(
    cells: Cells, rule: Formula, class_weights: Mapping[int, float], grid: Steps, memory: int = MEMORY
) -> Array:
    """The weight of every pixel of some cells; `class_weights` has every class that occurs. float32.

    Larger images are cut into tiles with a rim as wide as the formula reaches, which gives the same numbers.
    """
    kept = separated(cells) if rule.falk else cells
    result = _constant(kept, rule, class_weights)
    reaches = rule.reach(len(cells.classes)), rule.transition_reach(len(cells.classes))
    wanted = np.ones(result.shape, bool) if rule.where == "all" else kept.objects == 0
    if cells.ignored is not None:
        wanted &= ~cells.ignored
    for kind in cells.classes:
        objects = cells.of(kind)
        for core, around, inner in _tiles(objects.shape, grid, max(reaches), memory):
            if wanted[core].any():
                active = np.zeros(objects[around].shape, bool)
                active[inner] = wanted[core]
                part = _terms(objects[around], active, rule, reaches, grid)[inner]
                np.add(result[core], part, out=result[core], where=wanted[core], casting="same_kind")
    with np.errstate(under="ignore"):
        return result.astype(np.float32)


def _constant(cells: Cells, rule: Formula, class_weights: Mapping[int, float]) -> Array:
    """What does not depend on distances."""
    if rule.falk:
        table = np.where(np.arange(len(cells.kinds)) == 0, FALK_BACKGROUND, 1.0)
    else:
        missing = sorted(kind for kind in {0, *cells.classes} if kind not in class_weights)
        present = cells.pixels()
        if missing := [kind for kind in missing if present[kind]]:
            raise BadOption(
                f"--class-weights gives no weight for the ids {', '.join(map(str, missing))}", "give one for each class"
            )
        table = np.array([class_weights.get(kind, 0.0) for kind in cells.kinds.tolist()])
    result: Array = table[cells.objects]
    if cells.ignored is not None:
        result[cells.ignored] = 0
    return result


def _terms(objects: Array, wanted: Array, rule: Formula, reaches: tuple[float, float], grid: Steps) -> Array:
    """The terms of one class that depend on distances."""
    objects, ids = compact(objects)
    reach, farther = reaches
    if rule.nearest == "one":
        return _bell(nearest(objects, grid), rule.w0, rule.sigma, reach)
    first, second = within(objects, len(ids) - 1, grid, reach, wanted)
    found = _bell(first + second, rule.w0, rule.sigma, reach)
    if rule.falk:
        found += _bell(nearest(objects, grid), 1 - FALK_BACKGROUND, FALK_SIGMA, farther)
    return found


def _bell(distance: Array, height: float, sigma: float, reach: float) -> Array:
    """height · exp(−r² / 2σ²) as far as `reach`, and 0 beyond, however the distances were found."""
    found = np.zeros(distance.shape)
    near = (distance <= reach) & (distance < np.inf)
    with np.errstate(under="ignore", over="ignore"):
        found[near] = height * np.exp(-0.5 * (distance[near] / sigma) ** 2)
    return found


def _tiles(
    shape: tuple[int, ...], grid: Steps, reach: float, memory: int
) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...], tuple[slice, ...]]]:
    """Tiles of an image: each one's place, the place with its rim, and where the one lies in the other."""
    rim = [n if reach / step >= n else math.ceil(reach / step) for step, n in zip(grid.lengths, shape, strict=True)]
    sides = _sides(shape, rim, memory // _bytes(len(shape)))
    ranges = [range(0, n, side) for n, side in zip(shape, sides, strict=True)]
    for corner in itertools.product(*ranges):
        ends = [min(at + side, n) for at, side, n in zip(corner, sides, shape, strict=True)]
        low = [max(at - width, 0) for at, width in zip(corner, rim, strict=True)]
        high = [min(end + width, n) for end, width, n in zip(ends, rim, shape, strict=True)]
        core, around = tuple(map(slice, corner, ends)), tuple(map(slice, low, high))
        inner = tuple(slice(at - start, end - start) for at, end, start in zip(corner, ends, low, strict=True))
        yield core, around, inner


def _sides(shape: tuple[int, ...], rim: list[int], pixels: int) -> list[int]:
    """The sides of tiles that have at most so many pixels with their rims, if that can be: long axes are halved."""

    def taken(axis: int) -> int:
        return min(sides[axis] + 2 * rim[axis], shape[axis])

    sides = list(shape)
    while math.prod(taken(axis) for axis in range(len(shape))) > pixels:
        axis = max((n for n in range(len(shape)) if rim[n] < shape[n]), key=lambda n: sides[n], default=None)
        if axis is None or sides[axis] <= _SMALLEST:
            break
        sides[axis] = -(-sides[axis] // 2)
    return sides


def _bytes(ndim: int) -> int:
    """What one pixel of a tile takes at most, measured: mostly the plain transform's."""
    return 20 + 25 * ndim
