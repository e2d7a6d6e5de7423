"""NIfTI as nibabel writes it (5.4.2), files altered byte by byte, and headers that make no sense."""

import gzip
import random
import struct
import sys

import numpy as np
import pytest

from segeval import io as masks
from segeval.errors import (
    AxesDropped,
    DamagedFile,
    InputError,
    MissingPackage,
    RefusedFormat,
    TooLarge,
    TrailingBytes,
    UnclearSpacing,
    UnfitPixels,
    VolumesCounted,
)
from segeval.io.files import MaskFile
from segeval.io.nifti import Nifti

nibabel = pytest.importorskip("nibabel", reason="reading NIfTI needs nibabel")

LABELS = np.random.RandomState(3).randint(0, 7, (4, 5, 6)).astype(np.uint8)  # x, y, z
PLACE = np.array([[0, -0.5, 0, 11], [2, 0, 0, -7.5], [0, 0, 3, 40], [0, 0, 0, 1]])  # x goes to the front, y to the left
NAME = "pred/a.nii.gz"


def volume(array, affine=PLACE, kind=None, change=None, **codes):
    """The bytes of a file that is not deflated."""
    image = (kind or nibabel.Nifti1Image)(array, affine)
    for name, value in codes.items():
        image.header[name] = value
    if change:
        change(image)
    return image.to_bytes()


def deflated(data):
    return gzip.compress(data, mtime=0)


def put(data, form, at, *values):
    """The bytes with some numbers of the header changed."""
    changed = bytearray(data)
    struct.pack_into(form, changed, at, *values)
    return bytes(changed)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_volume_has_its_axes_in_reverse(read, packed, kind, dtype, order):
    array = LABELS.astype(dtype)
    image = kind(array, PLACE, kind.header_class(endianness=order))
    image.set_data_dtype(dtype)
    data = image.to_bytes()
    mask = read(deflated(data) if packed else data, NAME)
    np.testing.assert_array_equal(mask.pixels, array.T, strict=True)
    assert (mask.spacing, mask.unit, mask.remarks) == ((3, 0.5, 2), "mm", [])
    np.testing.assert_array_equal(mask.affine, PLACE)


def test_labels_in_fewer_bits_come_back(read):
    """{0, 2, 13} in 8 bits: the slope is 13/255, 2 is stored as 39 and comes back as 1.988."""
    image = nibabel.Nifti1Image(np.array([[[0.0, 2.0, 13.0]]]), np.eye(4))
    image.set_data_dtype(np.uint8)
    mask = read(image.to_bytes(), NAME)
    assert mask.pixels.ravel().tolist() == [0, 2, 13]
    assert mask.pixels.dtype.kind == "i"


def scaled(stored, slope, inter):
    data = volume(np.array(stored).reshape(-1, 1, 1))
    return put(data, "<2f", 112, slope, inter)


@pytest.mark.parametrize(
    ("stored", "slope", "inter", "values"),
    [
        (np.uint8([0, 3, 200]), 0.0, 9.0, [0, 3, 200]),  # a slope of 0 means that there is none
        (np.uint8([0, 3, 200]), float("nan"), 9.0, [0, 3, 200]),
        (np.uint8([0, 3, 200]), 2.0, -1.0, [-1, 5, 399]),
        (np.int16([-4, 3]), -3.0, 0.0, [12, -9]),
        (np.uint8([0, 8, 4]), 0.25, 0.0, [0, 2, 1]),
        (np.uint8([0, 7]), 0.25, 0.125, [0, 2]),  # by just half a step
        (np.uint8([0, 3, 16]), 0.3125, 0.0, [0, 1, 5]),
        (np.uint8([0, 2]), 0.375, 0.0, [0, 0.75]),  # a quarter off, by less than a step
        (np.uint8([0, 8, 2]), 0.25, 0.0, [0, 2, 0.5]),  # by more: no label is near
        (np.uint8([0, 2, 4]), 0.75, 0.0, [0, 1.5, 3]),  # steps as large as those between labels
        (np.uint8([0, 4, 8]), 0.75, 0.0, [0, 3, 6]),
        (np.uint8([0, 1]), 0.75, 0.0, [0, 0.75]),
        (np.uint8([0, 1]), 2.0, 0.25, [0.25, 2.25]),
        (np.float32([0, 0.5]), 4.0, 1.0, [1, 3]),
    ],
)
def test_scaling(read, stored, slope, inter, values):
    mask = read(scaled(stored, slope, inter), NAME)
    np.testing.assert_array_equal(mask.pixels.ravel(), np.array(values, mask.pixels.dtype))


