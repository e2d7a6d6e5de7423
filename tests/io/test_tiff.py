"""TIFF and BigTIFF: raw ids whatever the compression, byte order and photometric meaning; damage is an error."""

import io
import lzma
import signal
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from segeval.errors import DamagedFile, InputError, RefusedFormat, Rotated, SeveralFrames, TooLarge, UnfitPixels
from segeval.io import header
from segeval.io.files import MaskFile

IDS = np.random.RandomState(1).randint(0, 20, (37, 43)).astype(np.uint8).repeat(2, axis=1)
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS = 273, 274, 277, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, COLOUR_MAP, SAMPLE_FORMAT = 322, 323, 324, 325, 320, 339
COMPRESSIONS = [None, "deflate", "lzw", "zstd", "packbits", "lzma"]


def written(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **({"photometric": "minisblack", "metadata": None} | options))
    return stream.getvalue()


def tiff(strips: list[bytes], tags: dict[int, Any], order: str = "<", more: bytes = b"") -> bytes:
    """A TIFF of one page by hand: the strips, then their tags; every number takes 32 bits."""
    at, offsets = 8, []
    for strip in strips:
        offsets.append(at)
        at += len(strip)
    tags = {OFFSETS: offsets, COUNTS: [len(strip) for strip in strips]} | tags
    body = b"".join(strips)
    beyond = at + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, value in sorted(tags.items()):
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) == 1:
            field = numbers[0]
        else:
            field = beyond + len(values)
            values += struct.pack(f"{order}{len(numbers)}I", *numbers)
        entries += struct.pack(f"{order}HHII", tag, 4, len(numbers), field)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    return head + body + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + values + more


def grey(
    array: Any, bits: int = 8, photometric: int = 1, compression: int = 1, data: bytes | None = None, **patches: int
) -> bytes:
    """One strip of grey by hand; `data` replaces its packed rows, `patches` other fields, such as `t256=0`."""
    array = np.asarray(array, np.uint8)
    unpacked = np.unpackbits(array[..., None], axis=-1)[..., 8 - bits :].reshape(len(array), -1)
    rows = np.packbits(unpacked, axis=1).tobytes()
    tags = {
        WIDTH: array.shape[1],
        HEIGHT: array.shape[0],
        BITS: bits,
        COMPRESSION: compression,
        PHOTOMETRIC: photometric,
        SAMPLES: 1,
        ROWS: array.shape[0],
    }
    return tiff([rows if data is None else data], tags | {int(key[1:]): value for key, value in patches.items()})


