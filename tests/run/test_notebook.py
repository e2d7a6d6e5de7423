"""Tests of what notebooks show of a run."""

import re

import numpy as np
import pytest

from segeval.evaluate.api import score

NAMES = ["road", "<b>x</b>\u202e", "owl"]


@pytest.fixture
def run():
    """Two images: a is right but for one of four, b is all wrong; owl is nowhere."""
    truth = np.array([[0, 0, 1, 1]])
    return score({"a": np.array([[0, 0, 1, 0]]), "b": 1 - truth}, {"a": truth, "b": truth}, classes=NAMES)


def test_table(run):
    """Four digits of every score, names as text, undefined as a dash; the better the darker."""
    text = run._repr_html_()
    assert "<b>" not in text
    assert "&lt;b&gt;x&lt;/b&gt;\\u202e" in text
    assert "2 images, miou_dataset 0.2262" in text  # (2/7 + 1/6) / 2: tp 2, fp 3, fn 2 and tp 1, fp 2, fn 3
    shades = [float(each) for each in re.findall(r"178,([\d.]+)", text)]
    assert len(shades) == 8
    assert shades[0] > shades[4]
    assert text.count("–") == 4


def test_worst(run):
    assert run.worst() == [("b", 0.0), ("a", pytest.approx((2 / 3 + 1 / 2) / 2))]
    assert [id_ for id_, _ in run.worst(1, "recall")] == ["b"]
    assert [id_ for id_, _ in run.worst(1, "false_negative_rate")] == ["b"]  # the highest is the worst


def test_an_image_without_a_mean_is_not_the_worst():
    truth = np.array([[0, 1]])
    run = score({"a": truth, "b": truth}, {"a": truth, "b": truth * 0 + 255}, num_classes=2, ignore=[255])
    assert run.worst() == [("a", 1.0)]


def test_plot(run):
    plt = pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    plt.use("agg")
    axes = run.plot_confusion()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["road", "<b>x</b>\\u202e", "owl"]
    assert axes.images[0].get_array().shape == (3, 4)
    assert run.plot_confusion(axes) is axes
