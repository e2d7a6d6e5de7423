"""PNG: exact ids whatever the depth and colour type; damage is an error."""

import io
import struct
import tracemalloc
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import plain_png
from support.files import PNG_SIGNATURE as SIGNATURE
from support.files import png_chunk as chunk
from support.files import png_header as ihdr

from segeval.errors import (
    DamagedFile,
    EmptyFile,
    InputError,
    Rotated,
    SeveralFrames,
    TooLarge,
    UnfitPixels,
    UnknownFormat,
)
from segeval.io.png import _goes_on

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
COLOURS = bytes(np.random.RandomState(1).randint(0, 256, 768).astype(np.uint8))
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(array: Any, depth: int) -> bytes:
    """The rows of an image, unfiltered, several pixels to a byte where the depth is below 8."""
    flat = np.asarray(array).reshape(len(array), -1)
    if depth == 16:
        rows = flat.astype(">u2").view(np.uint8)
    else:
        bits = np.unpackbits(flat.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
        rows = np.packbits(bits.reshape(len(flat), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def png(
    array: Any, depth: int = 8, kind: int = GREY, extra: bytes = b"", parts: int = 1, end: bool = True, level: int = 6
) -> bytes:
    """A PNG by hand; `extra` chunks stand before the pixel data, which come in so many parts."""
    array = np.asarray(array)
    stream = zlib.compress(packed(array, depth), level)
    step = -(-len(stream) // parts)
    data = SIGNATURE + ihdr(array.shape[1], array.shape[0], depth, kind)
    if kind == PALETTE:
        data += chunk(b"PLTE", COLOURS[: 3 * min(256, 1 << depth)])
    data += extra
    data += b"".join(chunk(b"IDAT", stream[at : at + step]) for at in range(0, len(stream), step))
    return data + chunk(b"IEND", b"") if end else data


def exif(orientation: int) -> bytes:
    """A chunk with nothing but the orientation."""
    return chunk(b"eXIf", b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0))


def random_ids(depth: int, shape: tuple[int, int] = (37, 43)) -> Any:
    ids = np.random.RandomState(depth).randint(0, 1 << depth, shape)
    return ids.astype(np.uint16 if depth == 16 else np.uint8)


# One file for each way in which pixels are decoded.
ROUTES = {
    "grey8": png(random_ids(8)),
    "grey16": png(random_ids(16), 16),
    "palette8": png(random_ids(8), 8, PALETTE),
    "grey2": png(random_ids(2), 2),
}
IDS = {"grey8": random_ids(8), "grey16": random_ids(16), "palette8": random_ids(8), "grey2": random_ids(2)}


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_values_are_the_ids_at_every_depth(read, depth):
    ids = random_ids(depth)
    mask = read(png(ids, depth))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert (mask.pixels.dtype, mask.levels, mask.colour, mask.remarks) == (ids.dtype, (1 << depth) - 1, False, [])


def test_four_grey_levels_of_two_bits_are_0_to_3(read):
    """Decoders stretch them to 0, 85, 170, 255."""
    np.testing.assert_array_equal(read(png([[0, 1, 2, 3]], 2)).pixels, [[0, 1, 2, 3]])


def test_ids_above_255_of_16_bit_grey_are_exact(read):
    np.testing.assert_array_equal(read(png([[0, 255, 256], [257, 1000, 65535]], 16)).pixels[1], [257, 1000, 65535])


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palette_indices_are_the_ids_at_every_depth(read, depth):
    ids = random_ids(depth)
    mask = read(png(ids, depth, PALETTE))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert (mask.pixels.dtype, mask.colour) == (np.uint8, False)


def test_void_of_a_voc_palette_is_255_and_no_grey_value(read):
    """A mask as Pascal VOC writes it: colours 0,0,0; 128,0,0; 0,128,0 and 224,224,192 for the border."""
    image = Image.fromarray(np.array([[0, 1], [2, 255]], np.uint8), "L")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [9] * 756 + [224, 224, 192])
    stream = io.BytesIO()
    image.save(stream, "PNG")
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, [[0, 1], [2, 255]])


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palette_that_pillow_packs_into_few_bits_keeps_its_indices(read, bits):
    ids = random_ids(bits)
    image = Image.fromarray(ids, "L")
    image.putpalette(COLOURS[: 3 << bits])
    stream = io.BytesIO()
    image.save(stream, "PNG", bits=bits)
    assert stream.getvalue()[24] == bits
    np.testing.assert_array_equal(read(stream.getvalue()).pixels, ids)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_files_of_another_encoder_are_exact(read, dtype):
    """Libpng filters its rows; the files by hand above do not."""
    ids = np.random.RandomState(3).randint(0, np.iinfo(dtype).max + 1, (19, 23)).astype(dtype)
    np.testing.assert_array_equal(read(imagecodecs.png_encode(ids)).pixels, ids)


@pytest.mark.parametrize(("depth", "kind"), [(8, GREY), (16, GREY), (2, GREY), (4, PALETTE)])
def test_interlaced_files_are_exact(read, depth, kind):
    ids = random_ids(depth, (13, 11))
    passes = [ids[y::dy, x::dx] for x, y, dx, dy in ADAM7]
    stream = zlib.compress(b"".join(packed(part, depth) for part in passes))
    data = SIGNATURE + ihdr(11, 13, depth, kind, 1)
    data += chunk(b"PLTE", COLOURS[:48]) if kind == PALETTE else b""
    data += chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(read(data).pixels, ids)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_transparent_grey_keeps_one_channel_and_its_ids(read, depth):
    ids = random_ids(depth)
    mask = read(png(ids, depth, extra=chunk(b"tRNS", b"\0\1")))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert not mask.colour


def test_transparent_palette_keeps_its_indices(read):
    ids = random_ids(8)
    data = png(ids, 8, PALETTE, extra=chunk(b"tRNS", b"\0\x80\xff"))
    np.testing.assert_array_equal(read(data).pixels, ids)


@pytest.mark.parametrize(("kind", "channels"), [(GREY_ALPHA, 2), (RGB, 3), (RGBA, 4)])
def test_colour_keeps_its_channels(read, kind, channels):
    pixels = np.random.RandomState(4).randint(0, 256, (5, 7, channels))
    mask = read(png(pixels, 8, kind))
    np.testing.assert_array_equal(mask.pixels, pixels)
    assert mask.colour


@pytest.mark.parametrize(("kind", "channels"), [(GREY_ALPHA, 2), (RGB, 3), (RGBA, 4)])
def test_16_bit_colour_is_refused(read, kind, channels):
    with pytest.raises(UnfitPixels, match="16-bit colour") as caught:
        read(png(np.full((2, 3, channels), 300), 16, kind))
    assert caught.value.code == "SEG209"


def test_animation_is_refused_with_its_frame_count(read):
    frames = [Image.new("L", (8, 8), value) for value in (1, 2, 3)]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(SeveralFrames, match="animation of 3 frames") as caught:
        read(stream.getvalue())
    assert caught.value.code == "SEG207"


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_rotated_mask_is_refused(read, orientation):
    with pytest.raises(Rotated, match="pred/a.png") as caught:
        read(png([[1, 2]], extra=exif(orientation)))
    assert caught.value.code == "SEG208"


def test_rotation_written_by_pillow_is_refused(read):
    tags = Image.Exif()
    tags[0x0112] = 6
    stream = io.BytesIO()
    Image.new("L", (2, 3)).save(stream, "PNG", exif=tags)
    with pytest.raises(Rotated, match="orientation"):
        read(stream.getvalue())


def test_upright_orientation_changes_nothing(read):
    mask = read(png([[1, 2]], extra=exif(1)))
    np.testing.assert_array_equal(mask.pixels, [[1, 2]])
    assert mask.remarks == []


@pytest.mark.parametrize("route", ROUTES)
def test_cut_at_any_length_is_an_error_until_all_pixel_data_are_there(read, route):
    whole, ids = ROUTES[route], IDS[route]
    complete = len(whole) - 12
    lengths = {*np.linspace(0, len(whole) - 1, 180).astype(int).tolist(), *range(complete - 5, len(whole))}
    for length in sorted(lengths):
        if length < complete:
            wanted = EmptyFile if length == 0 else UnknownFormat if length < 8 else DamagedFile
            with pytest.raises(wanted, match="pred/a.png"):
                read(whole[:length])
        else:
            mask = read(whole[:length])
            np.testing.assert_array_equal(mask.pixels, ids)
            assert [remark.code for remark in mask.remarks] == ["SEG205"]


@pytest.mark.parametrize("route", ROUTES)
def test_flipped_bit_gives_the_same_pixels_or_an_error(outcome, route):
    whole, ids, chance = ROUTES[route], IDS[route], np.random.RandomState(5)
    for bit in chance.randint(0, 8 * len(whole), 200):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        pixels = outcome(bytes(data))
        if pixels is not None:
            np.testing.assert_array_equal(pixels, ids, strict=True)


@pytest.mark.parametrize("route", ROUTES)
def test_flipped_bit_in_the_pixel_data_is_always_an_error(read, route):
    whole, chance = ROUTES[route], np.random.RandomState(6)
    start, end = whole.index(b"IDAT") + 4, len(whole) - 16
    for bit in chance.randint(8 * start, 8 * end, 50):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedFile, match="the check sum of IDAT is wrong"):
            read(bytes(data))