@pytest.fixture
def soon() -> Iterator[None]:
    """Fails a test that is not done after 3 seconds, where the system has an alarm clock."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("not done after 3 seconds"))
    signal.setitimer(signal.ITIMER_REAL, 3, 3)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


ENCODED = {
    "none": (1, IDS.tobytes()),
    "deflate": (8, zlib.compress(IDS)),
    "lzw": (5, imagecodecs.lzw_encode(IDS.tobytes())),
    "packbits": (32773, imagecodecs.packbits_encode(IDS.tobytes())),
    "zstd": (50000, imagecodecs.zstd_encode(IDS.tobytes())),
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_compression_and_byte_order_is_exact(read, compression, bigtiff, byteorder):
    ids = (IDS.astype(np.uint16) * 251).astype(f"{byteorder}u2")
    data = written(ids, compression=compression, bigtiff=bigtiff, byteorder=byteorder)
    mask = read(data, "pred/a.tif")
    np.testing.assert_array_equal(mask.pixels, ids)
    assert (mask.shape if hasattr(mask, "shape") else mask.pixels.shape) == (37, 86)
    assert (mask.levels, mask.colour, mask.remarks) == (65535, False, [])


@pytest.mark.parametrize("encoded", ENCODED)
def test_files_by_hand_are_exact(read, encoded):
    compression, data = ENCODED[encoded]
    pixels = read(grey(IDS, compression=compression, data=data)).pixels
    np.testing.assert_array_equal(pixels, IDS, strict=True)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits"])
def test_files_of_another_encoder_are_exact(read, compression):
    stream = io.BytesIO()
    Image.fromarray(IDS).save(stream, "TIFF", compression=compression)
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, IDS, strict=True)


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"])
def test_every_integer_type_is_exact(read, dtype):
    info = np.iinfo(dtype)
    array = np.array([[info.min, 1, 2], [3, 4, info.max]], dtype)
    np.testing.assert_array_equal(read(written(array)).pixels, array, strict=True)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_every_float_type_is_exact(read, dtype):
    array = np.array([[0.25, 0.5], [1, -2]], dtype)
    np.testing.assert_array_equal(read(written(array)).pixels, array, strict=True)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("photometric", [0, 1], ids=["white is zero", "black is zero"])
def test_few_bits_and_either_meaning_of_zero_give_raw_ids(read, bits, photometric):
    ids = np.random.RandomState(bits).randint(0, 1 << bits, (13, 11))
    mask = read(grey(ids, bits, photometric))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert mask.levels == (1 << bits) - 1


def test_palette_gives_indices(read):
    colours = np.random.RandomState(2).randint(0, 65536, (3, 256)).astype(np.uint16)
    ids = np.array([[0, 1, 2], [128, 254, 255]], np.uint8)
    mask = read(written(ids, photometric="palette", colormap=colours))
    np.testing.assert_array_equal(mask.pixels, ids, strict=True)
    assert not mask.colour


def test_palette_of_another_encoder_gives_indices(read):
    image, stream = Image.fromarray(IDS, "L"), io.BytesIO()
    image.putpalette(bytes(np.random.RandomState(3).randint(0, 256, 768).astype(np.uint8)))
    image.save(stream, "TIFF")
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, IDS, strict=True)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_tiles_are_put_together(read, compression):
    np.testing.assert_array_equal(read(written(IDS, tile=(16, 32), compression=compression)).pixels, IDS, strict=True)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_strips_are_put_together(read, compression):
    np.testing.assert_array_equal(read(written(IDS, rowsperstrip=5, compression=compression)).pixels, IDS, strict=True)


@pytest.mark.parametrize("metadata", [None, {"axes": "ZYX"}])
def test_pages_of_one_size_are_a_stack(read, metadata):
    stack = np.random.RandomState(4).randint(0, 9, (3, 4, 5)).astype(np.uint8)
    np.testing.assert_array_equal(read(written(stack, metadata=metadata)).pixels, stack, strict=True)


def test_stack_of_three_pages_of_16_bits_is_no_colour(read):
    stack = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5) * 1000
    mask = read(written(stack))
    np.testing.assert_array_equal(mask.pixels, stack, strict=True)
    assert not mask.colour


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 4, 5)])
def test_imagej_stack_is_whole_or_refused(outcome, shape):
    stack = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    stream = io.BytesIO()
    tifffile.imwrite(stream, stack, imagej=True)
    pixels = outcome(stream.getvalue())
    if pixels is not None:
        np.testing.assert_array_equal(pixels.reshape(shape), stack)


def test_imagej_stack_with_one_page_for_many_planes_is_refused(read):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.zeros((5, 8, 9), np.uint8), imagej=True)
    with tifffile.TiffFile(io.BytesIO(stream.getvalue())) as file:
        second = file.pages[1].offset
    data = stream.getvalue().replace(struct.pack("<I", second), bytes(4), 1)
    with pytest.raises(SeveralFrames, match="without a page for each plane"):
        read(data)


@pytest.mark.parametrize(
    ("pages", "count"),
    [
        ([np.zeros((8, 8), np.uint8), np.zeros((4, 4), np.uint8)], 2),
        ([np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint16), np.zeros((8, 8), np.uint8)], 3),
    ],
    ids=["pyramid", "types"],
)
def test_pages_of_unlike_size_or_type_are_refused_with_their_count(read, pages, count):
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None)
    with pytest.raises(SeveralFrames, match=f"has {count} pages of unlike size or type") as caught:
        read(stream.getvalue())
    assert caught.value.code == "SEG207"


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_keeps_its_channels(read, channels):
    pixels = np.random.RandomState(5).randint(0, 256, (5, 7, channels)).astype(np.uint8)
    mask = read(written(pixels, photometric="rgb"))
    np.testing.assert_array_equal(mask.pixels, pixels, strict=True)
    assert mask.colour


OME = '<OME><Image><Pixels %s><TiffData/></Pixels><Pixels PhysicalSizeX="9"/></Image></OME>'


@pytest.mark.parametrize(
    ("said", "spacing", "unit"),
    [
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeY="2"', (2, 0.25), "µm"),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeXUnit="nm" PhysicalSizeY="2" PhysicalSizeYUnit="nm"', (2, 0.25), "nm"),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeXUnit="nm" PhysicalSizeY="2"', None, ""),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeZ="2"', None, ""),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeY="0"', None, ""),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeY="INF"', None, ""),
        (OME % 'PhysicalSizeX="0.25" PhysicalSizeY="two"', None, ""),
        ("ImageJ=1.53\nunit=um\n", (0.25, 0.5), "µm"),
        ("ImageJ=1.53\nunit=\\u00B5m\n", (0.25, 0.5), "µm"),
        ("ImageJ=1.53\nunit=inches\n", (0.25, 0.5), "inch"),
        ("ImageJ=1.53\nunit=furlong\n", (0.25, 0.5), "furlong"),
        ("ImageJ=1.53\nunit=pixel\n", None, ""),
        ("ImageJ=1.53\n", None, ""),
        ("ImageJ=1.53\nunit=um\nspacing=two\n", None, ""),
        ("unit=um", None, ""),
    ],
)
def test_the_size_of_a_pixel_as_ome_and_imagej_say_it(read, said, spacing, unit):
    """y, x in one unit; nothing where an axis has none, or 0. The resolution is 2 columns and 4 rows a unit."""
    mask = read(written(IDS, description=said.encode(), metadata=None, resolution=(2, 4)))
    assert (mask.spacing, mask.unit) == (spacing, unit)


def test_channels_have_no_step(read):
    """Bands beside each other are no slices: the size is that of a pixel."""
    said = OME % 'PhysicalSizeX="0.25" PhysicalSizeY="2"'
    bands = np.zeros((3, 5, 7), np.float32)
    mask = read(written(bands, description=said, metadata=None, photometric="minisblack", planarconfig="separate"))
    assert (mask.pixels.shape, mask.spacing) == ((3, 5, 7), (2, 0.25))


def test_a_resolution_of_0_is_no_size(read):
    said = "ImageJ=1.53\nunit=um\n"
    whole = written(IDS, description=said, metadata=None, resolution=(2, 4))
    two = struct.pack("<2I", 2, 1)
    assert whole.count(two) == 1
    for fraction in ((0, 1), (2, 0)):
        assert read(whole.replace(two, struct.pack("<2I", *fraction))).spacing is None


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (np.zeros((5, 7, 3), np.uint16), {"photometric": "rgb"}),
        (np.zeros((3, 5, 7), np.uint8), {"photometric": "rgb", "planarconfig": "separate"}),
        (np.zeros((2, 5, 7, 3), np.uint8), {"photometric": "rgb"}),
        (np.zeros((3, 5, 7), np.uint16), {"photometric": "rgb", "planarconfig": "separate"}),
        (np.zeros((5, 7), np.complex64), {}),
    ],
    ids=["16-bit colour", "planes of colour", "pages of colour", "planes of 16 bits", "complex"],
)
def test_pixels_that_hold_no_labels_are_refused(read, array, options):
    with pytest.raises(UnfitPixels, match="pred/a.png") as caught:
        read(written(array, **options))
    assert caught.value.code == "SEG209"


def test_jpeg_compression_is_refused(read):
    data = grey(IDS, compression=7, data=imagecodecs.jpeg_encode(IDS))
    with pytest.raises(RefusedFormat, match="compressed by JPEG") as caught:
        read(data)
    assert caught.value.code == "SEG203"


@pytest.mark.parametrize("compression", ["jpeg", "webp", "jpegxl", "jpeg2000"])
def test_every_lossy_compression_is_refused(read, compression):
    pixels = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(RefusedFormat, match="compressed by"):
        read(written(pixels, photometric="rgb", compression=compression))


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_rotated_mask_is_refused(read, orientation):
    with pytest.raises(Rotated, match=f"has orientation {orientation}") as caught:
        read(grey(IDS, t274=orientation))
    assert caught.value.code == "SEG208"


def test_upright_orientation_changes_nothing(read):
    np.testing.assert_array_equal(read(grey(IDS, t274=1)).pixels, IDS, strict=True)


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 16)}], ids=["one strip", "strips", "tiles"])
def test_cut_at_any_length_gives_the_same_array_or_an_error(outcome, compression, layout):
    """The pixels come last in the file, so that every cut takes some of them."""
    whole = written(IDS, compression=compression, **layout)
    for length in np.linspace(1, len(whole) - 1, 200).astype(int):
        pixels = outcome(whole[:length])
        if pixels is not None:
            np.testing.assert_array_equal(pixels, IDS, strict=True)


@pytest.mark.parametrize("encoded", ENCODED)
def test_cut_inside_the_pixels_is_an_error(read, encoded):
    """By a count of bytes that is too small, as a writer that broke off leaves it."""
    compression, data = ENCODED[encoded]
    for length in np.linspace(0, len(data) - 2, 100).astype(int):
        with pytest.raises(InputError, match="pred/a.png"):
            read(grey(IDS, compression=compression, data=data[:length]))


@pytest.mark.parametrize("encoded", ENCODED)
def test_sound_pixel_data_with_too_few_rows_are_an_error(read, encoded):
    with pytest.raises(InputError, match="pred/a.png"):
        read(grey(np.zeros((38, 86)), compression=ENCODED[encoded][0], data=ENCODED[encoded][1]))


@pytest.mark.parametrize("encoded", ENCODED)
def test_short_strip_beside_a_long_one_is_an_error(read, encoded):
    """All bytes together are enough, but the first strip lacks rows."""
    encode = {
        "none": bytes,
        "deflate": zlib.compress,
        "lzw": imagecodecs.lzw_encode,
        "packbits": imagecodecs.packbits_encode,
        "zstd": imagecodecs.zstd_encode,
    }[encoded]
    rows = [IDS[:10].tobytes(), IDS[10:].tobytes() + IDS[:20].tobytes()]
    tags = {WIDTH: 86, HEIGHT: 37, BITS: 8, COMPRESSION: ENCODED[encoded][0], PHOTOMETRIC: 1, SAMPLES: 1, ROWS: 20}
    with pytest.raises(InputError, match="pred/a.png"):
        read(tiff([encode(part) for part in rows], tags))


@pytest.mark.parametrize("order", ["<", ">"])
def test_flipped_bit_in_deflated_pixels_gives_the_same_array_or_an_error(outcome, soon, order):
    whole = written(IDS, compression="deflate", byteorder=order)
    with tifffile.TiffFile(io.BytesIO(whole)) as file:
        (start,), (count,) = file.pages[0].dataoffsets, file.pages[0].databytecounts
    chance = np.random.RandomState(6)
    for bit in chance.randint(8 * start, 8 * (start + count), 200):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        pixels = outcome(bytes(data))
        if pixels is not None:
            np.testing.assert_array_equal(pixels, IDS, strict=True)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flipped_bit_anywhere_is_an_array_or_an_error(outcome, soon, compression):
    """Without a check sum damage can look like another mask, but never like anything else."""
    whole, chance = written(IDS, compression=compression), np.random.RandomState(7)
    for bit in chance.randint(0, 8 * len(whole), 200):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        pixels = outcome(bytes(data))
        assert pixels is None or pixels.dtype.kind in "biuf"


@pytest.mark.parametrize("compression", [1, 5, 8, 32773, 34925, 50000])
def test_codec_that_fails_is_an_error(read, compression):
    with pytest.raises(DamagedFile, match="pred/a.png") as caught:
        read(grey(IDS, compression=compression, data=b"\x81\xff nonsense"))
    assert caught.value.code == "SEG204"


@pytest.mark.parametrize("compression", [0, 2, 3, 4, 6, 9, 32809, 34887, 60000, 0xFFFFFFFF])
def test_unknown_or_unfit_compression_is_an_error(read, compression):
    with pytest.raises(InputError, match="pred/a.png"):
        read(grey(IDS, compression=compression))


@pytest.mark.parametrize("encoded", ["none", "deflate"])
@pytest.mark.parametrize("value", [0, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("tag", [WIDTH, HEIGHT, BITS, OFFSETS, SAMPLES, ROWS, COUNTS, SAMPLE_FORMAT])
def test_field_at_its_extremes_is_the_same_array_or_an_error_without_memory(outcome, soon, encoded, tag, value):
    compression, data = ENCODED[encoded]
    outcome(grey(IDS, compression=compression, data=data))  # imports what has to be imported
    tracemalloc.start()
    try:
        pixels = outcome(grey(IDS, compression=compression, data=data, **{f"t{tag}": value}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pixels is None or pixels.shape != IDS.shape or np.array_equal(pixels, IDS)
    assert peak < 16 << 20


@pytest.mark.parametrize("count", [0, 2, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("tag", [WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, ROWS, COUNTS])
def test_number_of_values_at_its_extremes_is_an_error_without_memory(outcome, soon, tag, count):
    data = grey(IDS)
    data = data.replace(struct.pack("<HHI", tag, 4, 1), struct.pack("<HHI", tag, 4, count))
    tracemalloc.start()
    try:
        pixels = outcome(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pixels is None or pixels.shape != IDS.shape or np.array_equal(pixels, IDS)
    assert peak < 16 << 20


@pytest.mark.parametrize(("width", "height"), [(0, 16), (16, 0), (1, 1), (0xFFFFFFFF, 16), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_tile_size_at_its_extremes_is_the_same_array_or_an_error_without_memory(outcome, soon, width, height):
    tags = {WIDTH: 86, HEIGHT: 37, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, SAMPLES: 1}
    data = tiff([IDS.tobytes()], tags | {TILE_WIDTH: width, TILE_HEIGHT: height, TILE_OFFSETS: 8, TILE_COUNTS: 3182})
    tracemalloc.start()
    try:
        pixels = outcome(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert pixels is None or np.array_equal(pixels, IDS)
    assert peak < 16 << 20


@pytest.mark.parametrize("encoded", ENCODED)
@pytest.mark.parametrize("offset", [0, 1, 7])
def test_pixels_said_to_lie_inside_the_file_header_are_an_error(read, encoded, offset):
    """An offset of 0 means a strip that was never written; some readers fill it with zeros."""
    compression, data = ENCODED[encoded]
    with pytest.raises(InputError, match="pred/a.png"):
        read(grey(IDS, compression=compression, data=data, t273=offset))


@pytest.mark.parametrize("encoded", ["deflate", "lzw", "zstd", "packbits"])
def test_huge_header_in_a_tiny_file_is_refused_before_memory_is_taken(read, encoded):
    compression, data = ENCODED[encoded]
    huge = grey(IDS, compression=compression, data=data, t256=20000, t257=20000, t278=20000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="20000 x 20000 = 400,000,000 elements") as caught:
            read(huge)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "SEG211"
    assert peak < 2 << 20


@pytest.mark.parametrize("target", [8 + IDS.size, 0xFFFFFFFF, 1], ids=["itself", "outside", "inside the header"])
def test_page_that_names_a_senseless_next_one_does_not_hang(outcome, soon, target):
    data = bytearray(grey(IDS))
    end = 8 + IDS.size + 2 + 12 * 9
    data[end : end + 4] = struct.pack("<I", target)
    pixels = outcome(bytes(data))
    assert pixels is None or np.array_equal(pixels, IDS)


def test_pages_in_a_circle_are_an_error(read, soon):
    data = bytearray(written(np.stack([IDS, IDS])))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        first, second = (page.offset for page in file.pages)
    end = second + 2 + 12 * int.from_bytes(data[second : second + 2], "little")
    assert data[end : end + 4] == bytes(4)
    data[end : end + 4] = struct.pack("<I", first)
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(bytes(data))


def test_pages_that_overlap_do_not_hang(outcome, soon):
    """Of 2000 pages each has the same 2000 fields, so that 48 kB announce four million of them."""
    pages, start = 2000, 8
    data = struct.pack("<4sI", b"II*\0", start)
    for block in range(2 * pages + 1):
        following = start + 12 * (block - pages + 1) if pages <= block < 2 * pages - 1 else 0
        data += struct.pack("<HI6x", pages, following)
    assert outcome(data) is None


@pytest.mark.parametrize("start", [0, 1, 4, 8, 0x7FFFFFFF, 0xFFFFFFFF])
def test_first_page_at_a_senseless_place_is_an_error(read, soon, start):
    data = bytearray(grey(IDS))
    data[4:8] = struct.pack("<I", start)
    with pytest.raises(InputError, match="pred/a.png"):
        read(bytes(data))


@pytest.mark.parametrize("data", [b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"II*\0\x08\0\0\0", b"MM\0+" + bytes(60)])
def test_header_alone_is_an_error(read, data):
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(data)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_round_trip_of_any_type_layout_and_compression(read, data):
    kind = data.draw(st.sampled_from(["u1", "u2", "u4", "i1", "i2", "i4"]))
    shape = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    values = st.integers(np.iinfo(kind).min, np.iinfo(kind).max)
    count = shape[0] * shape[1]
    ids = np.array(data.draw(st.lists(values, min_size=count, max_size=count)), kind).reshape(shape)
    options = {
        "compression": data.draw(st.sampled_from(COMPRESSIONS)),
        "byteorder": data.draw(st.sampled_from("<>")),
        "bigtiff": data.draw(st.booleans()),
    } | data.draw(st.sampled_from([{}, {"tile": (16, 16)}, {"rowsperstrip": 3}]))
    np.testing.assert_array_equal(read(written(ids, **options)).pixels, ids, strict=True)


@pytest.mark.parametrize("tag", [BITS, SAMPLE_FORMAT, COMPRESSION])
def test_field_that_leads_out_of_the_file_is_an_error(read, tag):
    """A reader that takes the default instead gives another array."""
    data = grey(IDS, t339=2)
    assert read(data).pixels.dtype == np.int8
    lost = data.replace(struct.pack("<HHI", tag, 4, 1), struct.pack("<HHI", tag, 4, 1000))
    with pytest.raises(DamagedFile, match=rf"the field {tag} \(\w+\) of the TIFF leads out of the file"):
        read(lost)


@pytest.mark.parametrize(("dtype", "levels"), [(np.uint8, 255), (np.uint16, 65535), (np.int16, 32767)])
def test_levels_are_those_of_the_type(read, dtype, levels):
    assert read(written(np.zeros((2, 3), dtype))).levels == levels


def test_stack_behind_a_single_page_is_an_error(read):
    """Only its first plane would be read."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((10, 37, 86), np.uint8), photometric="minisblack", truncate=True)
    with pytest.raises(SeveralFrames, match="stack without a page for each plane"):
        read(file.getvalue())
    file = io.BytesIO()
    tifffile.imwrite(file, np.arange(60, dtype=np.uint8).reshape(3, 4, 5), photometric="minisblack")
    assert read(file.getvalue()).pixels.tolist() == np.arange(60).reshape(3, 4, 5).tolist()


