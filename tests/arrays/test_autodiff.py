"""The chain rule, step by step: every operation against central differences, and by hand where those fail."""

import operator
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from segeval.arrays import autodiff
from segeval.arrays import functions as arrays
from segeval.arrays.autodiff import Variable, gradient

R = np.random.RandomState(21)
X = R.uniform(0.3, 2, (3, 4))
ROW, COLUMN, ONE = R.uniform(0.5, 2, (1, 4)), R.uniform(0.5, 2, (3, 1)), np.float64(1.7)
LABELS = np.array([2, 0, 1, 0])
WEIGHTS = R.uniform(-1, 1, (3, 4))


# Each gives numbers of any shape; they are weighted unequally and summed.
STEPS: dict[str, Callable[[Any], Any]] = {
    **{f"{op.__name__} {name}": (lambda x, op=op, other=other: op(x, other)) for op in (
        operator.add, operator.sub, operator.mul, operator.truediv) for name, other in (
        ("row", ROW), ("column", COLUMN), ("number", 1.7), ("zero axes", ONE))},
    **{f"{op.__name__} from {name}": (lambda x, op=op, other=other: op(other, x)) for op in (
        operator.add, operator.sub, operator.mul, operator.truediv) for name, other in (
        ("row", ROW), ("number", 1.7))},
    **{f"{op.__name__} itself": (lambda x, op=op: op(x[:1], x)) for op in (
        operator.add, operator.sub, operator.mul, operator.truediv)},
    "negative": lambda x: -x,
    "cube": lambda x: x**3,
    "root": lambda x: x**0.5,
    "slice": lambda x: x[1:, ::2],
    "row of it": lambda x: x[1],
    "new axis": lambda x: x[None, :, 1],
    "repeated": lambda x: x[np.array([0, 2, 0, 0])],
    "repeated places": lambda x: x[np.array([1, 1]), np.array([3, 3])],
    "log": autodiff.log,
    "log1p": autodiff.log1p,
    "exp": autodiff.exp,
    "expm1": autodiff.expm1,
    "sqrt": autodiff.sqrt,
    "abs": lambda x: autodiff.abs(x - 1.1),
    "where": lambda x: autodiff.where(X > 1, x * x, 3 * x),
    "where constant": lambda x: autodiff.where(X > 1, 2.0, x),
    "maximum": lambda x: autodiff.maximum(x, x[:1] * 1.1),
    "minimum": lambda x: autodiff.minimum(ROW, x),
    "sum": lambda x: autodiff.sum(x * x),
    "sum of columns": lambda x: autodiff.sum(x * x, axis=0),
    "sum of rows": lambda x: autodiff.sum(x * x, axis=1),
    "max": autodiff.max,
    "max of rows": lambda x: autodiff.max(x, axis=1),
    "min": autodiff.min,
    "min of columns": lambda x: autodiff.min(x, axis=0),
    "reshape": lambda x: autodiff.reshape(x, (2, -1)),
    "concat": lambda x: autodiff.concat([x[:1], ROW, x * x]),
    "concat rows": lambda x: autodiff.concat([x[:, :1], x[:, 2:] ** 2], axis=1),
    "stack": lambda x: autodiff.stack([x, WEIGHTS, x * x]),
    "take": lambda x: autodiff.take(x, np.array([3, 1, 3]), axis=1),
    "take rows": lambda x: autodiff.take(x, np.array([2, 2])),
    "pick": lambda x: autodiff.pick(x, LABELS),
    "class sums": lambda x: autodiff.class_sums(x[1] * x[0], LABELS, 4),
    "softplus": lambda x: arrays.softplus(x - 1),
    "sigmoid": lambda x: arrays.sigmoid(2 * x - 2),
    "xlogx": arrays.xlogx,
    "ratio": lambda x: arrays.ratio(x[0] * x[1], x[2] + x[0]),
    "power": lambda x: arrays.power(x, 1.7),
    "complement": lambda x: arrays.complement(autodiff.exp(-x), x),
    "clipped inside": lambda x: arrays.clipped(x, 0.1, 3.0),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))
def test_steps_equal_central_differences(step: Callable[[Any], Any]) -> None:
    def total(x: Any) -> Variable:
        result = step(x if isinstance(x, Variable) else Variable(x))
        weights = np.linspace(0.5, 2, result.value.size).reshape(result.shape)
        return autodiff.sum(weights * result)

    found = gradient(total, X)
    for index in np.ndindex(X.shape):
        up, down = X.copy(), X.copy()
        up[index] += 1e-6
        down[index] -= 1e-6
        slope = (total(up).value - total(down).value) / 2e-6
        assert found[index] == pytest.approx(slope, rel=1e-6, abs=1e-7)


def test_what_is_used_often_adds_up() -> None:
    """x³ as a product, 3x²; a long chain needs no deep stack."""
    assert gradient(lambda x: autodiff.sum(x * x * x), np.array([2.0, -3])).tolist() == [12, 27]

    def chain(x: Variable) -> Variable:
        y = x
        for _ in range(5000):
            y = y + x
        return autodiff.sum(y)

    assert gradient(chain, np.ones(2)).tolist() == [5001, 5001]


