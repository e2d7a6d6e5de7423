"""Fixtures that read bytes as masks."""

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
import pytest

from segeval import io
from segeval.errors import InputError
from segeval.io import MAX_PIXELS, Mask
from segeval.io.files import MaskFile

Read = Callable[..., Mask]


@pytest.fixture(scope="session")
def read(tmp_path_factory: pytest.TempPathFactory) -> Read:
    """Read these bytes as the mask of that name: `read(data, "pred/a.png", max_pixels=100)`."""
    path = tmp_path_factory.mktemp("masks") / "content"

    def read_it(data: bytes, name: str = "pred/a.png", max_pixels: int = MAX_PIXELS) -> Mask:
        path.write_bytes(data)
        return io.read(MaskFile.at(str(path), name), max_pixels)

    return read_it


@pytest.fixture(scope="session")
def outcome(read: Read) -> Callable[[bytes], npt.NDArray[Any] | None]:
    """The pixels in these bytes, or None where an `InputError` names the file; any other error goes through."""

    def attempt(data: bytes) -> npt.NDArray[Any] | None:
        try:
            return read(data, "pred/a.bin").pixels
        except InputError as fault:
            assert "pred/a.bin" in fault.message
            return None

    return attempt
