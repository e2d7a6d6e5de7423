"""`--multilabel`: masks with a channel for each class, from files to every output."""

import csv
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from support.loss_reference.cases import Case, with_effect

import segeval
from segeval import errors, losses

R = np.random.RandomState(12)
P = R.rand(2, 3, 12, 14)
T = (R.rand(2, 3, 12, 14) > np.array([0.3, 0.6, 0.8])[:, None, None]).astype(np.uint8)
OPTIONS: dict[str, Any] = {"multilabel": True, "classes": "a,b,c"}
LINE = ["pred", "gt", "--multilabel", "--num-classes", "3"]


@pytest.fixture
def folders(save: Any) -> tuple[str, str]:
    for n in range(2):
        save(f"pred/{'xy'[n]}.npy", P[n])
        save(f"gt/{'xy'[n]}.tif", T[n])
    return str(save("pred/x.npy", P[0]).parent), str(save("gt/x.tif", T[0]).parent)


def by_hand(threshold: float = 0.5, seen: Any = True) -> Any:
    """(4, images, classes): tp, fp, fn, tn."""
    p, t = threshold < P, T == 1
    return np.array([(each & seen).sum(axis=(2, 3)) for each in (p & t, p & ~t, ~p & t, ~p & ~t)])


@pytest.mark.parametrize("threshold", [0.5, 0.35])
def test_scores_by_hand(folders: tuple[str, str], threshold: float) -> None:
    """Each class against itself; pixel accuracy over all pixels and channels."""
    run = segeval.score(*folders, **OPTIONS, threshold=threshold)
    images = by_hand(threshold)
    tp, fp, fn, tn = images.sum(axis=1)
    for k, row in enumerate(run.classes):
        assert [row[name] for name in ("tp", "fp", "fn", "tn")] == [tp[k], fp[k], fn[k], tn[k]]
        assert row["iou"] == pytest.approx(tp[k] / (tp + fp + fn)[k])
    assert run.summary["miou_dataset"] == pytest.approx(np.mean(tp / (tp + fp + fn)))
    assert run.summary["mdice_image"] == pytest.approx(np.mean(2 * images[0] / (2 * images[0] + images[1] + images[2])))
    assert run.summary["pixel_accuracy"] == pytest.approx((tp + tn).sum() / T.size)
    assert run.summary["mean_accuracy"] == pytest.approx(np.mean(tp / (tp + fn)))


def test_ignored_pixels_leave_counts_and_losses(folders: tuple[str, str], save: Any) -> None:
    """255 in one channel takes the pixel out of all three, so that the pixels are those that the losses see."""
    void = np.zeros((12, 14), bool)
    void[2:5, 3:11] = True
    for n in range(2):
        truth = T[n].copy()
        truth[1][void] = 255
        save(f"gt/{'xy'[n]}.tif", truth)
    run = segeval.score(*folders, **OPTIONS, ignore=[255], losses="dice,cross_entropy,mean_squared_error")
    _, fp, _, tn = by_hand(seen=~void).sum(axis=1)
    assert [row["tn"] for row in run.classes] == tn.tolist()
    assert [row["fp"] for row in run.classes] == fp.tolist()
    assert run.confusion.total == 2 * 3 * (~void).sum()
    found = run.document()["losses"]
    for name in found:
        kept = [(P[n][:, ~void], T[n][:, ~void]) for n in range(2)]
        each = [losses.value(name, pred, truth, channels=True, multilabel=True) for pred, truth in kept]
        assert found[name]["value"] == pytest.approx(np.mean(each)), name


