"""NPY and NPZ: the header is judged before the data, and nothing is unpickled."""

import io
import os
import pickle
import struct
import tracemalloc
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segeval.errors import DamagedFile, InputError, RefusedFormat, SeveralFrames, TooLarge, UnfitPixels
from segeval.io import read as io_read
from segeval.io.files import MaskFile

LABEL_TYPES = ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]
IDS = np.random.RandomState(1).randint(0, 100, (13, 17))


def npy(descr: str, shape: str, data: bytes = b"", version: int = 1, fortran: bool = False) -> bytes:
    """An NPY file by hand."""
    header = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def saved(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def npz(array: Any, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive(("arr_0.npy", saved(array)), method=method)


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("container", [saved, npz])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", LABEL_TYPES)
def test_every_integer_type_and_byte_order_is_exact(read, container, order, kind):
    info = np.iinfo(kind)
    array = np.array([[info.min, 1, 2], [3, 4, info.max]], order + kind)
    mask = read(container(array), "pred/a.npy")
    np.testing.assert_array_equal(mask.pixels, [[info.min, 1, 2], [3, 4, info.max]])
    assert (mask.pixels.dtype, mask.levels, mask.colour, mask.remarks) == (np.dtype(kind), info.max, False, [])


@pytest.mark.parametrize("container", [saved, npz])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4"])
def test_every_float_type_is_exact(read, container, kind):
    pixels = read(container(np.array([[0.25, 0.5], [1, -2]], kind)), "pred/a.npy").pixels
    np.testing.assert_array_equal(pixels, [[0.25, 0.5], [1, -2]])
    assert pixels.dtype == np.dtype(kind).newbyteorder("=")


@pytest.mark.parametrize("container", [saved, npz])
def test_bool_is_kept(read, container):
    np.testing.assert_array_equal(
        read(container(np.array([[True, False]])), "pred/a.npy").pixels, np.array([[True, False]]), strict=True
    )


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("fortran", "wanted"), [(False, [[0, 1, 2], [3, 4, 5]]), (True, [[0, 2, 4], [1, 3, 5]])], ids=["C", "Fortran"]
)
def test_headers_by_hand_in_both_versions_and_orders(read, version, fortran, wanted):
    data = npy("'>i2'", "(2, 3)", struct.pack(">6h", 0, 1, 2, 3, 4, 5), version, fortran)
    np.testing.assert_array_equal(read(data, "pred/a.npy").pixels, wanted)
    np.testing.assert_array_equal(read(archive(("x.npy", data)), "pred/a.npz").pixels, wanted)


@pytest.mark.parametrize("container", [saved, npz])
def test_volume_keeps_its_axes(read, container):
    volume = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(read(container(volume), "pred/a.npy").pixels, volume)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archive_that_inflates_without_a_limit_is_refused(read, method):
    """Two kilobytes of bzip2 hold gigabytes, and NumPy writes no such archives."""
    with pytest.raises(UnfitPixels, match="neither stored nor deflated"):
        read(npz(np.zeros((5, 5), np.uint8), method), "pred/a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_longer_than_its_first_look_is_exact(read, method):
    array = np.random.RandomState(2).randint(0, 1 << 30, (300, 300))
    np.testing.assert_array_equal(read(npz(array, method), "pred/a.npz").pixels, array)


@pytest.mark.parametrize("name", ["arr_0.npy", "labels.npy", "below/labels.npy"])
def test_single_member_of_any_name_is_read(read, name):
    np.testing.assert_array_equal(read(archive((name, saved(IDS))), "pred/a.npz").pixels, IDS)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("inside_archive", [False, True])
def test_object_array_is_refused_and_nothing_runs(read, tmp_path, version, inside_archive):
    canary = tmp_path / "canary"
    data = npy("'|O'", "(1,)", pickle.dumps([Canary(str(canary))]), version)
    with pytest.raises(UnfitPixels, match="never unpickled") as caught:
        read(archive(("a.npy", data)) if inside_archive else data, "pred/a.npy")
    assert caught.value.code == "SEG209"
    assert not canary.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("inside_archive", [False, True])
def test_raw_pickle_is_refused_and_nothing_runs(read, tmp_path, protocol, inside_archive):
    canary = tmp_path / "canary"
    data = pickle.dumps(Canary(str(canary)), protocol)
    with pytest.raises(InputError, match="pred/a.npy") as caught:
        read(archive(("a.npy", data)) if inside_archive else data, "pred/a.npy")
    assert not canary.exists()
    if not inside_archive and protocol >= 2:
        assert isinstance(caught.value, RefusedFormat)
        assert "unpickling runs code" in caught.value.message


@pytest.mark.parametrize(
    "descr",
    ["'<c8'", "'<c16'", "'<M8[s]'", "'<m8[s]'", "'|S4'", "'<U4'", "'|V4'", "[('id', '<i4'), ('score', '<f4')]"],
)
@pytest.mark.parametrize("inside_archive", [False, True])
def test_type_without_labels_is_refused(read, descr, inside_archive):
    data = npy(descr, "(2,)", bytes(64))
    with pytest.raises(UnfitPixels, match="the array holds") as caught:
        read(archive(("a.npy", data)) if inside_archive else data, "pred/a.npy")
    assert caught.value.code == "SEG209"


def test_extended_precision_is_refused(read):
    with pytest.raises(UnfitPixels, match="the array holds"):
        read(saved(np.ones(2, np.longdouble)))


@pytest.mark.parametrize("inside_archive", [False, True])
@pytest.mark.parametrize(
    ("shape", "error"),
    [
        ("(1000000, 1000000)", (TooLarge, DamagedFile)),
        (f"({10**4000},)", (TooLarge, DamagedFile)),
        ("(-1, 5)", (DamagedFile,)),
        ("(-2, -3)", (DamagedFile,)),
        ("(0, 5)", (DamagedFile,)),
    ],
    ids=["huge", "absurd", "negative", "negative twice", "empty"],
)
def test_impossible_shape_is_refused_before_memory_is_taken(read, shape, error, inside_archive):
    data = npy("'|u1'", shape, bytes(6))
    data = archive(("a.npy", data)) if inside_archive else data
    tracemalloc.start()
    try:
        with pytest.raises(error, match="pred/a.npy"):
            read(data, "pred/a.npy")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
        b"\x93NUMPY\x09\x00\x10\x00" + bytes(100),
        npy("'|u1'", "(2"),
        npy("'|u1'", "'2'"),
        npy("'|u1'", "(02,)", bytes(9)),
        npy("'|u1'", "(2,)\xa0", bytes(9)),
        npy("'|u1'", "(1.5, 2)", bytes(9)),
        npy("'nonsense'", "(2,)", bytes(9)),
        npy("__import__('os').getcwd()", "(2,)", bytes(9)),
        npy("'|u1'", "(2,) ,'more': 1", bytes(9)),
        npy("'|u1'", "(2,)" + " " * 70000, bytes(9), 2),
        npy("'|u1'", "(" * 5000 + ")" * 5000, bytes(9), 2),
    ],
)
@pytest.mark.parametrize("inside_archive", [False, True])
def test_malformed_header_is_an_error(read, data, inside_archive):
    with pytest.raises(DamagedFile, match="pred/a.npy") as caught:
        read(archive(("a.npy", data)) if inside_archive else data, "pred/a.npy")
    assert caught.value.code == "SEG204"


