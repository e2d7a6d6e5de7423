"""Tests of how losses answer to errors, and of what they are made of: numbers by hand and by plain loops."""

import itertools
import math

import numpy as np
import pytest

from segeval.errors import UnknownName
from segeval.figures.answers import RADIUS, SIZE, STEPS, answers, disc
from segeval.figures.basics import BASICS
from segeval.figures.choice import chosen
from segeval.figures.curves import curves, drawn
from segeval.losses import LOSSES

KINDS = ["erosion", "dilation", "shift", "blob", "hole", "softening"]
PIXELS = SIZE * SIZE


def lines(chart):
    """Every line of a chart by its panel and label."""
    return {(panel.title, line.label): line for panel in chart.panels for line in panel.lines}


def of(name, *params):
    return lines(next(answers(drawn([name], params))))


def test_the_truth_is_a_disc():
    """All pixels whose middles are within the radius of the middle of the image."""
    middle = (SIZE - 1) / 2
    plain = [[math.hypot(y - middle, x - middle) <= RADIUS for x in range(SIZE)] for y in range(SIZE)]
    assert disc().tolist() == plain


def test_each_kind_of_error():
    """The mean squared error is the share of wrong pixels: holes of 1, 5, 13, … pixels, and what moved."""
    found = of("mean_squared_error")
    assert [kind for kind, _ in found] == KINDS
    at = found["blob", "mean_squared_error"].x
    assert at.tolist() == list(range(STEPS + 1)) == list(range(9))
    hole = [0, 1, 5, 13, 29, 49, 81, 113, 149]  # pixels within 0, 1, 2, … of one
    blob = [0, 1, 3, 6, 11, 17, 26, 35, 45]  # the same in the corner that is farthest from the disc
    for kind, grown in (("blob", blob), ("hole", hole)):
        np.testing.assert_allclose(found[kind, "mean_squared_error"].y * PIXELS, grown, rtol=1e-12)
    true = disc().astype(bool)
    moved = [int((true != np.roll(true, k, axis=1)).sum()) for k in range(9)]
    np.testing.assert_allclose(found["shift", "mean_squared_error"].y * PIXELS, moved, rtol=1e-12)


def test_softening():
    """Means over 3 × 3 pixels at the first step."""
    true, errors = disc().astype(float), 0.0
    for y, x in itertools.product(range(SIZE), range(SIZE)):
        near = [
            true[min(max(v, 0), SIZE - 1), min(max(u, 0), SIZE - 1)]
            for v in (y - 1, y, y + 1)
            for u in (x - 1, x, x + 1)
        ]
        errors += (sum(near) / 9 - true[y, x]) ** 2
    found = of("mean_squared_error")["softening", "mean_squared_error"].y
    np.testing.assert_allclose(found[:2] * PIXELS, [0, errors], rtol=1e-12)


def test_a_family_of_answers():
    """Tversky of a hole of 13 pixels: 1 − TP / (TP + w FN), with each weight of what is missed."""
    found = of("tversky", "tversky.fn_weight=0.3,0.9")
    area = int(disc().sum())
    for weight in (0.3, 0.9):
        wanted = 1 - (area - 13) / (area - 13 + weight * 13)
        assert found["hole", f"fn_weight = {weight:g}"].y[3] == pytest.approx(wanted, rel=1e-9)


def test_answers_side_by_side():
    """Each loss on its own scale: what its largest change is, over all kinds of error, is 1; dice of none is 0."""
    *each, together = answers(drawn(["dice", "mse", "focal"], []))
    assert [chart.name for chart in each] == ["dice-answers", "mean_squared_error-answers", "focal-answers"]
    assert together.name == "losses-answers"
    found = lines(together)
    for name in ("dice", "mean_squared_error", "focal"):
        values = [found[kind, name].y for kind in KINDS]
        assert max(value.max() for value in values) == 1
        assert {value[0] for value in values} == {0}
    alone = lines(each[1])
    most = max(line.y.max() for line in alone.values())
    np.testing.assert_allclose(
        found["hole", "mean_squared_error"].y, alone["hole", "mean_squared_error"].y / most, rtol=1e-12
    )


def test_scores_have_no_such_errors():
    assert list(answers(drawn(["soft_margin"], []))) == []


def point(name, panel, label, x):
    """The y of a line nearest to an x."""
    (line,) = (each for each in BASICS[name].func().panels[panel].lines if each.label == label)
    return line.y[np.abs(line.x - x).argmin()]


@pytest.mark.parametrize(
    ("name", "panel", "label", "x", "y"),
    [
        ("iou_dice", 0, "Dice", 0.6, 0.75),
        ("iou_dice", 0, "IoU", 0.6, 0.6),
        ("iou_dice", 1, "Dice − IoU", 0.6, 0.15),
        ("means", 0, "arithmetic", 0.2, 0.5),
        ("means", 0, "geometric", 0.2, 0.4),
        ("means", 0, "harmonic", 0.2, 0.32),
        ("logarithm", 0, "−ln p", 0.25, 2 * math.log(2)),
        ("logarithm", 0, "1 − p, its tangent at p = 1", 0.25, 0.75),
        ("logarithm", 1, "−ln p", 1e-9, 7 * math.log(10)),
        ("logarithm", 1, "−ln p without the clip", 1e-9, 9 * math.log(10)),
        ("sigmoid", 0, "p of the foreground", 2, 1 / (1 + math.exp(-2))),
        ("sigmoid", 0, "1 − p of the background", 2, 1 / (1 + math.exp(2))),
        ("sigmoid", 1, "p (1 − p)", 0, 0.25),
    ],
)
def test_basics(name, panel, label, x, y):
    assert point(name, panel, label, x) == pytest.approx(y, rel=1e-9)


def test_all():
    """Every loss, and what they are made of; of those that are left out it is said why."""
    found = chosen(["all"], [])
    names = [each.asked.name for each in found.losses]
    assert [*names, *found.left_out] == [*(n for n in LOSSES if n in names), *(n for n in LOSSES if n not in names)]
    assert [*found.left_out] == ["unet_cross_entropy", "faster_rcnn", "mask_rcnn_mask", "minimax_gan"]
    assert "weight of each pixel" in found.left_out["unet_cross_entropy"]
    assert [chart.name for chart in found.charts] == ["iou_dice", "means", "logarithm", "sigmoid"] == [*BASICS]
    assert sum(each.asked.entry.scores for each in found.losses) == 3
    assert found.number == 2 * len(names) - 3 + 4


@pytest.mark.parametrize(
    ("names", "number"),
    [(["soft_margin"], 1), (["soft_margin", "dice"], 3), (["dice", "ce", "means"], 7), (["iou_dice", "focal"], 3)],
)
def test_the_number_of_figures_is_known_before(names, number):
    """Losses of scores have no answers, and stand in no figure beside those of probabilities."""
    found = chosen(names, [])
    assert len([*curves(found.losses), *answers(found.losses), *found.charts]) == found.number == number


def test_names_of_both_kinds():
    """In any order; without names the losses that a run tells unasked."""
    found = chosen(["sigmoid", "ce"], [])
    assert ([each.asked.name for each in found.losses], found.charts[0].name) == (["cross_entropy"], "sigmoid")
    unasked = [each.asked.name for each in chosen([], []).losses]
    assert unasked == [name for name, entry in LOSSES.items() if entry.default]
    with pytest.raises(UnknownName, match="sigmiod") as told:
        chosen(["sigmiod"], [])
    assert told.value.hint == "did you mean 'sigmoid'?"
