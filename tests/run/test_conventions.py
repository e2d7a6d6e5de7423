"""The numbers of other programs, against what these programs gave: recorded by `scripts/check_peers.py --record`."""

import json
import math

import numpy as np
import pytest
from check_peers import label_set, leaves_out, ours, with_void
from support.reference import DATA

import segeval
from segeval.evidence import Confusion
from segeval.run.averages import AVERAGES
from segeval.run.conventions import CONVENTIONS, Way, parts, rows, scored_by
from segeval.run.numbers import every
from segeval.run.tables import Tables

PEERS = json.loads((DATA / "peer_conventions.json").read_text(encoding="utf-8"))
METRICS = ["iou", "dice", "precision", "recall"]


def tables(seed: int, ignore: tuple[int, ...] = ()) -> Tables:
    every = [Confusion.of(p, t, num_classes=5, ignore=ignore) for p, t in zip(*label_set(seed), strict=True)]
    return Tables.of(every, range(5))


@pytest.fixture(scope="module")
def told():
    """What the table says of each of the sets, without void and with it."""
    return [[ours(*of(seed)) for seed in range(12)] for of in (label_set, with_void)]


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda each: f"{each.program}: {each.call}")
def test_every_convention_is_the_number_of_its_program(convention, told):
    """Of the versions that it names; most sum in float32, and some say 0 where nothing is defined."""
    every = PEERS[f"{convention.program}: {convention.call}"]
    assert len(every) == (2 if leaves_out(convention.program, convention.call) else 1)
    for theirs, owns in zip(every, told, strict=False):
        for value, own in zip(theirs, owns, strict=True):
            found = own[convention.program, convention.call]
            assert found == pytest.approx(value or 0, abs=2e-6) or (math.isnan(found) and not value)


def test_void_matters():
    """On most of the sets: without it the programs would say the same of both."""
    plain, void = ([[*of(seed)] for seed in range(12)] for of in (label_set, with_void))
    assert sum((one[1] != other[1]).any() for one, other in zip(plain, void, strict=True)) >= 8
    assert any((truth == 255).all() for _, truths in map(with_void, range(100)) for truth in truths)


def test_all_that_was_recorded_is_told():
    assert set(PEERS) == {f"{each.program}: {each.call}" for each in CONVENTIONS}
    assert len(CONVENTIONS) == len({(each.program, each.call, each.way) for each in CONVENTIONS}) > 70


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("metric", METRICS)
def test_every_number_is_the_sum_of_its_parts(metric, average):
    """So that the shares of classes, and those of images, add up to the difference."""
    for seed in range(4):
        for presence, undefined in (("union", ()), ("truth", ("absent=one", "empty-truth=zero")), ("union", ("zero",))):
            way = Way(metric, average, presence, undefined, foreground=seed % 2 == 1)
            plain = tables(seed)
            own = scored_by(plain, way.scoring())
            value, made = every(own.outline)[way.number].of_images(own), parts(own, way)
            if math.isnan(value):
                continue
            assert made.value == pytest.approx(value, abs=1e-12)
            first = parts(plain, Way(metric, "dataset"))
            images, classes = made.against(first, first.value)
            assert classes.sum() == pytest.approx(value - first.value, abs=1e-12)
            if not made.of_classes.any() and not first.of_classes.any():
                assert images.sum() == pytest.approx(value - first.value, abs=1e-12)


def test_who_is_responsible():
    """Three classes of 10 pixels, a fourth in neither mask: as 0 it takes 1/4 of the mean, and no image does."""
    truth = np.repeat([0, 1, 2], 10)
    run = segeval.score([truth], [truth], num_classes=4)
    found = {row["flags"]: row for row in rows(run.tables, ["iou"])}["--undefined absent=zero"]
    assert (found["value"], found["difference"]) == (0.75, -0.25)
    assert found["classes"] == [{"name": "3", "share": -0.25}]
    assert found["images"] == []
    assert found["options"] == {"undefined": ["absent=zero"]}


def test_the_options_of_a_row_give_its_value():
    """Run again with each of them, as the table says."""
    pred, truth = label_set(3)
    again = {}
    for row in rows(tables(3), METRICS):
        key = json.dumps(row["options"])
        if key not in again:
            again[key] = segeval.score([*pred], [*truth], num_classes=5, **row["options"]).summary
        assert again[key][row["number"]] == pytest.approx(row["value"], rel=1e-12, nan_ok=True)


def test_official_numbers(root):
    """Of a model on BDD100K, published with Scalabel's tests (071d073): mean IoU, mean precision, weighted IoU."""
    run = segeval.score(root / "sample_data/pred", root / "sample_data/truth", classes="bdd100k")
    found = {who: row["value"] for row in rows(run.tables, METRICS) for who in row["reported_by"]}
    assert found["Scalabel 071d073 sem_seg mIoU"] == pytest.approx(0.7769367702513847, abs=1e-9)
    assert found["Scalabel 071d073 sem_seg mAcc"] == pytest.approx(0.8508073850792114, abs=1e-9)
    assert found["detectron2 027099d SemSegEvaluator fwIoU"] == pytest.approx(0.9596580841723501, abs=1e-9)
