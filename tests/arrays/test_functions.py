"""The functions that formulas share, on every kind of array."""

import math
from collections.abc import Callable
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

from segeval.arrays import functions as arrays
from segeval.arrays.autodiff import Variable
from segeval.arrays.functions import namespace, plain

KINDS: list[Callable[[Any], Any]] = [np.asarray, Variable, strict.asarray]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=["numpy", "variable", "strict"])


def given(kind: Any, numbers: Any) -> Any:
    return kind(np.asarray(numbers, np.float64))


@every_kind
def test_functions_by_hand(kind: Any) -> None:
    x = given(kind, [-1.5, 0.0, 0.25, 1.0])
    ln = math.log
    expected: list[tuple[Any, list[float]]] = [
        (arrays.clipped(x), [1e-7, 1e-7, 0.25, 1 - 1e-7]),
        (arrays.clipped(x, -1.0, 0.5), [-1, 0, 0.25, 0.5]),
        (arrays.softplus(x), [ln(1 + math.exp(-1.5)), ln(2), ln(1 + math.exp(0.25)), ln(1 + math.e)]),
        (arrays.sigmoid(x), [1 / (1 + math.exp(1.5)), 0.5, 1 / (1 + math.exp(-0.25)), math.e / (1 + math.e)]),
        (arrays.xlogx(arrays.clipped(x, 0.0, 1.0)), [0, 0, -0.25 * ln(4), 0]),
        (arrays.power(arrays.clipped(x, 0.0, 1.0), 0.5), [0, 0, 0.5, 1]),
        (arrays.power(arrays.clipped(x, 0.0, 1.0), 0.0), [1, 1, 1, 1]),
        (arrays.hold(x), [-1.5, 0, 0.25, 1]),
    ]
    for found, numbers in expected:
        assert plain(found) == pytest.approx(numbers, rel=1e-15)


@every_kind
def test_far_scores_do_not_overflow(kind: Any) -> None:
    x = given(kind, [-1000.0, -40.0, 40.0, 1000.0])
    with np.errstate(under="ignore"):
        assert plain(arrays.softplus(x)) == pytest.approx([0, math.exp(-40), 40, 1000], rel=1e-12)
        assert plain(arrays.sigmoid(x)) == pytest.approx([0, math.exp(-40), 1, 1], rel=1e-12)


@every_kind
def test_ratios_and_where_they_are_undefined(kind: Any) -> None:
    found = plain(arrays.ratio(given(kind, [1.0, 0.0, 3.0]), given(kind, [4.0, 0.0, 0.0])))
    assert found == pytest.approx([0.25, math.nan, math.nan], nan_ok=True)


def test_a_ratio_takes_a_plain_number_on_either_side() -> None:
    x = Variable([2.0, 4.0])
    assert plain(arrays.ratio(np.array([1.0, 1.0]), x)).tolist() == [0.5, 0.25]
    assert plain(arrays.ratio(x, np.array([8.0, 0.0]))) == pytest.approx([0.25, math.nan], nan_ok=True)


@every_kind
def test_picks_and_sums_by_label(kind: Any) -> None:
    x = given(kind, [[1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0], [0.5, 0.25, 0.125, 0.0625]])
    labels = arrays.like(np.array([2, 0, 1, 0]), x)
    picked = arrays.pick(x, labels)
    assert plain(picked).tolist() == [0.5, 2, 30, 4]
    assert plain(arrays.class_sums(picked, labels, 4)).tolist() == [6, 30, 0.5, 0]


@every_kind
def test_constants_keep_what_they_are(kind: Any) -> None:
    x = given(kind, [1.0])
    kinds = [plain(arrays.like(np.array(each), x)).dtype.kind for each in ([1, 2], [1.5], [True])]
    assert kinds == ["i", "f", "b"]


@every_kind
def test_a_complement_is_exact_where_a_derivative_is_taken(kind: Any) -> None:
    surprisal = given(kind, [1e-20, 0.5])
    p = namespace(surprisal).exp(-surprisal)
    found = plain(arrays.complement(p, surprisal))
    assert found == pytest.approx([0 if kind is np.asarray else 1e-20, 1 - math.exp(-0.5)], rel=1e-12)


def test_a_stranger_has_no_namespace() -> None:
    with pytest.raises(AttributeError):
        namespace([1.0])
