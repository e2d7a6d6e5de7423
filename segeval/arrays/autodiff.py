"""Exact derivatives of formulas that are written for arrays: reverse mode, on NumPy in float64.

`gradient(f, x)` runs f on a `Variable`, which notes each step; the chain rule then goes back over the steps. The
functions below are the part of the array API that the formulas use, under the same names.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Back = Callable[[Array], Array]  # from the derivative by a result to the derivative by one operand

_number = itertools.count()


class Node:
    """A step: its shape, and how the derivative by it goes on to the steps that it was made of.

    It has no value: what a rule needs of one is in the rule alone, and all else is forgotten on the way.
    """

    __slots__ = ("number", "operands", "shape")

    def __init__(self, shape: tuple[int, ...], operands: Sequence[tuple["Node", Back]]) -> None:
        self.shape = shape
        self.operands = operands
        self.number = next(_number)


class Variable:
    """An array whose later use is noted."""

    __array_ufunc__ = None  # so that `array * variable` comes to us

    def __init__(self, value: Any, operands: Sequence[tuple[Node, Back]] = ()) -> None:
        self.value: Array = np.asarray(value, np.float64)
        self.node = Node(self.value.shape, operands)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    size = property(lambda self: self.value.size)

    def __add__(self, other: Any) -> "Variable":
        return _noted(_value(self) + _value(other), (self, lambda d: d), (other, lambda d: d))

    def __sub__(self, other: Any) -> "Variable":
        return _noted(_value(self) - _value(other), (self, lambda d: d), (other, lambda d: -d))

    def __mul__(self, other: Any) -> "Variable":
        a, b = _value(self), _value(other)
        return _noted(a * b, (self, lambda d: d * b), (other, lambda d: d * a))

    def __truediv__(self, other: Any) -> "Variable":
        a, b = _value(self), _value(other)
        return _noted(a / b, (self, lambda d: d / b), (other, lambda d: -d * a / (b * b)))

    def __pow__(self, power: float) -> "Variable":
        a = self.value
        return _noted(a**power, (self, lambda d: d * power * a ** (power - 1.0)))

    def __rsub__(self, other: Any) -> "Variable":
        return _noted(_value(other) - self.value, (self, lambda d: -d))

    def __rtruediv__(self, other: Any) -> "Variable":
        a, b = _value(other), self.value
        return _noted(a / b, (self, lambda d: -d * a / (b * b)))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Variable":
        return _noted(-self.value, (self, lambda d: -d))

    def __getitem__(self, key: Any) -> "Variable":
        shape = self.shape

        def back(d: Array) -> Array:
            whole = np.zeros(shape)
            np.add.at(whole, key, d) if _may_repeat(key) else whole.__setitem__(key, d)
            return whole

        return _noted(self.value[key], (self, back))

    def __gt__(self, other: Any) -> Array:
        return np.asarray(self.value > _value(other))

    def __lt__(self, other: Any) -> Array:
        return np.asarray(self.value < _value(other))

    def __eq__(self, other: object) -> Array:  # type: ignore[override]
        return np.asarray(self.value == _value(other))

    __hash__ = object.__hash__


def gradient(function: Callable[[Variable], Any], x: Any) -> Array:
    """The derivative of a scalar function at x: float64, the shape of x. nan where the function is undefined there."""
    start = Variable(x)
    with np.errstate(all="ignore"):  # an infinite derivative is an answer, not an accident
        result = function(start)
        if not isinstance(result, Variable):  # it does not depend on x
            result = Variable(result)
        return (
            np.full(start.shape, np.nan)
            if np.isnan(result.value)
            else _chained(result.node, start.node, np.ones(result.shape))
        )


def _chained(result: Node, start: Node, seed: Array) -> Array:
    """The derivative by `start`, given that by the result; the steps between are taken apart on the way."""
    derivative: dict[int, Array] = {result.number: seed}
    own: set[int] = set()  # sums that nothing else refers to
    for step in _steps(result):
        if step is start:
            continue
        d, operands, step.operands = derivative.pop(step.number), step.operands, ()
        for operand, back in operands:
            part, known = _unbroadcast(back(d), operand.shape), derivative.get(operand.number)
            if known is None:
                derivative[operand.number] = part
            elif operand.number in own:
                known += part
            else:
                derivative[operand.number] = known + part
                own.add(operand.number)
    return derivative.get(start.number, np.zeros(start.shape))


def _steps(result: Node) -> Iterator[Node]:
    """All steps that led to the result, the last first, each let go of when it was given."""
    found = {result.number: result}
    pending = [result]
    while pending:
        for operand, _ in pending.pop().operands:
            if operand.number not in found:
                found[operand.number] = operand
                pending.append(operand)
    for number in sorted(found, reverse=True):
        yield found.pop(number)


def recomputed(function: Callable[..., Any], *xs: Any) -> Variable:
    """The array that a function makes of some, whose steps are forgotten and taken again on the way back."""
    return _again(function, (...,), xs)


def pointwise(function: Callable[..., Any], *xs: Any) -> Variable:
    """The same of a function of single numbers: a few rows of the arrays, all of one shape, are taken at a time."""
    rows = _value(xs[0]).shape[0]
    step = -(-rows // PARTS)
    return _again(function, tuple(slice(start, start + step) for start in range(0, rows, step)), xs)


PARTS = 8  # of what is looked at part by part


def _again(function: Callable[..., Any], parts: Sequence[Any], xs: Sequence[Any]) -> Variable:
    values = [np.asarray(_value(x), np.float64) for x in xs]
    found = [np.asarray(function(*(value[part] for value in values))) for part in parts]

    def back(n: int) -> Back:
        def derivative(d: Array) -> Array:
            whole = np.empty(values[n].shape)
            for part in parts:
                given: list[Any] = [value[part] for value in values]
                start = given[n] = Variable(given[n])
                result = function(*given)
                known = isinstance(result, Variable)  # or it does not depend on this one
                whole[part] = _chained(result.node, start.node, d[part]) if known else 0.0
            return whole

        return derivative

    value = found[0] if len(found) == 1 else np.concatenate(found)
    return _noted(value, *((x, back(n)) for n, x in enumerate(xs)))


def _noted(value: Any, *operands: tuple[Any, Back]) -> Variable:
    return Variable(value, [(operand.node, back) for operand, back in operands if isinstance(operand, Variable)])


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Variable) else x


def _unbroadcast(d: Array, shape: tuple[int, ...]) -> Array:
    """The derivative summed over the axes along which an operand was repeated."""
    if d.shape == shape:
        return d
    if d.ndim < len(shape) or d.size == 1:
        return np.broadcast_to(d, shape) if d.size < np.prod(shape) else d.reshape(shape)
    d = d.sum(axis=tuple(range(d.ndim - len(shape))))
    repeated = tuple(n for n, size in enumerate(shape) if size == 1 and d.shape[n] != 1)
    return np.asarray(d.sum(axis=repeated, keepdims=True))


def _may_repeat(key: Any) -> bool:
    """Whether an index may name an element twice."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in parts)


