"""One way to write a formula for NumPy, for any array API library, for torch, and for exact derivatives.

`namespace(x)` is what a formula calls `xp`; the functions beside it are those that the array API lacks.
"""

import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.arrays import autodiff
from segeval.arrays.autodiff import Variable

Array = npt.NDArray[Any]
LOW = 1e-7  # probabilities are kept this far from 0 and 1 before a logarithm
LN2 = 0.6931471805599453


def is_torch(x: Any) -> bool:
    """Whether x is a tensor; torch itself is never imported for the question."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def namespace(x: Any) -> Any:
    """The functions for arrays of this kind."""
    if isinstance(x, np.ndarray | np.generic):
        return np
    if isinstance(x, Variable):
        return autodiff
    if is_torch(x):
        from segeval.arrays import torch as tensors

        return tensors
    return x.__array_namespace__()


def plain(x: Any) -> Array:
    """The values as a NumPy array, cut off from any derivative."""
    if isinstance(x, Variable):
        return x.value
    if is_torch(x):
        return np.asarray(x.detach().cpu().numpy())
    if isinstance(x, np.ndarray):
        return x
    return np.from_dlpack(x) if hasattr(x, "__array_namespace__") and hasattr(x, "__dlpack__") else np.asarray(x)


def widened(x: Any) -> Any:
    """The same array, of single precision where it was of half: sums of that overflow and lose their digits.

    NumPy's stays as it is: it is summed in double precision anyway.
    """
    if isinstance(x, np.ndarray | Variable) or not str(x.dtype).endswith("float16"):
        return x
    if is_torch(x):
        return x.float()
    xp = namespace(x)
    return xp.astype(x, xp.float32)


def like(constant: Any, x: Any) -> Any:
    """A constant as an array that can be combined with x: integers stay integers, the rest takes x's type."""
    if is_torch(constant):
        return constant.to(x.device)
    constant = np.asarray(constant)
    if isinstance(x, np.ndarray | np.generic | Variable):
        return constant
    xp = namespace(x)
    kind = xp.int64 if constant.dtype.kind in "iu" else xp.bool if constant.dtype.kind == "b" else x.dtype
    return xp.asarray(constant.copy(order="C"), dtype=kind, device=x.device)


def hold(x: Any) -> Any:
    """The same values, constant for derivatives."""
    xp = namespace(x)
    return xp.hold(x) if hasattr(xp, "hold") else x


def tracked(value: Any, x: Any) -> Any:
    """A value of x, or several, with a derivative by x: 0 where it is undefined or does not depend on x."""
    xp = namespace(x)
    return xp.tracked(value, x) if hasattr(xp, "tracked") else value


def unmixed(x: Any) -> AbstractContextManager[Any]:
    """Where formulas of x run in the precision of x, whatever is chosen around them."""
    xp = namespace(x)
    return xp.unmixed(x) if hasattr(xp, "unmixed") else nullcontext()


def rows(x: Any) -> Any:
    """What can be indexed for the parts of x along its first axis, in a way that derivatives go back through x once."""
    if isinstance(x, np.ndarray | Variable):
        return x
    return x.unbind(0) if is_torch(x) else [x[n, ...] for n in range(x.shape[0])]


def mean_of_defined(rows: Any) -> Any:
    """The mean over the first axis of what is not nan; nan where nothing is left."""
    defined = ~np.isnan(plain(rows))
    return ratio(_total(rows, defined), like(defined.sum(axis=0).astype(np.float64), rows))


def sum_of_defined(rows: Any) -> Any:
    """The sum over the first axis of what is not nan; nan where nothing is left."""
    defined = ~np.isnan(plain(rows))
    total = _total(rows, defined)
    return namespace(total).where(like(defined.any(axis=0), total), total, np.nan)


def _total(rows: Any, defined: Array) -> Any:
    xp = namespace(rows)
    return xp.sum(xp.where(like(defined, rows), rows, 0.0), axis=0)


