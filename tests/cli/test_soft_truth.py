"""`--soft-truth`: a truth of fractions, for losses as it is, for counts as the labels that it makes most likely."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import segeval
from segeval import errors, losses

R = np.random.RandomState(21)
X = R.randn(2, 3, 11, 13)
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
G = R.dirichlet([0.4, 0.7, 0.5], (2, 11, 13)).transpose(0, 3, 1, 2)
F = R.rand(2, 11, 13)
VOID = np.zeros((11, 13), bool)
VOID[3:5, 2:9] = True
NAMES = "dice,cross_entropy,kl_divergence,mean_squared_error,focal"


@pytest.fixture
def pairs(save: Any, tmp_path: Path) -> Any:
    """Save two pairs; gives the folders."""

    def pairs(pred: Any, truth: Any) -> tuple[Path, Path]:
        for n in range(2):
            save(f"pred/{n}.npy", pred[n])
            save(f"gt/{n}.npy", truth[n])
        return tmp_path / "pred", tmp_path / "gt"

    return pairs


def score(folders: tuple[Path, Path], **options: Any) -> segeval.Run:
    return segeval.score(*folders, **{"soft_truth": True, "num_classes": 3, **options})


def values(run: segeval.Run) -> dict[str, float]:
    return {name: found["value"] for name, found in run.document()["losses"].items()}


def expected(pred: Any, truth: Any, **options: Any) -> dict[str, float]:
    """The mean of what the library says of both images."""
    return {
        name: float(np.mean([losses.value(name, pred[n], truth[n], channels=True, **options) for n in range(2)]))
        for name in NAMES.split(",")
    }


def test_classes_that_exclude_each_other(pairs: Any) -> None:
    """Losses by the fractions; counts by the largest of them."""
    run = score(pairs(P, G), losses=NAMES)
    assert values(run) == pytest.approx(expected(P, G), rel=1e-12)
    wanted = np.zeros((3, 4), int)
    np.add.at(wanted, (G.argmax(axis=1), P.argmax(axis=1)), 1)
    assert run.confusion.matrix.tolist() == wanted.tolist()
    assert run.document()["options"]["soft_truth"] is True


def test_channels_stand_for_the_ids_of_the_class_file(pairs: Any, tmp_path: Path) -> None:
    (tmp_path / "classes.csv").write_text("id,name\n7,a\n0,b\n300,c\n", encoding="utf-8")
    run = score(pairs(P, G), num_classes=None, classes=tmp_path / "classes.csv", losses="dice")
    assert [row["truth_pixels"] for row in run.classes] == np.bincount(G.argmax(axis=1).ravel()).tolist()
    assert values(run)["dice"] == pytest.approx(expected(P, G)["dice"])


def test_a_foreground_of_fractions(pairs: Any) -> None:
    """Above one half is foreground: one half is not."""
    truth = F.copy()
    truth[0, 0, 0] = 0.5
    run = score(pairs(P[:, 0], truth), binary=True, num_classes=None, losses=NAMES)
    wanted = expected(P[:, :1], truth[:, None])
    assert values(run) == pytest.approx(wanted, rel=1e-12)
    assert run.classes[1]["truth_pixels"] == (truth > 0.5).sum()
    assert run.classes[1]["tp"] == ((truth > 0.5) & (P[:, 0] > 0.5)).sum()


def test_two_channels_against_a_foreground(pairs: Any) -> None:
    """A softmax of two classes and the fraction of the foreground; and the other way round."""
    two = np.stack([1 - P[:, 0], P[:, 0]], axis=1)
    soft = np.stack([1 - F, F], axis=1)
    run = score(pairs(two, F), binary=True, num_classes=None, losses=NAMES)
    assert values(run) == pytest.approx(expected(two, soft), rel=1e-12)
    run = score(pairs(P[:, 0], soft), num_classes=2, losses=NAMES)
    assert values(run) == pytest.approx(expected(P[:, :1], F[:, None]), rel=1e-12)


def test_hard_predictions(pairs: Any) -> None:
    """Labels are one-hot probabilities."""
    labels = P.argmax(axis=1)
    one_hot = np.stack([labels == c for c in range(3)], axis=1).astype(float)
    run = score(pairs(labels.astype(np.uint8), G), losses=NAMES)
    assert values(run) == pytest.approx(expected(one_hot, G), rel=1e-12)
    hard = (P[:, 0] > 0.4).astype(np.uint8)
    run = score(pairs(hard, F), binary=True, num_classes=None, losses=NAMES)
    assert values(run) == pytest.approx(expected(hard[:, None].astype(float), F[:, None]), rel=1e-12)


def test_multilabel_fractions(pairs: Any) -> None:
    """Each channel by itself; they need not sum to 1."""
    pred, truth = R.rand(2, 3, 11, 13), R.rand(2, 3, 11, 13)
    run = score(pairs(pred, truth), multilabel=True, losses=NAMES)
    assert values(run) == pytest.approx(expected(pred, truth, multilabel=True), rel=1e-12)
    assert [row["fn"] for row in run.classes] == ((truth > 0.5) & (pred <= 0.5)).sum(axis=(0, 2, 3)).tolist()


@pytest.mark.parametrize("kind", ["classes", "binary", "multilabel"])
def test_ignored_pixels(pairs: Any, kind: str) -> None:
    """255 in one channel, or in the map; the rest counts as if those pixels were not there."""
    pred, truth = {"classes": (P, G), "binary": (P[:, :1], F[:, None]), "multilabel": (P, np.sqrt(G))}[kind]
    marked = truth.copy()
    marked[:, -1][:, VOID] = 255
    options: dict[str, Any] = {"classes": {}, "binary": {"binary": True, "num_classes": None}}.get(
        kind, {"multilabel": True}
    )
    folders = pairs(pred[:, 0], marked[:, 0]) if kind == "binary" else pairs(pred, marked)
    run = score(folders, **options, ignore=[255], losses=NAMES)
    multilabel = {"multilabel": True} if kind == "multilabel" else {}
    assert values(run) == pytest.approx(expected(pred[:, :, ~VOID], truth[:, :, ~VOID], **multilabel), rel=1e-12)
    assert run.confusion.total == 2 * (~VOID).sum() * (3 if kind == "multilabel" else 1)


def test_one_hot_fractions_are_labels(pairs: Any, save: Any, tmp_path: Path) -> None:
    """Whole numbers in channels give the numbers of the same labels."""
    labels = G.argmax(axis=1)
    one_hot = np.stack([labels == c for c in range(3)], axis=1)
    found = [score(pairs(P, one_hot.astype(kind)), losses=NAMES) for kind in (np.float32, np.uint8, bool)]
    for n in range(2):
        save(f"labels/{n}.png", labels[n].astype(np.uint8))
    plain = segeval.score(tmp_path / "pred", tmp_path / "labels", num_classes=3, losses=NAMES)
    for run in found:
        assert values(run) == pytest.approx(values(plain), rel=1e-12)
        assert run.confusion.matrix.tolist() == plain.confusion.matrix.tolist()
        assert run.fingerprint == found[0].fingerprint


def test_the_fingerprint_covers_every_fraction(pairs: Any) -> None:
    """Also where the labels stay the same; and what is ignored."""
    first = score(pairs(P, G)).fingerprint
    other = G.copy()
    other[1, :, 4, 4] = [0.2, 0.3, 0.5]
    assert other.argmax(axis=1)[1, 4, 4] == 2
    changed = score(pairs(P, other)).fingerprint
    other[1, :, 4, 4] = [0.1, 0.4, 0.5]
    again = score(pairs(P, other)).fingerprint
    other[1, :, 4, 4] = 255
    ignored = score(pairs(P, other), ignore=[255]).fingerprint
    assert len({first, changed, again, ignored}) == 4


def test_a_missing_prediction(pairs: Any) -> None:
    folders = pairs(P, G)
    (folders[0] / "1.npy").unlink()
    run = score(folders, missing="worst", losses="dice")
    assert run.confusion.matrix[:, 3].tolist() == np.bincount(G[1].argmax(axis=0).ravel()).tolist()
    assert run.document()["losses"]["dice"]["undefined"] == 1


BAD: list[tuple[Any, Any, dict[str, Any], type[Exception], str]] = [
    (P, G * 0.9, {}, errors.NotProbabilities, "sum to 0.9"),
    (P, G * 0.9, {}, errors.NotProbabilities, "--multilabel"),
    (P, G - 0.5, {}, errors.NotProbabilities, "from -0.5"),
    (P, np.where(VOID, 255, G), {}, errors.NotProbabilities, "--ignore"),
    (P, np.where(VOID, np.nan, G), {}, errors.NotFinite, "gt/0.npy"),
    (P, G[:, :2], {}, errors.UnfitChannels, "not a channel for each of 3 classes"),
    (P, G.argmax(axis=1), {}, errors.UnfitChannels, "11 x 13: not a channel"),
    (P, G.transpose(0, 2, 3, 1), {}, errors.UnfitChannels, "moveaxis"),
    (P, G[:, :, :9], {}, errors.ShapesDiffer, "3 x 11 x 13 but gt/0.npy is 9 x 13"),
    (P, G * 2, {"multilabel": True}, errors.NotProbabilities, "within [0, 1]"),
    (P, G, {"multilabel": True, "soft_truth": False}, errors.FractionalTruth, "--soft-truth"),
    (P, F, {"soft_truth": False}, errors.FractionalTruth, "--soft-truth"),
]


@pytest.mark.parametrize(("pred", "truth", "options", "kind", "said"), BAD)
def test_bad_input(
    pairs: Any, pred: Any, truth: Any, options: dict[str, Any], kind: type[errors.SegevalError], said: str
) -> None:
    with pytest.warns(segeval.IncompleteRun):
        run = score(pairs(pred, truth), **options)
    assert [note.code for note in run.failures] == [kind.code] * 2
    assert said in f"{run.failures[0].message} {run.failures[0].hint}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ignore": [2]}, "one of them is ignored"),
        ({"ignore": [1], "num_classes": None}, "cannot be ignored"),
        ({"losses": "generalized_wasserstein_dice"}, "hard truths"),
    ],
)
def test_wrong_use(pairs: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.UsageError, match=said):
        score(pairs(P, G), **options)


def test_all_losses_but_those_of_hard_truths(pairs: Any) -> None:
    document = score(pairs(P, G), losses="all").document()
    assert "generalized_wasserstein_dice" in document["losses_left_out"]
    assert len(document["losses"]) > 40


def test_check_and_study(pairs: Any, invoke: Any) -> None:
    pairs(P, G)
    line = ["pred", "gt", "--num-classes", "3", "--soft-truth"]
    result = invoke("check", *line)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "true ids: 0–2 (in 2 pairs)" in result.stdout
    assert invoke("check", *line[:3], "4", "--soft-truth").exit_code == 3
    result = invoke("losses", *line, "--losses", "dice,entropy", "--steps", "1", "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["losses"]["dice"]["value"] == pytest.approx(expected(P, G)["dice"])
    pairs(F, F)
    assert invoke("check", *line[:2], "--binary", "--soft-truth").exit_code == 0


@pytest.mark.parametrize("kind", ["classes", "binary", "both"])
def test_ignored_pixels_of_losses_with_places(pairs: Any, save: Any, tmp_path: Path, kind: str) -> None:
    """As with labels: they are background in every distance, whatever stands in their other channels."""
    labels = G.argmax(axis=1) if kind == "classes" else (F > 0.5).astype(int)
    pred = {"classes": P, "binary": P[:, 0], "both": np.stack([1 - P[:, 0], P[:, 0]], axis=1)}[kind]
    truth = np.stack([labels == c for c in range(3)], axis=1).astype(float) if kind == "classes" else labels * 1.0
    truth[..., VOID] = 255 if kind != "classes" else 0.75
    if kind == "classes":
        truth[:, 1][:, VOID] = 255
    for n in range(2):
        save(f"labels/{n}.npy", np.where(VOID, 255, labels[n]))
    options: dict[str, Any] = {"ignore": [255], "losses": "boundary,hausdorff_dt,hausdorff_er,ssim,lovasz_softmax"}
    options |= {"binary": True, "num_classes": None} if kind != "classes" else {"num_classes": 3}
    options |= {"params": {"ssim.window": 5}, "loss_background": "include"}
    soft = score(pairs(pred, truth), **options)
    hard = segeval.score(tmp_path / "pred", tmp_path / "labels", **options)
    assert values(soft) == pytest.approx(values(hard), rel=1e-12)


def test_half_is_not_above_one_half(pairs: Any) -> None:
    run = score(pairs(P, np.full(P.shape, 0.5)), multilabel=True)
    assert [row["truth_pixels"] for row in run.classes] == [0, 0, 0]
    run = score(pairs(P, np.full(P.shape, np.nextafter(0.5, 1))), multilabel=True)
    assert [row["truth_pixels"] for row in run.classes] == [286, 286, 286]


def test_an_ignored_pixel_is_not_an_empty_one(pairs: Any) -> None:
    """The fingerprints of both differ, though the losses see 0 in either."""
    empty, ignored = G.copy(), G.copy()
    empty[0, :, VOID], ignored[0, :, VOID] = 0, 255
    empty[1, :, 0] = ignored[1, :, 0] = 255
    found = [score(pairs(P, truth), multilabel=True, ignore=[255]).fingerprint for truth in (empty, ignored)]
    assert found[0] != found[1]
