"""What losses and scores are made of: each function a figure of numbers that anybody can check."""

import numpy as np

from segeval.arrays.functions import LOW
from segeval.catalog import Catalog
from segeval.figures.chart import Chart, Line, Panel

BASICS = Catalog("figure")
_SHARES = np.arange(101) / 100
_SCORES = np.linspace(-6, 6, 121)
_OTHER = 0.8  # the score that the means are taken with


@BASICS.add()
def iou_dice() -> Chart:
    """IoU against Dice: of one class in one image each tells the other, D = 2 J / (1 + J)."""
    dice = 2 * _SHARES / (1 + _SHARES)
    both = Line("Dice", _SHARES, dice), Line("IoU", _SHARES, _SHARES)
    apart = (Line("Dice − IoU", _SHARES, dice - _SHARES),)
    return Chart(
        "iou_dice",
        "Dice = 2 IoU / (1 + IoU) of one class in one image",
        (Panel("the same masks", "IoU", "score", both), Panel("how far apart they are", "IoU", "Dice − IoU", apart)),
    )


@BASICS.add()
def means() -> Chart:
    """The three means of two scores: arithmetic (a + b) / 2, geometric √(a b), harmonic 2 a b / (a + b)."""
    lines = (
        Line("arithmetic", _SHARES, (_SHARES + _OTHER) / 2),
        Line("geometric", _SHARES, np.sqrt(_SHARES * _OTHER)),
        Line("harmonic", _SHARES, 2 * _SHARES * _OTHER / (_SHARES + _OTHER)),
    )
    of = f"score a, beside a score b = {_OTHER:g}"
    return Chart("means", "the three means of two scores", (Panel("", of, "mean of a and b", lines),))


@BASICS.add()
def logarithm() -> Chart:
    """−ln p, what cross entropy costs a pixel: it has no bound, so that p is kept from 1e-7 on."""
    near, far = np.arange(1, 101) / 100, np.geomspace(1e-9, 1, 181)
    cost = Line("−ln p", near, -np.log(near)), Line("1 − p, its tangent at p = 1", near, 1 - near)
    clipped = (
        Line("−ln p", far, -np.log(np.maximum(far, LOW))),
        Line("−ln p without the clip", far[far <= LOW], -np.log(far[far <= LOW])),
    )
    p = "probability p of the true class"
    return Chart(
        "logarithm",
        "−ln p",
        (Panel("", p, "cost of the pixel", cost), Panel("near 0", p, "cost of the pixel", clipped, logarithmic=True)),
    )


@BASICS.add()
def sigmoid() -> Chart:
    """The sigmoid p = 1 / (1 + e^−x), which makes a probability of a score, and its derivative p (1 − p)."""
    p = 1 / (1 + np.exp(-_SCORES))
    values = Line("p of the foreground", _SCORES, p), Line("1 − p of the background", _SCORES, 1 - p)
    slope = (Line("p (1 − p)", _SCORES, p * (1 - p)),)
    x = "score x of the foreground"
    return Chart(
        "sigmoid",
        "p = 1 / (1 + e^−x)",
        (Panel("", x, "probability", values), Panel("how steep it is", x, "∂p / ∂x", slope)),
    )
