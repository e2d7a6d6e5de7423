"""`segeval score --losses`: from files to the block `losses`."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from PIL import Image

import segeval
from segeval import errors, losses
from segeval.losses.engine.kind import Losses

R = np.random.RandomState(2)
X = R.randn(3, 3, 12, 14)
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
T = R.randint(0, 3, (3, 12, 14)).astype(np.uint8)
T[0, :3] = 255
NAMES = "cross_entropy,dice,lovasz_softmax,dice_cross_entropy"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    for n in range(3):
        for side, array in (("pred", P[n].astype(np.float64)), ("gt", T[n])):
            (tmp_path / side).mkdir(exist_ok=True)
            np.save(tmp_path / side / f"{'abc'[n]}.npy", array)
    return str(tmp_path / "pred"), str(tmp_path / "gt")


def _score(folders: tuple[str, str], **options: Any) -> Any:
    return segeval.score(*folders, **{"num_classes": 3, "ignore": [255], **options}).document()


@pytest.mark.parametrize("hard", [False, True])
def test_orders_and_places_over_a_batch(folders: tuple[str, str], tmp_path: Path, hard: bool) -> None:
    """As of arrays, also of hard masks, whose counts tell most; in parts, stored, and by the size of a pixel."""
    given = P.argmax(axis=1).astype(np.uint8) if hard else P
    for n in range(3):
        np.save(tmp_path / "pred" / f"{'abc'[n]}.npy", given[n])
    names = ["lovasz_softmax", "lovasz_hinge", "log_hausdorff_dt", "soft_cldice", "exp_log", "boundary"]
    options = {"losses": names, "loss_over": "batch", "spacing": (0.5, 3), "num_classes": 3, "ignore": [255]}
    run = segeval.score(*folders, **options)
    for name in names:
        also = {"spacing": (0.5, 3)} if losses.LOSSES[name].distances else {}
        expected = losses.value(name, given, T, batch=True, ignore=(255,), reduction="pooled", **also)
        assert run.document()["losses"][name]["value"] == pytest.approx(expected, rel=1e-12), name
    both = [segeval.Evaluator(**options) for _ in range(2)]
    for n, id_ in enumerate("abc"):
        both[n % 2].update(given[n], T[n], id=id_, batch=False)
    assert (both[0] + both[1]).compute().document()["losses"] == run.document()["losses"]
    stored = Losses.unpacked(Losses.packed(run.of_kind("losses")))
    again = [
        replace(record, evidence={**record.evidence, "losses": each})
        for record, each in zip(run.records, stored, strict=True)
    ]
    assert replace(run, records=tuple(again)).document()["losses"] == run.document()["losses"]


def test_orders_over_a_batch_are_asked_for_by_name(folders: tuple[str, str]) -> None:
    document = _score(folders, losses="all", loss_over="batch")
    assert "lovasz_softmax" not in document["losses"]
    assert "keeps every pixel" in document["losses_left_out"]["lovasz_softmax"]
    assert "lovasz_softmax" in _score(folders, losses="all")["losses"]


def test_spacing_is_about_losses_that_measure_distances(folders: tuple[str, str]) -> None:
    one, two = (_score(folders, losses="boundary", spacing=s)["losses"]["boundary"]["value"] for s in (None, 2))
    assert two == pytest.approx(2 * one)


def test_the_value_is_the_mean_of_the_images(folders: tuple[str, str]) -> None:
    found = _score(folders, losses=NAMES, params={"dice.smooth": 0.5})["losses"]
    assert sorted(found) == sorted(NAMES.split(","))
    for name, block in found.items():
        params = {"smooth": 0.5} if name == "dice" else {}
        each = [losses.value(name, P[n], T[n], ignore=(255,), **params) for n in range(3)]
        assert block["value"] == pytest.approx(np.mean(each), rel=1e-12)
        assert (block["images"], block["undefined"]) == (3, 0)
    assert found["dice"]["params"] == {"smooth": 0.5, "overlap": "product", "smooth_below": None}


def test_per_class_is_by_name(folders: tuple[str, str]) -> None:
    """Σ over the pixels of a class of −ln p, over their number, then the mean of the images."""
    found = _score(folders, losses="cross_entropy", classes="a,b,c", num_classes=None)["losses"]["cross_entropy"]
    each = [[-np.log(P[n][c][T[n] == c]).mean() for n in range(3)] for c in range(3)]
    assert found["per_class"] == pytest.approx(dict(zip("abc", np.mean(each, axis=1), strict=True)))


def test_over_batch_adds_the_evidence_first(folders: tuple[str, str]) -> None:
    found = _score(folders, losses="dice,hausdorff_dt", loss_over="batch")["losses"]
    valid = T != 255
    each = []
    for c in range(3):
        p, t = P[:, c][valid], (c == T)[valid]
        each.append(1 - 2 * p[t].sum() / (p.sum() + t.sum()))
    assert found["dice"]["value"] == pytest.approx(np.mean(each))
    assert "sums" in found["dice"]["reduction"]
    each = [losses.per_class("hausdorff_dt", P[n], T[n], ignore=(255,)) for n in range(3)]
    assert found["hausdorff_dt"]["value"] == pytest.approx(np.mean(each, axis=0)[1:].mean())


def test_micro_and_background(folders: tuple[str, str]) -> None:
    micro = _score(folders, losses="dice", loss_average="micro")["losses"]["dice"]["value"]
    expected = [losses.value("dice", P[n], T[n], ignore=(255,), average="micro") for n in range(3)]
    assert micro == pytest.approx(np.mean(expected))
    without = _score(folders, losses="dice", loss_background="exclude")["losses"]["dice"]
    expected = [losses.value("dice", P[n], T[n], ignore=(255,), background=False) for n in range(3)]
    assert without["value"] == pytest.approx(np.mean(expected))


def test_class_0_is_the_background_wherever_it_stands(folders: tuple[str, str], tmp_path: Path) -> None:
    """Channels in the order 2, 0, 1 of a class file: what is excluded is class 0, not the first channel."""
    (tmp_path / "order.csv").write_text("id,name\n2,c\n0,a\n1,b\n", encoding="utf-8")
    for n in range(3):
        np.save(Path(folders[0], f"{'abc'[n]}.npy"), P[n][[2, 0, 1]])
    options = {"losses": "dice", "loss_background": "exclude", "num_classes": None}
    found = _score(folders, classes=tmp_path / "order.csv", **options)["losses"]["dice"]
    expected = [losses.value("dice", P[n], T[n], ignore=(255,), background=False) for n in range(3)]
    assert found["value"] == pytest.approx(np.mean(expected))


def test_losses_that_treat_class_0_apart_find_it(folders: tuple[str, str], tmp_path: Path) -> None:
    """Also in the channels of a class file of another order; and miss it where it is ignored."""
    (tmp_path / "order.csv").write_text("id,name\n2,c\n0,a\n1,b\n", encoding="utf-8")
    given = {"combo": {"beta": 0.8}, "unified_focal": {"delta": 0.7, "gamma": 0.3}, "generalized_wasserstein_dice": {}}
    params = {f"{name}.{key}": value for name, each in given.items() for key, value in each.items()}
    for n in range(3):
        np.save(Path(folders[0], f"{'abc'[n]}.npy"), P[n][[2, 0, 1]])
    for ignore in ([255], [255, 0]):
        options = {"num_classes": None, "classes": tmp_path / "order.csv", "params": params, "ignore": ignore}
        found = _score(folders, losses=",".join(given), **options)["losses"]
        for name, each in given.items():
            expected = [losses.value(name, P[n], T[n], ignore=ignore, **each) for n in range(3)]
            assert found[name]["value"] == pytest.approx(np.mean(expected)), (name, ignore)


def test_two_classes_without_class_0(tmp_path: Path) -> None:
    """A map of the second of the ids 3 and 7 is a binary problem, whose background is the first."""
    (tmp_path / "c.csv").write_text("id,name\n3,a\n7,b\n", encoding="utf-8")
    pred, truth = P[0, 0], np.where(T[1] == 2, 7, 3)
    for side, array in (("pred", pred), ("gt", truth)):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", array)
    options: dict[str, Any] = {"classes": tmp_path / "c.csv", "params": ["combo.beta=0.8", "unified_focal.delta=0.7"]}
    names = "combo,unified_focal,generalized_wasserstein_dice"
    found = segeval.score(tmp_path / "pred", tmp_path / "gt", losses=names, **options).document()["losses"]
    for name, params in (("combo", {"beta": 0.8}), ("unified_focal", {"delta": 0.7}), (names.split(",")[2], {})):
        assert found[name]["value"] == pytest.approx(losses.value(name, pred, (truth == 7).astype(int), **params)), name


def test_class_weights_are_those_of_the_whole_folder(folders: tuple[str, str]) -> None:
    """balanced: N/(C N_c) over all true masks; then Σ w_c (−ln p) over the pixels of each image."""
    found = _score(folders, losses="weighted_cross_entropy", class_weights="balanced")
    counts = np.bincount(T[T != 255], minlength=3)
    weights = counts.sum() / (3 * counts)
    block = found["losses"]["weighted_cross_entropy"]
    assert block["params"]["class_weights"] == pytest.approx(weights.tolist())
    each = [
        losses.value("weighted_cross_entropy", P[n], T[n], ignore=(255,), class_weights=weights.tolist())
        for n in range(3)
    ]
    assert block["value"] == pytest.approx(np.mean(each))
    alike = _score(folders, losses="weighted_cross_entropy,cross_entropy", class_weights="none")["losses"]
    assert alike["weighted_cross_entropy"]["params"]["class_weights"] == [1, 1, 1]
    assert alike["weighted_cross_entropy"]["value"] == pytest.approx(alike["cross_entropy"]["value"], rel=1e-12)
    assert alike["cross_entropy"]["value"] > 0.01
    given = _score(folders, losses="weighted_cross_entropy", class_weights="0=1,1=0,2=5")["losses"]
    assert given["weighted_cross_entropy"]["params"]["class_weights"] == [1, 0, 5]


def test_weight_maps_are_found_by_name(folders: tuple[str, str], tmp_path: Path) -> None:
    maps = R.rand(3, 12, 14).astype(np.float32)
    (tmp_path / "maps").mkdir()
    for n in range(3):
        np.save(tmp_path / "maps" / f"{'abc'[n]}.npy", maps[n])
    found = _score(folders, losses="unet_cross_entropy", weights=tmp_path / "maps")["losses"]["unet_cross_entropy"]
    each = [losses.value("unet_cross_entropy", P[n], T[n], ignore=(255,), weights=maps[n]) for n in range(3)]
    assert found["value"] == pytest.approx(np.mean(each))
    (tmp_path / "maps" / "b.npy").unlink()
    with pytest.warns(segeval.IncompleteRun):
        run = segeval.score(
            *folders, num_classes=3, ignore=[255], losses="unet_cross_entropy", weights=tmp_path / "maps"
        )
    assert [(note.id, note.code) for note in run.failures] == [("b", errors.MissingPrediction.code)]


def test_all_means_what_the_inputs_allow(folders: tuple[str, str]) -> None:
    found = _score(folders, losses="all")
    assert set(found["losses_left_out"]) == {"unet_cross_entropy", "weighted_cross_entropy"}
    assert "weights" in found["losses_left_out"]["unet_cross_entropy"]
    assert set(found["losses"]) | set(found["losses_left_out"]) == set(losses.names()) - {
        *("faster_rcnn", "mask_rcnn_mask", "minimax_gan")
    }
    assert all(block["value"] is not None for name, block in found["losses"].items())


def test_hard_masks_are_one_hot_and_said_to_be(tmp_path: Path) -> None:
    pred, truth = np.array([[0, 1, 1, 2, 0]], np.uint8), np.array([[0, 1, 2, 2, 255]], np.uint8)
    for side, array in (("pred", pred), ("gt", truth)):
        (tmp_path / side).mkdir()
        Image.fromarray(array).save(tmp_path / side / "a.png")
    found = _score((str(tmp_path / "pred"), str(tmp_path / "gt")), losses="dice,cross_entropy")
    assert found["losses"]["dice"]["value"] == pytest.approx((0 + 1 / 3 + 1 / 3) / 3)
    assert found["losses"]["cross_entropy"]["value"] == pytest.approx(-np.log(1e-7) / 4, rel=1e-6)
    assert (found["losses"]["cross_entropy"]["clipped"], found["notes"]) == (1, [])
    assert "clipped" not in found["losses"]["dice"]


@pytest.mark.parametrize("kind", ["grey", "map", "logits"])
def test_binary_probabilities_of_every_kind(tmp_path: Path, kind: str) -> None:
    grey, truth = R.randint(0, 256, (9, 11)).astype(np.uint8), R.randint(0, 2, (9, 11)).astype(np.uint8) * 255
    p = grey / 255
    for side in ("pred", "gt"):
        (tmp_path / side).mkdir()
    Image.fromarray(truth).save(tmp_path / "gt" / "a.png")
    if kind == "grey":
        Image.fromarray(grey).save(tmp_path / "pred" / "a.png")
    else:
        p = np.clip(p, 0.01, 0.99)
        np.save(tmp_path / "pred" / "a.npy", p if kind == "map" else np.log(p / (1 - p)))
    options = {"grey": {"probability": True}, "map": {}, "logits": {"logits": True}}[kind]
    run = segeval.score(tmp_path / "pred", tmp_path / "gt", binary=True, losses="dice,cross_entropy", **options)
    block = run.document()["losses"]
    for name in ("dice", "cross_entropy"):
        assert block[name]["value"] == pytest.approx(losses.value(name, p, truth // 255), rel=1e-9)
    assert block["dice"]["per_class"]["background"] is None
    assert block["dice"]["per_class"]["foreground"] == block["dice"]["value"]


def test_a_missing_prediction_is_undefined_and_counted(folders: tuple[str, str]) -> None:
    Path(folders[0], "b.npy").unlink()
    found = _score(folders, losses="dice", missing="worst")["losses"]["dice"]
    each = [losses.value("dice", P[n], T[n], ignore=(255,)) for n in (0, 2)]
    assert (found["images"], found["undefined"]) == (3, 1)
    assert found["value"] == pytest.approx(np.mean(each))


def test_files(folders: tuple[str, str], tmp_path: Path, root: Path) -> None:
    """run.json by its schema, and a column for each loss in images.csv."""
    from click.testing import CliRunner

    from segeval.cli.main import cli

    out = tmp_path / "out"
    line = ["score", *folders, "--num-classes", "3", "--ignore", "255", "--losses", "dice,entropy", "-o", str(out)]
    result = CliRunner().invoke(cli, line)
    assert result.exit_code == 0, result.output
    document = json.loads((out / "run.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads((root / "segeval/schemas/run.schema.json").read_text(encoding="utf-8")))
    rows = list(csv.DictReader((out / "images.csv").read_text(encoding="utf-8").splitlines()))
    p, t = P[1, 2], T[1] == 2
    (row,) = [row for row in rows if (row["id"], row["class_id"]) == ("b", "2")]
    assert float(row["loss.dice"]) == pytest.approx(1 - 2 * p[t].sum() / (p.sum() + t.sum()))
    assert "dice" in result.output
    assert sorted(document["options"]["losses"]["names"]) == ["dice", "entropy"]


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"losses": "dicee"}, errors.UnknownName, "dice"),
        ({"losses": "dice", "params": {"dice.smoth": 1}}, errors.BadParameter, "smooth"),
        ({"losses": "dice", "params": ["tversky.fn_weight=1"]}, errors.BadParameter, "tversky"),
        ({"losses": "dice", "params": ["smooth=1"]}, errors.BadParameter, "names no loss"),
        ({"losses": "dice", "params": ["dice.smooth=x"]}, errors.BadParameter, "'x'"),
        ({"losses": "unet_cross_entropy"}, errors.BadParameter, "weights"),
        ({"losses": "weighted_cross_entropy"}, errors.BadParameter, "class_weights"),
        ({"losses": "minimax_gan"}, errors.NoGradient, "minimax_gan"),
        ({"losses": "dice", "class_weights": "balance"}, errors.BadOption, "balance"),
        ({"losses": "none", "params": ["dice.smooth=1"]}, errors.BadOption, "--losses"),
        ({"losses": "none", "class_weights": "balanced"}, errors.BadOption, "--losses"),
        ({"params": ["huber.delta=0.4"]}, errors.BadParameter, "--losses default,huber"),
    ],
)
def test_wrong_use(folders: tuple[str, str], options: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as caught:
        _score(folders, **options)
    assert isinstance(caught.value, errors.UsageError)
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_runs_add_up(folders: tuple[str, str], tmp_path: Path) -> None:
    """Halves of the folder give the same block as the whole, whatever the workers."""
    np.save(Path(folders[1], "b.npy"), np.where(T[0] == 255, 255, T[1]))
    whole = segeval.score(*folders, num_classes=3, ignore=[255], losses="all", loss_over="batch", jobs=2)
    parts = []
    for ids in ("ac", "b"):
        for side in ("pred", "gt"):
            (tmp_path / ids / side).mkdir(parents=True)
            for id_ in ids:
                source = Path(folders[side == "gt"], f"{id_}.npy")
                (tmp_path / ids / side / f"{id_}.npy").write_bytes(source.read_bytes())
        pair = (tmp_path / ids / "pred", tmp_path / ids / "gt")
        parts.append(segeval.score(*pair, num_classes=3, ignore=[255], losses="all", loss_over="batch", jobs=1))
    assert (parts[0] + parts[1]).document()["losses"] == whole.document()["losses"]


def test_classes_that_nobody_named_are_those_of_the_files(tmp_path: Path, folders: tuple[str, str]) -> None:
    """Of channels all, of ids those found; the same values as where they are named, and a note."""
    names = ["dice", "focal", "hausdorff_dt", "weighted_cross_entropy"]
    options: dict[str, Any] = {"losses": names, "class_weights": "balanced"}
    found, named = (_score(folders, **options, num_classes=number) for number in (None, 3))
    assert [row["id"] for row in found["classes"]] == [0, 1, 2]
    assert {note["code"] for note in found["notes"]} >= {"SEG259"}
    assert found["options"]["classes_found"] is True
    for name, block in named["losses"].items():
        assert found["losses"][name]["value"] == block["value"]
    for side, labels in (("hard", P.argmax(axis=1) * 2), ("true", np.where(T == 255, 255, T * 2))):
        (tmp_path / side).mkdir()
        for n in range(3):
            np.save(tmp_path / side / f"{n}.npy", labels[n].astype(np.uint8))
    ids = segeval.score(tmp_path / "hard", tmp_path / "true", ignore=[255], losses="dice").document()
    assert list(ids["losses"]["dice"]["per_class"]) == ["0", "2", "4"]
    each = [losses.value("dice", P[n].argmax(axis=0), T[n], ignore=(255,)) for n in range(3)]
    assert ids["losses"]["dice"]["value"] == pytest.approx(np.mean(each), rel=1e-12)
