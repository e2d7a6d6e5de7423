"""What the table to choose by says of a loss is true of its plain loop."""

import numpy as np
import pytest
from support.loss_reference import REFERENCE, SPATIAL, read

from segeval.losses import LOSSES
from segeval.losses.facts import SIZE, Facts, objects, prediction, spread
from segeval.measures import Loss

NAMES = LOSSES.asked_by_name()
NOTHING = np.zeros((SIZE, SIZE), int)
PIXELS = [(0, 0), (3, 12), (6, 14), (15, 15)]  # background; the middle two are predicted as an object

every_loss = pytest.mark.parametrize("name", NAMES)


def loop(name, pred, truth):
    """The plain loop, with the weights that a loss must have."""
    must = {"weighted_cross_entropy": {"class_weights": "balanced"}, "unet_cross_entropy": {"weights": NOTHING + 1.0}}
    return float(REFERENCE[name](read("binary", pred, truth, "probabilities", ()), **must.get(name, {})))


def moves(name, truth):
    """Whether one of some background pixels changes the loop; None where it is undefined."""
    start = loop(name, prediction(), truth)
    worst = np.unravel_index(np.argmax(np.where(truth == 0, prediction(), 0)), truth.shape)

    def moved(place):
        pred = prediction()
        pred[place] += 1e-3
        return abs(loop(name, pred, truth) - start) > 1e-12

    return None if np.isnan(start) else any(moved(place) for place in [*PIXELS, worst])


@every_loss
def test_the_value_at_the_truth_is_that_of_the_plain_loop(name):
    facts = Facts(LOSSES[name])
    assert facts.perfect == pytest.approx(loop(name, objects().astype(float), objects()), rel=1e-6, abs=1e-9)
    if LOSSES[name].hard:
        assert np.isnan(facts.perfect_soft)
    else:
        assert facts.perfect_soft == pytest.approx(loop(name, spread(), spread()), rel=1e-6, abs=1e-9)


@every_loss
def test_background_has_a_gradient_where_the_plain_loop_moves(name):
    facts = Facts(LOSSES[name])
    assert facts.pulls_on_background is moves(name, objects())
    assert facts.pulls_without_foreground is moves(name, NOTHING)


def test_overlap_without_foreground_is_a_constant():
    """On paper: I = 0 whatever p is, so 1 − 2I/(P + G) is 1; a truth of one class has the balanced weight 0."""
    still = [name for name in NAMES if Facts(LOSSES[name]).pulls_without_foreground is False]
    overlap = "dice squared_dice log_dice log_squared_dice log_cosh_dice jaccard tversky focal_tversky blob"
    assert {*still} == {*overlap.split(), "generalized_wasserstein_dice", "balanced_cross_entropy"}


def test_places_matter_to_those_that_the_plain_loops_know_as_spatial():
    assert {name for name in NAMES if Facts(LOSSES[name]).places} == SPATIAL


def test_nothing_is_asked_of_formulas_of_other_arrays():
    assert not any(Facts(loss).places for loss in LOSSES.values() if loss.direct)


@pytest.mark.parametrize(
    ("cut", "missing"),
    [("Made for", "made for"), ("Use it", "made for"), ("    toy =", "formula"), ("Somebody", "source")],
)
def test_a_loss_that_does_not_say_whom_it_is_for_is_refused(cut, missing):
    lines = ["A toy.", "", "    toy = p", "    + g", "", "Made for plays.", "Use it", "often.", "Avoid it now.", ""]
    lines += ["Somebody (1999); another"]

    def toy(o: int) -> int:
        return o

    toy.__doc__ = "\n".join(lines)
    said = Loss("toy", toy, 0, 1, 0).said
    assert said == dict(zip(said, ["p + g", "plays", "often", "now", "Somebody (1999)"], strict=True))
    toy.__doc__ = "\n".join(line for line in lines if not line.startswith(cut)).replace("    + g", "").rstrip()
    with pytest.raises(ValueError, match=f"toy: its docstring has .*no {missing}"):
        Loss("toy", toy, 0, 1, 0)
