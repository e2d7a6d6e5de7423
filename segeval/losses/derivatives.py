"""Exact derivatives of losses by the prediction, a few pixels at a time.

A value is a formula F of sums S over blocks of pixels, S = Σ E(x_b), so that dF/dx_b = Σ ∂F/∂S · ∂E/∂x_b: one sweep for
S, then the derivatives of a few numbers, then a second sweep whose steps are forgotten after each block. What looks at
places is one block.
"""

import functools
import operator
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from segeval.arrays import autodiff
from segeval.arrays.autodiff import Variable
from segeval.arrays.functions import Array
from segeval.evidence.pixels import Numbers
from segeval.evidence.sample import Field, Picture, Sample
from segeval.evidence.soft import Sums
from segeval.losses.engine.evidence import Asked, Caller, Measured, Plan, values
from segeval.losses.packing import SEVERAL, SINGLE

Slopes = Mapping[Hashable, Array]  # the derivative of the value by each field of the evidence


def derivative(asked: Asked, image: Sample, caller: Caller) -> Array:
    """The derivative of a loss by the prediction, (channels, *spatial); a hard mask is taken as one-hot."""
    return derivatives(asked, [image], caller)[0]


def derivatives(asked: Asked, images: Sequence[Sample], caller: Caller) -> list[Array]:
    """The derivatives of a loss of images together by the prediction of each; nan where the value is undefined."""
    plan = Plan([asked])
    each = [plan.measure(image) for image in images]
    slopes = _slopes(asked, functools.reduce(operator.add, each), caller)
    return [_of_image(plan, image, found, slopes) for image, found in zip(images, each, strict=True)]


def _slopes(asked: Asked, found: Measured, caller: Caller) -> Slopes | None:
    """The derivative of the value by each field that depends on the prediction; None where it is undefined."""
    fields = dict(_fields(found))
    ends = np.cumsum([0, *(np.size(each) for each in fields.values())])

    def at(x: Variable) -> Variable:
        given = {
            name: autodiff.reshape(x[start:end], np.shape(fields[name]))
            for name, start, end in zip(fields, ends, ends[1:], strict=False)
        }
        value = values(asked, _with_fields(found, given), caller)[0]
        return value if isinstance(value, Variable) else Variable(value)  # it may not depend on the prediction

    flat = np.concatenate([np.ravel(each) for each in fields.values()])
    slope = autodiff.gradient(at, flat)
    if np.isnan(slope).all():
        return None
    slope[np.isnan(flat)] = 0  # the value does not depend on what is undefined
    parts = zip(fields.items(), np.split(slope, ends[1:-1]), strict=True)
    return {name: part.reshape(np.shape(each)) for (name, each), part in parts if part.any()}


def _of_image(plan: Plan, image: Sample, found: Measured, slopes: Slopes | None) -> Array:
    channels = len(image.channels) if image.hard_pred else image.given.shape[0]
    if slopes is None:
        return np.full((channels, *image.shape), np.nan)
    result = np.zeros((channels, int(np.prod(image.shape))))
    for part in image.parts():
        place, slope = image.derived(lambda pixels: _weighed(plan.swept(pixels, image), slopes), part)
        result[:, place] += slope
    result = result.reshape(channels, *image.shape)
    if plan.of(Field) or plan.of(Picture):
        given = image.one_hot if image.hard_pred else image.given
        known = replace(found.soft, p=Variable(found.soft.p))  # the classes to look at, in a form that is derived

        def placed(x: Variable) -> Variable:
            return _weighed(replace(found, **plan.placed(replace(image, given=x), known)), slopes)

        result += autodiff.gradient(placed, given)
    return result


def _weighed(found: Measured, slopes: Slopes) -> Variable:
    """Σ ∂F/∂S · S over the fields that are variables, for the derivative of F."""
    fields = [(slopes[name], each) for name, each in _fields(found) if name in slopes and isinstance(each, Variable)]
    # what does not count has no say, undefined as it may be
    terms = [autodiff.sum(slope * autodiff.where(slope != 0, each, 0.0)) for slope, each in fields]
    return functools.reduce(operator.add, terms, Variable(0.0))


def _fields(found: Measured) -> Iterator[tuple[Hashable, Numbers]]:
    """All that depends on the prediction, by name."""
    for name, sums in _sums(found):
        for each in sums.of_pred:
            yield (name, each), getattr(sums, each)
    yield from found.kept.items()


def _sums(found: Measured) -> Iterator[tuple[Hashable, Sums]]:
    for name in SINGLE:
        if (sums := getattr(found, name)) is not None:
            yield name, sums
    for group in SEVERAL:
        for key, sums in getattr(found, group).items():
            yield (group, key), sums


def _with_fields(found: Measured, given: Mapping[Any, Numbers]) -> Measured:
    """The evidence with other numbers in these fields."""
    replaced: dict[Any, Any] = {
        name: replace(sums, **{each: given[name, each] for each in sums.of_pred})  # type: ignore[type-var]
        for name, sums in _sums(found)
    }
    apart: dict[str, Any] = {name: replaced[name] for name in SINGLE if name in replaced}
    apart |= {group: {key: replaced[group, key] for key in getattr(found, group)} for group in SEVERAL}
    return replace(found, **apart, kept={key: given[key] for key in found.kept})