FIELDS = [WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS, SAMPLE_FORMAT]
NO_NUMBERS = [
    0,
    1,
    2,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    14,
    17,
    255,
    65535,
]  # bytes, text, fractions, signed, floating, unknown


def retyped(data: bytes, tag: int, kind: int, count: int) -> bytes:
    """The field as another type, and with another number of values."""
    field = struct.pack("<HHI", tag, 4, 1)
    assert data.count(field) == 1
    return data.replace(field, struct.pack("<HHI", tag, kind, count))


@pytest.mark.parametrize("kind", NO_NUMBERS)
@pytest.mark.parametrize("tag", FIELDS)
def test_field_that_is_no_whole_number_is_an_error(read, tag, kind):
    """Text is no width, and a reader that takes the default for an unknown type gives another array."""
    with pytest.raises(DamagedFile, match=rf"pred/a.png: the field {tag} \("):
        read(retyped(grey(IDS, t274=1, t339=1), tag, kind, 1))


@pytest.mark.parametrize("tag", FIELDS)
def test_field_of_several_numbers_where_one_is_meant_is_an_error(read, tag):
    """Four single bytes fit where a number of 32 bits stood."""
    with pytest.raises(InputError, match="pred/a.png: the (field|TIFF)"):
        read(retyped(grey(IDS, t274=1, t339=1), tag, 1, 4))