def test_npy_cut_at_any_length_is_an_error(read):
    whole = saved(IDS)
    for length in np.linspace(1, len(whole) - 1, 200).astype(int):
        with pytest.raises(InputError, match="pred/a.npy"):
            read(whole[:length], "pred/a.npy")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_npz_cut_at_any_length_is_an_error(read, method):
    whole = npz(IDS, method)
    for length in np.linspace(1, len(whole) - 1, 200).astype(int):
        with pytest.raises(InputError, match="pred/a.npz"):
            read(whole[:length], "pred/a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_npz_with_a_flipped_bit_gives_the_same_array_or_an_error(outcome, method):
    whole, chance = npz(IDS, method), np.random.RandomState(3)
    for bit in chance.randint(0, 8 * len(whole), 300):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        found = outcome(bytes(data))
        if found is not None:
            np.testing.assert_array_equal(found, IDS, strict=True)


@pytest.mark.parametrize("shape", [(2, 3), (300, 301)])
def test_stored_value_that_fails_its_check_sum_is_an_error(read, shape):
    data = bytearray(npz(np.full(shape, 7, np.uint8), zipfile.ZIP_STORED))
    data[data.rindex(7)] = 8
    with pytest.raises(DamagedFile, match="pred/a.npz"):
        read(bytes(data), "pred/a.npz")


def test_bytes_after_the_array_are_a_remark(read):
    mask = read(saved(np.array([1, 2], np.uint8)) + b"abc", "pred/a.npy")
    np.testing.assert_array_equal(mask.pixels, [1, 2])
    assert [(r.code, r.message) for r in mask.remarks] == [("SEG206", "pred/a.npy: 3 bytes follow the array")]


def test_bytes_after_the_array_inside_an_archive_are_an_error(read):
    with pytest.raises(DamagedFile, match="pred/a.npz"):
        read(archive(("a.npy", saved(IDS) + b"abc")), "pred/a.npz")


@pytest.mark.parametrize("value", [2, 255])
@pytest.mark.parametrize("inside_archive", [False, True])
def test_bool_byte_that_is_neither_0_nor_1_is_an_error(read, value, inside_archive):
    """NumPy takes every other byte for true, and programs disagree on what such a number is."""
    data = npy("'|b1'", "(2,)", bytes([0, value]))
    with pytest.raises(DamagedFile, match=r"pred/a.png: .*bytes other than 0 and 1"):
        read(archive(("a.npy", data)) if inside_archive else data)


@pytest.mark.parametrize("shape", ["(2L, 3L)", "(2L,3)", "( 2 , 3 , )"])
def test_headers_as_python_2_and_others_write_them_are_read(read, shape):
    data = npy("'<i2'", shape, struct.pack("<6h", 0, 1, 2, 3, 4, 5))
    assert read(data).pixels.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_headers_of_other_writers_are_read(read):
    header = b'{"shape": (2, 3), "fortran_order": False, "descr": "uint8"}'
    data = b"\x93NUMPY\x03\x00" + struct.pack("<I", len(header)) + header + bytes(range(6))
    assert read(data).pixels.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_seg_npy_of_cellpose_tells_how_to_export_its_masks(read):
    """It is a dictionary, pickled."""
    stream = io.BytesIO()
    np.save(stream, {"outlines": IDS, "masks": IDS}, allow_pickle=True)
    with pytest.raises(UnfitPixels, match="Cellpose") as caught:
        read(stream.getvalue(), "pred/a_seg.npy")
    assert "--save_png" in caught.value.hint


@pytest.mark.parametrize("honest", [True, False], ids=["large shape", "small shape"])
def test_bomb_is_refused_before_it_is_inflated(read, honest):
    data = archive(("a.npy", npy("'|u1'", "(4000, 5000)" if honest else "(4, 5)", bytes(20_000_000))))
    assert len(data) < 50_000
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge if honest else DamagedFile, match="pred/a.npz"):
            read(data, "pred/a.npz", 1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


def test_bomb_that_lies_about_its_size_is_an_error(read):
    """Both the array and the directory announce 20 bytes; the stream holds 20 million."""
    head = npy("'|u1'", "(4, 5)")
    data = archive(("a.npy", head + bytes(20_000_000)))
    data = data.replace(struct.pack("<I", len(head) + 20_000_000), struct.pack("<I", len(head) + 20))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFile, match="pred/a.npz"):
            read(data, "pred/a.npz", 1_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


def encrypted() -> bytes:
    data = bytearray(npz(IDS))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def doubled() -> bytes:
    """Two members of one name: readers disagree on which counts."""
    return archive(("a.npy", saved(IDS)), ("b.npy", saved(IDS + 1))).replace(b"b.npy", b"a.npy")


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (archive(("../../evil.npy", saved(IDS))), DamagedFile, r"holds a path, '\.\./\.\./evil\.npy'"),
        (archive(("/etc/evil.npy", saved(IDS))), DamagedFile, "holds a path, '/etc/evil.npy'"),
        (archive(("a\\..\\evil.npy", saved(IDS))), DamagedFile, "holds a path"),
        (encrypted(), DamagedFile, "encrypted"),
        (doubled(), DamagedFile, "holds 'a.npy' twice"),
        (archive(("a.npy", saved(IDS)), ("b.npy", saved(IDS))), SeveralFrames, "holds 2 arrays: 'a', 'b'"),
        (archive(), SeveralFrames, "holds 0 arrays"),
        (archive(("a.txt", b"no array")), UnfitPixels, "'a.txt' in the archive is not an array"),
        (archive(("a.npy", b"")), UnfitPixels, "is not an array"),
        (archive(("folder/", b"")), UnfitPixels, "is not an array"),
    ],
    ids=["above", "absolute", "backslash", "encrypted", "doubled", "two", "none", "text", "empty", "folder"],
)
def test_archive_that_is_not_one_array_is_refused(read, data, error, reason):
    with pytest.raises(error, match=f"pred/a.npz: .*{reason}"):
        read(data, "pred/a.npz")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_round_trip_of_any_type_and_shape(read, data):
    kind = data.draw(st.sampled_from(["|b1", *LABEL_TYPES, ">i2", ">u4"]))
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    values = st.integers(0, 1) if kind == "|b1" else st.integers(np.iinfo(kind).min, np.iinfo(kind).max)
    count = int(np.prod(shape))
    array = np.array(data.draw(st.lists(values, min_size=count, max_size=count)), kind).reshape(shape)
    array = np.asfortranarray(array) if data.draw(st.booleans()) else array
    container = data.draw(st.sampled_from([saved, npz]))
    np.testing.assert_array_equal(read(container(array), "pred/a.npy").pixels, array)


@pytest.mark.parametrize(("name", "wanted"), [("seg", 1), ("score", 2), ("score.npy", 2)])
def test_one_array_of_several_is_read_by_its_name(tmp_path, name, wanted):
    path = tmp_path / "a.npz"
    np.savez(path, seg=IDS, score=IDS + 1)
    np.testing.assert_array_equal(io_read(MaskFile.at(str(path), "pred/a.npz", array=name)).pixels, IDS + wanted - 1)
    with pytest.raises(SeveralFrames, match="holds 2 arrays: 'seg', 'score'"):
        io_read(MaskFile.at(str(path), "pred/a.npz"))
    with pytest.raises(SeveralFrames, match="holds no array 'mask', but 'seg', 'score'"):
        io_read(MaskFile.at(str(path), "pred/a.npz", array="mask"))