def test_scaled_labels_of_one_block_and_fractions_of_another(read, monkeypatch):
    """Whether numbers are labels is a matter of all of them."""
    monkeypatch.setattr("segeval.io.nifti._BLOCK", 2)
    assert read(scaled(np.uint8([0, 4, 8, 12, 6]), 0.25, 0.0), NAME).pixels.ravel().tolist() == [0, 1, 2, 3, 1.5]
    assert read(scaled(np.uint8([0, 3, 6, 10, 16]), 0.3125, 0.0), NAME).pixels.ravel().tolist() == [0, 1, 2, 3, 5]


def test_scaled_numbers_take_eight_bytes_each():
    assert Nifti(scaled(np.uint8([0, 3, 200]), 2.0, -1.0)).nbytes == 24


@pytest.mark.parametrize("stored", [np.uint8([1]), np.float32([1])])
def test_a_slope_without_intercept_is_refused(read, stored):
    with pytest.raises(DamagedFile, match="the slope 2 and the intercept nan"):
        read(scaled(stored, 2.0, float("nan")), NAME)


def test_labels_too_large_to_be_any(read):
    with pytest.raises(UnfitPixels, match="numbers of 2e\\+19"):
        read(scaled(np.uint8([2]), 1e19, 0.0), NAME)
    with pytest.raises(UnfitPixels, match="numbers of 1.8e\\+16"):
        read(scaled(np.uint8([1]), 2.0**54, 0.0), NAME)  # beyond 2⁵³ a float64 skips whole numbers


SIMPLE = volume(LABELS)
DEFLATED = deflated(SIMPLE)


@pytest.mark.parametrize("whole", [SIMPLE, DEFLATED], ids=["plain", "deflated"])
def test_a_file_that_is_cut_is_never_read(outcome, whole):
    assert outcome(whole) is not None
    for length in range(0, len(whole), 1 if len(whole) < 400 else 3):
        assert outcome(whole[:length]) is None, length
    assert outcome(whole[:-1]) is None


@pytest.mark.parametrize(
    ("at", "reason"),
    [(-8, "incorrect data check"), (-4, "incorrect length check"), (14, "")],
    ids=["check sum", "length", "content"],
)
def test_a_damaged_gzip_is_refused(read, at, reason):
    data = bytearray(DEFLATED)
    data[at] ^= 1
    with pytest.raises(DamagedFile, match=f"gzip stream is damaged.*{reason}"):
        read(bytes(data), NAME)


def test_several_members_are_one_stream(read):
    """As bgzip and `cat` write them; one of them may be empty, or end within the header."""
    parts = [SIMPLE[:100], b"", SIMPLE[100:400], SIMPLE[400:]]
    mask = read(b"".join(deflated(part) for part in parts), NAME)
    np.testing.assert_array_equal(mask.pixels, LABELS.T)
    assert mask.remarks == []
    broken = b"".join(deflated(part) for part in parts)[:-5]
    with pytest.raises(DamagedFile, match="stream is cut"):
        read(broken, NAME)


