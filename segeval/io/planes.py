"""The pixels of a TIFF page: strips or tiles, of which each must inflate to just its own size."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from segeval.errors import DamagedFile, RefusedFormat, Rotated, UnfitPixels
from segeval.io.fields import Directory, Order, Tag
from segeval.text import extent

Array = npt.NDArray[Any]

_UNSIGNED, _SIGNED, _FLOAT, _UNTYPED = 1, 2, 3, 4
_KINDS = {_UNSIGNED: "u", _UNTYPED: "u", _SIGNED: "i", _FLOAT: "f"}
_NONE, _HORIZONTAL, _FLOATING = 1, 2, 3  # predictors
_REDUCED, _MASK = 1, 4  # of NewSubfileType
_LARGE = 1 << 24  # bytes of a tile that may be larger than its page
_LZMA_MEMORY = 1 << 27  # enough for the largest preset
_NAMES = {2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "JPEG", 7: "JPEG", 33003: "JPEG 2000", 34712: "JPEG 2000"}
_NAMES |= {34887: "LERC", 34892: "JPEG", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL"}


@dataclass(frozen=True)
class Page:
    """How one page is stored."""

    order: Order
    height: int
    width: int
    samples: int
    separate: bool  # samples stand in planes of their own
    bits: int
    dtype: np.dtype[Any]
    photometric: int
    compression: int
    predictor: int
    reversed: bool  # bits of a byte, the lowest first
    tile: tuple[int, int]  # height and width; a strip is as wide as the page
    tiled: bool
    starts: Array
    lengths: Array
    nodata: int | float | None  # of GDAL, as the array would hold it

    @property
    def kind(self) -> tuple[Any, ...]:
        """What the pages of a stack have in common."""
        return self.height, self.width, self.samples, self.separate, self.dtype

    @property
    def missing(self) -> Array:
        """Which parts are not stored: GDAL leaves out those that hold nothing but nodata or 0."""
        found: Array = (self.starts == 0) & (self.lengths == 0)
        return found

    @property
    def bands(self) -> int:
        """Samples that stand beside each other."""
        return 1 if self.separate else self.samples

    @property
    def size(self) -> int:
        """Samples of all pixels."""
        return self.height * self.width * self.samples


def layout(fields: Directory) -> Page:
    """The layout that the fields of a page tell, if it can hold labels or probabilities."""
    _refuse_unfit(fields)
    height, width = fields.number(Tag.ImageLength), fields.number(Tag.ImageWidth)
    if not height or not width:
        raise DamagedFile(f"the TIFF is {height} x {width}: it has no pixels", "write the file again")
    samples = fields.number(Tag.SamplesPerPixel, 1)
    separate = fields.number(Tag.PlanarConfiguration, 1) == 2 and samples > 1
    tiled = Tag.TileWidth in fields or Tag.TileOffsets in fields
    if tiled:
        tile = fields.number(Tag.TileLength), fields.number(Tag.TileWidth)
    else:
        tile = min(fields.number(Tag.RowsPerStrip, height), height), width
    bits, dtype = _sample(fields, samples)
    if tiled and math.prod(tile) * samples * bits > max(8 * _LARGE, 4 * height * width * samples * bits):
        raise DamagedFile(f"the TIFF is {height} x {width} in tiles of {extent(tile)}", "write the file again")
    starts = fields.numbers(Tag.TileOffsets if tiled else Tag.StripOffsets)
    lengths = fields.numbers(Tag.TileByteCounts if tiled else Tag.StripByteCounts)
    number = math.prod(-(-whole // part) if part else 0 for whole, part in zip((height, width), tile, strict=True))
    if not starts.size == lengths.size == number * (samples if separate else 1):
        raise DamagedFile(
            f"the TIFF has {starts.size:,} places and {lengths.size:,} lengths of pixel data, and {number:,} parts",
            "fetch or write the file again",
        )
    return Page(
        fields.order,
        height,
        width,
        samples,
        separate,
        bits,
        dtype,
        fields.number(Tag.PhotometricInterpretation, 1),
        fields.number(Tag.Compression, 1),
        _predictor(fields, bits, dtype),
        fields.number(Tag.FillOrder, 1) == 2,
        tile,
        tiled,
        starts,
        lengths,
        _nodata(fields.text(Tag.GdalNodata), dtype),
    )


def is_image(fields: Directory) -> bool:
    """Whether a page is of full resolution, and no mask of another one."""
    kind = fields.number(Tag.NewSubfileType, 0)
    return not kind & (_REDUCED | _MASK) and fields.number(Tag.SubfileType, 1) != 2


def is_mask(fields: Directory) -> bool:
    """Whether a page says where another one of full resolution holds anything."""
    kind = fields.number(Tag.NewSubfileType, 0)
    return bool(kind & _MASK) and not kind & _REDUCED


def _nodata(text: str, dtype: np.dtype[Any]) -> int | float | None:
    """The number that stands for no data, as an array of this type holds it; None where it can hold none."""
    try:
        value: int | float = int(text)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            return None
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return float(dtype.type(value))
    whole = int(value) if math.isfinite(value) and value == int(value) else None
    info = np.iinfo(dtype)
    return whole if whole is not None and info.min <= whole <= info.max else None


def _refuse_unfit(fields: Directory) -> None:
    """Refuse what is lossy, rotated, or of more axes than a page has."""
    compression = fields.number(Tag.Compression, 1)
    if compression not in _INFLATE:
        raise RefusedFormat(
            f"the TIFF is compressed by {_NAMES.get(compression, f'method {compression}')}",
            "save labels with deflate, LZW or zstd",
        )
    orientation = fields.number(Tag.Orientation, 1)
    if orientation != 1:
        raise Rotated(f"the TIFF has orientation {orientation}", "save the mask upright, without the tag")
    if fields.number(Tag.ImageDepth, 1) != 1:
        raise UnfitPixels("the TIFF has pages of several planes", "save one page for each plane")
    for tag, known in ((Tag.PlanarConfiguration, (1, 2)), (Tag.FillOrder, (1, 2))):
        if fields.number(tag, 1) not in known:
            raise DamagedFile(f"the TIFF has {tag.name} {fields.number(tag)}, not 1 or 2", "write the file again")


def _sample(fields: Directory, samples: int) -> tuple[int, np.dtype[Any]]:
    """The bits of a sample, 1 where nothing is said, and the type of the array."""
    if not samples:
        raise DamagedFile("the TIFF has no samples", "write the file again")
    bits, form = fields.same(Tag.BitsPerSample, 1, samples), fields.same(Tag.SampleFormat, _UNSIGNED, samples)
    if bits is None or form not in _KINDS:
        raise UnfitPixels("the TIFF has pixels of mixed or unknown type", "save labels as grey")
    wide = next((size for size in (8, 16, 32, 64) if bits <= size), 0)
    if not 0 < bits <= wide or (bits != wide and (_KINDS[form] != "u" or bits > 32)) or (form == _FLOAT and bits == 8):
        raise UnfitPixels(f"the TIFF has {bits} bits of format {form} a sample", "save labels as grey of 8 or 16 bits")
    return bits, np.dtype(f"{_KINDS[form]}{wide // 8}")


def _predictor(fields: Directory, bits: int, dtype: np.dtype[Any]) -> int:
    """How samples were made from their neighbours, if such samples can be."""
    found = fields.number(Tag.Predictor, _NONE)
    whole = bits == 8 * dtype.itemsize
    if found == _NONE or (found == _HORIZONTAL and whole) or (found == _FLOATING and dtype.kind == "f"):
        return found
    raise DamagedFile(f"the TIFF has predictor {found} on {bits} bits of {dtype}", "write the file again")


def check_places(pages: list[Page], size: int) -> None:
    """Refuse pixel data that lie outside the file, or that several strips or tiles share."""
    if any(page.missing.all() for page in pages):
        raise DamagedFile("the TIFF holds none of its pixel data", "fetch or write the file again")
    stored = [~page.missing for page in pages]
    starts = np.concatenate([page.starts[there] for page, there in zip(pages, stored, strict=True)])
    lengths = np.concatenate([page.lengths[there] for page, there in zip(pages, stored, strict=True)])
    if not lengths.all() or (starts < 8).any():
        raise DamagedFile("the TIFF lacks some of its pixel data", "fetch or write the file again")
    if (starts > size).any() or (lengths > size).any() or (starts + lengths > size).any():
        raise DamagedFile(
            f"the TIFF is cut: its data end at byte {int(starts.max()) + int(lengths[starts.argmax()]):,} of {size:,}",
            "fetch the file again",
        )
    if starts.size > 1:
        sequence = np.argsort(starts, kind="stable")
        if (starts[sequence][1:] < (starts + lengths)[sequence][:-1]).any():
            raise DamagedFile("the TIFF has strips or tiles that overlap", "fetch or write the file again")


def decode(data: memoryview, page: Page, out: Array) -> None:
    """Put the samples of a page into an array (planes, height, width, samples beside each other)."""
    down, across = -(-page.height // page.tile[0]), -(-page.width // page.tile[1])
    places = zip(page.starts.tolist(), page.lengths.tolist(), strict=True)
    if page.missing.any():
        out[...] = page.nodata or 0
    for number, (start, length) in enumerate(places):
        if not start:
            continue
        plane, place = divmod(number, down * across)
        top, left = place // across * page.tile[0], place % across * page.tile[1]
        rows = page.tile[0] if page.tiled else min(page.tile[0], page.height - top)
        part = _part(page, data[start : start + length], rows)
        target = out[plane, top : top + rows, left : left + page.tile[1]]
        target[...] = part[: target.shape[0], : target.shape[1]]


def _part(page: Page, data: memoryview, rows: int) -> Array:
    """The samples of a strip or tile (rows, columns, samples)."""
    import imagecodecs

    shape = rows, page.tile[1], page.bands
    row = -(-page.tile[1] * page.bands * page.bits // 8)
    stored: Any = imagecodecs.bitorder_decode(bytes(data)) if page.reversed else data
    plain = _INFLATE[page.compression](stored, rows * row)
    if len(plain) != rows * row:
        raise DamagedFile(
            f"a part of the TIFF holds {len(plain):,} bytes or more, and {extent(shape)} samples of {page.bits} bits "
            f"are {rows * row:,}",
            "fetch or write the file again",
        )
    if page.bits != 8 * page.dtype.itemsize:
        return _unpacked(plain, page, shape)
    if page.predictor == _FLOATING:
        raw = np.frombuffer(plain, page.dtype).reshape(shape)
        return np.asarray(imagecodecs.floatpred_decode(raw, axis=-2))
    array = np.frombuffer(plain, page.dtype.newbyteorder(page.order)).reshape(shape)
    if page.predictor == _HORIZONTAL:
        whole = array.astype(page.dtype, copy=False).view(f"u{page.dtype.itemsize}")
        return np.asarray(imagecodecs.delta_decode(whole, axis=-2)).view(page.dtype)
    return array


def _unpacked(plain: Any, page: Page, shape: tuple[int, int, int]) -> Array:
    """Samples of a number of bits that no type has; each row begins with a byte of its own."""
    import imagecodecs

    run = shape[1] * shape[2]
    if page.bits == 1:
        bits = np.unpackbits(np.frombuffer(plain, np.uint8).reshape(shape[0], -1), axis=1, count=run)
        return bits.reshape(shape)
    wanted = page.dtype.newbyteorder(page.order)
    return np.asarray(imagecodecs.packints_decode(plain, wanted, page.bits, runlen=run)).reshape(shape)


def _by(name: str) -> Callable[[Any, int], Any]:
    """A codec that is given one byte more than it should fill, so that it tells when there is more."""

    def inflate(data: Any, size: int) -> Any:
        import imagecodecs

        return getattr(imagecodecs, f"{name}_decode")(data, out=size + 1)

    return inflate


def _lzma(data: Any, size: int) -> bytes:
    """Python's own decoder, which tells whether the stream came to its end, and takes a limit of memory."""
    import lzma

    stream = lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY)
    plain = stream.decompress(data, size + 1)
    if len(plain) <= size and not stream.eof:
        raise DamagedFile("the TIFF is cut inside its pixel data", "fetch or write the file again")
    return plain


_deflate = _by("deflate")
_INFLATE: dict[int, Callable[[Any, int], Any]] = {
    1: lambda data, _: data,
    5: _by("lzw"),
    8: _deflate,
    32773: _by("packbits"),
    32946: _deflate,
    34925: _lzma,
    50000: _by("zstd"),
    50013: _deflate,
}
