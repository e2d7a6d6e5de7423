"""Reads damaged files and counts what comes of it; writes its part of docs/reliability.md.

    python scripts/fuzz_readers.py [--mutants 2000] [--seed 0] [--seconds 600] [--keep DIR] [--write]

Each mutant is a good file with a few changes, made from the seed and its number alone. It is read in a child process
with a limit of memory, and what is read is compared with the good file and with a reader written apart:
`numpy.load`, tifffile, imagecodecs, nibabel, and plain decoders of PNG, BMP, PGM, MHA and NRRD. The outcomes:

    same number    the pixels of the good file
    refused        an error that names the file
    as it says     other pixels, which the reader apart finds in the mutant too: no format can tell such damage
    other number   pixels that neither the good file nor the reader apart knows
    surprise       any other exception, a word on stderr, or a child that died
    hang           more than 10 seconds
"""

import argparse
import gzip
import importlib
import io
import json
import logging
import random
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import benchmarks
import imagecodecs
import nibabel
import numpy as np
import tifffile
from PIL import Image

from segeval import io as masks
from segeval.errors import InputError
from segeval.io.files import MaskFile

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
plain_png: Any = importlib.import_module("support.plain_png")

Array = np.ndarray[Any, Any]
PAGE = benchmarks.PAGE.with_name("reliability.md")
MEMORY, SECONDS = 4 << 30, 10  # of a child, and of one mutant
BATCH = 500
BAD = ("other number", "surprise", "hang")
OUTCOMES = ("same number", "refused", "as it says", *BAD)

RANDOM = np.random.RandomState(1)
IDS = RANDOM.randint(0, 5, (24, 32)).repeat(1, axis=1).astype(np.uint8)
WIDE = RANDOM.randint(0, 60000, (19, 17)).astype(np.uint16)
PALETTE = bytes(RANDOM.randint(0, 256, 768).astype(np.uint8))


def saved(array: Array, kind: str, palette: bool = False, **options: Any) -> bytes:
    image, stream = Image.fromarray(array), io.BytesIO()
    if palette:
        image.putpalette(PALETTE)
    image.save(stream, kind, **options)
    return stream.getvalue()


def tiff(array: Array, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **({"photometric": "minisblack", "metadata": None} | options))
    return stream.getvalue()


def npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(array: Array, save: Callable[..., None]) -> bytes:
    stream = io.BytesIO()
    save(stream, array)
    return stream.getvalue()