def test_a_whole_stream_with_half_a_volume(read):
    half = SIMPLE[: 352 + 60]
    with pytest.raises(DamagedFile, match="is whole, but holds 412 of the 472 bytes"):
        read(deflated(half), NAME)
    with pytest.raises(DamagedFile, match="60 bytes of the 120 of its pixels are missing"):
        read(half, NAME)


@pytest.mark.parametrize(
    ("data", "number"),
    [
        (SIMPLE + b"more", 4),
        (DEFLATED + b"more", 4),
        (deflated(SIMPLE + b"mo"), 2),
        (DEFLATED + deflated(b"mor"), 3),
    ],
    ids=["plain", "after the stream", "in the stream", "in a stream of its own"],
)
def test_bytes_behind_the_pixels(read, data, number):
    mask = read(data, NAME)
    np.testing.assert_array_equal(mask.pixels, LABELS.T)
    (said,) = mask.remarks
    assert type(said) is TrailingBytes
    assert f"{number} bytes follow the pixels" in said.message


def test_no_end_of_bytes_behind_the_pixels(read, monkeypatch):
    monkeypatch.setattr("segeval.io.inflate._MOST_AFTER", 1000)
    read(deflated(SIMPLE + bytes(900)), NAME)
    with pytest.raises(TooLarge, match="more than 1,000 bytes follow"):
        read(deflated(SIMPLE + bytes(3_000_000)), NAME)


def units(code):
    return volume(LABELS, np.diag([2, 0.5, 4, 1]), xyzt_units=code)


@pytest.mark.parametrize(
    ("data", "spacing"),
    [
        (units(0), (4, 0.5, 2)),
        (units(2), (4, 0.5, 2)),
        (units(1), (4000, 500, 2000)),
        (units(3), (0.004, 0.0005, 0.002)),
        (units(2 | 8), (4, 0.5, 2)),  # the unit of time is none of length
        (units(3 | 16), (0.004, 0.0005, 0.002)),
    ],
    ids=["unsaid", "mm", "m", "µm", "mm and s", "µm and ms"],
)
def test_the_unit_of_the_header_becomes_mm(read, data, spacing):
    mask = read(data, NAME)
    assert mask.spacing == pytest.approx(spacing)
    np.testing.assert_allclose(mask.affine, np.diag([*spacing[::-1], 1]))


def test_place_by_the_matrix_or_else_by_the_quaternion(read):
    """A code of 0 says that there is none."""
    turned = PLACE[:, [1, 0, 2, 3]] * [-1, 1, 1, 1]
    both = volume(LABELS, change=lambda image: (image.set_sform(PLACE, 2), image.set_qform(turned, 1)))
    np.testing.assert_array_equal(read(put(both, "<3f", 80, 2, 0.5, 3), NAME).affine, PLACE)
    np.testing.assert_allclose(read(put(both, "<h", 254, 0), NAME).affine, turned, atol=1e-6)


def test_no_place_no_length_unless_its_unit_is_named(read):
    def nowhere(code):
        return volume(LABELS, None, pixdim=[1, 2, 0.5, 4, 1, 1, 1, 1], xyzt_units=code)

    assert read(nowhere(0), NAME).spacing is None
    mask = read(nowhere(3), NAME)
    assert (mask.spacing, mask.unit, mask.affine) == (pytest.approx((0.004, 0.0005, 0.002)), "mm", None)


def test_two_lengths_of_a_voxel(read):
    """A program that resamples may forget one of them: pixdim is believed, as nibabel's zooms and SimpleITK do."""
    data = volume(LABELS, np.diag([0.8, 0.8, 2, 1]))
    mask = read(put(data, "<3f", 80, 0.6, 0.8, 2), NAME)
    assert mask.spacing == pytest.approx((2, 0.8, 0.6))
    (said,) = mask.remarks
    assert type(said) is UnclearSpacing
    assert "0.6 x 0.8 x 2 by pixdim, which was used, and 0.8 x 0.8 x 2 by the matrix" in said.message
    np.testing.assert_allclose(mask.affine, np.diag([0.8, 0.8, 2, 1]))  # a matrix says where voxels lie
    assert read(put(data, "<3f", 80, 0.8004, 0.8, 2), NAME).remarks == []
    assert [type(each) for each in read(put(data, "<3f", 80, 0.812, 0.8, 2), NAME).remarks] == [UnclearSpacing]


