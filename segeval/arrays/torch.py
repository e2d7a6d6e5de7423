"""The functions that formulas use, for torch tensors: the names of the array API over torch's own."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import asarray, bool, exp, expm1, float64, int64, log, log1p, nan, reshape, sqrt, where  # noqa: F401
from torch import concatenate as concat  # noqa: F401
from torch import stack as _stack

from segeval.arrays import sweeps

Tensor = Any


def hold(x: Tensor) -> Tensor:
    return x.detach()


def tracked(value: Tensor, x: Tensor) -> Tensor:
    """The value, of x's type, with a derivative by x: 0 where it is undefined or does not depend on x."""
    value = value.to(x.dtype)
    if not x.requires_grad or not torch.is_grad_enabled():
        return value
    if not value.requires_grad or (value.ndim == 0 and torch.isnan(value)):
        return _Constant.apply(value.detach(), x)
    if value.ndim == 0:  # by itself: 0 times an undefined derivative would be undefined
        return value
    return where(torch.isnan(value), nan, value)


class _Constant(torch.autograd.Function):  # type: ignore[misc]
    """A value whose derivative by x is 0."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, x: Tensor) -> Tensor:
        ctx.shape = x.shape
        return value.clone()

    @staticmethod
    def backward(ctx: Any, of_value: Tensor) -> tuple[None, Tensor]:
        return None, of_value.new_zeros(()).expand(ctx.shape)


def unmixed(x: Tensor) -> Any:
    return torch.autocast(x.device.type, enabled=False)


def clipped(x: Tensor, low: float, high: float) -> Tensor:
    """The value clipped; the derivative goes through."""
    return x + (x.detach().clamp(low, high) - x.detach())


def stack(parts: Sequence[Tensor]) -> Tensor:
    return _stack(list(parts))


def abs(x: Tensor) -> Tensor:
    return torch.abs(x)


def sum(x: Tensor, axis: int | None = None) -> Tensor:
    return torch.sum(x) if axis is None else torch.sum(x, dim=axis)


def max(x: Tensor, axis: int | None = None) -> Tensor:
    return torch.max(x) if axis is None else torch.max(x, dim=axis).values


def min(x: Tensor, axis: int | None = None) -> Tensor:
    return torch.min(x) if axis is None else torch.min(x, dim=axis).values


def maximum(x: Tensor, y: Tensor) -> Tensor:
    """The larger; where both are equal, the first, as far as derivatives go."""
    return torch.where(x >= y, x, y)


def minimum(x: Tensor, y: Tensor) -> Tensor:
    """The smaller; where both are equal, the first, as far as derivatives go."""
    return torch.where(x <= y, x, y)


def take(x: Tensor, indices: Tensor, axis: int = 0) -> Tensor:
    return torch.index_select(x, axis, indices)


def positions(mask: Tensor) -> Tensor:
    """Where a mask (n,) is true."""
    if mask.device.type != "cpu":
        return torch.nonzero(mask)[:, 0]
    return torch.from_numpy(np.flatnonzero(mask.numpy()))  # in a tenth of the time


def selected(x: Tensor, index: Tensor) -> Tensor:
    """Some entries of the last axis of (n,) or (C, n), row by row: all at once takes three times as long."""
    if x.ndim == 1 or x.device.type != "cpu":
        return x.index_select(-1, index)
    return torch.stack([row.index_select(0, index) for row in x.unbind(0)])


def pick(x: Tensor, index: Tensor) -> Tensor:
    return torch.take_along_dim(x, index[None, :], dim=0)[0]


def class_sums(x: Tensor, labels: Tensor, number: int) -> Tensor:
    """In double precision: one after the other, many numbers lose digits in single."""
    return torch.zeros(number, dtype=sweeps.wide(x), device=x.device).index_add(0, labels, x.to(sweeps.wide(x)))
