"""The numbers of a small study, as they were when every pixel of every class was looked at by every loss on its own.

`tests/golden/study.json` was written by that way of computing them, at commit b3e5731; they may move by 1e-12.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from segeval.cli.main import cli

GOLDEN = Path(__file__).parent.parent / "golden" / "study.json"
KINDS = {
    "hard": ("--num-classes", "4", "--ignore", "255"),
    "binary": ("--binary", "--ignore", "255"),
    "soft": ("--num-classes", "4", "--ignore", "255"),
}


def images(random: np.random.RandomState, kind: str) -> tuple[Any, Any]:
    """A prediction and a truth of 15 × 22: blocks, with a class that is nowhere, strays, and ignored pixels."""
    truth = np.kron(random.choice([0, 1, 3], (4, 5)), np.ones((4, 5), int))[:15, :22]
    pred: Any = np.where(random.rand(15, 22) < 0.15, random.choice([0, 1, 3], (15, 22)), np.roll(truth, (1, 2), (0, 1)))
    if kind == "binary":
        pred, truth = pred > 0, np.where(truth > 0, 1, 0)
    if kind == "soft":
        pred = (np.arange(4)[:, None, None] == pred) * 0.6 + random.dirichlet(np.ones(4), (15, 22)).transpose(2, 0, 1)
        pred = pred / pred.sum(axis=0)
    truth[3:5, 10:16] = 255
    return pred, truth.astype(np.uint8)


def studied(folder: Path, kind: str) -> Any:
    """The parts of the document with numbers."""
    random = np.random.RandomState(5)
    for id_ in "ab":
        for side, array in zip(("pred", "gt"), images(random, kind), strict=True):
            (folder / side).mkdir(exist_ok=True)
            np.save(folder / side / f"{id_}.npy", array if array.dtype.kind == "f" else array.astype(np.uint8))
    line = ["losses", str(folder / "pred"), str(folder / "gt"), *KINDS[kind], "--losses", "all", "--steps", "2"]
    result = CliRunner().invoke(cli, [*line, "--format", "json", "-j", "2"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    return {key: found[key] for key in ("gradient_shares", "sensitivity", "agreement")} | {
        "losses": {name: [each["value"], each["per_class"]] for name, each in found["losses"].items()}
    }


def _same(found: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        assert [key for key in found if key in expected] == list(expected), where  # there may be losses made since
        for key, each in expected.items():
            _same(found[key], each, f"{where}.{key}")
    elif isinstance(expected, list):
        for n, (one, other) in enumerate(zip(found, expected, strict=True)):
            _same(one, other, f"{where}[{n}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-12, abs=1e-12), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("kind", KINDS)
def test_the_numbers_of_a_study_stay(tmp_path: Path, kind: str) -> None:
    _same(studied(tmp_path, kind), json.loads(GOLDEN.read_text(encoding="utf-8"))[kind], kind)
