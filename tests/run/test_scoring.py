"""Scores of classes and data sets, against vectors whose numbers come from other programs and from paper."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.reference import VECTORS, cases
from support.scores import Scores

from segeval.errors import BadOption, BadParameter, UnknownName, UsageError
from segeval.evidence import Confusion
from segeval.metrics import METRICS
from segeval.run.numbers import find
from segeval.run.scoring import Scoring
from segeval.run.tables import Outline, Tables, merged_tables

nan = np.nan


def scored(name: str, ids: list[int], ignore: tuple[int, ...] = (), **options: Any) -> Scores:
    """The scores of a vector's cases."""
    confusions = [Confusion.of(p, t, ids=ids, ignore=ignore) for p, t in cases(VECTORS[name])]
    return Scores.of(confusions, ids, Scoring(**options))


def close(found: Any, expected: Any) -> None:
    """Equal to the vector's digits; null is nan."""
    np.testing.assert_allclose(np.array(found, float), np.array(expected, float), atol=1e-6, rtol=0)


def per_class(scores: Scores, metric: str) -> list[float]:
    return [row[metric] for row in scores.classes()]


@pytest.mark.parametrize("name", ["P1-ignore-hallucinated-absent", "P2-unknown-predicted-labels"])
def test_ignored_hallucinated_absent_and_unknown(name: str) -> None:
    expected = VECTORS[name]["expected"]
    scores = scored(name, VECTORS[name]["params"]["labels"], (255,))
    close(per_class(scores, "iou"), expected["iou_per_class"])
    close(per_class(scores, "dice"), expected["dice_per_class"])
    close(per_class(scores, "recall"), expected["accuracy_per_class"])
    close(scores.values(METRICS["iou"], scores.images), expected["iou_per_image_and_class"])
    for key in ("miou_dataset", "miou_image", "miou_class", "pixel_accuracy"):
        close(scores.summary[key].value, expected[key])
    rows = scores.classes()
    for row_key, key in (("n_missed", "missed"), ("n_hallucinated", "hallucinated"), ("n_both_empty", "absent")):
        assert sum(row[row_key] for row in rows) == expected[f"n_{key}_image_class"]
    assert scores.total == expected["n_valid_pixels"]


@pytest.mark.parametrize(
    ("profile", "options", "keys"),
    [
        ("detectron2", {"presence": "truth"}, {"mIoU": "miou_dataset", "fwIoU": "fw_iou", "mACC": "mean_accuracy"}),
        ("hf_mean_iou", {}, {"mean_iou": "miou_dataset", "mean_accuracy": "mean_accuracy"}),
    ],
)
def test_profiles_of_other_programs(profile: str, options: dict[str, str], keys: dict[str, str]) -> None:
    """detectron2 counts classes of the truth only, in percent; Hugging Face those of the union."""
    name = "P1-ignore-hallucinated-absent"
    expected = VECTORS[name]["expected"][f"profile.{profile}"]
    scores = scored(name, [0, 1, 2, 3], (255,), **options)
    percent = 100 if profile == "detectron2" else 1
    found = {key: scores.summary[ours].value * percent for key, ours in keys.items() if key in expected}
    assert found
    close(list(found.values()), [expected[key] for key in found])


def test_three_means_differ_and_none_is_the_flat_one() -> None:
    name = "P3-no-ignore-three-cases"
    expected = VECTORS[name]["expected"]
    scores = scored(name, [0, 1, 2, 3])
    for key in ("miou_dataset", "miou_image", "miou_class"):
        close(scores.summary[key].value, expected[key])
    close(scores.values(METRICS["dice"], scores.images)[:, 1:], expected["dice_per_case"])
    close(per_class(scores, "dice_over_images")[1:], expected["profile.nnunet"]["dice_mean_per_label"])
    flat = expected["profile.torchmetrics_mean_iou"]["flat_mean_over_image_class_pairs"]
    assert all(abs(scores.summary[key].value - flat) > 1e-3 for key in ("miou_dataset", "miou_image", "miou_class"))


def test_monai_per_case() -> None:
    """MONAI's default leaves out what the truth does not hold: `presence="truth"`."""
    name = "P3-no-ignore-three-cases"
    scores = scored(name, [0, 1, 2, 3], presence="truth")
    expected = VECTORS[name]["expected"]["profile.monai_dice_default"]["per_case"]
    close(scores.values(METRICS["dice"], scores.images)[:, 1:], expected)


