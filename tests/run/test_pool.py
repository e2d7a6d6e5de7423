"""Images of one case are counted together: slices give the numbers of their volume."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segeval
from segeval.errors import BadGroup, BadOption

R = np.random.RandomState(8)
TRUTH = {name: R.randint(0, 4, (depth, 5, 7)).astype(np.uint8) for name, depth in (("a", 3), ("b", 1), ("c", 4))}
PRED = {
    name: np.where(R.rand(*t.shape) < 0.6, t, R.randint(0, 4, t.shape)).astype(np.uint8) for name, t in TRUTH.items()
}
POOL = r"^(?P<group>[abc])_slice\d+$"
LOSSES = "dice,cross_entropy,generalized_dice,log_cosh_dice"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for side, arrays in (("pred", PRED), ("gt", TRUTH)):
        (tmp_path / side).mkdir()
        (tmp_path / f"{side}_volumes").mkdir()
        for name, volume in arrays.items():
            np.save(tmp_path / f"{side}_volumes" / f"{name}.npy", volume)
            for n, part in enumerate(volume):
                np.save(tmp_path / side / f"{name}_slice{n}.npy", part)
    return tmp_path


@pytest.mark.parametrize("over", ["image", "batch"])
def test_slices_are_their_volume(folders: Path, over: str) -> None:
    """Every number of the data set, of classes and of losses, and the rows of the tables."""
    options: dict[str, Any] = {
        **{"num_classes": 4, "ignore": [3], "losses": LOSSES, "loss_over": over, "ci": True, "resamples": 120},
        **{"mean_without": [0], "undefined": "zero"},
    }
    slices = segeval.score(folders / "pred", folders / "gt", **options, pool_by=POOL)
    volumes = segeval.score(folders / "pred_volumes", folders / "gt_volumes", **options)
    assert slices.tables.ids == volumes.tables.ids == ("a", "b", "c")
    assert slices.summary == volumes.summary
    assert repr(slices.classes) == repr(volumes.classes)
    found, expected = slices.document(), volumes.document()
    assert (found["ci"], found["images"]["scored"], found["images"]["cases"]) == (expected["ci"], 8, 3)
    for name, block in expected["losses"].items():
        assert found["losses"][name]["value"] == pytest.approx(block["value"], rel=1e-12)
    plain = segeval.score(folders / "pred", folders / "gt", **options)
    assert plain.summary["miou_dataset"] == slices.summary["miou_dataset"]
    assert plain.summary["miou_image"] != slices.summary["miou_image"]


def test_a_stored_run_of_cases_is_judged(folders: Path, tmp_path: Path) -> None:
    """Rows of images.csv are cases, and the gate takes them."""
    from click.testing import CliRunner

    from segeval.cli.main import cli

    out = str(tmp_path / "out")
    args = ["score", str(folders / "pred"), str(folders / "gt"), "--num-classes", "4", "--pool-by", POOL, "-o", out]
    assert CliRunner().invoke(cli, args).exit_code == 0
    with open(f"{out}/images.csv", newline="") as table:
        assert [row["id"] for row in csv.DictReader(table)] == [name for name in "abc" for _ in range(4)]
    volumes = segeval.score(folders / "pred_volumes", folders / "gt_volumes", num_classes=4)
    limit = volumes.summary["miou_image"]
    for sign, code in (("-", 0), ("+", 1)):
        rule = f"miou_image >= {limit + (1e-9 if sign == '+' else -1e-9)!r}"
        assert CliRunner().invoke(cli, ["gate", out, "-r", rule]).exit_code == code


def test_what_does_not_add_up(folders: Path) -> None:
    """A loss that looks at places is refused by name, and left out of all."""
    with pytest.raises(BadOption, match="hausdorff_dt is a value of single images"):
        segeval.score(folders / "pred", folders / "gt", num_classes=4, losses="hausdorff_dt", pool_by=POOL)
    run = segeval.score(folders / "pred", folders / "gt", num_classes=4, losses="all", pool_by=POOL)
    assert "hausdorff_dt" in run.document()["losses_left_out"]
    with pytest.raises(BadGroup, match=r"--pool-by .* matches nothing in the id 'a_slice0'"):
        segeval.score(folders / "pred", folders / "gt", num_classes=4, pool_by="^x")
