"""Runs: published numbers, the JSON form, sums."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from conftest import Save
from support.files import content
from support.reference import DATA

import segeval
from segeval.evidence.kinds import EVIDENCE
from segeval.losses.engine import counts, kind
from segeval.metrics import METRICS
from segeval.run import folder

Schema = dict[str, Any]

BDD_IOU = {  # percent, published by scalabel (tests/eval/sem_seg_test.py at 071d073) for the classes in the truth
    "road": 99.54405124,
    "sidewalk": 87.67803909,
    "building": 95.88390161,
    "fence": 22.64488433,
    "pole": 64.17477739,
    "traffic sign": 55.16129032,
    "vegetation": 80.93376685,
    "sky": 98.23104973,
    "car": 94.99133267,
}


@pytest.fixture
def schema(root: Path) -> Schema:
    loaded: Schema = json.loads((root / "segeval" / "schemas" / "run.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


def sample(root: Path, **options: Any) -> segeval.Run:
    data = root / "sample_data"
    return segeval.score(data / "pred", data / "truth", classes=str(data / "classes.csv"), **options)


def test_published_numbers_of_bdd100k(root: Path) -> None:
    """Four tiles in four formats pool to the numbers published for the whole image."""
    run = sample(root, presence="truth")
    assert run.summary["miou_dataset"] == pytest.approx(0.7769367702513847, abs=1e-12)
    assert run.summary["pixel_accuracy"] == pytest.approx(0.9759265266143856, abs=1e-12)
    assert run.summary["fw_iou"] == pytest.approx(0.9596580841723501, abs=1e-12)
    assert run.summary["mprecision_dataset"] == pytest.approx(0.8508073850792114, abs=1e-12)
    found = {row["name"]: 100 * row["iou"] for row in run.classes if not math.isnan(row["iou"])}
    assert found == pytest.approx(BDD_IOU, abs=1e-7)


def test_published_numbers_of_the_bdd100k_smoke_test() -> None:
    """bdd100k/bdd100k at 9ac17c6, tests/eval/seg_test.py."""
    run = segeval.score(DATA / "semantic_bdd_tiny" / "pred", DATA / "semantic_bdd_tiny" / "gt", num_classes=2)
    assert run.confusion.matrix.tolist() == [[93, 1, 0], [4, 2, 0]]
    assert run.summary["miou_dataset"] == pytest.approx(0.6173469387755102, abs=1e-12)
    assert run.summary["fw_iou"] == pytest.approx(0.9091836734693878, abs=1e-12)
    assert run.summary["pixel_accuracy"] == 0.95
    assert run.summary["mprecision_dataset"] == pytest.approx(0.8127147766323024, abs=1e-12)


def test_ade20k_sample_scores_one_over_the_classes_present() -> None:
    """CSAILVision/sceneparsing at e202229 publishes 0.1: 15 perfect classes, 135 absent ones counted as 0."""
    folder = DATA / "semantic_ade20k_sample"
    classes = [str(n) for n in range(151)]
    run = segeval.score(folder / "predictions", folder / "annotations", classes=classes, ignore=[0])
    present = [row for row in run.classes if not math.isnan(row["iou"])]
    assert run.summary["miou_dataset"] == 1.0
    assert len(present) == 15
    assert math.fsum(row["iou"] for row in present) / 150 == pytest.approx(0.1)
    assert run.document()["undefined"]["miou_dataset"] == {"skipped": 135, "of": 150}


def test_intervals_of_the_summary(root: Path, schema: Schema) -> None:
    """--ci: the 5 % and 95 % points of the mean IoU of all 4⁴ ways to draw four images."""
    run = sample(root, ci=True, confidence=0.9, resamples=20_000, seed=2)
    document = run.document()
    jsonschema.validate(document, schema)
    found = document["ci"]["summary"]
    drawn = itertools.product(run.tables.image_means(METRICS["iou"]).tolist(), repeat=4)
    means = sorted(math.fsum(values) / 4 for values in drawn)
    assert (found["miou_image"]["low"], found["miou_image"]["high"]) == pytest.approx(
        (means[12], means[-13]), abs=1e-12
    )
    assert found.keys() == document["summary"].keys()
    assert document["options"]["ci"] == {"confidence": 0.9, "resamples": 20_000, "seed": 2}
    assert document["ci"]["groups"] == 4


def test_intervals_are_drawn_once_for_all_documents(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is printed and what is written are one: 10,000 resamples of many images take longer than all else."""
    drawn, draw = [], segeval.run.run.resample
    monkeypatch.setattr("segeval.run.run.resample", lambda *args: drawn.append(1) or draw(*args))
    run = sample(root, ci=True, resamples=130, seed=6)
    sums = folder.write(run, tmp_path)
    assert json.loads((tmp_path / "run.json").read_text()) == run.document(sums)
    assert len(drawn) == 1


