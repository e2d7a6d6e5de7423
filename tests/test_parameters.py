"""What parameters may be, how a command line's text is read, and what is said about others."""

from typing import Any

import numpy as np
import pytest

from segeval.errors import BadParameter
from segeval.losses import LOSSES
from segeval.parameters import Map, Parameter, parameters, parsed

LIMITS = [
    ("hausdorff_dt", "alpha", [0, 32.0], [-0.01, 32.01]),
    ("t_loss", "log_nu", [-100, 100], [-100.1, 101, float("nan")]),
    ("dice", "smooth", [0, 1e9, np.float32(2), np.int8(3)], [-1e-9, 1.1e9, float("inf"), "1", None, True, [1.0]]),
    ("huber", "delta", [1e-9, 1e9], [0, 2e9]),
    ("cross_entropy", "label_smoothing", [0, 1], [-0.1, 1.1]),
    ("ssim", "window", [1, 10_000, 3.0], [0, 10_001, 2.5]),
    ("soft_cldice", "iterations", [0, 10_000], [-1, 10_001]),
    ("topk_cross_entropy", "min_kept", [0, 2**31], [-1, 2**31 + 1, 10**400]),
    ("topk_cross_entropy", "threshold", [None, 0.5], ["x"]),
    ("focal", "alpha", [None, 0.25, [1, 2.0], (0.5,), np.array([1.0, 2])], [1.5, [-1], [], "ab", [1, "x"], {1: 2}]),
    ("weighted_cross_entropy", "class_weights", ["balanced", [1, 2], None], ["median", [1e10], np.array(1.0), b"a"]),
    ("generalized_wasserstein_dice", "distances", [[[0, 1], [2, 0]], np.eye(2)], [[[0, 1]], [], [0, 1], "ab", {}]),
    ("generalized_dice", "weight", ["simple"], ["half", 1]),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "name", "good", "bad"), LIMITS)
def test_limits(loss: str, name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        taken = LOSSES[loss].completed({name: value})[name]
        assert taken is None if value is None else np.array_equal(taken, value)
    for value in bad:
        with pytest.raises(BadParameter, match=f"{loss}.{name} is") as caught:
            LOSSES[loss].completed({name: value})
        assert caught.value.hint == f"wanted: {parameters(LOSSES[loss].func)[name].wanted}"


def test_the_others_keep_their_defaults() -> None:
    assert LOSSES["combo"].completed({"beta": 0.25}) == {"alpha": 0.5, "beta": 0.25, "smooth": 0.0}
    with pytest.raises(BadParameter, match="no parameter 'bet'") as caught:
        LOSSES["combo"].completed({"bet": 1})
    assert "'beta'" in caught.value.hint
    with pytest.raises(BadParameter) as caught:
        LOSSES["entropy"].completed({"bet": 1})
    assert caught.value.hint == "it has no parameters"


def test_what_is_wanted_is_said_in_words() -> None:
    words = {
        ("ssim", "window"): "a whole number from 1 up to 10000",
        ("combo", "alpha"): "a finite number from 0 up to 1",
        ("focal", "alpha"): "a finite number from 0 up to 1 or one number for each class",
        ("weighted_cross_entropy", "normalize"): "'pixels', 'weights'",
        ("generalized_wasserstein_dice", "distances"): "a square table of numbers",
        ("unet_cross_entropy", "weights"): "a map of the image's size",
    }
    for (loss, name), text in words.items():
        assert parameters(LOSSES[loss].func)[name].wanted == text


def test_maps_are_told_apart() -> None:
    assert parameters(LOSSES["unet_cross_entropy"].func)["weights"].is_map
    assert not parameters(LOSSES["weighted_cross_entropy"].func)["class_weights"].is_map
    assert Parameter("w", Map, None).checked(np.ones(2), "x").tolist() == [1, 1]


def test_text_of_the_command_line() -> None:
    texts = {
        "3": 3,
        "0.5": 0.5,
        "1e-3": 0.001,
        "1,2.5": [1, 2.5],
        "0,1;2,0": [[0, 1], [2, 0]],
        "0;1": [[0], [1]],
        " a ": "a",
    }
    for text, value in texts.items():
        assert parsed(text) == value


def test_long_values_are_cut_in_messages() -> None:
    with pytest.raises(BadParameter) as caught:
        LOSSES["dice"].completed({"smooth": "x" * 100})
    assert len(caught.value.message) < 100