@pytest.mark.parametrize(("kind", "stated"), [(4, 1), (3, 1)])
def test_whole_numbers_of_either_width_are_read(read, kind, stated):
    """LONG where the standard says SHORT, and the other way round."""
    data = grey(IDS, t274=1, t339=1)
    for tag in FIELDS:
        data = retyped(data, tag, kind, stated)
    np.testing.assert_array_equal(read(data).pixels, IDS, strict=True)


def test_dimensions_are_plain_numbers_when_the_header_is_read(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(written(np.zeros((2, 5, 7), np.uint8), compression="deflate"))
    shape = header(MaskFile.at(str(path), "pred/a.tif")).shape
    assert shape == (2, 5, 7)
    assert {type(n) for n in shape} == {int}


def test_fields_out_of_order_are_an_error(read):
    """A flipped bit in a tag takes a meaning away: without its format of samples, -1 would be 255."""
    data = written(np.array([[-1, 2]], np.int8), software=None)
    lost = data.replace(struct.pack("<HH", SAMPLE_FORMAT, 3), struct.pack("<HH", PHOTOMETRIC, 3))
    assert lost != data
    with pytest.raises(DamagedFile, match="out of order"):
        read(lost)


@pytest.mark.parametrize("encoded", ENCODED)
@pytest.mark.parametrize(("tag", "value"), [(BITS, 4), (WIDTH, 85), (HEIGHT, 36), (HEIGHT, 38), (BITS, 16)])
def test_part_that_inflates_to_another_size_is_an_error(read, encoded, tag, value):
    compression, data = ENCODED[encoded]
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(grey(IDS, compression=compression, data=data, **{f"t{tag}": value, f"t{ROWS}": 37}))


def test_lzma_of_megabytes_for_few_pixels_is_an_error_without_memory(read, soon):
    bomb = lzma.compress(bytes(1 << 24), preset=0)
    read(grey(IDS))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFile, match="holds 3,183 bytes or more"):
            read(grey(IDS, compression=34925, data=bomb))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20


