"""Arrays as files: the same bytes each time, and the same numbers back."""

import io as streams
import zipfile

import numpy as np
import pytest
import tifffile

from segeval import io
from segeval.io.encode import encoded
from segeval.io.files import MaskFile

MAP = np.linspace(0, 12, 60, dtype=np.float32).reshape(3, 4, 5)


@pytest.mark.parametrize("form", ["npy", "npz", "tiff"])
@pytest.mark.parametrize(
    "array", [MAP[0], MAP, MAP[0, 0], MAP.T, MAP.astype(np.float16), (MAP * 9000).astype(np.int32)]
)
def test_back_again(tmp_path, form, array):
    path = tmp_path / f"a.{form}"
    path.write_bytes(encoded(array, form))
    found = io.read(MaskFile.at(str(path), "a"))
    assert (found.pixels.dtype, found.remarks) == (array.dtype, [])
    assert np.array_equal(found.pixels.reshape(array.shape), array)
    assert encoded(array.copy(), form) == path.read_bytes()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_png(tmp_path, kind):
    labels = np.array([[0, 7], [255, 3]], kind)
    (tmp_path / "a.png").write_bytes(encoded(labels, "png"))
    assert np.array_equal(io.read(MaskFile.at(str(tmp_path / "a.png"), "a")).pixels, labels)


def test_files_say_nothing_of_when_and_where():
    """The zip member has the first date that zip knows; the TIFF neither a date nor a program."""
    (member,) = zipfile.ZipFile(streams.BytesIO(encoded(MAP, "npz"))).infolist()
    assert (member.filename, member.date_time) == ("weights.npy", (1980, 1, 1, 0, 0, 0))
    with tifffile.TiffFile(streams.BytesIO(encoded(MAP, "tiff"))) as file:
        assert len(file.pages) == 3
        assert {tag.name for tag in file.pages[0].tags} & {"DateTime", "Software", "ImageDescription"} == set()
        assert file.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE


def test_other_programs_read_them(tmp_path):
    (tmp_path / "a.npz").write_bytes(encoded(MAP, "npz"))
    assert np.array_equal(np.load(tmp_path / "a.npz")["weights"], MAP)
    (tmp_path / "a.npy").write_bytes(encoded(MAP, "npy"))
    assert np.array_equal(np.load(tmp_path / "a.npy"), MAP)
    (tmp_path / "a.tiff").write_bytes(encoded(MAP, "tiff"))
    assert np.array_equal(tifffile.imread(tmp_path / "a.tiff"), MAP)