def hold(x: Any) -> Array:
    """The value alone: a constant for the chain rule."""
    return np.asarray(_value(x))


def clipped(x: Any, low: float, high: float) -> Variable:
    """The value clipped; the derivative goes through, taken at the clipped value."""
    return _noted(np.clip(_value(x), low, high), (x, lambda d: d))


def log(x: Any) -> Variable:
    a = _value(x)
    return _noted(np.log(a), (x, lambda d: d / a))


def log1p(x: Any) -> Variable:
    a = _value(x)
    return _noted(np.log1p(a), (x, lambda d: d / (1 + a)))


def expm1(x: Any) -> Variable:
    value = np.expm1(_value(x))
    return _noted(value, (x, lambda d: d * (value + 1)))


def exp(x: Any) -> Variable:
    value = np.exp(_value(x))
    return _noted(value, (x, lambda d: d * value))


def sqrt(x: Any) -> Variable:
    value = np.sqrt(_value(x))
    return _noted(value, (x, lambda d: d / (2 * value)))


def abs(x: Any) -> Variable:
    a = _value(x)
    sign = np.sign(a).astype(np.int8)
    return _noted(np.abs(a), (x, lambda d: d * sign))


def where(condition: Any, x: Any, y: Any) -> Variable:
    condition = np.asarray(condition)
    return _noted(
        np.where(condition, _value(x), _value(y)),
        (x, lambda d: np.where(condition, d, 0.0)),
        (y, lambda d: np.where(condition, 0.0, d)),
    )