def test_of_equal_ones_the_first_has_the_derivative() -> None:
    tied = np.array([[1.0, 1.0, 0.0], [5.0, 5.0, 5.0]])
    assert gradient(lambda x: autodiff.sum(autodiff.max(x, axis=1)), tied).tolist() == [[1, 0, 0], [1, 0, 0]]
    assert gradient(lambda x: autodiff.sum(autodiff.min(x, axis=1)), tied).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert gradient(autodiff.max, tied).tolist() == [[0, 0, 0], [1, 0, 0]]
    assert gradient(lambda x: autodiff.sum(autodiff.maximum(x, tied)), tied).all()
    assert not gradient(lambda x: autodiff.sum(autodiff.minimum(tied, x)), tied).any()


def test_kinks_and_clips() -> None:
    """|x| has none at 0, a clip passes it on, ln(1 + e^x) has 1/2 at 0, a root at 0 none."""
    x = np.array([-2.0, 0.0, 3.0])
    assert gradient(lambda v: autodiff.sum(autodiff.abs(v)), x).tolist() == [-1, 0, 1]
    at_the_clip = gradient(lambda v: autodiff.sum(autodiff.log(arrays.clipped(v, 0.5, 2.0))), x)
    assert at_the_clip.tolist() == [2, 2, 0.5]
    assert gradient(lambda v: autodiff.sum(arrays.softplus(v)), np.zeros(1)).tolist() == [0.5]
    assert gradient(lambda v: autodiff.sum(arrays.power(v, 0.5)), np.array([0.0, 4])).tolist() == [0, 0.25]
    slopes = gradient(lambda v: autodiff.sum(arrays.xlogx(v)), np.array([0.0, 1.0]))
    assert slopes == pytest.approx([np.log(1e-7) + 1, 1])


def test_constants_have_no_derivative() -> None:
    x = np.array([2.0, 5.0])
    assert gradient(lambda v: autodiff.sum(v * arrays.hold(v)), x).tolist() == [2, 5]
    assert gradient(lambda v: Variable(3.0), x).tolist() == [0, 0]
    assert gradient(lambda v: autodiff.sum(arrays.ratio(v, v - arrays.hold(v))), x[:0]).tolist() == []


def test_the_undefined_is_nan_everywhere() -> None:
    found = gradient(lambda v: autodiff.sum(arrays.ratio(v, 0 * v)), np.ones((2, 3)))
    assert found.shape == (2, 3)
    assert np.isnan(found).all()


def test_comparisons_are_of_values() -> None:
    x = Variable([1.0, 2.0, 3.0])
    assert (x > 2).tolist() == [False, False, True]
    assert (x < np.array([2, 2, 2])).tolist() == [True, False, False]
    assert (x == 2).tolist() == [False, True, False]
    assert (x.shape, x.ndim, x.size) == ((3,), 1, 3)


def test_a_constant_has_no_derivative() -> None:
    assert (gradient(lambda _: 5.0, X) == 0).all()


def test_what_is_taken_again_has_the_same_derivative() -> None:
    """Σ w log(x² + y) of two arrays, and of one of them twice; as a whole, and a few rows at a time."""
    rows = np.random.RandomState(9).rand(11, 3) + 0.5
    weights = np.arange(33.0).reshape(11, 3)

    def formula(a: Any, b: Any) -> Any:
        return autodiff.log(a * a + b) if isinstance(a * a + b, Variable) else np.log(a * a + b)

    for again in (autodiff.recomputed, autodiff.pointwise):
        for both in (lambda x: (x, rows[::-1]), lambda x: (rows[::-1], x), lambda x: (x, 2 * x)):
            found = gradient(lambda x: autodiff.sum(again(formula, *both(x)) * weights), rows)  # noqa: B023
            expected = gradient(lambda x: autodiff.sum(formula(*both(x)) * weights), rows)  # noqa: B023
            assert found == pytest.approx(expected, rel=1e-14)
            value = again(formula, *(Variable(each) for each in both(rows))).value
            assert value == pytest.approx(formula(*both(rows)), rel=1e-15)
    of_another = gradient(lambda x: autodiff.sum(autodiff.pointwise(lambda a, _: 2 * a, rows, x)), rows)
    assert (of_another == 0).all()


def test_steps_keep_no_values_that_no_rule_needs() -> None:
    """A long chain of sums holds one array at a time, and one of products all of them."""

    def peak(step: Any) -> float:
        def chain(x: Any) -> Any:
            for _ in range(20):
                x = step(x)
            return autodiff.sum(x)

        given = np.full((256, 256), 0.999)
        tracemalloc.start()
        gradient(chain, given)
        found = tracemalloc.get_traced_memory()[1] / given.nbytes
        tracemalloc.stop()
        return found

    assert peak(lambda x: x + 0.25) < 5
    assert peak(lambda x: x * x) > 15
    assert peak(lambda x: autodiff.recomputed(lambda y: (y * y) * (y * y), x)) < peak(lambda x: (x * x) * (x * x)) - 15
