"""GIF, BMP, PGM and PPM: exact ids, whatever Pillow makes of palettes and largest values."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFile

from segeval.errors import BadOption, DamagedFile, RefusedFormat, SeveralFrames, TooLarge, UnfitPixels

IDS = np.random.RandomState(1).randint(0, 200, (13, 11)).astype(np.uint8)
COLOURS = np.random.RandomState(2).randint(0, 256, (256, 3)).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def bmp(ids: Any, bits: int, colours: Any, *, upward: bool = True, before: bytes = b"", size: int = 40) -> bytes:
    """A BMP of few bits by hand, from its documentation; rows go upward, and fill up fours of bytes."""
    height, width = ids.shape
    row = (width * bits + 31) // 32 * 4
    unpacked = np.unpackbits(ids.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :].reshape(height, -1)
    packed = [line.tobytes().ljust(row, b"\0") for line in np.packbits(unpacked, axis=1)]
    rows = b"".join(packed[::-1] if upward else packed)
    table = b"".join(bytes([b, g, r, 0]) for r, g, b in colours) + before
    start = 14 + size + len(table)
    head = struct.pack("<2sIII", b"BM", start + len(rows), 0, start)
    info = struct.pack("<IiiHHIIiiII", size, width, height if upward else -height, 1, bits, 0, 0, 0, 0, len(colours), 0)
    return head + info.ljust(size, b"\0") + table + rows


GREYS = {"black first": [(0, 0, 0), (255, 255, 255)], "white first": [(255, 255, 255), (0, 0, 0)]}


@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("size", [40, 108, 124])
@pytest.mark.parametrize("bits", [1, 4, 8])
def test_bmp_gives_the_indices_of_its_palette(read, bits, size, upward):
    ids = np.random.RandomState(bits).randint(0, 1 << bits, (5, 13))
    mask = read(bmp(ids, bits, COLOURS[: 1 << bits].tolist(), upward=upward, size=size, before=bytes(8)))
    np.testing.assert_array_equal(mask.pixels, ids)
    np.testing.assert_array_equal(mask.palette, COLOURS[: 1 << bits])
    assert (mask.pixels.dtype, mask.levels, mask.colour, mask.remarks) == (np.uint8, 0, False, [])


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("greys", GREYS)
def test_bmp_with_two_greys_gives_indices_at_every_depth(read, bits, greys):
    """Pillow reads such files as one bit a pixel, whatever they are."""
    ids = np.random.RandomState(bits).randint(0, 2, (5, 13))
    np.testing.assert_array_equal(read(bmp(ids, bits, GREYS[greys])).pixels, ids)


@pytest.mark.parametrize("bits", [4, 8])
def test_bmp_with_a_ramp_of_greys_gives_indices(read, bits):
    ids = np.random.RandomState(bits).randint(0, 1 << bits, (5, 13))
    np.testing.assert_array_equal(read(bmp(ids, bits, [(n, n, n) for n in range(1 << bits)])).pixels, ids)


def test_bmp_in_colour_keeps_its_channels(read):
    pixels = np.random.RandomState(3).randint(0, 256, (5, 7, 3)).astype(np.uint8)
    mask = read(saved(Image.fromarray(pixels), "BMP"))
    np.testing.assert_array_equal(mask.pixels, pixels)
    assert mask.colour


@pytest.mark.parametrize("length", range(2, len(bmp(IDS, 8, COLOURS.tolist())), 37))
def test_bmp_that_is_cut_is_an_error(read, length):
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(bmp(IDS, 8, COLOURS.tolist())[:length])


def test_compressed_bmp_is_refused(read):
    data = bytearray(bmp(IDS, 8, COLOURS.tolist()))
    data[30] = 1
    with pytest.raises(UnfitPixels, match="8 bits by method 1"):
        read(bytes(data))


@pytest.mark.parametrize("values", [[0, 255], [0, 1, 2, 7], list(range(256)), [3, 90, 200]])
def test_grey_gif_gives_its_greys(read, values):
    """Pillow writes the palette that is needed, and so changes the indices."""
    ids = np.random.RandomState(4).choice(np.array(values, np.uint8), (20, 30))
    mask = read(saved(Image.fromarray(ids), "GIF"))
    np.testing.assert_array_equal(mask.pixels, ids)
    assert (mask.levels, mask.palette) == (255, None)


@pytest.mark.parametrize("interlace", [0, 1])
def test_gif_in_colour_gives_the_indices_of_its_palette(read, interlace):
    image = Image.fromarray(IDS, "L")
    image.putpalette(COLOURS.tobytes())
    mask = read(saved(image, "GIF", optimize=False, interlace=interlace))
    wanted = COLOURS[IDS]  # whatever the indices have become
    np.testing.assert_array_equal(mask.palette[mask.pixels], wanted)
    assert mask.levels == 0


def test_animated_gif_is_refused(read):
    frames = [Image.fromarray(IDS), Image.fromarray(IDS // 2)]
    with pytest.raises(SeveralFrames, match="GIF is an animation"):
        read(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))


def test_gif_whose_picture_is_smaller_is_refused(read):
    data = bytearray(saved(Image.fromarray(IDS), "GIF"))
    data[6] += 5  # the width of the whole, not of the picture in it
    with pytest.raises(UnfitPixels, match="does not fill it"):
        read(bytes(data))


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_gif_that_is_cut_is_an_error(read, part):
    data = saved(Image.fromarray(IDS), "GIF")
    with pytest.raises(DamagedFile, match="pred/a.png"):
        read(data[: int(part * len(data))])


def text(kind: int, array: Any, most: int) -> bytes:
    """The picture as text; comments stand wherever they may."""
    flat = " ".join(str(n) for n in np.asarray(array).reshape(-1).tolist())
    return f"P{kind}# made by hand\n{array.shape[1]} # columns\n{array.shape[0]}\n{most}\n{flat}\n".encode()


@pytest.mark.parametrize("most", [1, 7, 200, 255, 256, 1000, 65535])
@pytest.mark.parametrize("plain", [False, True])
def test_pgm_gives_its_numbers_whatever_the_largest_is(read, most, plain):
    """Decoders stretch them to 0 … 255 or 0 … 65535."""
    ids = np.random.RandomState(most).randint(0, most + 1, (5, 7))
    kind = ">u2" if most > 255 else "u1"
    data = text(2, ids, most) if plain else b"P5\n7 5\n%d\n" % most + ids.astype(kind).tobytes()
    mask = read(data)
    np.testing.assert_array_equal(mask.pixels, ids)
    assert (mask.pixels.dtype, mask.levels) == (np.uint16 if most > 255 else np.uint8, most)


@pytest.mark.parametrize("plain", [False, True])
def test_ppm_keeps_its_channels(read, plain):
    pixels = np.random.RandomState(5).randint(0, 100, (5, 7, 3)).astype(np.uint8)
    mask = read(text(3, pixels, 99) if plain else b"P6 7 5 99 " + pixels.tobytes())
    np.testing.assert_array_equal(mask.pixels, pixels)
    assert mask.colour


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"P5 7 5 255 " + bytes(34), "is cut"),
        (b"P5 7 5 9 " + bytes(34) + b"\x0a", "holds 10, more than its header allows"),
        (b"P2 7 5 9 " + b"1 " * 34, "pred/a.png"),
        (b"P5 7 0 9 ", "no pixels"),
        (b"P5 7 5 0 " + bytes(35), "values up to 0"),
        (b"P5 7 5", "makes no sense"),
        (b"P5 " + b"#" * 70000, "makes no sense"),
    ],
)
def test_damaged_pgm_is_an_error(read, data, reason):
    with pytest.raises(DamagedFile, match=reason):
        read(data)


def test_bytes_behind_a_pgm_are_a_remark(read):
    mask = read(b"P5 2 1 9 \1\2more")
    assert mask.pixels.tolist() == [[1, 2]]
    assert [remark.code for remark in mask.remarks] == ["SEG206"]


@pytest.mark.parametrize("data", [b"P4\n8 1\n\xff", b"P1\n2 1\n0 1\n"])
def test_pbm_is_refused(read, data):
    with pytest.raises(RefusedFormat, match="1 is black"):
        read(data)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PPM"])
def test_huge_header_is_refused_before_memory_is_taken(read, kind):
    with pytest.raises(TooLarge, match="13 x 11 = 143 elements, more than 142"):
        read(saved(Image.fromarray(IDS), kind), max_pixels=142)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "PPM"])
def test_permission_to_read_half_files_is_refused(read, monkeypatch, kind):
    """Other packages set this switch of Pillow for the whole process."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(BadOption, match="LOAD_TRUNCATED_IMAGES"):
        read(saved(Image.fromarray(IDS), kind))


@pytest.mark.parametrize(
    "rest", [b"1 2 3 4 5 6 7", b"1 2 3 4 5", b"1 2 3 4 5 6\n000\n\x81H", b"1 2 3 4 5 -6", b"1 2 3 4 5 6x"]
)
def test_text_that_is_not_just_the_numbers_is_an_error(read, rest):
    with pytest.raises(DamagedFile, match="is not 6 numbers"):
        read(b"P2 3 2 9 " + rest)
    assert read(b"P2 3 2 9 1 2 3 4 5 6").pixels.tolist() == [[1, 2, 3], [4, 5, 6]]