@pytest.mark.parametrize("second", [8, 8 + 86 * 19])
def test_strips_that_share_bytes_are_an_error(read, second):
    """The same strip twice, and one that begins inside the other."""
    tags = {WIDTH: 86, HEIGHT: 40, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, SAMPLES: 1, ROWS: 20}
    rows = [np.zeros((20, 86), np.uint8).tobytes()] * 2
    assert read(tiff(rows, tags)).pixels.shape == (40, 86)
    with pytest.raises(DamagedFile, match="strips or tiles that overlap"):
        read(tiff(rows, tags | {OFFSETS: [8, second]}))


def test_million_tiles_with_one_offset_is_an_error(read, soon):
    side = 1000
    tags = {WIDTH: 16 * side, HEIGHT: 16 * side, BITS: 1, COMPRESSION: 8, PHOTOMETRIC: 1, SAMPLES: 1}
    tags |= {TILE_WIDTH: 16, TILE_HEIGHT: 16, TILE_OFFSETS: [8] * side**2, TILE_COUNTS: [4] * side**2}
    with pytest.raises(DamagedFile, match="strips or tiles that overlap"):
        read(tiff([zlib.compress(bytes(32))], tags))


def test_more_pages_than_a_stack_has_are_an_error(read, monkeypatch):
    monkeypatch.setattr("segeval.io.tiff._MOST_PAGES", 999)
    pages, at = [], 8
    numbers = {WIDTH: 1, HEIGHT: 1, BITS: 8, COMPRESSION: 1, PHOTOMETRIC: 1, OFFSETS: 8, COUNTS: 1}
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in numbers.items())
    size = 2 + len(fields) + 4
    for n in range(1000):
        pages.append(struct.pack("<H", 7) + fields + struct.pack("<I", at + size if n < 999 else 0))
        at += size
    with pytest.raises(SeveralFrames, match="more than 999 pages"):
        read(struct.pack("<4sI", b"II*\0", 8) + b"".join(pages))


