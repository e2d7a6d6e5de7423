"""Exact derivatives of losses by the prediction, a few pixels at a time.

A value is a formula F of sums S over blocks of pixels, S = Σ E(x_b), so that dF/dx_b = Σ ∂F/∂S · ∂E/∂x_b: one sweep for
S, then the derivatives of a few numbers, then a second sweep whose steps are forgotten after each block. What looks at
places is one block.
"""

import functools
import operator
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from segeval.arrays import autodiff
from segeval.arrays.autodiff import Variable
from segeval.arrays.functions import Array, clipped
from segeval.evidence.pixels import Numbers
from segeval.evidence.sample import Field, Picture, Sample
from segeval.evidence.soft import PixelSums, Sums
from segeval.losses.engine import counts
from segeval.losses.engine.evidence import (
    PLACES,
    Asked,
    Caller,
    Key,
    Leaf,
    Measured,
    Plan,
    looks,
    own_classes,
    values,
)
from segeval.losses.packing import SINGLE

ADDED = ("sums", "classes")  # sums over pixels; what is kept has a derivative class by class
BAG = "bag", "given"
Slopes = Mapping[Hashable, Array]  # the derivative of the value by each field of the evidence


def derivative(asked: Asked, image: Sample, caller: Caller) -> Array:
    """The derivative of a loss by the prediction, (channels, *spatial); a hard mask is taken as one-hot."""
    return derivatives(asked, [image], caller)[0]


def derivatives(asked: Asked, images: Sequence[Sample], caller: Caller) -> list[Array]:
    """The derivatives of a loss of images together by the prediction of each; nan where the value is undefined."""
    plan = Plan([asked], together=len(images) > 1)
    each = [evidence(plan, image) for image in images]
    slopes = slopes_of(asked, functools.reduce(operator.add, each), caller)
    own = [slopes] * len(each) if slopes is None else _own(slopes, each)
    return [_of_image(plan, image, found, s) for image, found, s in zip(images, each, own, strict=True)]


def _own(slopes: Slopes, each: Sequence[Measured]) -> list[Slopes]:
    """The slopes of each image: of bags, whose pixels stand side by side, its part."""
    if BAG not in slopes:
        return [slopes] * len(each)
    ends = np.cumsum([one.bag.count.size for one in each if one.bag])
    return [{**slopes, BAG: part} for part in np.split(slopes[BAG], ends[:-1], axis=1)]


def evidence(plan: Plan, image: Sample) -> Measured:
    """The evidence of one image: of a hard mask what its counts tell, and not a sweep over its pixels."""
    return counts.of_sample(plan, image) if countable(image) else plan.measure(image)


def countable(image: Sample) -> bool:
    """Whether an image is a hard mask of hard labels."""
    return image.hard_pred and not image.soft_truth


def _of_image(plan: Plan, image: Sample, found: Measured, slopes: Slopes | None) -> Array:
    channels = len(image.channels) if image.hard_pred else image.given.shape[0]
    if slopes is None:
        return np.full((channels, *image.shape), np.nan)
    result = np.zeros((channels, int(np.prod(image.shape))))
    if by_pairs(plan, image):
        result[:, kept_pixels(image)] = of_pairs(plan, image, slopes)[:, image.pairs.place]
        if plan.of(Picture):
            row, slope = of_pictures(plan, image, slopes)
            result[row, kept_pixels(image)] += slope
    else:
        for part in image.parts():
            place, slope = image.derived(lambda pixels: _weighed(plan.swept(pixels, image), slopes), part)
            result[:, place] += slope
        if plan.of(Picture):
            given = image.one_hot if image.hard_pred else image.given
            result += autodiff.gradient(lambda x: _pictured(plan, replace(image, given=x), slopes), given).reshape(
                result.shape
            )
    _add_fields(result.reshape(channels, *image.shape), plan, image, found, slopes)
    return result.reshape(channels, *image.shape)


def by_pairs(plan: Plan, image: Sample) -> bool:
    """Whether all pixels of one pair of classes have the same derivative of what adds up."""
    leaves = plan.leaves.values()
    return countable(image) and all(counts.tells(leaf) or issubclass(leaf.needs, PLACES) for leaf in leaves)


def kept_pixels(image: Sample) -> Any:
    """Where the pixels are that are not ignored, among all."""
    return slice(None) if image.keep is None else np.flatnonzero(image.keep)


def of_pairs(plan: Plan, image: Sample, slopes: Slopes) -> Array:
    """(channels, pairs): the derivative of what adds up, by a pixel of each pair of classes that meet."""
    few = replace(image, given=image.pairs.pred, truth=image.pairs.truth, weights=None)

    return few.derived(lambda pixels: _weighed(plan.swept(pixels, image), slopes), slice(None))[1]


def of_pictures(plan: Plan, image: Sample, slopes: Slopes) -> tuple[Array, Array]:
    """(n,): the derivative of what sees all of a hard mask, by the probability of what is true, and of which channel.

    Such formulas see the other probabilities as constants.
    """
    (picture,) = Picture.of(image)
    labels = np.asarray(picture.outcomes.labels)
    right = np.asarray(image.given).reshape(-1)[kept_pixels(image)] == labels
    row = np.zeros_like(labels) if image.binary else labels

    def weighed(p: Variable) -> Variable:
        given = clipped(p)
        seen = replace(picture.outcomes, p=given, surprisal=-autodiff.log(given))
        return _weighed_sums(plan.pictured([replace(picture, outcomes=seen)]), slopes)

    slope = autodiff.gradient(weighed, right.astype(np.float64))
    return row, np.where(labels == 0, -slope, slope) if image.binary else slope