@pytest.mark.parametrize(("depth", "kind"), [(8, GREY), (16, GREY), (8, PALETTE), (2, GREY)])
def test_file_that_ends_between_two_parts_of_its_pixels_is_an_error(read, depth, kind):
    """Every chunk is whole and its check sum right; only the end of the pixels lacks."""
    whole = png(random_ids(depth), depth, kind, parts=4)
    for cut in [at - 4 for at in range(len(whole)) if whole.startswith(b"IDAT", at)][1:]:
        with pytest.raises(DamagedFile, match="cut between its pixel data"):
            read(whole[:cut])
    np.testing.assert_array_equal(read(whole).pixels, random_ids(depth))


@pytest.mark.parametrize(("depth", "kind"), [(8, GREY), (16, GREY), (8, PALETTE), (2, GREY)])
@pytest.mark.parametrize("end", [True, False])
def test_sound_pixel_data_with_too_few_rows_are_an_error(read, depth, kind, end):
    whole = png(random_ids(depth)[:20], depth, kind, end=end)
    taller = SIGNATURE + ihdr(43, 37, depth, kind) + whole[33:]
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(taller)


@pytest.mark.parametrize("end", [True, False])
def test_more_pixel_data_than_the_header_says_are_an_error(read, end):
    """Found without inflating them: ten megabytes of nothing for a single pixel."""
    whole = png(np.full((1, 10_000_000), 7, np.uint8), 8, PALETTE, end=end)
    tracemalloc.start()
    try:
        with pytest.raises(DamagedFile, match="more pixel data than its header says"):
            read(SIGNATURE + ihdr(1, 1, 8, PALETTE) + whole[33:])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def around(stream: bytes, ids: Any, kind: int = GREY) -> bytes:
    """A file of 8 bits with just these pixel data, each chunk sound."""
    header = SIGNATURE + ihdr(ids.shape[1], ids.shape[0], 8, kind)
    palette = chunk(b"PLTE", COLOURS) if kind == PALETTE else b""
    return header + palette + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", [GREY, PALETTE])
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda stream: stream[:-1] + bytes([stream[-1] ^ 1]), "are altered"),
        (lambda stream: stream + stream, "more pixel data"),
        (lambda stream: stream + b"abcdef", "more pixel data"),
        (lambda stream: stream[:-4], "cut between"),
        (lambda stream: stream[200:] + stream[:200], "are altered"),
    ],
    ids=["sum", "twice", "more", "without sum", "swapped"],
)
def test_pixel_data_that_are_not_one_whole_stream_are_an_error(read, kind, damage, reason):
    """The check sums of all chunks are right; decoders read other pixels from such files, or the first ones."""
    stream = zlib.compress(packed(random_ids(8), 8))
    np.testing.assert_array_equal(read(around(stream, random_ids(8), kind)).pixels, random_ids(8))
    with pytest.raises(DamagedFile, match=reason):
        read(around(damage(stream), random_ids(8), kind))