def test_pages_that_share_one_long_field_do_not_take_the_memory_of_each(read, soon):
    """A thousand pages, each with the same hundred thousand places."""
    entries = struct.pack("<HHII", 273, 4, 100_000, 8)
    page = struct.pack("<H", 1) + entries
    start, size = 8 + 400_000, len(page) + 4
    pages = [page + struct.pack("<I", start + size * (n + 1) if n < 999 else 0) for n in range(1000)]
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(struct.pack("<4sI", b"II*\0", start) + bytes(400_000) + b"".join(pages))


def test_tile_far_larger_than_its_page_is_an_error_without_memory(read):
    tags = {WIDTH: 86, HEIGHT: 37, BITS: 8, COMPRESSION: 8, PHOTOMETRIC: 1, SAMPLES: 1}
    data = tiff(
        [zlib.compress(bytes(100))], tags | {TILE_WIDTH: 1 << 16, TILE_HEIGHT: 1 << 16, TILE_OFFSETS: 8, TILE_COUNTS: 9}
    )
    with pytest.raises(DamagedFile, match="in tiles of 65536 x 65536"):
        read(data)


@pytest.mark.parametrize("bits", [3, 5, 7, 9, 10, 12, 15, 17, 24, 31])
def test_odd_numbers_of_bits_are_exact(read, bits):
    """Packed by hand; each row begins with a byte of its own."""
    ids = np.random.RandomState(bits).randint(0, 1 << bits, (3, 5))
    rows = b"".join(
        int("".join(f"{n:0{bits}b}" for n in row).ljust(-(-5 * bits // 8) * 8, "0"), 2).to_bytes(
            -(-5 * bits // 8), "big"
        )
        for row in ids.tolist()
    )
    mask = read(grey(np.zeros((3, 5)), data=rows, t258=bits))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert mask.levels == (1 << bits) - 1


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"rowsperstrip": 3}])
def test_predictors_are_undone(read, byteorder, dtype, layout):
    array = np.random.RandomState(8).randint(0, 99, (21, 19)).astype(dtype)
    data = written(array, predictor=True, compression="deflate", byteorder=byteorder, **layout)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages[0].predictor == (3 if dtype[0] == "f" else 2)
    np.testing.assert_array_equal(read(data).pixels, array, strict=True)


