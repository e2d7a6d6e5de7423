"""Calibration of files, in everything that a run is told by."""

import json
import math

import numpy as np
import pytest

import segeval

# Of two images: the softmax of three classes in each pixel, and the truth; 255 is ignored.
P = [
    [[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2]],
    [[0.4, 0.35, 0.25], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4]],
]
T = [[0, 1, 2, 255], [1, 0, 1, 2]]
KEPT = [(p, t) for image in zip(P, T, strict=True) for p, t in zip(*image, strict=True) if t != 255]
# The likeliest classes: bins of 1/15 hold 0.7, 0.5, 0.8, 0.4 twice (of which one is right), and 0.9 twice.
ECE = (abs(1 - 0.7) + abs(0 - 0.5) + abs(1 - 0.8) + abs(1 - 0.8) + abs(2 - 1.8)) / 7
MCE = 0.5
BRIER = sum(sum((q - (k == t)) ** 2 for k, q in enumerate(p)) for p, t in KEPT) / 7
NLL = -sum(math.log(p[t]) for p, t in KEPT) / 7
OPTIONS = ("--num-classes", 3, "--ignore", 255)


@pytest.fixture
def files(tmp_path):
    for side, every in (("pred", P), ("truth", T), ("hard", [np.argmax(p, axis=1) for p in P])):
        (tmp_path / side).mkdir()
        for n, each in enumerate(every):
            array = np.array(each, np.float64).T[:, None] if side == "pred" else np.array([each], np.uint8)
            np.save(tmp_path / side / f"{n}.npy", array)
    return tmp_path


@pytest.fixture
def document(invoke, files):
    def document(*args, code=0):
        result = invoke("score", *args, *OPTIONS, "--format", "json")
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout)

    return document


def test_the_section(document):
    found = document("pred", "truth", "--metrics", "calibration")["calibration"]
    assert {name: found[name] for name in ("ece", "mce", "brier", "nll")} == pytest.approx(
        {"ece": ECE, "mce": MCE, "brier": BRIER, "nll": NLL}
    )
    # Of class 1: 0.05, 0.1; 0.2; 0.3 twice, one of them right; 0.35, right; 0.9, right
    of_1 = [abs(0 - 0.05), abs(0 - 0.1), abs(0 - 0.2), abs(1 - 0.6), abs(1 - 0.35), abs(1 - 0.9)]
    assert found["per_class"]["1"]["ece"] == pytest.approx(sum(of_1) / 7)
    assert found["per_class"]["1"]["nll"] == pytest.approx(-math.log(0.3 * 0.35 * 0.9) / 3)
    mean = sum(found["per_class"][name]["ece"] for name in "012") / 3
    assert found["ece_classwise"] == pytest.approx(mean)


def test_only_what_is_asked_for_is_computed(document):
    assert "calibration" not in document("pred", "truth")
    found = document("pred", "truth", "--metrics", "brier")
    assert (found["calibration"]["brier"], "iou" in found["classes"][0]) == (pytest.approx(BRIER), False)


def test_a_run_that_is_read_back_and_added_is_the_run(invoke, files):
    """From its archive, from shards, by rules from its tables, and with intervals."""
    for shard in (1, 2):
        options = ("--metrics", "calibration", *OPTIONS, "--shard", f"{shard}/2", "-o", f"part{shard}")
        assert invoke("score", "pred", "truth", *options).exit_code == 0
    whole = ("--metrics", "calibration", *OPTIONS, "-o", "out")
    assert invoke("score", "pred", "truth", *whole).exit_code == 0
    assert invoke("merge", "part1", "part2", "-o", "merged").exit_code == 0
    names = ("run.json", "evidence.npz", "images.csv", "records.csv")
    assert all((files / "out" / name).read_bytes() == (files / "merged" / name).read_bytes() for name in names)
    assert segeval.Run.read(files / "out").sections["calibration"]["ece"] == pytest.approx(ECE)
    rules = ("calibration.ece <= 1", f"calibration.nll >= {NLL - 1e-9}", "ece[1] >= 0.2", "calibration.mce <= 0.4")
    result = invoke("gate", "out", *(part for rule in rules for part in ("-r", rule)), "--json")
    assert [rule["verdict"] for rule in json.loads(result.stdout)["rules"]] == ["pass"] * 3 + ["fail"]


def test_hard_masks(document):
    """Named, it is an error of each image; with all of them, a note, and the numbers of those that have scores."""
    found = document("hard", "truth", "--metrics", "calibration", code=3)
    assert [each["code"] for each in found["images"]["failed"]] == ["SEG268"] * 2
    assert "hard/0.npy is a hard mask" in found["images"]["failed"][0]["message"]
    found = document("hard", "truth", "--metrics", "all")
    assert [note["code"] for note in found["notes"] if note["code"] == "SEG269"] == ["SEG269"] * 2
    assert found["calibration"]["ece"] is None


