"""Labels as integers of 32 bits."""

from collections.abc import Collection

import numpy as np

from segeval.errors import IdTooLarge
from segeval.evidence.run_length import Array, narrow


def narrowed(array: Array, name: str) -> Array:
    """The labels as uint8 where they fit, else as int32; whole numbers in floating point are labels too."""
    if array.dtype.kind != "f":
        try:
            return narrow(array)
        except ValueError as fault:
            raise _too_large(name, array) from fault
    if np.abs(array).max().item() >= 1 << 31:
        raise _too_large(name, array)
    return narrow(array.astype(np.int32))


def with_background_0(ids: Array, background: int | None, ignore: Collection[int]) -> Array:
    """Ids of objects with 0 for the background and no object of that id; ignored ids stay what they are."""
    if background == 0:
        return ids
    fresh = 1 + max(int(ids.max()), 0, *ignore) if background is None else background
    found = np.where(ids == 0, np.int32(fresh), ids)
    if background is not None:
        found[ids == background] = 0
    return found.astype(np.int32, copy=False)


def _too_large(name: str, array: Array) -> IdTooLarge:
    extreme = max(array.min().item(), array.max().item(), key=abs)
    return IdTooLarge(f"{name} holds the id {extreme}", "ids are 32-bit integers")


def whole(array: Array, rounding: float = 0.0) -> bool:
    """Whether floating-point numbers are whole, but for rounding."""
    if rounding:
        return bool((np.abs(array - np.rint(array)) <= rounding).all())
    return bool((array == np.rint(array)).all())


def unlike(array: Array, rounding: float = 0.0) -> float:
    """The first number that is not whole, where there is one."""
    flat = array.reshape(-1)
    return float(flat[(np.abs(flat - np.rint(flat)) > rounding).argmax()])
