"""Regions of label maps, which overlap, scored like classes of their own."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import segeval
from segeval.cli.main import cli
from segeval.errors import BadOption, FractionalTruth, NotProbabilities, UnknownTruthIds

BRATS = {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}
ASKED = {"classes": "brats", "regions": True}


def volumes(seed):
    """Labels of two subjects; the second has no enhancing tumour on either side."""
    random = np.random.RandomState(seed)
    truth = random.choice([0, 0, 1, 2, 4], (2, 5, 9, 11)).cumsum(axis=3).clip(0, 4)
    truth[truth == 3] = 2
    pred = np.where(random.rand(*truth.shape) < 0.8, truth, random.choice([0, 1, 2, 4], truth.shape))
    for side in (pred, truth):
        side[1][side[1] == 4] = 1
    return pred, truth


def test_each_region_is_a_binary_problem():
    """Counts, distances and losses are those of the masks of the region by itself."""
    pred, truth = volumes(3)
    metrics = ["overlap", "hd95_pooled", "nsd"]
    run = segeval.score([*pred], [*truth], metrics=metrics, losses="dice,cross_entropy", **ASKED)
    assert [(row["id"], row["name"]) for row in run.classes] == [(1, "WT"), (2, "TC"), (3, "ET")]
    losses = run.document()["losses"]
    for row, ids in zip(run.classes, BRATS.values(), strict=True):
        masks = [[np.isin(each, ids).astype(np.uint8) for each in side] for side in (pred, truth)]
        alone = segeval.score(*masks, binary=True, metrics=metrics, losses="dice")
        for name in ("tp", "fp", "fn", "tn", "iou", "dice", "hd95_pooled", "nsd@2", "n_both_empty"):
            assert row[name] == pytest.approx(alone.classes[1][name], nan_ok=True), (row["name"], name)
        expected = alone.document()["losses"]["dice"]["per_class"]["foreground"]
        assert losses["dice"]["per_class"][row["name"]] == pytest.approx(expected)
    assert run.classes[2]["n_both_empty"] == 1


def test_a_prediction_may_have_a_channel_for_each_region():
    pred, truth = volumes(4)
    channels = np.stack([np.isin(pred[0], ids) for ids in BRATS.values()])
    maps = segeval.score([pred[0]], [truth[0]], losses="none", **ASKED)
    numbers = np.where(channels, 0.8, 0.3)
    for given, how in ((numbers, {}), (np.log(numbers / (1 - numbers)), {"logits": True})):
        found = segeval.score([given], [truth[0]], losses="none", **how, **ASKED)
        assert [row["tp"] for row in found.classes] == [row["tp"] for row in maps.classes]
        assert [row["fp"] for row in found.classes] == [row["fp"] for row in maps.classes]


def test_ignored_ids_and_maps():
    """Void of the truth is in no region; ids of another edition are mapped before."""
    pred, truth = np.array([[4, 4, 2, 0, 9]]), np.array([[4, 255, 255, 2, 1]])
    run = segeval.score([pred], [truth], ignore=[255], **ASKED)
    found = [(row["tp"], row["fp"], row["fn"], row["tn"]) for row in run.classes]
    assert found == [(1, 0, 2, 0), (1, 0, 1, 1), (1, 0, 0, 2)]
    other = np.array([[3, 3, 2, 0, 0]])
    mapped = segeval.score([other], [truth], ignore=[255], map=["pred:brats-3-to-4"], **ASKED)
    assert [row["tp"] for row in mapped.classes] == [1, 1, 1]


def test_what_is_refused():
    pred, truth = np.array([[0, 1]]), np.array([[0, 3]])
    with pytest.raises(UnknownTruthIds, match="no class: 3"):
        segeval.score([pred], [truth], **ASKED)
    with pytest.raises(FractionalTruth):
        segeval.score([pred], [truth / 4], **ASKED)
    with pytest.raises(NotProbabilities, match="no channel for each region"):
        segeval.score([pred / 4], [pred], **ASKED)
    for options in ({}, {"num_classes": 3}, {"classes": "a,b"}, {"classes": "voc"}):
        with pytest.raises(BadOption, match="--regions wants --classes"):
            segeval.score([pred], [pred], regions=True, **options)


@pytest.fixture
def folders(tmp_path):
    pred, truth = volumes(5)
    for side, labels in (("pred", pred), ("gt", truth)):
        (tmp_path / side).mkdir()
        for n, each in enumerate(labels):
            np.save(tmp_path / side / f"{n}.npy", each.astype(np.uint8))
    return tmp_path


def test_files_runs_and_rules(folders):
    """Read back, merged from shards and judged, it is the same run; a missing subject has every region missed."""
    sides = [str(folders / side) for side in ("pred", "gt")]

    def invoke(*args):
        return CliRunner().invoke(cli, [*map(str, args)])

    assert invoke("check", *sides, "--isolated", "--classes", "brats", "--regions").exit_code == 0
    asked = ["--isolated", "--profile", "brats", "--losses", "none"]
    result = invoke("score", *sides, *asked, "-o", folders / "whole")
    assert result.exit_code == 0
    assert "profile brats: mdice_class" in result.stdout
    for k in (1, 2):
        invoke("score", *sides, *asked, "--shard", f"{k}/2", "-o", folders / f"part{k}")
    assert invoke("merge", folders / "part1", folders / "part2", "-o", folders / "merged").exit_code == 0
    whole, merged = (json.loads((folders / name / "run.json").read_text()) for name in ("whole", "merged"))
    assert whole["classes"] == merged["classes"]
    assert whole["options"]["members"] == [[1, 2, 4], [1, 4], [4]]
    again = segeval.Run.read(folders / "whole")
    assert again.document()["summary"] == whole["summary"]
    assert invoke("gate", folders / "whole", "--isolated", "-r", "dice[TC] >= 0.99").exit_code == 1
    (folders / "pred" / "1.npy").unlink()
    worst = segeval.score(folders / "pred", folders / "gt", missing="worst", **ASKED)
    assert [row["n_missed"] for row in worst.classes] == [1, 1, 0]


def test_arrays_come_in_batches():
    pred, truth = volumes(6)
    evaluator = segeval.Evaluator(losses="none", **ASKED)
    evaluator.update(pred, truth, batch=True)
    one_by_one = segeval.score([*pred], [*truth], losses="none", **ASKED)
    assert evaluator.compute().summary == one_by_one.summary