def maximum(x: Any, y: Any) -> Variable:
    """The larger; where both are equal, the first."""
    return where(_value(x) >= _value(y), x, y)


def minimum(x: Any, y: Any) -> Variable:
    """The smaller; where both are equal, the first."""
    return where(_value(x) <= _value(y), x, y)


def sum(x: Any, axis: int | None = None) -> Variable:
    shape = x.shape

    def back(d: Array) -> Array:
        return np.broadcast_to(d if axis is None else np.expand_dims(d, axis), shape)

    return _noted(_value(x).sum(axis=axis), (x, back))


def max(x: Variable, axis: int | None = None) -> Variable:
    """The largest; of equal ones, the first."""
    return _extreme(x, axis, np.argmax(x.value, axis=axis))


def min(x: Variable, axis: int | None = None) -> Variable:
    """The smallest; of equal ones, the first."""
    return _extreme(x, axis, np.argmin(x.value, axis=axis))


def _extreme(x: Variable, axis: int | None, place: Any) -> Variable:
    if axis is None:
        return reshape(x, (-1,))[int(place)]
    index, shape = np.expand_dims(place, axis), x.shape

    def back(d: Array) -> Array:
        whole = np.zeros(shape)
        np.put_along_axis(whole, index, np.expand_dims(d, axis), axis)
        return whole

    return _noted(np.take_along_axis(x.value, index, axis).squeeze(axis), (x, back))


def reshape(x: Any, shape: tuple[int, ...]) -> Variable:
    before = x.shape
    return _noted(_value(x).reshape(shape), (x, lambda d: d.reshape(before)))


def concat(parts: Sequence[Any], axis: int = 0) -> Variable:
    bounds = np.cumsum([0, *(_value(part).shape[axis] for part in parts)])

    def back(n: int) -> Back:
        return lambda d: np.take(d, np.arange(bounds[n], bounds[n + 1]), axis)

    whole = np.concatenate([_value(part) for part in parts], axis)
    return _noted(whole, *((part, back(n)) for n, part in enumerate(parts)))


def stack(parts: Sequence[Any]) -> Variable:
    """Side by side along a new first axis."""
    whole = np.stack([np.asarray(_value(part), np.float64) for part in parts])
    return _noted(whole, *((part, lambda d, n=n: d[n]) for n, part in enumerate(parts)))


def take(x: Variable, indices: Array, axis: int = 0) -> Variable:
    """The entries of these indices along an axis."""
    return x[(slice(None),) * axis + (indices,)]


def pick(x: Variable, index: Array) -> Variable:
    """x[index[i], i] for each i."""
    columns, shape = np.arange(index.size), x.shape

    def back(d: Array) -> Array:
        whole = np.zeros(shape)
        whole[index, columns] = d  # each column once
        return whole

    return _noted(x.value[index, columns], (x, back))


def class_sums(x: Any, labels: Array, number: int) -> Variable:
    """The sum of x over the pixels of each label."""
    return _noted(np.bincount(labels, weights=_value(x), minlength=number), (x, lambda d: d[labels]))