@pytest.mark.parametrize("name", ["monai-per-image-per-class", "monai-mean-and-mean-batch"])
def test_monai_binary_channels(name: str) -> None:
    expected = VECTORS[name]["expected"]["dice_per_image_and_class"]
    scores = scored(name, [0, 1], presence="truth")
    close(scores.values(METRICS["dice"], scores.images)[:, 1], np.ravel(np.array(expected, float)))


def test_hugging_face_documentation_example() -> None:
    expected = VECTORS["hf-mean-iou-doc"]["expected"]
    scores = scored("hf-mean-iou-doc", list(range(10)), (255,))
    close(per_class(scores, "iou"), expected["iou_per_class"])
    close(per_class(scores, "recall"), expected["accuracy_per_class"])
    for ours, theirs in (
        ("miou_dataset", "miou_dataset"),
        ("mean_accuracy", "mean_class_accuracy"),
        ("pixel_accuracy",) * 2,
    ):
        close(scores.summary[ours].value, expected[theirs])


def test_torchmetrics_dice() -> None:
    expected = VECTORS["tm-missing-classes"]["expected"]
    scores = scored("tm-missing-classes", [0, 1, 2, 3])
    close(per_class(scores, "dice")[1:], expected["global.per_class"])
    close(per_class(scores, "dice_over_images")[1:], expected["samplewise.per_class"])


def test_torchmetrics_absent_class() -> None:
    scores = scored("tm-absent-class", [0, 1, 2])
    close(per_class(scores, "iou"), [1, 1, nan])
    found = scores.summary["miou_dataset"]
    assert (found.value, found.undefined, found.of) == (1.0, 1, 3)


def test_a_miss_is_zero_and_both_empty_is_undefined() -> None:
    expected = VECTORS["V12-undefined-in-the-mean"]["expected"]
    scores = scored("V12-undefined-in-the-mean", [0, 1])
    close(scores.values(METRICS["dice"], scores.images)[:, 1], expected["dice_per_case"])
    row = scores.classes()[1]
    close(row["dice_over_images"], expected["dice_mean"])
    assert row["images"] == expected["n_defined"]
    assert {k: row[k] for k in ("n_both_empty", "n_missed", "n_hallucinated")} == {
        k: expected[k] for k in ("n_both_empty", "n_missed", "n_hallucinated")
    }


def test_a_mean_of_nothing_is_undefined_with_a_reason() -> None:
    row = scored("V12b-all-undefined", [0, 1]).classes()[1]
    assert np.isnan([row["dice"], row["dice_over_images"], row["recall"]]).all()
    assert row["undefined"]["dice"] == row["undefined"]["dice_over_images"] == "absent-in-both"
    assert (row["images"], row["n_both_empty"]) == (0, 2)


@pytest.mark.parametrize("presence", ["union", "truth"])
def test_a_hallucination_is_counted_under_either_rule(presence: str) -> None:
    expected = VECTORS["V14-hallucination"]["expected"]
    scores = scored("V14-hallucination", [0, 1], presence=presence)
    close(scores.values(METRICS["dice"], scores.images)[:, 1], expected[f"{presence}.dice_per_case"])
    row = scores.classes()[1]
    close(row["dice_over_images"], expected[f"{presence}.dice_mean"])
    assert (row["n_hallucinated"], row["n_missed"]) == (expected["n_hallucinated"], expected["n_missed"])


def test_rare_class_missed() -> None:
    """A confusion given as a matrix: 9900, 50 / 50, 0."""
    vector = VECTORS["V5-rare-class-missed"]
    cells = np.array([0, 0, 1]), np.array([0, 1, 0]), np.array([9900, 50, 50])
    assert vector["inputs"]["confusion"] == [[9900, 50], [50, 0]]
    scores = Scores.of([Confusion.from_cells(cells, [0, 1])], [0, 1], Scoring())
    expected = vector["expected"]
    close(per_class(scores, "dice"), expected["dice_per_class"])
    close(per_class(scores, "iou"), expected["iou_per_class"])
    found = [scores.summary[k].value for k in ("pixel_accuracy", "mdice_dataset", "miou_dataset", "fw_iou")]
    close(found, [expected[k] for k in ("pixel_accuracy", "dice_mean", "iou_mean", "fwiou")])