def test_every_loss_is_that_of_the_library(folders: tuple[str, str]) -> None:
    """Those that need classes which exclude each other are left out, with the reason."""
    document = segeval.score(*folders, **OPTIONS, losses="all", presence="truth", loss_average="micro").document()
    cases = [Case("multilabel", P[n], T[n], caller={"presence": "truth", "average": "micro"}) for n in range(2)]
    for name, found in document["losses"].items():
        options = with_effect(name, cases[0], {}).options
        each = [losses.value(name, case.pred, case.truth, **options) for case in cases]
        assert found["value"] == pytest.approx(np.mean(each), rel=1e-12), name
    assert "generalized_wasserstein_dice" in document["losses_left_out"]
    assert len(document["losses"]) > 40


def test_losses_of_each_class(folders: tuple[str, str]) -> None:
    """1 − 2 Σpt / (Σp + Σt) of each channel."""
    found = segeval.score(*folders, **OPTIONS, losses="dice").document()["losses"]["dice"]["per_class"]
    each = 1 - 2 * (P * T).sum(axis=(2, 3)) / (P.sum(axis=(2, 3)) + T.sum(axis=(2, 3)))
    assert found == pytest.approx(dict(zip("abc", each.mean(axis=0), strict=True)))


def test_logits_and_grey(folders: tuple[str, str], save: Any) -> None:
    """The same probabilities as scores, and in 16 bits."""
    expected = by_hand(0.7).sum(axis=1)[0].tolist()
    for name, array, options in (
        ("npy", np.log(P / (1 - P)), {"logits": True}),
        ("tif", np.round(P * 65535).astype(np.uint16), {"probability": True}),
    ):
        for n in range(2):
            save(f"{name}/{'xy'[n]}.{name}", array[n])
        run = segeval.score(Path(folders[0]).with_name(name), folders[1], **OPTIONS, **options, threshold=0.7)
        assert [row["tp"] for row in run.classes] == expected
        run = segeval.score(Path(folders[0]).with_name(name), folders[1], **OPTIONS, **options, losses="focal")
        each = [losses.value("focal", P[n], T[n], channels=True, multilabel=True) for n in range(2)]
        assert run.document()["losses"]["focal"]["value"] == pytest.approx(np.mean(each), rel=1e-4)


def test_hard_channels_warn_about_logarithms(folders: tuple[str, str], save: Any) -> None:
    for n in range(2):
        save(f"hard/{'xy'[n]}.npz", P[n] > 0.5)
    run = segeval.score(Path(folders[0]).with_name("hard"), folders[1], **OPTIONS, losses="cross_entropy")
    assert run.notes == []
    assert run.document()["losses"]["cross_entropy"]["clipped"] == 2
    wrong = ((P > 0.5) != (T == 1)).mean()
    assert run.document()["losses"]["cross_entropy"]["value"] == pytest.approx(-np.log(1e-7) * wrong, rel=1e-6)