def test_losses_are_computed_once_for_all_documents(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them in one go over the images, and not once more for each."""
    made: list[int] = []
    evidence = EVIDENCE["losses"].evidence
    columns = evidence.columns
    monkeypatch.setattr(evidence, "columns", lambda *args: made.append(1) or columns(*args))
    run = sample(root)
    folder.write(run, tmp_path)
    assert len(run.document()["losses"]) == 12
    assert len(made) == 1


@pytest.mark.parametrize(("fitting", "looked"), [(0.5, [1] * 12), (5.9, [5, 5, 2]), (12, [12])])
def test_values_of_losses_at_hand(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitting: float, looked: list[int]
) -> None:
    """Of many images the values of so many losses are made at a time as fit, and files are the same."""
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    folder.write(sample(root), tmp_path / "whole")
    run, made = sample(root), []
    of_one = 8 * len(run.records) * (1 + len(run.class_table.classes))
    values = kind.Images.values
    monkeypatch.setattr(kind.Images, "values", lambda *args: made.append(len(args[1])) or values(*args))
    monkeypatch.setattr(kind, "AT_HAND", int(fitting * of_one))
    found = run.tables.columns("losses")
    assert len([found.images[name] for name in found.images]) == 12
    assert made == looked
    folder.write(run, tmp_path / "parts")
    assert content(tmp_path / "parts") == content(tmp_path / "whole")


def test_images_are_added_up_once_for_all_losses(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence is looked at as often for a dozen losses over all images together as for one."""
    looked: list[int] = []
    measured = counts.measured
    monkeypatch.setattr(counts, "measured", lambda *args: looked.append(1) or measured(*args))
    assert len(sample(root, losses="dice", loss_over="batch").document()["losses"]) == 1
    once = len(looked)
    assert len(sample(root, loss_over="batch").document()["losses"]) == 12
    assert len(looked) == 2 * once


def test_images_of_a_group_are_drawn_together(root: Path) -> None:
    """With --group-by one group there is no interval, and two groups give the wider one."""
    assert sample(root, ci=True, group_by="_").document()["ci"]["summary"]["miou_dataset"]["low"] is None
    two = sample(root, ci=True, group_by="^([a-z]+)_").document()["ci"]
    assert two["groups"] == 2
    low, high = two["summary"]["fw_iou"]["low"], two["summary"]["fw_iou"]["high"]
    assert low < 0.9596580841723501 < high


def test_document_fits_the_schema(root: Path, save: Save, schema: Schema) -> None:
    """With groups and colours, with nothing but nulls, and with failures."""
    save("pred/void.png", np.zeros((3, 4), np.uint8))
    save("gt/void.png", np.full((3, 4), 255, np.uint8))
    void = segeval.score(
        save("pred/void.png", np.zeros((3, 4), np.uint8)).parent, root_of(save), ignore=[255], num_classes=2
    )
    save("pred/broken.png", np.zeros((3, 4), np.uint8)).write_bytes(b"")
    save("gt/broken.png", np.zeros((3, 4), np.uint8))
    with pytest.warns(segeval.IncompleteRun, match="1 pairs were not scored; SEG201"):
        broken = segeval.score(root_of(save).parent / "pred", root_of(save), ignore=[255])
    for run in (sample(root), void, broken):
        jsonschema.validate(json.loads(run.to_json()), schema)
    assert (void.complete, broken.complete) == (True, False)
    assert void.document()["undefined"]["miou_dataset"] == {"skipped": 2, "of": 2, "reason": "all-ignored"}
    assert [f["code"] for f in broken.document()["images"]["failed"]] == ["SEG201"]


def root_of(save: Save) -> Path:
    """The folder of true masks that `save` writes to."""
    return save("gt/void.png", np.full((3, 4), 255, np.uint8)).parent


def test_schema_refuses_other_documents(root: Path, schema: Schema) -> None:
    """The schema is tight where people script: a renamed or mistyped key does not pass."""
    document = json.loads(sample(root).to_json())
    for break_it in (
        lambda d: d.pop("fingerprint"),
        lambda d: d["summary"].pop("miou_dataset"),
        lambda d: d["classes"][0].update(tp=-1),
        lambda d: d["images"].update(scored="4"),
        lambda d: d.update(schema="segeval-run/2"),
        lambda d: d["notes"].append({"id": "", "code": "SEG1", "message": ""}),
    ):
        broken = json.loads(json.dumps(document))
        break_it(broken)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


def test_json_text_is_canonical(root: Path, tmp_path: Path) -> None:
    """Sorted keys, no NaN, one final line feed, the same in the file."""
    run = sample(root)
    text = run.to_json(tmp_path / "run.json")
    assert (tmp_path / "run.json").read_text() == text
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert text == json.dumps(document, sort_keys=True, indent=1) + "\n"


def test_halves_add_up_to_the_whole(save: Save, tmp_path: Path) -> None:
    """Any split of the files, added in any order, gives the same bytes, also for ids that only one half holds."""
    random = np.random.RandomState(3)
    for n in range(6):
        ids = random.randint(0, 2 + n, (2, 5, 7)).astype(np.uint8)
        for side, mask in zip(("pred", "gt"), ids, strict=True):
            save(f"whole/{side}/{n}.png", mask)
            save(f"{'abc'[n % 3]}/{side}/{n}.png", mask)
    whole, a, b, c = (
        segeval.score(tmp_path / part / "pred", tmp_path / part / "gt") for part in ("whole", "a", "b", "c")
    )
    assert (c + a + b).to_json() == (a + (b + c)).to_json() == whole.to_json()


def test_runs_that_do_not_add_up(root: Path) -> None:
    with pytest.raises(ValueError, match="share images"):
        _ = sample(root) + sample(root)
    with pytest.raises(ValueError, match="other options"):
        _ = sample(root) + sample(root, presence="truth")


def test_the_fingerprint_is_of_the_truth_alone(save: Save, tmp_path: Path) -> None:
    """The same labels in another format and type, and other predictions, are the same data; other truth is not."""
    truth = np.array([[0, 1, 1], [2, 2, 0]], np.uint8)
    save("pred/a.png", truth)
    save("pred2/a.npy", truth[::-1])
    save("gt/a.png", truth)
    save("gt2/a.npy", truth.astype(np.int64))
    save("gt3/a.npy", truth.T.astype(np.int64))
    save("pred3/a.npy", truth.T)
    runs = [segeval.score(tmp_path / p, tmp_path / t) for p, t in (("pred", "gt"), ("pred2", "gt2"), ("pred3", "gt3"))]
    assert runs[0].fingerprint == runs[1].fingerprint != runs[2].fingerprint


def test_many_classes_list_only_those_that_occur(save: Save, tmp_path: Path) -> None:
    """65536 possible 16-bit ids: three occur, and no table or matrix of the others is made."""
    save("pred/a.png", np.array([[0, 65535], [300, 300]], np.uint16))
    save("gt/a.png", np.array([[0, 65535], [300, 0]], np.uint16))
    run = segeval.score(tmp_path / "pred", tmp_path / "gt", num_classes=65536)
    assert [row["id"] for row in run.classes] == [0, 300, 65535]
    assert run.matrix()["counts"] == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    assert run.summary["miou_dataset"] == (1 / 2 + 1 / 2 + 1) / 3


def test_more_ids_than_a_matrix_can_hold(save: Save, tmp_path: Path) -> None:
    """5,000 ids found: the matrix is left to confusion_images.csv, the scores are there."""
    ids = np.arange(5000, dtype=np.uint16).reshape(50, 100)
    save("pred/a.png", np.where(ids == 7, 8, ids))
    save("gt/a.png", ids)
    run = segeval.score(tmp_path / "pred", tmp_path / "gt")
    assert run.matrix()["counts"] is None
    assert run.summary["pixel_accuracy"] == 4999 / 5000
    folder.write(run, tmp_path)
    lines = (tmp_path / "confusion_images.csv").read_text().splitlines()
    assert len(lines) == 5001
    assert "a,7,8,1" in lines


def test_the_numbers_of_a_run(root: Path) -> None:
    """As the document has them, by the names that rules use."""
    run = sample(root, losses="dice,hausdorff_dt", loss_over="batch", beta=0.5)
    found, document = run.numbers(), run.document()
    assert found.keys() >= document["summary"].keys()
    assert found["miou_dataset"] == document["summary"]["miou_dataset"]
    assert found["group_mdice_image"] == document["summary"]["group_mdice_image"]
    row = document["classes"][2]
    assert (found[f"f_beta@0.5[{row['name']}]"], found[f"tp[{row['name']}]"]) == (row["f_beta@0.5"], row["tp"])
    assert found["loss.dice"] == document["losses"]["dice"]["value"]
    assert found[f"loss.hausdorff_dt[{row['name']}]"] == document["losses"]["hausdorff_dt"]["per_class"][row["name"]]


def test_a_run_is_shown_in_one_line(root):
    """However many images it has."""
    data = root / "sample_data"
    run = segeval.score(data / "pred", data / "truth", classes=str(data / "classes.csv"))
    assert repr(run) == f"<Run: 4 images, miou_dataset {run.summary['miou_dataset']:.4f}>"