@pytest.mark.parametrize(
    "name",
    ["V1-spaced-3d-pair", "panoptica-overpredicted", "mr-s2.10-inside", "mr-s2.10-around", "cldice-one-pixel-lines"],
)
def test_overlap_of_single_masks_in_two_and_three_dimensions(name: str) -> None:
    expected = VECTORS[name]["expected"]
    row = scored(name, [0, 1]).classes()[1]
    wanted = [key for key in ("dice", "iou", "tp", "fp", "fn", "relative_volume_difference") if key in expected]
    close([row[key] for key in wanted], [expected[key] for key in wanted])


def test_cityscapes_classes_and_categories() -> None:
    """Predicted ignored ids are wrong for the true class; inside a category every pixel is right."""
    vector = VECTORS["cityscapes-mini"]
    info, expected = vector["params"]["classes"], vector["expected"]
    ids = [int(i) for i, c in info.items() if not c["ignored"]]
    ignore = tuple(int(i) for i, c in info.items() if c["ignored"])
    scores = scored("cityscapes-mini", ids, ignore)
    found = {str(i): value for i, value in zip(ids, per_class(scores, "iou"), strict=True)}
    close([found[i] for i in expected["class_iou"]], list(expected["class_iou"].values()))
    close(scores.summary["miou_dataset"].value, expected["mean_class_iou"])
    groups: dict[str, list[int]] = {}
    for i, c in info.items():
        if not c["ignored"]:
            groups.setdefault(c["category"], []).append(int(i))
    ((pred, truth),) = cases(vector)
    confusion = Confusion.of(pred, truth, ids=ids, ignore=ignore)
    tables = Tables.of([confusion], ids)
    with_groups = replace(tables, outline=replace(tables.outline, groups=tuple(groups)))
    by_group = Scores(merged_tables(with_groups, [confusion], groups))
    found = dict(zip(groups, per_class(by_group, "iou"), strict=True))
    close([found[g] for g in expected["category_iou"]], list(expected["category_iou"].values()))
    close(by_group.summary["miou_dataset"].value, expected["mean_category_iou"])


def test_reasons_for_undefined_values() -> None:
    """Class 1 only predicted, 2 only true, 3 nowhere, 0 everywhere else."""
    confusion = Confusion.of(np.array([0, 1, 0]), np.array([0, 0, 2]), num_classes=4)
    rows = Scores.of([confusion], range(4), Scoring()).classes()
    assert rows[0]["undefined"] == {}
    assert {rows[1]["undefined"][k] for k in ("recall", "balanced_accuracy")} == {"empty-truth"}
    assert rows[1]["iou"] == rows[2]["iou"] == 0
    assert set(rows[2]["undefined"].items()) == {
        (k, "empty-prediction") for k in ("precision", "precision_over_images", "mcc")
    }
    assert set(rows[3]["undefined"].values()) == {"absent-in-both"}
    full = Scores.of([Confusion.of(np.zeros(3, int), np.zeros(3, int))], [0], Scoring()).classes()
    assert full[0]["undefined"]["specificity"] == "nothing-outside"
    void = Scores.of([Confusion.of(np.zeros(3, int), np.full(3, 9), ids=[0], ignore=[9])], [0], Scoring())
    assert void.classes()[0]["undefined"]["iou"] == "all-ignored"
    assert np.isnan(void.summary["pixel_accuracy"].value)