def test_a_length_of_0_is_that_of_the_matrix(read):
    mask = read(put(volume(LABELS, np.diag([0.8, 0.7, 2, 1])), "<3f", 80, 0, float("nan"), 2), NAME)
    assert mask.spacing == pytest.approx((2, 0.7, 0.8))
    assert mask.remarks == []


def test_axes_that_are_no_right_angle(read):
    skew = np.diag([1.0, 1, 1, 1])
    skew[0, 1] = 0.3
    data = volume(LABELS, change=lambda image: image.set_sform(skew, 1), pixdim=[1, 1, np.hypot(1, 0.3), 1, 1, 1, 1, 1])
    (said,) = read(data, NAME).remarks
    assert type(said) is UnclearSpacing
    assert "no right angle" in said.message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_place_that_is_none(read, value):
    data = put(SIMPLE, "<12f", 280, *[value, 0, 0, 0] * 3)
    with pytest.raises(DamagedFile, match="not finite, or flat"):
        read(data, NAME)


@pytest.mark.parametrize(
    ("dims", "shape", "steps", "said"),
    [
        ((5, 4), (4, 5), 2, []),
        ((5, 4, 1), (4, 5), 2, [AxesDropped]),
        ((5, 4, 3, 1), (3, 4, 5), 3, [AxesDropped]),
        ((5, 4, 3, 1, 2), (2, 3, 4, 5), 3, [AxesDropped, VolumesCounted]),
        ((5, 4, 1, 2), (2, 4, 5), 2, [AxesDropped, VolumesCounted]),
        ((1, 4, 3), (3, 4, 1), 3, []),
        ((5, 4, 3, 2), (2, 3, 4, 5), 3, [VolumesCounted]),
        ((5,), (5,), 1, []),
    ],
)
def test_axes_of_one_element_behind_x_and_y_are_dropped(read, dims, shape, steps, said):
    array = np.arange(np.prod(dims)).reshape(dims).astype(np.int16)
    mask = read(volume(array, np.diag([3, 0.25, 2, 1])), NAME)
    np.testing.assert_array_equal(mask.pixels, array.T.reshape(shape), strict=True)
    assert [type(each) for each in mask.remarks] == said
    assert mask.spacing == (2, 0.25, 3)[-steps:]


def test_only_labels_in_floating_point_may_lie_beside_whole_numbers(read):
    assert [read(volume(LABELS.astype(kind)), NAME).rounding for kind in ("f4", "f8", "i2")] == [1e-3, 1e-3, 0]


def test_channels_of_numbers_need_no_word(read):
    assert read(volume(np.zeros((5, 4, 3, 2), np.float32)), NAME).remarks == []


