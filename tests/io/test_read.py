"""Reading a file: the content decides, whatever the name; what is no mask is an error with the file's name."""

import io
import os
import pickle
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segeval import documents
from segeval import io as masks
from segeval.errors import (
    Changed,
    DamagedFile,
    EmptyFile,
    InputError,
    NotRegular,
    RefusedFormat,
    SegevalError,
    SeveralFrames,
    TooLarge,
    UnknownFormat,
    Unreadable,
    UsageError,
)
from segeval.io.files import MaskFile

IDS = np.array([[0, 1, 2], [3, 4, 255]], np.uint8)


def pillow(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(IDS).save(stream, kind)
    return stream.getvalue()


def contents() -> dict[str, bytes]:
    """The same ids in every format that is read."""
    npy, npz, tiff, bigtiff = io.BytesIO(), io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(npy, IDS)
    np.savez(npz, IDS)
    tifffile.imwrite(tiff, IDS)
    tifffile.imwrite(bigtiff, IDS, bigtiff=True)
    streams = {"npy": npy, "npz": npz, "tif": tiff, "bigtiff": bigtiff}
    pictures = {name: pillow(name.upper()) for name in ("gif", "bmp", "ppm")}
    return (
        {"png": imagecodecs.png_encode(IDS)} | pictures | {name: stream.getvalue() for name, stream in streams.items()}
    )


CONTENTS = contents()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
WEBP = b"RIFF\x24\0\0\0WEBPVP8 "

JUNK = {
    "empty": (b"", EmptyFile, "is an empty file", "fetch or write it again"),
    "text": (b"hello world\n", UnknownFormat, "it begins with 'hello world'", "segeval list formats"),
    "html": (b"<!DOCTYPE html><html>404</html>", UnknownFormat, "it begins with '<!DOCTYPE html>", "list formats"),
    "lfs": (LFS, UnknownFormat, "is a git-lfs pointer", "run git lfs pull"),
    "zeros": (bytes(1000), UnknownFormat, "is in no format", "list formats"),
    "jpeg": (pillow("JPEG"), RefusedFormat, "JPEG is lossy", "threshold it at 128 and save it as PNG"),
    "webp": (WEBP, RefusedFormat, "WebP may be lossy", "PNG, TIFF or NPY"),
    "jp2": (b"\0\0\0\x0cjP  \r\n\x87\n", RefusedFormat, "JPEG 2000 may be lossy", "PNG, TIFF or NPY"),
    "j2k": (b"\xff\x4f\xff\x51\0\x2f", RefusedFormat, "JPEG 2000 may be lossy", "PNG, TIFF or NPY"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", RefusedFormat, "PostScript is a program", "PNG"),
    "ps": (b"%!PS\n(x) run\n", RefusedFormat, "PostScript is a program", "PNG"),
    "dos eps": (b"\xc5\xd0\xd3\xc6" + bytes(28), RefusedFormat, "PostScript is a program", "PNG"),
    "pdf": (b"%PDF-1.7\n", RefusedFormat, "PDF has no pixels", "PNG"),
    "svg": (b"  <svg xmlns='http://www.w3.org/2000/svg'/>", RefusedFormat, "SVG has no pixels", "PNG"),
    "pbm": (b"P4\n8 1\n\xff", RefusedFormat, "in PBM 1 is black", "PNG"),
    "pickle": (pickle.dumps([1, 2]), RefusedFormat, "unpickling runs code", "PNG"),
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(40), RefusedFormat, "HDF5 can link to other files", "PNG"),
    "gzip": (b"\x1f\x8b\x08\0" + bytes(20), DamagedFile, "the gzip stream is damaged", "fetch"),
}


@pytest.mark.parametrize("name", ["pred/a.png", "pred/a.tif", "pred/a.npy", "pred/a.npz"])
@pytest.mark.parametrize("junk", JUNK)
def test_content_that_is_no_mask_is_refused_under_every_name(read, monkeypatch, junk, name):
    """The message names the file and the reason; no other program is started."""

    def forbidden(*args, **options):
        raise AssertionError("a child process was started")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr(os, "system", forbidden)
    data, error, reason, hint = JUNK[junk]
    with pytest.raises(error) as caught:
        read(data, name)
    assert type(caught.value) is error
    assert caught.value.message.startswith(name)
    assert reason in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        (".jpg", "JPEG is lossy"),
        (".JPEG", "JPEG is lossy"),
        (".svg", "SVG has no pixels"),
        (".pt", "unpickling runs code"),
        (".pkl", "unpickling runs code"),
        (".img", "its header and pixels are two files"),
        (".dcm", "DICOM is not read"),
        (".mhd", "its header and pixels are two files"),
        (".h5", "HDF5 can link to other files"),
    ],
)
def test_known_suffix_gives_the_reason_where_the_content_says_nothing(read, suffix, reason):
    with pytest.raises(RefusedFormat, match=reason):
        read(b"ElementDataFile = ../../gt/x.raw\n", f"pred/a{suffix}")


