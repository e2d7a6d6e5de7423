"""Tests of the curves of losses: numbers by hand."""

import itertools

import numpy as np
import pytest

from segeval.errors import BadOption, BadParameter, NoGradient, UnknownName
from segeval.figures.curves import curves, drawn
from segeval.losses import LOSSES


def lines(names, *params):
    """Every line of the first figure by its label and truth."""
    return {(line.label, line.truth): line for line in next(curves(drawn(names, params))).lines}


def holds(line, loss, slope):
    np.testing.assert_allclose(line.loss, loss, rtol=1e-12)
    np.testing.assert_allclose(line.slope, slope, rtol=1e-12)


def test_cross_entropy():
    """−ln p of a pixel that is true, −ln (1 − p) of one that is not."""
    found = lines(["ce"])
    p = np.arange(1, 100) / 100
    assert list(found) == [("cross_entropy", 1), ("cross_entropy", 0)]
    assert found["cross_entropy", 1].at.tolist() == p.tolist()
    holds(found["cross_entropy", 1], -np.log(p), 1 / p)
    holds(found["cross_entropy", 0], -np.log(1 - p), 1 / (1 - p))


def test_dice():
    """A square of 36 pixels among 144, p = 0.8 within and 0.2 beyond, with one pixel at p: within it, then beyond."""
    found = lines(["dice"])
    p = found["dice", 1].at
    within, all_within = 35 * 0.8, 35 * 0.8 + 108 * 0.2 + 36
    holds(
        found["dice", 1],
        1 - 2 * (within + p) / (all_within + p),
        2 * (all_within - within) / (all_within + p) ** 2,
    )
    whole, all_beyond = 36 * 0.8, 36 * 0.8 + 107 * 0.2 + 36
    holds(found["dice", 0], 1 - 2 * whole / (all_beyond + p), 2 * whole / (all_beyond + p) ** 2)


def test_scores():
    """Of a loss of signed scores the axis is the score: ln(1 + e^−x) of a true pixel."""
    (figure,) = curves(drawn(["soft_margin"], []))
    true, false = figure.lines
    assert (true.at[0], true.at[-1], figure.axis) == (-4, 4, "score of the foreground, of one pixel")
    holds(true, np.log1p(np.exp(-true.at)), 1 / (1 + np.exp(true.at)))
    holds(false, np.log1p(np.exp(false.at)), 1 / (1 + np.exp(-false.at)))


def test_a_family():
    """A line for each value, with a single value of another parameter in all: −α (1 − p)^γ ln p."""
    found = lines(["focal"], "focal.gamma=0,3", "focal.alpha=0.25")
    assert [label for label, truth in found if truth] == ["gamma = 0", "gamma = 3"]
    for gamma in (0, 3):
        line = found[f"gamma = {gamma}", 1]
        np.testing.assert_allclose(line.loss, -0.25 * (1 - line.at) ** gamma * np.log(line.at), rtol=1e-12)
        line = found[f"gamma = {gamma}", 0]
        np.testing.assert_allclose(line.loss, -0.75 * line.at**gamma * np.log(1 - line.at), rtol=1e-12)


def test_the_declared_family():
    """Of a loss that declares values they are drawn; one that is given stands alone."""
    assert [label for label, truth in lines(["focal"]) if truth] == [
        f"gamma = {g}" for g in ("0", "0.5", "1", "2", "5")
    ]
    assert list(lines(["focal"], "focal.gamma=1")) == [("focal", 1), ("focal", 0)]


@pytest.mark.parametrize("name", [name for name, entry in LOSSES.items() if entry.sweep[0]])
def test_declared_values_are_taken(name):
    """Each declared value is one that the loss takes, and they differ in what they say."""
    found = [line.loss for (_, truth), line in lines([name]).items() if truth]
    assert len(found) == len(LOSSES[name].sweep[1])
    assert all(np.abs(a - b).max() > 1e-6 for a, b in itertools.pairwise(found))


def test_side_by_side():
    """Several stand in one figure too, each without its family; in the picture if one of them needs it."""
    *each, together = curves(drawn(["ce", "focal"], []))
    assert [figure.name for figure in (*each, together)] == ["cross_entropy", "focal", "losses"]
    labels = [line.label for line in together.lines]
    assert labels == ["cross_entropy", "cross_entropy", "focal", "focal"]
    focal = together.lines[2]
    np.testing.assert_allclose(focal.loss, -((1 - focal.at) ** 2) * np.log(focal.at), rtol=1e-12)  # gamma is 2
    *_, mixed = curves(drawn(["ce", "dice"], []))
    true = mixed.lines[0]
    np.testing.assert_allclose(true.loss, (-np.log(true.at) - 143 * np.log(0.8)) / 144, rtol=1e-12)
    assert "one pixel on the rim" in mixed.axis


def test_scores_and_probabilities_stand_apart():
    """Losses of different axes have no figure together."""
    assert [figure.name for figure in curves(drawn(["ce", "soft_margin"], []))] == ["cross_entropy", "soft_margin"]


@pytest.mark.parametrize(
    ("names", "params", "kind", "said"),
    [
        (["cros_entropy"], [], UnknownName, "cros_entropy"),
        (["minimax_gan"], [], NoGradient, "minimax_gan"),
        (["dice"], ["focal.gamma=1"], BadOption, "focal, which is not drawn"),
        (["focal"], ["focal.gamma=1,2", "focal.alpha=0.1,0.2"], BadOption, "focal.gamma and of focal.alpha"),
        (["focal"], ["focal.gamma=1,2,3,4,5,6,7,8"], BadOption, "has 8 values"),
        (["focal"], ["focal.gamma=1,-2"], BadParameter, "focal.gamma is -2"),
        (["focal"], ["focal.delta=1,2"], BadParameter, "delta"),
        (["unet_cross_entropy"], [], BadParameter, "a weight of each pixel"),
    ],
)
def test_refusals(names, params, kind, said):
    """What cannot be drawn is said before anything is."""
    with pytest.raises(kind, match=said):
        drawn(names, params)
