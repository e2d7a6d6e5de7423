"""Named arrays in one file: plain, and read back without trust."""

import io
import zipfile

import numpy as np
import pytest

from segeval.io import archive

ARRAYS = {
    "no bool": np.zeros(0, bool),
    "a/b": np.array([[1, 2, 3], [4, 5, 6]]).T,
    "c": np.array([1.5, np.nan], ">f4"),
    "none": np.zeros((0, 3), np.int64),
}


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", how) as file:
        for name, data in members:
            file.writestr(name, data)
    return stream.getvalue()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_what_is_read_is_what_was_written() -> None:
    """In C order and little-endian, whatever came in."""
    found = archive.read(archive.content(ARRAYS.items()))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
    plain = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in ARRAYS.items()}
    assert archive.content(plain.items()) == archive.content(ARRAYS.items())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (zipped(("a.npy", npy(np.arange(99))), how=zipfile.ZIP_DEFLATED), "not simply stored"),
        (
            zipped(("a.npy", npy(np.arange(2))), ("b.npy", npy(np.arange(3)))).replace(b"b.npy", b"a.npy"),
            "an array twice",
        ),
        (zipped(("a.npy", npy(np.arange(2)) + b"more")), "4 bytes"),
    ],
)
def test_what_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        archive.read(data)