def test_header_that_points_at_another_file_never_shows_its_content(tmp_path):
    (tmp_path / "secret.raw").write_bytes(b"canary")
    header = tmp_path / "a.mhd"
    header.write_bytes(b"NDims = 2\nDimSize = 2 3\nElementType = MET_UCHAR\nElementDataFile = secret.raw\n")
    with pytest.raises(RefusedFormat) as caught:
        masks.read(MaskFile.at(str(header), "pred/a.mhd"))
    assert "canary" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy", ".npz", ".jpg", ".mask", ""])
@pytest.mark.parametrize("content", CONTENTS)
def test_content_decides_whatever_the_suffix(read, content, suffix):
    np.testing.assert_array_equal(read(CONTENTS[content], f"pred/a{suffix}").pixels, IDS, strict=True)


@pytest.mark.parametrize("content", CONTENTS)
def test_limit_holds_for_every_format(read, content):
    np.testing.assert_array_equal(read(CONTENTS[content], max_pixels=6).pixels, IDS)
    with pytest.raises(TooLarge, match="pred/a.png announces 2 x 3 = 6 elements, more than 5"):
        read(CONTENTS[content], max_pixels=5)


def mask_file(path: Path) -> MaskFile:
    return MaskFile.at(str(path), "pred/a.png")