def seeds() -> dict[str, list[bytes]]:
    """The good files of each format."""
    floats = RANDOM.rand(9, 14).astype(np.float32)
    signed = RANDOM.randint(-5, 5, (11, 12)).astype(np.int16)
    ids, wide = np.stack([IDS, IDS + 1]), np.stack([WIDE, WIDE // 2])
    strips = {"rowsperstrip": 5}
    return {
        "PNG": [
            bytes(imagecodecs.png_encode(IDS)),
            bytes(imagecodecs.png_encode(WIDE)),
            bytes(imagecodecs.png_encode(np.stack([IDS, IDS[::-1], IDS.T.reshape(IDS.shape)], -1))),
            saved(IDS, "PNG", palette=True),
            saved(IDS, "PNG", palette=True, bits=4),
            saved(IDS > 2, "PNG"),
        ],
        "TIFF": [
            tiff(IDS),
            tiff(IDS, compression="deflate", **strips),
            tiff(IDS, compression="lzw", predictor=True),
            tiff(IDS, compression="zstd", tile=(16, 16)),
            tiff(IDS, compression="lzma"),
            tiff(IDS, compression="packbits", **strips),
            tiff(signed, byteorder=">", compression="deflate", predictor=True),
            tiff(signed, bigtiff=True, tile=(16, 16)),
            tiff(floats, compression="deflate", predictor=True),
            tiff(np.stack([floats, 1 - floats]), planarconfig="separate", compression="deflate"),
            tiff(np.stack([IDS, IDS + 1, IDS])),
            tiff(IDS > 2),
            tiff(IDS, photometric="palette", colormap=np.arange(768, dtype=np.uint16).reshape(3, 256)),
        ],
        "NPY": [npy(IDS), npy(WIDE.T), npy(floats), npy(IDS > 2), npy(signed.astype(">i2"))],
        "NPZ": [npz(IDS, np.savez), npz(WIDE, np.savez_compressed), npz(floats, np.savez_compressed)],
        "GIF": [saved(IDS, "GIF"), saved(IDS, "GIF", palette=True), saved(IDS, "GIF", interlace=0)],
        "BMP": [saved(IDS, "BMP"), saved(IDS, "BMP", palette=True), saved(IDS > 2, "BMP")],
        "NIFTI": [nifti(ids), nifti(wide, gzip.compress), nifti(floats[None], gzip.compress), nifti(ids, slope=0.25)],
        "METAIMAGE": [meta(ids), meta(wide, zlib.compress)],
        "NRRD": [nrrd(ids), nrrd(wide, gzip.compress)],
        "PNM": [saved(IDS, "PPM"), b"P5\n17 19\n60000\n" + WIDE.astype(">u2").tobytes(), b"P2 3 2 9 1 2 3 4 5 6\n"],
    }


def nifti(array: Array, packed: Callable[[bytes], bytes] = bytes, slope: float = 1) -> bytes:
    """A volume that lies somewhere."""
    place = np.array([[0, -0.5, 0, 11], [2, 0, 0, -7.5], [0, 0, 3, 40], [0, 0, 0, 1]])
    data = bytearray(nibabel.Nifti1Image((array / slope).astype(array.dtype).T, place).to_bytes())
    struct.pack_into("<2f", data, 112, slope, 0)
    return packed(bytes(data))


def meta(array: Array, packed: Callable[[bytes], bytes] = bytes) -> bytes:
    kinds = {"uint8": "MET_UCHAR", "uint16": "MET_USHORT"}
    head = f"ObjectType = Image\nNDims = {array.ndim}\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
    head += f"CompressedData = {packed is not bytes}\nElementSpacing = 0.5 0.75 3\n"
    head += f"DimSize = {' '.join(map(str, array.shape[::-1]))}\nElementType = {kinds[str(array.dtype)]}\n"
    return f"{head}ElementDataFile = LOCAL\n".encode() + packed(array.tobytes())


def nrrd(array: Array, packed: Callable[[bytes], bytes] = bytes) -> bytes:
    head = f"NRRD0004\ntype: {array.dtype}\ndimension: {array.ndim}\nsizes: {' '.join(map(str, array.shape[::-1]))}\n"
    head += f"spacings: 0.5 0.75 3\nendian: little\nencoding: {'raw' if packed is bytes else 'gzip'}\n\n"
    return head.encode() + packed(array.tobytes())


def flip(data: bytearray, dice: random.Random) -> None:
    """One bit."""
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def cut(data: bytearray, dice: random.Random) -> None:
    """The end is lost."""
    del data[dice.randrange(len(data)) :]


def lose(data: bytearray, dice: random.Random) -> None:
    """A piece in the middle is lost."""
    at = dice.randrange(len(data))
    del data[at : at + dice.randint(1, 64)]


def repeat(data: bytearray, dice: random.Random) -> None:
    """A piece stands twice."""
    at = dice.randrange(len(data))
    data[at:at] = data[at : at + dice.randint(1, 200)]


def blank(data: bytearray, dice: random.Random) -> None:
    """A piece is zeros, as after a crash of the system."""
    at = dice.randrange(len(data))
    size = min(dice.choice([1, 4, 16, 64, 512]), len(data) - at)
    data[at : at + size] = bytes(size)


def extreme(data: bytearray, dice: random.Random) -> None:
    """A number at its extremes."""
    form = dice.choice(["<H", ">H", "<I", ">I", "<Q"])
    most = (1 << 8 * struct.calcsize(form)) - 1
    if len(data) >= 8:
        number = dice.choice([0, 1, 2, 7, 255, 256, most // 2, most // 2 + 1, most - 1, most])
        struct.pack_into(form, data, dice.randrange(len(data) - 7), min(number, most))


def chunks(data: bytearray, dice: random.Random) -> None:
    """A PNG whose chunks are swapped, repeated, lost or altered, each with the right check sum."""
    at, parts = 8, []
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        parts.append((bytes(data[at + 4 : at + 8]), bytearray(data[at + 8 : end - 4])))
        at = end
    for _ in range(dice.randint(1, 2)):
        place = dice.randrange(len(parts))
        kind, content = parts[place]
        what = dice.randrange(5)
        if what == 0 and len(parts) > 1:
            del parts[place]
        elif what == 1:
            parts.insert(dice.randrange(len(parts) + 1), (kind, content))
        elif what == 2 and len(content) > 1:
            middle = dice.randrange(1, len(content))
            parts[place : place + 1] = [(kind, content[middle:]), (kind, content[:middle])]
        elif content:
            dice.choice([flip, blank, extreme, lose])(content, dice)
    data[8:] = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def fields(data: bytearray, dice: random.Random) -> None:
    """A TIFF one of whose fields has another tag, type, number of values or value."""
    order = "<" if data[:2] == b"II" else ">"
    big = bytes(data[2:4]) in (b"+\0", b"\0+")
    start, counts, entry = (8, "Q", "HHQQ") if big else (4, "H", "HHII")
    (at,) = struct.unpack_from(f"{order}{entry[-1]}", data, start)
    if at + 8 > len(data):
        return
    (count,) = struct.unpack_from(f"{order}{counts}", data, at)
    size = struct.calcsize(f"={entry}")
    place = at + struct.calcsize(f"={counts}") + size * dice.randrange(max(1, min(count, 64)))
    if place + size > len(data):
        return
    values = list(struct.unpack_from(f"{order}{entry}", data, place))
    which = dice.randrange(4)
    wide = dice.choice([values[which] ^ 1 << dice.randrange(16), dice.randrange(20), dice.choice([0, 1, 0xFFFF])])
    values[which] = wide & 0xFFFF
    struct.pack_into(f"{order}{entry}", data, place, *values)


def inside(data: bytearray, dice: random.Random) -> None:
    """An NPZ whose array is altered, and packed again with the right check sum."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
        content = bytearray(archive.read(name))
    dice.choice([flip, cut, lose, repeat, blank, extreme])(content, dice)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
        archive.writestr(zipfile.ZipInfo(name), bytes(content))
    data[:] = stream.getvalue()


COMMON = [flip, flip, cut, lose, repeat, blank, extreme]
OWN = {"PNG": [chunks] * 4, "TIFF": [fields] * 5, "NPZ": [inside] * 3}


def mutant(seed: int, number: int, good: dict[str, list[bytes]]) -> tuple[str, bytes, bytes]:
    """The format, the good file and what became of it."""
    dice = random.Random(f"{seed} {number}")
    form = dice.choice(["PNG", "TIFF", *good])  # these two have the most ways to be wrong
    whole = dice.choice(good[form])
    data = bytearray(whole)
    dice.choice(COMMON + OWN.get(form, []))(data, dice)
    if dice.random() < 0.05:  # the start of one file and the end of another
        data += dice.choice(good[form])[len(data) // 2 :]
    if data and dice.random() < 0.2:
        dice.choice(COMMON)(data, dice)
    return form, whole, bytes(data)


def apart(form: str, data: bytes) -> Array | None:
    """The pixels as a reader finds them that is not ours; None where it finds none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(READERS[form](data))
        except Exception:
            return None


def plain_pnm(data: bytes) -> Array:
    """The numbers of a PGM or PPM without comments."""
    kind, width, height, most, rest = data.split(None, 4) if data[:2] in (b"P2", b"P3") else _binary(data)
    shape = (int(height), int(width), *([3] if kind in (b"P3", b"P6") else []))
    if kind in (b"P2", b"P3"):
        return np.array([int(number) for number in rest.split()][: int(np.prod(shape))]).reshape(shape)
    wide = ">u2" if int(most) > 255 else "u1"
    return np.frombuffer(rest, wide, int(np.prod(shape))).reshape(shape)


def _binary(data: bytes) -> list[bytes]:
    words = data.split(None, 3)[:3]
    most = data.split(None, 4)[3][:5]
    digits = most[: len(most) - len(most.lstrip(b"0123456789"))]
    start = data.index(digits, data.index(words[2], data.index(words[1], 2) + len(words[1])) + len(words[2]))
    return [*words, digits, data[start + len(digits) + 1 :]]


def by_tifffile(data: bytes) -> Array:
    """The pages of full resolution; bands first."""
    with tifffile.TiffFile(io.BytesIO(data), _multifile=False) as file:
        pages = [each.aspage() for each in file.pages]
        kept = [page for page in pages if not page.subfiletype & 5]
        planes = [page.asarray(maxworkers=1) for page in kept]
    if kept[0].samplesperpixel > 1 and kept[0].planarconfig == 1 and kept[0].photometric != 2:
        planes = [np.moveaxis(plane, -1, 0) for plane in planes]
    return planes[0] if len(planes) == 1 else np.stack(planes)


def by_zip(data: bytes) -> Array:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        (name,) = archive.files
        return np.asarray(archive[name])


def by_giflib(data: bytes) -> Array:
    """The greys where all colours are grey, or else the indices."""
    colours = np.asarray(imagecodecs.gif_decode(data))
    if (colours == colours[..., :1]).all():
        return np.asarray(colours[..., 0])
    return np.asarray(imagecodecs.gif_decode(data, asrgb=False))


def plain_bmp(data: bytes) -> Array:
    """The indices of a palette, the first pixel in the highest bits; or the colours, stored as blue, green, red."""
    start, _, width, height, _, bits = struct.unpack_from("<IIiiHH", data, 10)
    row = (width * bits + 31) // 32 * 4
    rows = np.frombuffer(data, np.uint8, row * abs(height), start).reshape(-1, row)
    if bits < 24:
        places = np.unpackbits(rows, axis=1)[:, : width * bits].reshape(len(rows), width, bits)
        found = (places << np.arange(bits - 1, -1, -1)).sum(axis=-1)
    else:
        found = rows[:, : width * bits // 8].reshape(len(rows), width, -1)[..., 2::-1]
    return np.asarray(found if height < 0 else found[::-1])


def inflated(data: bytes, wrapping: int) -> bytes:
    """All members of a stream, each to its end."""
    found = b""
    while data:
        stream = zlib.decompressobj(wrapping)
        try:
            found += stream.decompress(data)
        except zlib.error:
            if not found:
                raise
            break
        if not stream.eof:
            raise EOFError
        data = stream.unused_data
    return found


def by_nibabel(data: bytes) -> Array:
    """Axes in reverse, without those of one element; labels that were scaled are rounded."""
    plain = inflated(data, 31) if data[:2] == b"\x1f\x8b" else data
    kind = nibabel.Nifti2Image if plain[4:7] == b"n+2" else nibabel.Nifti1Image
    image = kind.from_bytes(plain)
    array: Array = np.asanyarray(image.dataobj)
    shape = [*array.shape[:2], *(n for n in array.shape[2:] if n > 1)]
    array = array.T.reshape(shape[::-1])
    slope, inter = image.dataobj.slope, image.dataobj.inter
    if image.get_data_dtype().kind == "f" or (slope, inter) == (1, 0):
        return array
    array = array.astype(np.float64)
    whole = slope == int(slope) and inter == int(inter)
    near = (np.abs(array - np.rint(array)) <= abs(slope) / 2 + 1e-6 * np.abs(array)).all() and abs(slope) <= 0.5
    return np.asarray(np.rint(array).astype(np.int64) if whole or near else array)


def plain_meta(data: bytes) -> Array:
    head, _, rest = data.partition(b"ElementDataFile = LOCAL\n")
    said = {k.strip(): v.strip() for k, _, v in (line.partition("=") for line in head.decode("latin-1").splitlines())}
    if said.get("CompressedData") in ("True", "1"):
        rest = inflated(rest, 15)
    wide = {"MET_UCHAR": "u1", "MET_USHORT": "u2", "MET_CHAR": "i1", "MET_SHORT": "i2"}[said["ElementType"]]
    order = ">" if said.get("BinaryDataByteOrderMSB") in ("True", "1") else "<"
    return volume(rest, order + wide, said["DimSize"])


def plain_nrrd(data: bytes) -> Array:
    head, _, rest = data.partition(b"\n\n")
    said = dict(line.split(": ", 1) for line in head.decode("latin-1").splitlines()[1:] if not line.startswith("#"))
    rest = inflated(rest, 31) if said["encoding"] != "raw" else rest
    swapped = said.get("endian", "little") == "big"
    return volume(rest, np.dtype(said["type"]).newbyteorder(">" if swapped else "<"), said["sizes"])


def volume(data: bytes, dtype: Any, sizes: str) -> Array:
    dims = [int(n) for n in sizes.split()]
    shape = [*dims[:2], *(n for n in dims[2:] if n > 1)][::-1]
    array = np.frombuffer(data, dtype, int(np.prod(dims))).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="))


READERS: dict[str, Callable[[bytes], Any]] = {
    "PNG": plain_png.decode,
    "TIFF": by_tifffile,
    "NPY": lambda data: np.load(io.BytesIO(data), allow_pickle=False),
    "NPZ": by_zip,
    "GIF": by_giflib,
    "BMP": plain_bmp,
    "PNM": plain_pnm,
    "NIFTI": by_nibabel,
    "METAIMAGE": plain_meta,
    "NRRD": plain_nrrd,
}


def alike(one: Array, other: Array | None) -> bool:
    floating = one.dtype.kind == "f"
    return other is not None and one.shape == other.shape and np.array_equal(one, other, equal_nan=floating)


class Listener(logging.Handler):
    """Whatever a decoder logs is an exception."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(f"logged: {record.getMessage()}")


def outcome(form: str, whole: bytes, data: bytes, path: Path) -> tuple[str, str]:
    """What comes of a mutant, and why."""
    path.write_bytes(whole)
    wanted = masks.read(MaskFile.at(str(path), "a")).pixels
    path.write_bytes(data)
    listener = Listener()
    logging.getLogger().addHandler(listener)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mask = masks.read(MaskFile.at(str(path), "a"), 1 << 22)
    except InputError as fault:
        return ("refused", "") if fault.message.startswith("a") else ("surprise", f"names no file: {fault.message}")
    except TimeoutError:
        return "hang", ""
    except BaseException as fault:
        return "surprise", repr(fault)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        logging.getLogger().removeHandler(listener)
    if alike(mask.pixels, wanted):
        return "same number", ""
    found = apart(form, data)
    if alike(mask.pixels, found):
        return "as it says", ""
    return "other number", "unknown to the reader apart" if found is None else f"apart: {found.dtype} {found.shape}"


def child(seed: int, start: int, stop: int) -> None:
    """Read some mutants, and print a line for each as soon as it is known."""

    def alarm(*_: Any) -> None:
        raise TimeoutError

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, alarm)
    for talker in ("tifffile", "nibabel.global"):  # the readers apart
        logging.getLogger(talker).setLevel(logging.CRITICAL + 1)
    good = seeds()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(start, stop):
            form, whole, data = mutant(seed, number, good)
            print(json.dumps([number, form, *outcome(form, whole, data, Path(folder) / "a")]), flush=True)


def results(seed: int, mutants: int, seconds: float) -> Iterator[tuple[int, str, str, str]]:
    """Number, format, outcome and reason of each mutant, from children that may die."""
    number, end, good = 0, time.monotonic() + seconds, seeds()
    while number < mutants and time.monotonic() < end:
        stop = min(number + BATCH, mutants)
        command = [sys.executable, __file__, "--child", str(seed), str(number), str(stop)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        lines, said = process.communicate()
        for line in lines.splitlines():
            number, form, what, why = json.loads(line)
            yield number, form, what, why
            number += 1
        if process.returncode or said:
            form = mutant(seed, number, good)[0] if number < stop else "TIFF"
            yield number, form, "surprise", f"the child ended with {process.returncode}: {said[-300:]!r}"
            number += 1


def table(found: Counter[tuple[str, str]]) -> list[str]:
    lines = ["| format | mutants | " + " | ".join(OUTCOMES) + " |", "|---" * (len(OUTCOMES) + 2) + "|"]
    for form in (*READERS, "all"):
        numbers = [sum(n for (f, w), n in found.items() if form in (f, "all") and w == what) for what in OUTCOMES]
        lines.append(f"| {form} | {sum(numbers):,} | " + " | ".join(f"{n:,}" for n in numbers) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--keep", type=Path, help="write the mutants with a bad outcome into this folder")
    parser.add_argument("--write", action="store_true", help="write into docs/reliability.md")
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    found: Counter[tuple[str, str]] = Counter()
    good = seeds()
    for number, form, what, why in results(options.seed, options.mutants, options.seconds):
        found[form, what] += 1
        if what in BAD:
            print(f"{form} {number}: {what} {why}")
            if options.keep:
                options.keep.mkdir(parents=True, exist_ok=True)
                (options.keep / f"{form}-{number}").write_bytes(mutant(options.seed, number, good)[2])
    lines = table(found)
    print("\n".join(lines))
    if options.write:
        versions = f"tifffile {tifffile.__version__}, imagecodecs {imagecodecs.__version__}, NumPy {np.__version__}"
        page = ["## Mutated files", "", *__doc__.partition("\n\n")[2].partition("\n\n")[2].strip().splitlines()]
        command = f"scripts/fuzz_readers.py --mutants {sum(found.values())} --seed {options.seed}"
        page += ["", f"`{command}`, {versions}:", "", *lines]
        benchmarks.write("fuzz_readers", page, PAGE)
    if any(what in BAD for _, what in found):
        raise SystemExit("some mutants were read as they should not be")


if __name__ == "__main__":
    main()
