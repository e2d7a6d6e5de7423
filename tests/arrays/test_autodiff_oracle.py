"""Every operation of the reverse mode against that of another program: HIPS autograd 1.9.1."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from segeval.arrays import autodiff

autograd = pytest.importorskip("autograd", reason="autograd comes with the extra dev")
anp = autograd.numpy

R = np.random.RandomState(34)
X = R.uniform(0.2, 1.9, (3, 4, 5))
ROW, COLUMN, FRONT = R.uniform(0.5, 2, (1, 5)), R.uniform(0.5, 2, (4, 1)), R.uniform(0.5, 2, (2, 1, 4, 5))
CHOICE = R.rand(3, 4, 5) < 0.4
LABELS = R.randint(0, 3, 20)
ORDER = R.randint(0, 4, 7)
SIDES = {"row": ROW, "column": COLUMN, "more axes": FRONT, "number": 1.7}
BINARY = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv}
EXTREMES = {"maximum": (autodiff.maximum, anp.maximum), "minimum": (autodiff.minimum, anp.minimum)}
KEYS = {
    "slice": np.s_[1:, ::2, -1],
    "new axis": np.s_[0, None, :, 1:3],
    "ellipsis": np.s_[..., 2],
    "repeated": np.array([2, 0, 2, 2]),
    "repeated places": (np.array([1, 1, 0]), np.array([3, 3, 2])),
    "mask": CHOICE,
}
CHAINED = {
    "softmax": lambda np_, x: _softmax(np_, x),
    "cross entropy": lambda np_, x: -np_.log(_softmax(np_, x)) * ROW,
    "soft dice": lambda np_, x: (2 * np_.sum(x * ROW, axis=2) + 0.3) / (np_.sum(x * x, axis=2) + np_.sum(ROW) + 0.3),
    "powers": lambda np_, x: (1 - x / 3) ** 2.3 * np_.log1p(x) / np_.sqrt(1 + np_.exp(-x)),
}


def _softmax(np_: Any, x: Any) -> Any:
    shares = np_.exp(x)
    return shares / np_.sum(shares, axis=0)


def _pairs() -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    """Each operation in our words, and in theirs."""
    pairs: dict[str, tuple[Any, Any]] = {}
    for name in ("log", "log1p", "exp", "expm1", "sqrt"):
        pairs[name] = getattr(autodiff, name), getattr(anp, name)
    pairs["abs"] = (lambda x: autodiff.abs(x - 1.1)), (lambda x: anp.abs(x - 1.1))
    for name, op in BINARY.items():
        for side, other in SIDES.items():
            pairs[f"{name} {side}"] = ((lambda x, op=op, y=other: op(x, y)),) * 2
            pairs[f"{name} from {side}"] = ((lambda x, op=op, y=other: op(y, x)),) * 2
        pairs[f"{name} of both"] = ((lambda x, op=op: op(x[:1], x * x)),) * 2
    for name, (ours, theirs) in EXTREMES.items():
        pairs[f"{name} constant"] = (lambda x, f=ours: f(x, ROW)), (lambda x, f=theirs: f(x, ROW))
        pairs[f"{name} of both"] = (lambda x, f=ours: f(1.3 * x[1:2], x)), (lambda x, f=theirs: f(1.3 * x[1:2], x))
    pairs["negative"] = (operator.neg,) * 2
    for power in (3, -1.5, 0.5):
        pairs[f"power {power}"] = ((lambda x, p=power: x**p),) * 2
    for name, key in KEYS.items():
        pairs[f"index {name}"] = ((lambda x, key=key: x[key]),) * 2
    pairs["where"] = tuple(lambda x, f=f: f(CHOICE, x * x, 3 * x) for f in (autodiff.where, anp.where))
    pairs["where constant"] = tuple(lambda x, f=f: f(CHOICE, ROW, x) for f in (autodiff.where, anp.where))
    for name in ("sum", "max", "min"):
        for axis in (None, 0, 1, -1):
            both = getattr(autodiff, name), getattr(anp, name)
            pairs[f"{name} {axis}"] = tuple(lambda x, f=f, axis=axis: f(x, axis=axis) for f in both)
    pairs["reshape"] = tuple(lambda x, f=f: f(x, (5, -1)) for f in (autodiff.reshape, anp.reshape))
    for axis in (0, 1, 2):
        pairs[f"concat {axis}"] = (
            lambda x, axis=axis: autodiff.concat([x, X, x * x], axis=axis),
            lambda x, axis=axis: anp.concatenate([x, X, x * x], axis=axis),
        )
        index = (slice(None),) * axis + (ORDER % 3,)
        pairs[f"take {axis}"] = (lambda x, axis=axis: autodiff.take(x, ORDER % 3, axis)), (lambda x, i=index: x[i])
    pairs["stack"] = tuple(lambda x, f=f: f([x, X, x * x]) for f in (autodiff.stack, anp.stack))
    pairs["pick"] = (
        lambda x: autodiff.pick(autodiff.reshape(x, (3, 20)), LABELS),
        lambda x: anp.reshape(x, (3, 20))[LABELS, np.arange(20)],
    )
    pairs["class sums"] = (
        lambda x: autodiff.class_sums(autodiff.reshape(x[0], (20,)), LABELS, 4),
        lambda x: anp.dot((np.arange(4)[:, None] == LABELS) * 1.0, anp.reshape(x[0], (20,))),
    )
    for name, f in CHAINED.items():
        pairs[name] = tuple(lambda x, f=f, np_=np_: f(np_, x) for np_ in (autodiff, anp))
    return pairs


PAIRS = _pairs()


@pytest.mark.parametrize("name", PAIRS)
def test_the_derivative_is_that_of_autograd(name: str) -> None:
    """Of a sum in which every element has another weight."""
    ours, theirs = PAIRS[name]
    weights = np.random.RandomState(5).uniform(-1, 2, np.shape(theirs(X)))
    found = autodiff.gradient(lambda x: autodiff.sum(weights * ours(x)), X)
    expected = autograd.grad(lambda x: anp.sum(weights * theirs(x)))(X)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_every_operation_is_compared() -> None:
    """What the reverse mode offers, but for constants, clips and what forgets its steps, which have tests by hand."""
    offered = {name for name, what in vars(autodiff).items() if getattr(what, "__module__", "") == autodiff.__name__}
    special = {"Node", "Variable", "gradient", "recomputed", "pointwise", "hold", "clipped"}
    compared = {name.replace(" sums", "_sums").split()[0] for name in PAIRS}
    assert {name for name in offered if not name.startswith("_")} - special - compared == set()