@pytest.mark.parametrize(
    ("data", "error", "reason"),
    [
        (put(SIMPLE, "<h", 40, 0), DamagedFile, "the dimensions"),
        (put(SIMPLE, "<h", 40, 8), DamagedFile, "the dimensions"),
        (put(SIMPLE, "<h", 42, -4), DamagedFile, "the dimensions"),
        (put(SIMPLE, "<3h", 42, 32767, 32767, 32767), InputError, "32767 x 32767 x 32767|is cut"),
        (put(SIMPLE, "<8h", 40, 7, *[32767] * 7), InputError, "elements|is cut"),
        (put(SIMPLE, "<f", 108, 1e30), DamagedFile, "begin at byte 1e\\+30"),
        (put(SIMPLE, "<f", 108, float("nan")), DamagedFile, "begin at byte nan"),
        (put(SIMPLE, "<f", 108, 352.5), DamagedFile, "begin at byte 352.5"),
        (put(SIMPLE, "<f", 108, 0), DamagedFile, "begin at byte 0"),
        (put(SIMPLE, "<f", 108, 70_000_000), DamagedFile, "begin at byte 7e\\+07"),
        (put(SIMPLE, "<f", 108, 60_000_000), DamagedFile, "is cut|is whole, but holds 472"),
        (put(SIMPLE, "<h", 72, 16), DamagedFile, "uint8 of 16 bits"),
        (put(SIMPLE, "<h", 70, 77), UnfitPixels, "pixels of type 77"),
        (put(SIMPLE, "<h", 70, 32), UnfitPixels, "complex64"),
        (put(SIMPLE, "<h", 70, 128), UnfitPixels, "holds"),
        (put(SIMPLE, "<h", 70, 1536), UnfitPixels, "holds|type 1536"),
        (put(SIMPLE, "4s", 344, b"ni1"), RefusedFormat, "pixels are elsewhere"),
        (put(SIMPLE, "4s", 344, b""), RefusedFormat, "Analyze"),
        (put(SIMPLE, "4s", 344, b"n+9"), DamagedFile, "the mark"),
        (put(SIMPLE, "<6f", 256, 2, 2, 2, 0, 0, 0), None, ""),  # a quaternion that is not used
        (put(SIMPLE, "<2h6f", 252, 1, 0, 2, 2, 2, 0, 0, 0), DamagedFile, "cannot be decoded"),
        (SIMPLE[:300], DamagedFile, "cut in its header"),
        (deflated(b"\x93NUMPY" + bytes(600)), UnfitPixels, "holds no NIfTI"),
    ],
)
def test_headers_that_make_no_sense(read, data, error, reason):
    for each in (data, deflated(data) if data[:2] != b"\x1f\x8b" else data):
        if error is None:
            read(each, NAME)
            continue
        with pytest.raises(InputError, match=reason) as caught:
            read(each, NAME)
        assert caught.value.message.startswith(NAME)
        assert isinstance(caught.value, error)


def test_extensions_are_skipped(read):
    def extended(image):
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(6, b"comment " * 99))

    np.testing.assert_array_equal(read(deflated(volume(LABELS, change=extended)), NAME).pixels, LABELS.T)


def test_a_large_file_is_refused_by_its_header(tmp_path):
    """Before any of its pixels are inflated: 400 MB of zeros in 390 kB, and more bytes than the header announces."""
    path = tmp_path / "a.nii.gz"
    path.write_bytes(deflated(put(SIMPLE, "<3h", 42, 3000, 3000, 40)[:352] + bytes(1000)))
    with pytest.raises(TooLarge, match=r"elements, more than 1,000,000"):
        masks.read(MaskFile.at(str(path), NAME), 1_000_000)


def test_flipped_bits_of_the_header_give_the_same_labels_or_an_error(outcome):
    """Or other labels where the header is believed: its sizes, its type, its order and its scale have no check sum."""
    dice = random.Random(5)
    believed = {*range(4), *range(40, 58), *range(70, 74), *range(108, 120)}
    for _ in range(600):
        at = dice.randrange(348)
        data = bytearray(SIMPLE)
        data[at] ^= 1 << dice.randrange(8)
        found = outcome(bytes(data))
        assert found is None or at in believed or (found == LABELS.T).all(), at


@pytest.mark.parametrize("data", [SIMPLE, DEFLATED])
def test_without_nibabel_the_way_to_it_is_named(read, monkeypatch, data):
    monkeypatch.setitem(sys.modules, "nibabel.nifti1", None)
    with pytest.raises(MissingPackage) as caught:
        read(data, NAME)
    assert (caught.value.code, caught.value.hint) == ("SEG116", "pip install 'segeval-masks[nifti]'")