def recomputed(function: Callable[..., Any], *xs: Any) -> Any:
    """An array that a function makes of some; for derivatives its steps are taken twice, and none is kept."""
    return autodiff.recomputed(function, *xs) if any(isinstance(x, Variable) for x in xs) else function(*xs)


def pointwise(function: Callable[..., Any], *xs: Any) -> Any:
    """The same of a function of single numbers of arrays of one shape."""
    return autodiff.pointwise(function, *xs) if any(isinstance(x, Variable) for x in xs) else function(*xs)


def clipped(x: Any, low: float = LOW, high: float = 1 - LOW) -> Any:
    """x kept within [low, high]. The derivative is not cut: it is that of the formula at the clipped value."""
    xp = namespace(x)
    return xp.clipped(x, low, high) if hasattr(xp, "clipped") else xp.clip(x, low, high)


def pick(x: Any, index: Any) -> Any:
    """x[index[i], i] for each i: of (classes, pixels) what belongs to the label of each pixel."""
    xp = namespace(x)
    if xp is np:
        flat = index.astype(np.intp)
        flat *= x.shape[1]
        flat += np.arange(x.shape[1])
        return x.reshape(-1).take(flat)
    return xp.pick(x, index) if hasattr(xp, "pick") else xp.take_along_axis(x, index[None, :], axis=0)[0, :]


def class_sums(x: Any, labels: Any, number: int) -> Any:
    """The sum of x over the pixels of each label, (number,)."""
    xp = namespace(x)
    if xp is np:
        return np.bincount(labels, weights=x, minlength=number)
    if hasattr(xp, "class_sums"):
        return xp.class_sums(x, labels, number)
    return xp.stack([xp.sum(xp.where(labels == n, x, 0.0)) for n in range(number)])


def ratio(part: Any, whole: Any) -> Any:
    """part / whole, undefined (nan) where the whole is 0; no derivative comes from there."""
    xp = namespace(part) if namespace(whole) is np else namespace(whole)
    empty = whole == 0
    return xp.where(empty, np.nan, part / xp.where(empty, 1.0, whole))


def xlogx(x: Any) -> Any:
    """x ln x, 0 at 0; its derivative ln x + 1 is taken at the clipped x."""
    xp = namespace(x)
    value = hold(x * xp.log(xp.where(x > 0, x, 1.0)))
    if xp is np:
        return value
    return value + (x - hold(x)) * (hold(xp.log(xp.where(x > LOW, x, LOW))) + 1)


def complement(p: Any, surprisal: Any) -> Any:
    """1 − p of p = e^−surprisal; for derivatives with full precision near p = 1, where powers are steep."""
    xp = namespace(p)
    return 1 - p if xp is np else -xp.expm1(-surprisal)


def power(x: Any, exponent: Any) -> Any:
    """x^exponent of x from 0 up; no derivative comes from where x is 0, as it may be infinite there."""
    xp = namespace(x)
    if xp is np:
        return x**exponent
    zero = x == 0
    return xp.where(zero, 0.0**exponent, xp.where(zero, 1.0, x) ** exponent)


def softplus(x: Any) -> Any:
    """ln(1 + e^x), without overflow."""
    xp = namespace(x)
    if xp is np:  # in place: temporaries, not logarithms, would cost most
        value = np.exp(-np.abs(x))
        np.log1p(value, out=value)
        value += np.maximum(x, 0.0)
        return value
    size = xp.abs(x)
    return (x + size) / 2 + xp.log1p(xp.exp(-size))  # so written, its derivative at 0 is 1/2


def log_cosh(x: Any) -> Any:
    """ln cosh x of x from 0 up, without overflow."""
    return x + softplus(-2 * x) - LN2


def scalar(function: str, x: Any) -> Any:
    """A function of `math` of one number or of each of several: of floats, or of a tensor that learns."""
    if is_torch(x):
        return getattr(x.double(), function)()
    one = getattr(math, function)
    return np.array([one(each) for each in x]) if isinstance(x, np.ndarray) else one(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + e^−x), without overflow and with full precision near 0."""
    return namespace(x).exp(-softplus(-x))