def test_check_sum_that_stands_in_the_stream_by_chance_is_no_end():
    """Pixels that are not compressed can hold their own sum; only the end of the stream is its end."""
    stream = zlib.compress(bytes(range(200)), 0)
    assert not _goes_on(stream, bytes(range(40, 44)))
    assert _goes_on(stream + b"more", bytes(range(40, 44)))


def test_pixel_data_interrupted_by_another_chunk_are_an_error(read):
    whole = png(random_ids(8), parts=2)
    second = whole.index(b"IDAT", whole.index(b"IDAT") + 4) - 4
    with pytest.raises(DamagedFile, match="interrupted"):
        read(whole[:second] + chunk(b"tEXt", b"a") + whole[second:])


def filtered(rows: bytes, height: int, step: int) -> bytes:
    """The same rows with every filter in turn, by the formulas of the specification."""
    size = len(rows) // height - 1
    lines = [rows[n * (size + 1) + 1 : (n + 1) * (size + 1)] for n in range(height)]
    found = b""
    for n, line in enumerate(lines):
        kind, above = (n + 1) % 5, lines[n - 1] if n else bytes(size)
        found += bytes([kind])
        for place, value in enumerate(line):
            left, corner = (line[place - step], above[place - step]) if place >= step else (0, 0)
            up = above[place]
            guess = (0, left, up, (left + up) // 2, plain_png.paeth(left, up, corner))[kind]
            found += bytes([(value - guess) % 256])
    return found


EVERY_KIND = [(d, GREY) for d in (1, 2, 4, 8, 16)] + [(d, PALETTE) for d in (1, 2, 4, 8)]
EVERY_KIND += [(8, GREY_ALPHA), (8, RGB), (8, RGBA)]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("depth", "kind"), EVERY_KIND)
def test_every_filter_is_undone_at_every_depth_and_kind(read, depth, kind, interlaced):
    channels = plain_png.CHANNELS[kind]
    pixels = np.random.RandomState(depth).randint(0, 1 << depth, (23, 21, channels))
    stream = b""
    for x, y, dx, dy in ADAM7 if interlaced else [(0, 0, 1, 1)]:
        part = pixels[y::dy, x::dx]
        stream += filtered(packed(part, depth), len(part), max(1, channels * depth // 8))
    data = SIGNATURE + ihdr(21, 23, depth, kind, int(interlaced))
    data += chunk(b"PLTE", COLOURS[: 3 << min(depth, 8)]) if kind == PALETTE else b""
    data += chunk(b"IDAT", zlib.compress(stream)) + chunk(b"IEND", b"")
    wanted = pixels if channels > 1 else pixels[..., 0]
    np.testing.assert_array_equal(plain_png.decode(data), wanted)
    np.testing.assert_array_equal(read(data).pixels, wanted)


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3), (5, 4)])
def test_small_images_are_exact(read, size, interlaced):
    """Of an interlaced one some of the seven parts are empty."""
    ids = random_ids(4, size)
    parts = [ids[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [ids]
    stream = zlib.compress(b"".join(packed(part, 4) for part in parts if part.size))
    data = SIGNATURE + ihdr(size[1], size[0], 4, GREY, interlaced) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(read(data).pixels, ids)


def test_unknown_filter_is_an_error(read):
    rows = bytearray(packed(random_ids(8), 8))
    rows[0] = 5
    with pytest.raises(DamagedFile, match="unknown filter"):
        read(around(zlib.compress(bytes(rows)), random_ids(8)))


@pytest.mark.parametrize("depth", [2, 8])
def test_unknown_chunk_that_is_needed_is_an_error(read, depth):
    """A chunk with a capital first letter changes what the pixels mean; one with a small letter does not."""
    np.testing.assert_array_equal(
        read(png(random_ids(depth), depth, extra=chunk(b"abCD", b"?"))).pixels, random_ids(depth)
    )
    with pytest.raises(DamagedFile, match="unknown chunk ABCD"):
        read(png(random_ids(depth), depth, extra=chunk(b"ABCD", b"?")))


@pytest.mark.parametrize(("depth", "kind"), [(8, GREY), (8, PALETTE)])
def test_missing_part_in_the_middle_is_an_error(read, depth, kind):
    whole = png(random_ids(depth), depth, kind, parts=4)
    starts = [at - 4 for at in range(len(whole)) if whole.startswith(b"IDAT", at)]
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(whole[: starts[1]] + whole[starts[2] :])


@pytest.mark.parametrize("kind", [GREY, PALETTE])
def test_second_header_is_an_error(read, kind):
    """A decoder that obeys the second one gives another image than the one that was checked."""
    whole = png(np.ones((4, 6), np.uint8), 8, kind)
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(whole[:33] + ihdr(2, 3, 8, kind) + whole[33:])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (SIGNATURE, "no pixel data"),
        (SIGNATURE + ihdr(1, 1, 8, GREY), "no pixel data"),
        (SIGNATURE + ihdr(1, 1, 8, GREY) + chunk(b"IEND", b""), "no pixel data"),
        (SIGNATURE + chunk(b"IDAT", zlib.compress(b"\0\1")) + chunk(b"IEND", b""), "begins with IDAT"),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), chunk(b"IHDR", b"\0" * 12)), "header is malformed"),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), ihdr(1, 1, 3, GREY)), "impossible: colour type 0 with 3 bits"),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), ihdr(1, 1, 16, PALETTE)), "impossible: colour type 3 with 16 bits"),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), ihdr(1, 1, 8, GREY, 2)), "impossible"),
        *(
            (
                png([[1]]).replace(
                    ihdr(1, 1, 8, GREY), chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, *methods, 0))
                ),
                why,
            )
            for methods, why in (((1, 0), "impossible"), ((0, 1), "impossible"))
        ),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), ihdr(1, 1, 8, PALETTE)), "no palette"),
        (png([[1]]).replace(ihdr(1, 1, 8, GREY), ihdr(0, 1, 8, GREY)), "1 x 0: it has no pixels"),
        (png([[1]], extra=chunk(b"eXIf", b"nonsense")), "pred/a.png"),
    ],
)
def test_impossible_structure_is_an_error(read, data, reason):
    with pytest.raises(DamagedFile, match=reason) as caught:
        read(data)
    assert caught.value.code == "SEG204"


