"""Damage that was once read as another mask, or ended the run: small files, each with what is to be said of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from segeval import io
from segeval.errors import DamagedFile
from segeval.io.files import MaskFile

FOLDER = Path(__file__).parent.parent / "files" / "mutated"
FOUND = {
    "palette-of-17-bytes.png": "no palette, or one of an impossible length",
    "pixels-twice.png": "more pixel data than its header says",
    "wrong-adler.png": "pixel data of the PNG are altered",
    "swapped.png": "pixel data of the PNG are altered",
    "space-that-is-none.npy": "senseless header",
    "bool-of-2.npy": "bytes other than 0 and 1",
    "more-behind-text.pgm": "is not 6 numbers",
    "defective.gif": "defective",
    "width-of-4-bytes.tif": r"field 256 \(ImageWidth\) of the TIFF has 4 values of type BYTE, not one whole number",
    "width-as-text.tif": r"field 256 \(ImageWidth\) of the TIFF has 4 values of type ASCII",
    "bits-halved.tif": "holds 48 bytes",
    "bigtiff-of-72-bytes.tif": "header of the BigTIFF",
    "format-of-unknown-type.tif": r"field 339 \(SampleFormat\)",
}


@pytest.mark.parametrize("name", FOUND)
def test_damage_that_was_found_once_is_an_error(name):
    with pytest.raises(DamagedFile, match=f"^{name}.*{FOUND[name]}"):
        io.read(MaskFile.at(str(FOLDER / name), name))


def test_every_file_that_was_found_is_tested():
    assert {path.name for path in FOLDER.iterdir()} == set(FOUND)


@pytest.mark.skipif(sys.platform == "win32", reason="the script limits its children as POSIX does")
def test_mutated_files_are_refused_or_read_as_an_independent_reader_reads_them(root):
    """A few of them; the page on reliability counts many more."""
    pytest.importorskip("nibabel", reason="the script reads NIfTI with it")
    command = [sys.executable, str(root / "scripts" / "fuzz_readers.py"), "--mutants", "300", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| all | 300 |" in done.stdout