def test_some_hard_masks(document, files):
    np.save(files / "pred" / "1.npy", np.load(files / "hard" / "1.npy"))
    found = document("pred", "truth", "--metrics", "all")
    assert found["calibration"]["ece"] == pytest.approx((0.3 + 0.5 + 0.2) / 3)


def test_a_missing_prediction_has_no_scores(document, files):
    (files / "pred" / "1.npy").unlink()
    found = document("pred", "truth", "--metrics", "calibration", "--missing", "worst", code=0)
    assert found["calibration"]["ece"] == pytest.approx((0.3 + 0.5 + 0.2) / 3)


def test_logits_and_grey(document, files):
    """ln p are logits of p; 51 of 255 is 0.2."""
    for n, each in enumerate(P):
        np.save(files / "pred" / f"{n}.npy", np.log(np.array(each)).T[:, None] + 3)
    assert document("pred", "truth", "--metrics", "nll", "--logits")["calibration"]["nll"] == pytest.approx(NLL)


def test_grey_of_a_foreground(invoke, files):
    for n in range(2):
        np.save(files / "pred" / f"{n}.npy", np.array([[51, 204, 102, 255]], np.uint8))
        np.save(files / "truth" / f"{n}.npy", np.array([[0, 255, 255, 255]], np.uint8))
    options = ("--binary", "--probability", "--metrics", "calibration", "--format", "json")
    found = json.loads(invoke("score", "pred", "truth", *options).stdout)["calibration"]
    assert found["brier"] == pytest.approx(2 * (0.04 + 0.04 + 0.36 + 0) / 4)
    assert found["per_class"]["foreground"]["ece"] == pytest.approx((0.2 + 0.2 + 0.6 + 0) / 4)


def test_a_foreground_beside_a_truth_of_three_classes(document, files):
    """Two classes are asked about, and a third is there."""
    for n in range(2):
        np.save(files / "pred" / f"{n}.npy", np.array([[0.1, 0.7, 0.4, 0.2]]))
    found = document("pred", "truth", "--metrics", "brier", code=3)
    assert "holds the id 2, and there are 2 classes" in found["images"]["failed"][0]["message"]


def test_arrays_give_what_files_give(document):
    expected = document("pred", "truth", "--metrics", "calibration")["calibration"]
    evaluator = segeval.Evaluator(metrics="calibration", num_classes=3, ignore=[255])
    for p, t in zip(P, T, strict=True):
        evaluator.update(np.array(p).T, np.array(t))
    assert evaluator.compute().document()["calibration"] == expected


def test_explain_tells_other_programs(invoke):
    for name in ("ece", "calibration.ece"):
        text = invoke("explain", name).stdout
        assert "Expected calibration error" in text
        assert "torchmetrics 1.9.0" in text
    assert "calibration.ece_classwise: of each class" in invoke("explain", "calibration.ece_classwise").stdout