def test_huge_header_in_a_tiny_file_is_refused_before_memory_is_taken(read):
    data = SIGNATURE + ihdr(20000, 20000, 8, GREY) + chunk(b"IDAT", zlib.compress(bytes(40000))) + chunk(b"IEND", b"")
    read(png([[1]]))  # imports what has to be imported
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge, match="20000 x 20000 = 400,000,000 elements") as caught:
            read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "SEG211"
    assert "--max-pixels 400000000" in caught.value.hint
    assert peak < 1 << 20


@pytest.mark.parametrize(("limit", "fits"), [(1591, True), (1590, False)])
def test_limit_counts_pixels_and_is_inclusive(read, limit, fits):
    """The image is 37 x 43 = 1591 pixels."""
    if fits:
        np.testing.assert_array_equal(read(ROUTES["grey8"], max_pixels=limit).pixels, IDS["grey8"])
    else:
        with pytest.raises(TooLarge, match="more than 1,590"):
            read(ROUTES["grey8"], max_pixels=limit)


@pytest.mark.slow
def test_legal_mask_of_144_million_pixels_is_read(read):
    """Pillow warns of such a size; every warning is an error here."""
    rows = np.zeros((12000, 1 + 1500), np.uint8)
    rows[11999, 1500] = 0b00000101
    header = ihdr(12000, 12000, 1, PALETTE) + chunk(b"PLTE", bytes(6))
    data = SIGNATURE + header + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    pixels = read(data).pixels
    assert pixels.shape == (12000, 12000)
    assert pixels.dtype == np.uint8
    assert np.flatnonzero(pixels).tolist() == [12000 * 12000 - 3, 12000 * 12000 - 1]