def test_the_mean_over_classes_can_be_chosen() -> None:
    """IoU 1/2 and 2/3 of two images pooled, by hand; the mean over images stays arithmetic."""
    pairs = [([0, 1, 1, 1], [0, 0, 1, 1]), ([0, 0, 1, 1], [0, 0, 1, 1])]
    confusions = [Confusion.of(np.array(p), np.array(t), num_classes=2) for p, t in pairs]
    first, second = 3 / 4, 4 / 5  # of the sums; image by image 1/2 and 2/3, then 1 and 1
    expected = {
        "arithmetic": ((first + second) / 2, ((1 / 2 + 2 / 3) / 2 + 1) / 2, (3 / 4 + 5 / 6) / 2),
        "geometric": ((first * second) ** 0.5, ((1 / 2 * 2 / 3) ** 0.5 + 1) / 2, (3 / 4 * 5 / 6) ** 0.5),
        "harmonic": (2 / (1 / first + 1 / second), (2 / (2 + 3 / 2) + 1) / 2, 2 / (4 / 3 + 6 / 5)),
    }
    for kind, (dataset, image, per_class_) in expected.items():
        summary = Scores.of(confusions, [0, 1], Scoring(mean=kind)).summary
        assert summary["miou_dataset"].value == pytest.approx(dataset, rel=1e-14)
        assert summary["miou_image"].value == pytest.approx(image, rel=1e-14)
        assert summary["miou_class"].value == pytest.approx(per_class_, rel=1e-14)


def test_permuting_images_changes_nothing() -> None:
    random = np.random.RandomState(5)
    confusions = [Confusion.of(*random.randint(0, 5, (2, 40)), num_classes=5) for _ in range(30)]
    before, after = (Scores.of(c, range(5), Scoring()) for c in (confusions, confusions[::-1]))
    assert before.summary == after.summary
    assert before.classes() == after.classes()


def test_which_metrics() -> None:
    """A group is all of its metrics; names keep the order of the catalogue; the knob is in the name."""
    objects = ("instances", "object_weights")  # what an object is, is not said
    free = [name for name, metric in METRICS.items() if metric.family not in objects]
    lacking = {name for names in Scoring(("all",)).left_out.values() for name in names}  # of extras that are not here
    assert [e.name for e in Scoring(("all",)).entries] == [name for name in free if name not in lacking]
    assert [e.name for e in Scoring().entries] == [e.name for e in METRICS.values() if e.family == "overlap"]
    scoring = Scoring.of(["f_beta", "iou"], beta=0.5)
    assert [e.printed for e in scoring.entries] == ["iou", "f_beta@0.5"]
    with pytest.raises(UnknownName) as caught:
        _ = Scoring(metrics=("iou", "preccision"))
    assert caught.value.hint == "did you mean 'precision'?"
    with pytest.raises(UnknownName, match="metric or family called 'surfce'") as caught:
        _ = Scoring(metrics=("iou", "surfce"))
    assert caught.value.hint == "did you mean 'surface'?"


