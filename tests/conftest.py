"""Fixtures, and every strictness on."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

np.seterr(all="raise")

Save = Callable[[str, Any], Path]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept today's golden outputs")


@pytest.fixture(scope="session", autouse=True)
def _offline() -> Iterator[None]:
    """No test, and no program that a test starts, turns to another machine."""
    from support.offline import sitecustomize

    folder = os.path.dirname(sitecustomize.__file__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", folder, prepend=os.pathsep)
        yield


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def thumbnails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample data at a quarter of its size: pred, truth, classes.csv."""
    whole, small = Path(__file__).parent.parent / "sample_data", tmp_path_factory.mktemp("thumbnails")
    for side in ("pred", "truth"):
        for path in (whole / side).iterdir():
            _write(small / side / path.name, np.array(Image.open(path))[::4, ::4].copy())
    shutil.copy(whole / "classes.csv", small)
    return small


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Save an array below the test's folder, in the format of its suffix: `save("pred/a.png", array)`."""

    return lambda name, array: _write(tmp_path / name, np.asarray(array))


def _write(path: Path, array: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        path.write_bytes(imagecodecs.png_encode(array))
    elif path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".npz":
        np.savez_compressed(path, array)
    else:
        tifffile.imwrite(path, array, photometric="minisblack", metadata=None)
    return path