def test_files(folders: tuple[str, str], invoke: Any, tmp_path: Path, root: Path) -> None:
    """run.json by its schema without a matrix, a row for each image and class, tables of cells with a header only."""
    result = invoke("score", *LINE, "-o", "out", "--losses", "dice")
    assert result.exit_code == 0, result.stderr
    assert "classes do not exclude each other" in result.stdout
    document = json.loads((tmp_path / "out/run.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads((root / "segeval/schemas/run.schema.json").read_text(encoding="utf-8")))
    assert document["confusion"] == {"truth_ids": [0, 1, 2], "pred_ids": [0, 1, 2, "other"], "counts": None}
    assert document["options"]["multilabel"] is True
    rows = list(csv.DictReader((tmp_path / "out/images.csv").read_text(encoding="utf-8").splitlines()))
    (row,) = [row for row in rows if (row["id"], row["class_id"]) == ("y", "2")]
    assert [int(row[name]) for name in ("tp", "fp", "fn")] == by_hand()[:3, 1, 2].tolist()
    assert (tmp_path / "out/confusion.csv").read_text(encoding="utf-8") == "truth_id,0,1,2,other\n"
    assert (tmp_path / "out/confusion_long.csv").read_text(encoding="utf-8") == "actual,predicted,pixels,share\n"
    assert (tmp_path / "out/confusion_images.csv").read_text(encoding="utf-8") == "id,truth_id,pred_id,pixels\n"
    for form in ("md", "csv", "json"):
        assert invoke("score", *LINE, "--format", form).exit_code == 0


def test_workers_and_storage_change_nothing(folders: tuple[str, str], save: Any, tmp_path: Path) -> None:
    """The same bytes for any number of workers; the same fingerprint for any format of the truth, not for others."""
    first = segeval.score(*folders, **OPTIONS, losses="dice,lovasz_hinge", jobs=1)
    assert segeval.score(*folders, **OPTIONS, losses="dice,lovasz_hinge", jobs=3).to_json() == first.to_json()
    for n in range(2):
        save(f"bool/{'xy'[n]}.npy", T[n] == 1)
        save(f"other/{'xy'[n]}.npy", T[n][[1, 0, 2]])
    stored = segeval.score(folders[0], tmp_path / "bool", **OPTIONS)
    assert stored.fingerprint == first.fingerprint
    assert segeval.score(folders[0], tmp_path / "other", **OPTIONS).fingerprint != first.fingerprint
    assert segeval.score(folders[0], tmp_path / "bool").fingerprint == first.fingerprint  # the same array of labels


def test_runs_add_up(folders: tuple[str, str], tmp_path: Path) -> None:
    parts = []
    for id_ in "yx":
        for side, suffix in (("pred", "npy"), ("gt", "tif")):
            (tmp_path / id_ / side).mkdir(parents=True)
            source = tmp_path / side / f"{id_}.{suffix}"
            (tmp_path / id_ / side / source.name).write_bytes(source.read_bytes())
        parts.append(segeval.score(tmp_path / id_ / "pred", tmp_path / id_ / "gt", multilabel=True))
    assert (parts[0] + parts[1]).to_json() == segeval.score(*folders, multilabel=True).to_json()


def test_a_missing_prediction_finds_nothing(folders: tuple[str, str]) -> None:
    """Every true pixel is missed, and none of its decisions is right."""
    Path(folders[0], "y.npy").unlink()
    run = segeval.score(*folders, **OPTIONS, missing="worst", losses="dice")
    images = by_hand()
    assert [row["fn"] for row in run.classes] == (images[2, 0] + T[1].sum(axis=(1, 2))).tolist()
    assert [row["fp"] for row in run.classes] == images[1, 0].tolist()
    right = images[0, 0].sum() + images[3, 0].sum()
    assert run.summary["pixel_accuracy"] == pytest.approx(right / T.size)
    assert run.document()["losses"]["dice"]["undefined"] == 1
    assert run.missing == ("y",)
    with pytest.warns(segeval.IncompleteRun):
        segeval.score(*folders, **OPTIONS)


def test_one_bad_file_costs_only_itself(folders: tuple[str, str], save: Any, invoke: Any) -> None:
    save("gt/x.tif", T[0] * 3)
    result = invoke("score", *LINE)
    assert result.exit_code == 3
    assert "SEG223 gt/x.tif: the channels of a truth hold 0 and 1" in result.stderr
    assert "INCOMPLETE: 1 image scored, 1 failed" in result.stdout


def test_all_foreground_ignored(folders: tuple[str, str], save: Any) -> None:
    """Channels of 0 and 255, and --ignore 255: never a score of background alone."""
    for n in range(2):
        save(f"gt/{'xy'[n]}.tif", T[n] * 255)
    with pytest.raises(errors.ForegroundIgnored) as caught:
        segeval.score(*folders, **OPTIONS, ignore=[255])
    assert "0 and 1" in caught.value.hint


def test_a_truth_of_nothing_and_void_is_scored(folders: tuple[str, str], save: Any) -> None:
    """Where nothing was predicted in the void, there is no foreground that could have been lost."""
    truth = np.zeros((3, 12, 14), np.uint8)
    truth[:, :2] = 255
    for n in range(2):
        save(f"gt/{'xy'[n]}.tif", truth)
        save(f"pred/{'xy'[n]}.npy", np.where(truth == 255, 0, P[n]))
    run = segeval.score(*folders, **OPTIONS, ignore=[255])
    assert run.summary["miou_dataset"] == 0


def test_a_class_that_the_file_ignores_has_no_loss(folders: tuple[str, str], tmp_path: Path) -> None:
    """Its channel is in the files, and in no number."""
    (tmp_path / "c.csv").write_text("id,name,ignore\n5,a,true\n3,b,\n4,c,\n", encoding="utf-8")
    run = segeval.score(*folders, multilabel=True, classes=tmp_path / "c.csv", losses="focal")
    each = [losses.value("focal", P[n, 1:], T[n, 1:], channels=True, multilabel=True) for n in range(2)]
    assert run.document()["losses"]["focal"]["value"] == pytest.approx(np.mean(each))
    assert [(row["id"], row["tp"]) for row in run.classes] == [
        (3, by_hand()[0, :, 1].sum()),
        (4, by_hand()[0, :, 2].sum()),
    ]


def test_without_classes_the_channels_are_the_classes(folders: tuple[str, str], save: Any) -> None:
    """All images must have as many."""
    assert [row["name"] for row in segeval.score(*folders, multilabel=True).classes] == ["0", "1", "2"]
    save("gt/x.tif", T[0, :2])
    save("pred/x.npy", P[0, :2])
    with pytest.raises(errors.UnfitChannels, match="more channels than others"):
        segeval.score(*folders, multilabel=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--binary"], "--multilabel and --binary"),
        (["--colors", "c.csv"], "--multilabel and --colors"),
        (["--confusion", "raw"], "--confusion"),
        (["--losses", "generalized_wasserstein_dice"], "exclude each other"),
        (["--losses", "weighted_cross_entropy", "--class-weights", "balanced"], "--class-weights"),
    ],
)
def test_wrong_use(folders: tuple[str, str], invoke: Any, tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "c.csv").write_text("id,name,color\n0,road,#804080\n3,sky,#000000\n", encoding="utf-8")
    result = invoke("score", *(LINE[:3] if "--binary" in options or "--colors" in options else LINE), *options)
    assert result.exit_code == 2, result.stdout
    assert said in result.stderr
    assert "Hint:" in result.stderr


def test_check(folders: tuple[str, str], save: Any, invoke: Any) -> None:
    """Headers are compared with their channels; which classes are there is said by their ids."""
    T0 = T[0].copy()
    T0[2] = 0
    save("gt/x.tif", T0)
    save("gt/y.tif", T0)
    result = invoke("check", *LINE)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "true ids: 0–1 (in 2 pairs)\npredicted ids: 0–2\nno problems" in result.stdout
    result = invoke("check", "pred", "gt", "--multilabel", "--num-classes", "4")
    assert result.exit_code == 3
    assert "SEG215 gt/x.tif is 3 x 12 x 14: not a channel for each of 4 classes" in result.stderr
    save("gt/y.tif", T0[0])
    result = invoke("check", *LINE)
    assert "SEG215 gt/y.tif is 12 x 14, without channels" in result.stderr


def test_the_study_of_losses(folders: tuple[str, str], invoke: Any, tmp_path: Path) -> None:
    line = [*LINE, "--losses", "dice,focal", "--steps", "2", "--format", "json", "--maps", "maps"]
    result = invoke("losses", *line)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    each = [losses.value("focal", P[n], T[n], channels=True, multilabel=True) for n in range(2)]
    assert document["losses"]["focal"]["value"] == pytest.approx(np.mean(each))
    assert document["sensitivity"]["focal"]["shift"]["values"][0] == pytest.approx(0, abs=1e-9)
    assert (tmp_path / "maps/x/focal.loss.png").exists()