def test_curves(document):
    """Of class 1: 0.9 right, 0.35 right, 0.3 twice with one right, 0.2, 0.1 and 0.05: by hand."""
    found = document("pred", "truth", "--metrics", "curves,iou")
    of_1 = found["curves"]["per_class"]["1"]
    assert of_1["auroc"] == pytest.approx((4 + 4 + 3.5) / 12)
    assert of_1["average_precision"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert (of_1["best_dice"], of_1["best_threshold"]) == (pytest.approx(6 / 7), pytest.approx(52 / 255))
    mean = sum(found["curves"]["per_class"][name]["auroc"] for name in "012") / 3
    assert found["curves"]["auroc"] == pytest.approx(mean)
    assert "calibration" not in found


def test_saliency_by_pysodmetrics(invoke, root):
    """What PySODMetrics 1.4.3 publishes of its three examples, one of which has no foreground."""
    folder = root / "tests" / "files" / "saliency"
    options = ("--binary", "--probability", "--truth-threshold", 0.503, "--metrics", "saliency", "--format", "json")
    found = json.loads(invoke("score", folder / "pred", folder / "truth", *options).stdout)["saliency"]
    del found["per_class"]
    published = {
        "mae": 0.03705558476661653,
        "max_f": 0.5886784581120638,
        "mean_f": 0.577051059518767,
        "adaptive_f": 0.5816750824038355,
        "max_dice": 0.5830613926289557,
        "mean_dice": 0.5689913551800527,
    }
    assert found == pytest.approx(published, abs=1e-12)


def test_saliency_is_of_a_foreground(document):
    found = document("pred", "truth", "--metrics", "saliency", code=3)
    assert found["images"]["failed"][0]["message"].startswith("pred/0.npy tells of no single foreground")


def test_a_map_of_one_value_is_not_stretched(invoke, files):
    for n in range(2):
        np.save(files / "pred" / f"{n}.npy", np.full((1, 4), 0.25))
        np.save(files / "truth" / f"{n}.npy", np.array([[0, 1, 1, 1]]))
    found = json.loads(invoke("score", "pred", "truth", "--binary", "--metrics", "mae", "--format", "json").stdout)
    assert found["saliency"]["mae"] == pytest.approx((0.25 + 3 * 0.75) / 4)
    assert found["saliency"]["max_dice"] == pytest.approx(6 / 7)
    assert found["saliency"]["adaptive_f"] == 0  # nothing reaches 0.5


def test_channels_stand_for_the_ids_of_the_class_file(invoke, files):
    """In the order of the file."""
    ids = np.array([30, 7, 12])
    (files / "classes.csv").write_text("id,name\n30,a\n7,b\n12,c\n")
    for n, each in enumerate(T):
        np.save(files / "truth" / f"{n}.npy", np.array([[ids[t] if t < 3 else 255 for t in each]], np.uint8))
    options = ("--classes", "classes.csv", "--ignore", 255, "--metrics", "calibration", "--format", "json")
    found = json.loads(invoke("score", "pred", "truth", *options).stdout)["calibration"]
    assert (found["ece"], found["nll"]) == (pytest.approx(ECE), pytest.approx(NLL))
    assert found["per_class"]["a"]["nll"] == pytest.approx(-math.log(0.7 * 0.9) / 2)


def test_channels_that_do_not_exclude_each_other(invoke, files):
    """Two of three classes are scored, and a pixel with 9 in a channel is in none."""
    p, y = np.array([[0.9, 0.2, 0.4], [0.5, 0.5, 0.5], [0.7, 0.6, 0.1]]), np.array([[1, 1, 0], [0, 0, 9], [0, 1, 1]])
    for n in range(2):
        np.save(files / "pred" / f"{n}.npy", p[:, None])
        np.save(files / "truth" / f"{n}.npy", y[:, None].astype(np.uint8))
    (files / "classes.csv").write_text("id,name,ignore\n0,a,\n1,b,yes\n2,c,\n")
    options = (
        "--multilabel",
        "--classes",
        "classes.csv",
        "--ignore",
        9,
        "--metrics",
        "calibration",
        "--format",
        "json",
    )
    found = json.loads(invoke("score", "pred", "truth", *options).stdout)["calibration"]
    assert found["per_class"]["a"]["ece"] == pytest.approx((0.1 + 0.8) / 2)
    assert found["per_class"]["c"]["ece"] == pytest.approx((0.7 + 0.4) / 2)
    assert (found["ece"], found["nll"]) == (None, pytest.approx(-math.log(0.9 * 0.2 * 0.3 * 0.6) / 2))


def test_fractions_in_the_truth(document, files):
    """A truth of fractions has no likeliest class to be right about."""
    for n in range(2):
        np.save(files / "truth" / f"{n}.npy", np.load(files / "pred" / f"{n}.npy"))
    result = document("pred", "truth", "--soft-truth", "--metrics", "calibration", code=3)
    assert "truth/0.npy holds fractions" in result["images"]["failed"][0]["message"]


@pytest.mark.parametrize("form", ["table", "md"])
def test_what_has_no_number_is_named_and_not_shown(invoke, files, form):
    """Of hard masks nobody knows how sure they are; JSON and CSV keep their places."""
    args = ("score", "hard", "truth", "--metrics", "all", "--format", form, "--ci", "--resamples", 100)
    found = invoke(*args, *OPTIONS, "-o", "out", "--report", "x.html")
    assert found.exit_code == 0, found.output
    page = (files / "x.html").read_text()
    for text in (found.stdout, page):
        assert "without any number, and not shown: calibration, curves, saliency" in text
        assert "ECE" not in text
        assert "calibration.ece" not in text
    stdout = found.stdout.replace("\\", "")
    assert "mece_dataset" not in stdout
    assert "mnsd_dataset" in stdout
    assert 'id="diagrams"' not in page
    assert "values undefined and left out (infinite)" not in page
    tiles = page.split('class="tiles"')[1].split("</ul>")[0]
    assert "–" not in tiles
    document = json.loads((files / "out" / "run.json").read_text())
    assert document["calibration"]["ece"] is None
    assert document["ci"]["summary"]["mece_dataset"]["low"] is None


def test_of_metrics_without_any_number_all_are_shown(invoke, files):
    """Where nothing else is there to be shown."""
    np.save(files / "truth" / "0.npy", np.full((1, 4), 255, np.uint8))
    np.save(files / "truth" / "1.npy", np.full((1, 4), 255, np.uint8))
    found = invoke("score", "hard", "truth", "--metrics", "iou", *OPTIONS)
    assert "IoU" in found.stdout