def test_floating_point_with_differences_of_its_bits_is_exact(read):
    """As GDAL writes PREDICTOR=2: each sample's 32 bits less those of its neighbour."""
    array = np.random.RandomState(9).rand(4, 6).astype("<f4")
    bits = array.view("<u4")
    rows = np.diff(bits, axis=1, prepend=np.zeros((4, 1), "<u4")).astype("<u4").tobytes()
    mask = read(grey(np.zeros((4, 6)), compression=8, data=zlib.compress(rows), t258=32, t317=2, t339=3))
    np.testing.assert_array_equal(mask.pixels, array)


def test_lowest_bit_first_is_exact(read):
    ids = np.random.RandomState(10).randint(0, 2, (5, 11))
    rows = np.packbits(ids, axis=1, bitorder="little").tobytes()
    np.testing.assert_array_equal(read(grey(ids, 1, data=rows, t266=2)).pixels, ids)


def test_metamorph_stack_behind_one_page_is_an_error(read):
    """Its number of planes is the number of values of a field of its own."""
    data = grey(IDS, t33629=3)
    with pytest.raises(SeveralFrames, match="stack without a page for each plane"):
        read(data.replace(struct.pack("<HHI", 33629, 4, 1), struct.pack("<HHI", 33629, 5, 3)))


def test_file_that_does_not_say_its_bits_has_one(read):
    """The default of TIFF 6.0, which Pillow leaves out."""
    ids = np.random.RandomState(11).randint(0, 2, (9, 13)).astype(bool)
    stream = io.BytesIO()
    Image.fromarray(ids).save(stream, "TIFF")
    assert 258 not in tifffile.TiffFile(io.BytesIO(stream.getvalue())).pages[0].tags
    mask = read(stream.getvalue())
    np.testing.assert_array_equal(mask.pixels, ids)
    assert mask.levels == 1


def test_file_that_lost_its_bits_is_an_error(read):
    """Bytes are eight times as many as bits would be."""
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(grey(IDS).replace(struct.pack("<HHI", BITS, 4, 1), struct.pack("<HHI", 260, 4, 1)))


OVERVIEW, MASK, PART_OF_STACK = 1, 4, 2


@pytest.mark.parametrize("kind", [OVERVIEW, MASK, OVERVIEW | MASK])
@pytest.mark.parametrize("first", [True, False])
def test_pages_that_are_no_slices_are_left_out(read, kind, first):
    """Overviews and masks, as GDAL writes them; they have their own sizes, or the size of a slice."""
    stream = io.BytesIO()
    other = IDS > 9 if kind & MASK else IDS + 1
    pages = [(IDS, 0), (other[::2, ::2], kind), (other, kind)]
    with tifffile.TiffWriter(stream) as writer:
        for page, number in pages if first else pages[::-1]:
            writer.write(page, subfiletype=number, photometric="minisblack", metadata=None)
    mask = read(stream.getvalue())
    np.testing.assert_array_equal(mask.pixels, IDS, strict=True)
    assert [remark.code for remark in mask.remarks] == (["SEG213"] if kind == MASK else [])


def test_pages_of_a_stack_that_say_so_are_kept(read):
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for page in (IDS, IDS + 1):
            writer.write(page, subfiletype=PART_OF_STACK, photometric="minisblack", metadata=None)
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, [IDS, IDS + 1])