def next_descriptor() -> int:
    """The number that the next opened file gets; it grows when a descriptor leaks."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_missing_file_is_unreadable(tmp_path):
    with pytest.raises(Unreadable, match="pred/a.png: No such file") as caught:
        masks.read(mask_file(tmp_path / "absent.png"))
    assert caught.value.code == "SEG244"


def test_folder_is_no_regular_file_and_its_descriptor_is_closed(tmp_path):
    before = next_descriptor()
    with pytest.raises(NotRegular, match="pred/a.png"):
        masks.read(mask_file(tmp_path))
    assert next_descriptor() == before


@pytest.mark.skipif(os.name != "posix", reason="there are no named pipes in folders")
def test_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(NotRegular, match="pred/a.png is not a regular file") as caught:
        masks.read(mask_file(tmp_path / "a.png"))
    assert caught.value.code == "SEG241"


@pytest.mark.skipif(os.name != "posix", reason="there are no device files")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_device_is_refused(device):
    with pytest.raises(NotRegular, match="not a regular file"):
        masks.read(MaskFile.at(device, "pred/a.png"))


@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: data[:-1]], ids=["grows", "shrinks"])
def test_file_that_changes_while_it_is_read_is_an_error(tmp_path, monkeypatch, change):
    path, fstat = tmp_path / "a.png", os.fstat
    path.write_bytes(CONTENTS["png"])

    def fstat_then_change(descriptor):
        status = fstat(descriptor)
        path.write_bytes(change(CONTENTS["png"]))
        return status

    monkeypatch.setattr(os, "fstat", fstat_then_change)
    with pytest.raises(Changed, match="pred/a.png changed") as caught:
        masks.read(mask_file(path))
    assert caught.value.code == "SEG245"


@pytest.mark.parametrize("text", ["id\n0\n", "\ufeffid\n0\n"])
def test_text_is_read_with_or_without_byte_order_mark(tmp_path, text):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    assert documents.read(str(tmp_path / "a.csv")) == "id\n0\n"


@pytest.mark.parametrize("data", [b"id\n\xff\xfe\n", "id,name\n0,é\n".encode("latin-1"), "id\n".encode("utf-16")])
def test_text_that_is_not_utf8_is_a_usage_error(tmp_path, data):
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(UsageError, match="a.csv is not UTF-8 text"):
        documents.read(str(tmp_path / "a.csv"))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    start=st.sampled_from(
        [b"", b"\x93NUMPY\x01\x00", *(data[:n] for data in CONTENTS.values() for n in (4, 8, 16, 40))]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_an_array_or_an_input_error(read, start, rest):
    try:
        mask = read(start + rest, max_pixels=1 << 20)
    except InputError as fault:
        assert fault.message.startswith("pred/a.png")
    else:
        assert 0 < mask.pixels.size <= 1 << 22
        assert mask.pixels.dtype.kind in "biuf"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_patch_of_a_good_file_is_an_array_or_an_input_error(read, data):
    whole = bytearray(CONTENTS[data.draw(st.sampled_from(sorted(CONTENTS)))])
    at = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=8))
    whole[at : at + len(patch)] = patch
    try:
        mask = read(bytes(whole), max_pixels=1 << 20)
    except SegevalError as fault:
        assert isinstance(fault, InputError)
        assert fault.message.startswith("pred/a.png")
    else:
        assert 0 < mask.pixels.size <= 1 << 22
        assert mask.pixels.dtype.kind in "biuf"


@pytest.mark.parametrize("suffix", [".npy", ".tif", ".png"])
def test_the_header_alone_tells_that_a_file_is_cut(save, suffix):
    """`segeval check` sees it without decoding anything."""
    path = save(f"pred/a{suffix}", np.arange(200, dtype=np.uint8).reshape(20, 10))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DamagedFile, match="cut"):
        masks.header(MaskFile.at(str(path), "pred/a"))


def test_large_file_is_refused_before_it_is_read(tmp_path):
    """Its size says that it cannot be a mask of the pixels that are allowed."""
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    os.truncate(path, 1 << 32)
    with pytest.raises(TooLarge, match="has 4,294,967,296 bytes"):
        masks.read(mask_file(path))


def test_senseless_nesting_in_a_header_is_damage(tmp_path):
    """Python's parser answers to it as if memory were short."""
    text = ("-" * 7000 + "1").encode()
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(DamagedFile, match="pred/a"):
        masks.header(mask_file(path))


def sparse(path: Path, head: bytes, size: int) -> MaskFile:
    """A file that announces little, is long, and takes no room on the disk."""
    path.write_bytes(head)
    os.truncate(path, size)
    return mask_file(path)


@pytest.mark.parametrize(
    "head", [CONTENTS["png"], CONTENTS["png"][:8], CONTENTS["npy"], b"hello"], ids=["png", "signature", "npy", "text"]
)
def test_long_file_of_a_small_header_is_refused_before_it_is_read(tmp_path, head):
    """Two gigabytes, within what --max-pixels allows."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="pred/a.png"):
            masks.read(sparse(tmp_path / "a.png", head, 2 << 30), 1 << 40)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(("kind", "fits"), [("f8", False), ("i8", False), ("f4", True), ("u1", True)])
def test_limit_counts_bytes_too(tmp_path, kind, fits):
    """10 million elements of 64 bits take as much as 20 million of 32 bits."""
    array = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", np.dtype(kind), (1000, 10_000))
    del array
    file = MaskFile.at(str(tmp_path / "a.npy"), "pred/a.npy")
    if fits:
        assert masks.header(file, 17_000_000).shape == (1000, 10_000)
    else:
        with pytest.raises(TooLarge, match="10,000,000 elements in 80,000,000 bytes, more than 68,000,000") as caught:
            masks.header(file, 17_000_000)
        assert "--max-pixels 20000000" in caught.value.hint
        assert masks.header(file, 20_000_000).shape == (1000, 10_000)


def test_archive_of_very_many_members_is_refused_before_they_are_listed(read):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", b"")
    data = stream.getvalue()
    entry = data[data.index(b"PK\1\2") : data.index(b"PK\5\6")]
    with pytest.raises(SeveralFrames, match="more than 10,000 files"):
        read(data.replace(entry, entry * 10_001), "pred/a.npz")
