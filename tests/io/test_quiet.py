"""No decoder says anything on stderr, and no byte from inside a file reaches it."""

import io
import logging
import os
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from support.files import PNG_SIGNATURE, png_chunk, png_header

from segeval.errors import InputError

IDS = np.random.RandomState(1).randint(0, 5, (16, 24)).astype(np.uint8)
FORGED = b"\x1b]0;owned\x07\n::error::owned"
READ = """
import sys, numpy
from segeval import io
from segeval.io.files import MaskFile
wanted = numpy.load(sys.argv[1])
for path in sys.argv[2:]:
    found = io.read(MaskFile.at(path, path)).pixels
    assert found.tolist() == wanted.tolist(), path
"""


def png(*before: bytes, interlaced: bool = False, depth: int = 8) -> bytes:
    """The ids as PNG, with chunks before the pixels; interlaced in the first of seven parts, or in none."""
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [IDS[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [IDS]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for part in parts for row in part)
    header = png_header(24, 16, depth, 0, int(interlaced))
    return PNG_SIGNATURE + b"".join([header, *before, png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b"")])


def npy_of_python_2() -> bytes:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (16L, 24L), }\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + IDS.tobytes()


def tiff(**options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, IDS, photometric="minisblack", **options)
    return stream.getvalue()


def pillow(kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(IDS).save(stream, kind, comment=FORGED)
    return stream.getvalue()


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **{FORGED.decode(): IDS})
    return stream.getvalue()


GOOD: dict[str, Callable[[], bytes]] = {
    "profile.png": lambda: png(png_chunk(b"iCCP", FORGED[:70] + b"\0\0" + zlib.compress(b"no profile"))),
    "gamma.png": lambda: png(png_chunk(b"gAMA", bytes(4)), png_chunk(b"cHRM", bytes(32)), png_chunk(b"sRGB", b"\x09")),
    "palette of grey.png": lambda: png(png_chunk(b"PLTE", bytes(3))),
    "transparent.png": lambda: png(png_chunk(b"tRNS", bytes(5))),
    "interlaced.png": lambda: png(interlaced=True),
    "interlaced16.png": lambda: png(interlaced=True, depth=16),
    "texts.png": lambda: png(png_chunk(b"tEXt", b"") * 1000, png_chunk(b"tEXt", FORGED + b"\0" + FORGED)),
    "zipped texts.png": lambda: png(png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20))) * 100),
    "exif.png": lambda: png(png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x09\x01")),
    "time.png": lambda: png(png_chunk(b"tIME", b"\xff" * 7), png_chunk(b"bKGD", b"\1"), png_chunk(b"hIST", b"\1")),
    "python2.npy": npy_of_python_2,
    "description.tif": lambda: tiff(description=FORGED.decode(), metadata=None),
    "metadata.tif": lambda: tiff(description='{"shape": [16, 24], "axes": "' + "Q" * 9, metadata=None),
    "imagej.tif": lambda: tiff(imagej=True, metadata={"unit": FORGED[4:9].decode()}),
    "ome.tif": lambda: tiff(description="<?xml version='1.0'?><OME " + FORGED[1:9].decode(), metadata=None),
    "private.tif": lambda: tiff(extratags=[(700, 7, 9, FORGED[:9], True)]),
    "a.gif": lambda: pillow("GIF"),
    "a.bmp": lambda: pillow("BMP"),
    "a.pgm": lambda: pillow("PPM"),
    "a.npz": npz,
    "plain.png": lambda: imagecodecs.png_encode(IDS),
}


@pytest.mark.parametrize("flags", [{}, {"PYTHONWARNINGS": "error"}, {"PYTHONWARNINGS": "always"}], ids=str)
def test_stderr_is_empty_for_every_good_file(tmp_path: Path, flags: dict[str, str]) -> None:
    np.save(tmp_path / "wanted.npy", IDS)
    paths = []
    for name, content in GOOD.items():
        (tmp_path / name).write_bytes(content())
        paths.append(str(tmp_path / name))
    command = [sys.executable, "-c", READ, str(tmp_path / "wanted.npy"), *paths]
    done = subprocess.run(command, capture_output=True, env=os.environ | flags, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("name", GOOD)
def test_no_decoder_warns_or_logs(read: Any, caplog: pytest.LogCaptureFixture, name: str) -> None:
    """Not even where nobody listens: what is logged there may be shown by a program that imports this one."""
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(read(GOOD[name](), name).pixels, IDS)
    assert caplog.records == []


@pytest.mark.parametrize(
    "data",
    [
        PNG_SIGNATURE + png_header(24, 16, 8, 0) + png_chunk(FORGED[:4], b""),
        png().replace(b"IDAT", FORGED[:4]),
        FORGED,
        tiff(description=FORGED.decode(), metadata=None)[:-20],
        b"\x93NUMPY\x01\0" + struct.pack("<H", 40) + (b"{'descr': '" + FORGED).ljust(40),
    ],
    ids=["chunk", "damaged chunk", "text", "tiff", "npy"],
)
def test_text_inside_a_damaged_file_is_shown_escaped(tmp_path: Path, data: bytes) -> None:
    """By the command, on a terminal: not one control character."""
    for side in ("pred", "gt"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "a.png").write_bytes(data)
    command = [sys.executable, "-m", "segeval", "score", "--isolated", "pred", "gt"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 3
    assert b"\x1b" not in done.stdout + done.stderr
    assert not any(line.startswith((b"::", b"owned")) for line in (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize("data", [png().replace(b"IDAT", b"\x1bDAT"), png(png_chunk(b"X\x9bXX", b""))])
def test_messages_of_the_python_interface_are_escaped_too(read: Any, data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(data)
    assert caught.value.message.isprintable()