def test_overviews_alone_are_an_error(read):
    with pytest.raises(DamagedFile, match="no page of full resolution"):
        read(grey(IDS, t254=1))


def sparse(nodata: bytes = b"", kind: str = "u1", missing: int = 1) -> bytes:
    """Two tiles of 16 x 16, of which the last are not stored; with the nodata of GDAL."""
    bits, form = 8 * int(kind[1]), {"u": 1, "i": 2, "f": 3}[kind[0]]
    tags = {WIDTH: 32, HEIGHT: 16, BITS: bits, COMPRESSION: 1, PHOTOMETRIC: 1, SAMPLES: 1, SAMPLE_FORMAT: form}
    tile = np.full((16, 16), 3, kind).tobytes()
    stored = [1] * (2 - missing) + [0] * missing
    tags |= {TILE_WIDTH: 16, TILE_HEIGHT: 16}
    tags |= {TILE_OFFSETS: [8 * n for n in stored], TILE_COUNTS: [len(tile) * n for n in stored]}
    if nodata:
        tags[42113] = [
            int.from_bytes(nodata[n : n + 4].ljust(4, b"\0"), "little") for n in range(0, len(nodata) + 1, 4)
        ]
    data = tiff([tile], tags)
    count = -(-(len(nodata) + 1) // 4)
    return data.replace(struct.pack("<HHI", 42113, 4, count), struct.pack("<HHI", 42113, 2, 4 * count))


@pytest.mark.parametrize(
    ("nodata", "kind", "wanted", "known"),
    [
        (b"", "u1", 0, None),
        (b"255", "u1", 255, 255),
        (b"-1", "i2", -1, -1),
        (b"nan", "u1", 0, None),
        (b"256", "u1", 0, None),
        (b"7.0", "u1", 7, 7),
        (b"nan", "f4", np.nan, np.nan),
        (b"-3.4028234663852886e+38", "f4", np.finfo("f4").min, float(np.finfo("f4").min)),
        (b"none", "u1", 0, None),
    ],
)
def test_tiles_that_are_not_stored_hold_nodata_or_0(read, nodata, kind, wanted, known):
    mask = read(sparse(nodata, kind))
    np.testing.assert_array_equal(
        mask.pixels, np.repeat(np.array([[3, wanted]], kind), 16, 1).repeat(16, 0), strict=True
    )
    np.testing.assert_equal(mask.nodata, known)
    assert [remark.code for remark in mask.remarks] == ["SEG210"]


def test_file_without_any_of_its_tiles_is_an_error(read):
    with pytest.raises(DamagedFile, match="none of its pixel data"):
        read(sparse(missing=2))


def test_nodata_of_a_full_file_is_told(read):
    stream = io.BytesIO()
    tifffile.imwrite(stream, IDS, photometric="minisblack", metadata=None, extratags=[(42113, 2, 4, "17 ", True)])
    assert read(stream.getvalue()).nodata == 17
    assert read(written(IDS)).nodata is None


@pytest.mark.parametrize("planar", ["separate", "contig"])
@pytest.mark.parametrize(
    ("dtype", "photometric"), [("f4", "minisblack"), ("f4", "rgb"), ("u1", "minisblack"), ("i2", "minisblack")]
)
@pytest.mark.parametrize("channels", [3, 4, 7])
@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16), "compression": "deflate"}])
def test_bands_that_are_no_colours_are_channels_and_come_first(read, planar, dtype, photometric, channels, layout):
    bands = np.random.RandomState(12).randint(0, 9, (channels, 18, 21)).astype(dtype)
    array = bands if planar == "separate" else np.moveaxis(bands, 0, -1)
    mask = read(written(array, photometric=photometric, planarconfig=planar, **layout))
    np.testing.assert_array_equal(mask.pixels, bands, strict=True)
    assert not mask.colour


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_integers_that_are_called_colours_tell_how_to_write_channels(read, dtype):
    with pytest.raises(UnfitPixels, match="which it calls colours") as caught:
        read(written(np.zeros((3, 8, 9), dtype), photometric="rgb", planarconfig="separate"))
    assert "photometric='minisblack'" in caught.value.hint


def test_grey_with_transparency_is_a_colour(read):
    pixels = np.random.RandomState(13).randint(0, 9, (5, 7, 2)).astype(np.uint8)
    mask = read(written(pixels, planarconfig="contig", extrasamples=["unassalpha"]))
    np.testing.assert_array_equal(mask.pixels, pixels)
    assert mask.colour


def test_palette_tells_its_colours(read):
    colours = np.arange(768, dtype=np.uint16).reshape(3, 256) * 85
    mask = read(written(IDS, photometric="palette", colormap=colours))
    np.testing.assert_array_equal(mask.palette, (colours.T >> 8).astype(np.uint8))
    assert read(written(IDS)).palette is None