@pytest.mark.parametrize(
    "options", [{"presence": "both"}, {"mean": "median"}, {"beta": 0.0}, {"beta": nan}, {"beta": 1e200}]
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Scoring.of(**options)


PAIRS = [([0, 0, 1, 1, 2, 0], [0, 0, 1, 2, 2, 2]), ([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0])]


def test_a_class_can_be_left_out_of_means_and_not_of_counts() -> None:
    """IoU 7/9, 1/3, 1/2 of the sums, by hand; without class 0 the mean is of the other two, and IoU of 0 stays."""
    scores = Scores.of([Confusion.of(np.array(p), np.array(t), num_classes=3) for p, t in PAIRS], range(3))
    left = Scores.of(
        [Confusion.of(np.array(p), np.array(t), num_classes=3) for p, t in PAIRS],
        range(3),
        Scoring.of(mean_without=[0]),
    )
    close([row["iou"] for row in left.classes()], [7 / 9, 1 / 3, 1 / 3])
    assert [row["iou"] for row in left.classes()] == [row["iou"] for row in scores.classes()]
    close(scores.summary["miou_dataset"].value, (7 / 9 + 1 / 3 + 1 / 3) / 3)
    close(left.summary["miou_dataset"].value, 1 / 3)
    close(left.summary["miou_image"].value, ((1 / 2 + 1 / 3) / 2 + 0) / 2)
    close(left.summary["miou_class"].value, ((1 / 2 + 0) / 2 + 1 / 3) / 2)
    assert left.summary["miou_dataset"].of == 2


@pytest.mark.parametrize(
    ("policy", "images", "classes"),
    [
        ([], [(2 / 3 + 1 / 2 + 1 / 3) / 3, (5 / 6 + 0) / 2], [(2 / 3 + 5 / 6) / 2, 1 / 4, 1 / 3]),
        (["absent=one"], [(2 / 3 + 1 / 2 + 1 / 3) / 3, (5 / 6 + 0 + 1) / 3], [(2 / 3 + 5 / 6) / 2, 1 / 4, 2 / 3]),
        (["one", "absent=zero"], [(2 / 3 + 1 / 2 + 1 / 3) / 3, (5 / 6) / 3], [(2 / 3 + 5 / 6) / 2, 1 / 4, 1 / 6]),
    ],
)  # fmt: skip
def test_what_is_undefined_can_count_in_means(policy: list[str], images: list[float], classes: list[float]) -> None:
    """Class 2 is absent from the second image; the row of the class says so whatever the mean takes. By hand."""
    confusions = [Confusion.of(np.array(p), np.array(t), num_classes=3) for p, t in PAIRS]
    scores = Scores.of(confusions, range(3), Scoring.of(undefined=policy))
    assert np.isnan(scores.values(METRICS["iou"], scores.images)[1, 2])
    close(scores.summary["miou_image"].value, sum(images) / 2)
    close(per_class(scores, "iou_over_images"), classes)
    close(scores.summary["miou_class"].value, sum(classes) / 3)


def test_zero_and_one_are_for_scores_whose_best_is_one() -> None:
    """A relative difference of volumes is best at 0: neither can stand for it."""
    confusions = [Confusion.of(np.array([1, 0]), np.array([0, 0]), num_classes=2)]
    scores = Scores.of(confusions, range(2), Scoring.of(undefined="one"))
    assert scores.tables.image_means(METRICS["relative_volume_difference"]).tolist() == [-0.5]
    assert scores.tables.image_means(METRICS["recall"]).tolist() == [(1 / 2 + 1) / 2]


def test_best_is_of_whatever_has_a_best_value() -> None:
    """1 of a recall, 0 of a relative difference of volumes: of class 1 both are undefined, and by hand of class 0."""
    confusions = [Confusion.of(np.array([1, 0]), np.array([0, 0]), num_classes=2)]
    scores = Scores.of(confusions, range(2), Scoring.of(undefined=["zero", "empty-truth=best"]))
    assert scores.tables.image_means(METRICS["relative_volume_difference"]).tolist() == [(-0.5 + 0) / 2]
    assert scores.tables.image_means(METRICS["recall"]).tolist() == [(1 / 2 + 1) / 2]


@pytest.mark.parametrize("given", ["two", "absent", "missing=one", "absent=2"])
def test_unknown_policies(given: str) -> None:
    with pytest.raises(BadOption, match="--undefined"):
        Scoring.of(undefined=given)


def test_several_values_of_a_parameter_are_several_metrics():
    """In order, each once, however they are asked for; a run's options tell them, and are read back the same."""
    every = ["f_beta@0.5", "f_beta@2", "f_beta@3"]
    listed = Scoring.of("iou,f_beta", params={"f_beta": {"beta": [3, 0.5, 2, 3]}})
    named = Scoring.of("iou,f_beta@3,f_beta@0.5,f_beta")
    beside = Scoring.of("iou,f_beta@2,f_beta@0.5", params={"f_beta": {"beta": 3}})
    for scoring in (listed, named, beside):
        assert [each.printed for each in scoring.entries] == ["iou", *every]
        assert scoring.recorded()["metric_params"] == {"f_beta": {"beta": [0.5, 2, 3]}}
        assert [e.printed for e in Scoring.from_record(scoring.recorded()).entries] == ["iou", *every]
    confusion = Confusion.of(np.array([0, 1, 1, 1, 0, 0, 1]), np.array([0, 0, 1, 1, 1, 0, 0]))  # tp 2, fp 2, fn 1
    row = Scores.of([confusion], [0, 1], listed).classes()[1]
    assert [row[name] for name in every] == pytest.approx([2.5 / 4.75, 10 / 16, 20 / 31])


def test_a_metric_of_several_values_is_asked_for_by_one():
    outline = Outline(Scoring.of("f_beta@3,f_beta@0.5"), ((1, "cell"),))
    assert find(outline, "f_beta@3", 0).title == "f_beta@3[cell]"
    with pytest.raises(UnknownName, match="several f_beta") as caught:
        find(outline, "f_beta", 0)
    assert caught.value.hint == "say which: f_beta@0.5, f_beta@3"
    with pytest.raises(BadParameter, match=r"f_beta.beta is 'x'"):
        Scoring.of("f_beta@x")
