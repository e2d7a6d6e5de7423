"""The loss of each pixel, for losses that are means over pixels."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from segeval.arrays.functions import Array, like, namespace, plain
from segeval.errors import Unfit
from segeval.evidence.pixels import Distributions, Numbers, Outcomes, Pixels, Values
from segeval.evidence.sample import Picture, Sample
from segeval.evidence.soft import ClassSums, SurprisalTable
from segeval.losses.engine.evidence import Asked, Leaf
from segeval.losses.engine.parts import Formula, Parts
from segeval.measures import needs


def pixel_losses(asked: Asked, image: Sample) -> Array:
    """(spatial) numbers whose mean over the pixels that are not ignored is the value of the loss; nan where ignored.

    Unfit for a loss that is no mean over pixels.
    """
    pixels = image.whole
    found = plain(_mapped(asked.name, asked.entry.func, asked.params, pixels, image))
    whole = np.full(int(np.prod(image.shape)), np.nan)
    whole[slice(None) if pixels.place is None else pixels.place] = found
    return whole.reshape(image.shape)


def _mapped(name: str, formula: Formula, params: Mapping[str, Any], pixels: Pixels, image: Sample) -> Numbers:
    """(n,) a formula, or what it makes of the formulas that it calls."""
    if needs(formula) is Parts:
        return formula(Parts(lambda part, given: _mapped(name, part, given, pixels, image)), **params)
    leaf = Leaf(formula, params).on(image)
    if leaf.needs not in MAPPED:
        raise Unfit(f"{name} is no mean over pixels", "its gradient has a value for each pixel")
    return MAPPED[leaf.needs](leaf, pixels, image)


def _mean(rows: list[Numbers]) -> Numbers:
    return sum(rows[1:], rows[0]) / len(rows)


def _of_outcomes(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001 - one signature for all
    return _mean([problem.expected(leaf(problem)) for problem in pixels.problems])


def _of_pictures(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001
    pictures = Picture.of(image)
    found = [leaf(picture) for picture in pictures]
    if isinstance(found[0], tuple):  # values of some pixels, which stand for all
        weight = sum(float(plain(kept).sum()) for _, kept in found)
        share = len(found) * plain(found[0][1]).size / weight if weight else np.nan
        found = [values * share for values, _ in found]
    return _mean([picture.outcomes.expected(values) for picture, values in zip(pictures, found, strict=True)])


def _of_values(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001
    each = leaf(Values(pixels))
    return namespace(each).sum(each, axis=0) / each.shape[0]


def _of_distributions(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001
    terms = [leaf(Distributions.of(problem)) for problem in pixels.problems]
    return _mean([namespace(each).sum(each, axis=0) for each in terms])


def _of_classes(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001
    """Such a loss is linear in the summed surprisals: at sums of 1 it says what each costs."""
    problems = pixels.problems
    sums = ClassSums.of(problems)
    price = _priced(leaf, sums, np.ones(sums.surprisal.shape))
    rows = zip(problems, price, strict=True)
    return _mean([problem.expected(problem.each(of_outcome) * problem.surprisal) for problem, of_outcome in rows])


def _of_table(leaf: Leaf, pixels: Pixels, image: Sample) -> Numbers:  # noqa: ARG001
    """The same, outcome by outcome whatever is true."""
    problems = pixels.problems
    sums = SurprisalTable.of(problems)
    total = 0.0
    for k in range(sums.surprisal.shape[-1]):
        ones = np.zeros(sums.surprisal.shape)
        ones[..., k, :] = 1
        rows = zip(problems, _priced(leaf, sums, ones), strict=True)
        costs = [problem.expected(problem.each(price) * problem.every_surprisal[k, ...]) for problem, price in rows]
        total = total + _mean(costs)
    return total


def _priced(leaf: Leaf, sums: ClassSums, ones: Array) -> Array:
    """(B, K) what a surprisal costs on a pixel of each true outcome."""
    return plain(leaf(replace(sums, surprisal=like(ones, sums.surprisal)))) * float(plain(sums.n))


MAPPED: dict[type, Callable[[Leaf, Pixels, Sample], Numbers]] = {
    Outcomes: _of_outcomes,
    Picture: _of_pictures,
    Values: _of_values,
    Distributions: _of_distributions,
    ClassSums: _of_classes,
    SurprisalTable: _of_table,
}