def test_bytes_after_the_end_are_a_remark(read):
    mask = read(ROUTES["grey8"] + b"more")
    np.testing.assert_array_equal(mask.pixels, IDS["grey8"])
    assert [(remark.code, remark.message) for remark in mask.remarks] == [
        ("SEG206", "pred/a.png: 4 bytes follow the end of the PNG")
    ]


@pytest.mark.parametrize(
    ("exif_data", "read_as"),
    [
        (b"MM\0*\0\0\0\x08\0\x09", 1),
        (b"II*\0\xff\xff\xff\xff", 1),
        (b"II*\0", 1),
        (b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0), 6),
        (b"II*\0" + struct.pack("<IHHHII", 8, 2, 0x0112, 4, 1, 8), 8),
    ],
    ids=["cut", "outside", "short", "prefix", "LONG, and cut behind it"],
)
def test_exif_data_that_are_damaged_tell_an_orientation_or_none(read, exif_data, read_as):
    data = png([[1, 2]], extra=chunk(b"eXIf", exif_data))
    if read_as == 1:
        np.testing.assert_array_equal(read(data).pixels, [[1, 2]])
    else:
        with pytest.raises(Rotated):
            read(data)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_round_trip_at_any_depth_kind_and_size(read, data):
    depth, kind = data.draw(
        st.sampled_from([(d, GREY) for d in (1, 2, 4, 8, 16)] + [(d, PALETTE) for d in (1, 2, 4, 8)])
    )
    height, width = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 20)))
    values = st.integers(0, (1 << depth) - 1)
    ids = np.array(data.draw(st.lists(values, min_size=height * width, max_size=height * width)))
    ids = ids.reshape(height, width)
    mask = read(png(ids, depth, kind, parts=data.draw(st.integers(1, 3))))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert mask.remarks == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    chunks=st.lists(
        st.tuples(
            st.sampled_from([b"IHDR", b"PLTE", b"tRNS", b"acTL", b"eXIf", b"IDAT", b"IEND"]), st.binary(max_size=40)
        ),
        max_size=4,
    )
)
def test_any_sound_chunks_give_the_shape_of_the_header_or_an_error(read, chunks):
    data = png([[1, 2], [3, 4]], end=False) + b"".join(chunk(*each) for each in chunks)
    try:
        mask = read(data)
    except InputError as fault:
        assert "pred/a.png" in fault.message
    else:
        np.testing.assert_array_equal(mask.pixels, [[1, 2], [3, 4]])