def _add_fields(result: Array, plan: Plan, image: Sample, found: Measured, slopes: Slopes) -> None:
    """Add the derivatives of what looks at the places of single classes."""
    leaves = [leaf for leaf in plan.of(Field) if leaf.key in slopes]
    if not leaves and BAG not in slopes:
        return
    softmax = image.logits and image.exclusive
    into = np.zeros(result.shape) if softmax else result
    with np.errstate(under="ignore"):  # what is too small to be a number is 0
        for k, field, wanted in looks(leaves, image, found.soft):
            for leaf in wanted:
                if weight := class_slope(leaf, image, k, slopes):
                    box, slope = field.slope(leaf, leaf.margin(derived=True))
                    into[row_of(image, k)][box] += weight * slope
        if BAG in slopes:
            _add_bag(into, image, slopes[BAG])
        if softmax:  # ∂L/∂x = p (∂L/∂p − Σ p ∂L/∂p)
            p = image.probabilities
            into -= (p * into).sum(axis=0)
            into *= p
            result += into


def _add_bag(into: Array, image: Sample, slopes: Array) -> None:
    """Add the derivatives by the pixels of each class, wherever they stand; pairs of a hard mask share theirs."""
    if countable(image):
        slopes = (slopes / np.maximum(image.pairs.pixels, 1))[:, image.pairs.place]
    for k, slope in enumerate(slopes):
        row = into[row_of(image, k)].reshape(-1)
        row[kept_pixels(image)] += -slope if image.binary and k == 0 else slope


def row_of(image: Sample, k: int) -> int:
    """The channel that a class is predicted in."""
    return 0 if image.binary else k if image.hard_pred else image.channels[k]


def class_slope(leaf: Leaf, image: Sample, k: int, slopes: Slopes) -> float:
    """The derivative of the loss by the value of a class, taken by the channel's own probability."""
    own = own_classes(leaf, image)
    if leaf.key not in slopes or k not in own:
        return 0.0
    slope = float(slopes[leaf.key][own.index(k)])
    return -slope if image.binary and k == 0 else slope


def slopes_of(asked: Asked, found: Measured, caller: Caller) -> Slopes | None:
    """The derivative of the value by each field that depends on the prediction; None where it is undefined."""
    fields = dict(_fields(found))
    ends = np.cumsum([0, *(np.size(each) for each in fields.values())])

    def at(x: Variable) -> Variable:
        given = {
            name: autodiff.reshape(x[start:end], np.shape(fields[name]))
            for name, start, end in zip(fields, ends, ends[1:], strict=False)
        }
        return values(asked, _with_fields(found, given), caller)[0]  # type: ignore[no-any-return]

    flat = np.concatenate([np.ravel(each) for each in fields.values()])
    slope = autodiff.gradient(at, flat)
    if np.isnan(slope).all():
        return None
    slope[np.isnan(flat)] = 0  # the value does not depend on what is undefined
    parts = zip(fields.items(), np.split(slope, ends[1:-1]), strict=True)
    return {name: part.reshape(np.shape(each)) for (name, each), part in parts if part.any()}


def _pictured(plan: Plan, image: Sample, slopes: Slopes) -> Variable:
    return _weighed_sums(plan.pictured(Picture.of(image)), slopes)


def _weighed(found: Measured, slopes: Slopes) -> Variable:
    """Σ ∂F/∂S · S over the fields that are variables, for the derivative of F."""
    return _summed(_fields(found), slopes)


def _weighed_sums(sums: Mapping[Key, PixelSums], slopes: Slopes) -> Variable:
    """The same of some of the evidence."""
    found = (((("sums", key), each), getattr(some, each)) for key, some in sums.items() for each in some.of_pred)
    return _summed(found, slopes)


def _summed(found: Iterable[tuple[Hashable, Numbers]], slopes: Slopes) -> Variable:
    fields = [(slopes[name], each) for name, each in found if name in slopes and isinstance(each, Variable)]
    # what does not count has no say, undefined as it may be
    terms = [autodiff.sum(slope * autodiff.where(slope != 0, each, 0.0)) for slope, each in fields]
    return functools.reduce(operator.add, terms, Variable(0.0))


def _fields(found: Measured) -> Iterator[tuple[Hashable, Numbers]]:
    """All that depends on the prediction, by name."""
    for name, sums in _sums(found):
        for each in sums.of_pred:
            yield (name, each), getattr(sums, each)
    for key, kept in found.kept.items():
        yield key, kept.total


def _sums(found: Measured) -> Iterator[tuple[Hashable, Sums]]:
    for name in SINGLE:
        if (sums := getattr(found, name)) is not None:
            yield name, sums
    for group in ADDED:
        for key, sums in getattr(found, group).items():
            yield (group, key), sums


def _with_fields(found: Measured, given: Mapping[Any, Numbers]) -> Measured:
    """The evidence with other numbers in these fields."""
    replaced: dict[Any, Any] = {
        name: replace(sums, **{each: given[name, each] for each in sums.of_pred})  # type: ignore[type-var]
        for name, sums in _sums(found)
    }
    apart: dict[str, Any] = {name: replaced[name] for name in SINGLE if name in replaced}
    apart |= {group: {key: replaced[group, key] for key in getattr(found, group)} for group in ADDED}
    return replace(found, **apart, kept={key: replace(kept, total=given[key]) for key, kept in found.kept.items()})
