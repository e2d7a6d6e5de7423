"""The inputs and the settings with which every loss is tried: all different, and off their defaults."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segeval import losses
from segeval.errors import BadOption
from support.loss_reference.image import Image, read

Array = np.ndarray[Any, Any]
SHAPE, VOLUME = (5, 6), (3, 4, 3)


@dataclass(frozen=True)
class Case:
    """A prediction and a truth, and how they are to be read."""

    kind: str
    pred: Array
    truth: Array
    inputs: str = "probabilities"
    ignore: tuple[int, ...] = ()
    caller: dict[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> dict[str, Any]:
        """Those of `segeval.losses.value`."""
        channels, multilabel = self.kind != "binary", self.kind == "multilabel"
        given = {"inputs": self.inputs, "channels": channels, "multilabel": multilabel, "ignore": self.ignore}
        return given | {"batch": False} | self.caller

    @property
    def image(self) -> Image:
        return read(self.kind, self.pred, self.truth, self.inputs, self.ignore, **self.caller)

    @property
    def outcomes(self) -> int:
        return len(self.pred) - len(set(self.ignore) & set(range(len(self.pred)))) if self.kind == "classes" else 2

    @property
    def shape(self) -> tuple[int, ...]:
        return self.pred.shape if self.kind == "binary" else self.pred.shape[1:]

    @property
    def soft(self) -> bool:
        return self.truth.dtype.kind == "f"


def with_effect(name: str, case: Case, params: dict[str, Any]) -> Case:
    """The case without what the caller chose and the loss refuses, since it would change nothing."""
    while True:
        try:
            losses.value(name, case.pred, case.truth, **case.options, **params)
        except BadOption as fault:
            option = fault.message.partition(" has no effect")[0].partition("=")[0]
            case = replace(case, caller={key: each for key, each in case.caller.items() if key != option})
        else:
            return case


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


def _classes(seed: int, shape: tuple[int, ...] = SHAPE, number: int = 3) -> tuple[Array, Array, Array, Array]:
    """Logits, labels, a soft target, and labels of which some are 255; one pixel is saturated right, one wrong."""
    r = np.random.RandomState(seed)
    labels = r.randint(0, number, shape)
    x = r.normal(0, 1.5, (number, *shape)) + 1.5 * (labels == np.arange(number).reshape(-1, *(1,) * len(shape)))
    void = np.where(r.rand(*shape) < 0.2, 255, labels)
    return x, labels, softmax(r.normal(0, 2, (number, *shape))), void


def _saturated(p: Array, labels: Array) -> Array:
    """The same with the first pixel surely right and the last surely wrong."""
    p = p.copy()
    first, last = (0,) * labels.ndim, (-1,) * labels.ndim
    for place, label in ((first, labels[first]), (last, (labels[last] + 1) % len(p))):
        p[(slice(None), *place)] = np.arange(len(p)) == label
    return p


def _made() -> dict[str, Case]:
    x, labels, soft, void = _classes(1)
    x3, labels3, _, void3 = _classes(2, VOLUME)
    xb, lb, sb, vb = _classes(3, number=2)
    xb, sb = xb[1] - xb[0], sb[1]
    pb = softmax(np.stack([0 * xb, xb]))[1]
    xb3, _, _, vb3 = _classes(4, VOLUME, 2)
    some = np.random.RandomState(5).rand(3, *SHAPE) < 0.4
    one_hot = np.stack([labels == c for c in range(3)]).astype(float)
    return {
        "classes": Case("classes", _saturated(softmax(x), labels), labels),
        "classes-inside": Case("classes", softmax(x), labels),
        "classes-two": Case("classes", np.stack([1 - pb, pb]), lb),
        "classes-soft": Case("classes", softmax(x), soft),
        "classes-one-hot": Case("classes", softmax(x), one_hot),
        "classes-void": Case("classes", _saturated(softmax(x), labels), void, ignore=(255,)),
        "classes-without-2": Case("classes", softmax(x), void, ignore=(2, 255)),
        "classes-without-0": Case("classes", softmax(x), void, ignore=(0, 255)),
        "classes-absent": Case("classes", softmax(x), np.where(labels == 2, 0, labels)),
        "classes-logits": Case("classes", x, labels, "logits"),
        "classes-logits-soft": Case("classes", x, soft, "logits"),
        "classes-logits-void": Case("classes", x, void, "logits", (255,)),
        "classes-volume": Case("classes", softmax(x3), void3, ignore=(255,)),
        "binary": Case("binary", _saturated(np.stack([1 - pb, pb]), lb)[1], lb),
        "binary-inside": Case("binary", pb, lb),
        "binary-soft": Case("binary", pb, sb),
        "binary-void": Case("binary", pb, vb, ignore=(255,)),
        "binary-logits": Case("binary", xb, lb, "logits"),
        "binary-logits-soft": Case("binary", xb, sb, "logits"),
        "binary-scores": Case("binary", xb, vb, "scores", (255,)),
        "binary-volume": Case("binary", softmax(xb3)[1], vb3, ignore=(255,)),
        "binary-logits-volume": Case("binary", xb3[1], vb3, "logits", (255,)),
        "multilabel": Case("multilabel", softmax(x)[::-1], some.astype(int)),
        "multilabel-soft": Case("multilabel", softmax(x), softmax(2 * x[::-1])),
        "multilabel-logits": Case("multilabel", x, some.astype(float), "logits"),
        "multilabel-scores": Case("multilabel", x3, np.stack([labels3 == c for c in (2, 0, 1)]).astype(int), "scores"),
    }


CASES = _made()
WEIGHTS = {shape: np.random.RandomState(6).uniform(0.2, 3, shape) for shape in (SHAPE, VOLUME)}
OFF: dict[str, list[dict[str, Any]]] = {
    "cross_entropy": [{"label_smoothing": 0.13}],
    "focal": [
        {"gamma": 1.7},
        {"gamma": 0.6, "alpha": "per outcome"},
        {"gamma": "per class", "alpha": "shares of classes"},
    ],
    "topk_cross_entropy": [{"fraction": 0.37}, {"threshold": 0.43}, {"threshold": 0.1, "min_kept": 7}],
    "poly1_cross_entropy": [{"epsilon": 0.7}],
    "generalized_cross_entropy": [{"q": 0.4}],
    "skew_kl": [{"alpha": 0.3}],
    "skew_jensen_shannon": [{"alpha": 0.2}],
    "dice": [{"smooth": 0.9}, {"smooth": 0.4, "overlap": "min", "smooth_below": 1.6}],
    "squared_dice": [{"smooth": 1.3}, {"smooth": 0.3, "smooth_below": 2.2}],
    "log_squared_dice": [{"smooth": 0.7}],
    "rates": [{"sensitivity_weight": 0.3, "smooth": 0.85}],
    "log_dice": [{"smooth": 0.6}],
    "log_cosh_dice": [{"smooth": 1.7}],
    "generalized_dice": [{"weight": "simple", "smooth": 0.02}, {"weight": "uniform", "smooth": 0.8}],
    "jaccard": [{"smooth": 1.1}, {"smooth": 0.2, "smooth_below": 1.9}],
    "tversky": [
        {"fp_weight": 0.45, "fn_weight": 0.8, "smooth": 0.35},
        {"smooth": 0.1, "smooth_below": 0.75},
        {"fp_weight": "shares of classes", "fn_weight": "per class", "smooth": 0.2},
    ],
    "focal_tversky": [
        {"gamma": "per class", "fp_weight": "shares of classes", "fn_weight": 0.6},
        {"fn_weight": "per class", "smooth": 0.25},
        {"gamma": 1.4, "fp_weight": 0.25, "fn_weight": 0.9, "smooth": 0.15},
    ],
    "sensitivity_specificity": [{"sensitivity_weight": 0.35, "smooth": 0.75}],
    "mcc": [{"smooth": 2.5}, {"smooth": 1.5, "cell": 0.35}],
    "hausdorff_dt": [{"alpha": 1.3}, {"alpha": 0.0}],
    "log_hausdorff_dt": [{"alpha": 0.7}],
    "hausdorff_er": [{"alpha": 1.6, "erosions": 3}],
    "weighted_hausdorff": [{"alpha": 2.5, "eps": 0.03}],
    "correlation_ssim": [{"ce_weight": 0.3, "threshold": 0.25, "c": 0.04, "window": 5, "sigma": 0.9}],
    "soft_cldice": [{"iterations": 2, "smooth_mean": 0.3}, {"iterations": 1, "smooth": 0.55}],
    "dice_cross_entropy": [{"dice_weight": 0.8, "ce_weight": 1.9, "smooth": 0.45}],
    "dice_cldice": [{"cldice_weight": 0.35, "iterations": 2, "smooth": 0.65}],
    "combo": [{"alpha": 0.3, "beta": 0.8, "smooth": 0.95}],
    "exp_log": [{"dice_weight": 0.6, "ce_weight": 0.5, "gamma": 0.8, "smooth": 0.25}],
    "unified_focal": [
        {"weight": 0.3, "delta": 0.7, "gamma": 0.2},
        {"weight": 0.8, "delta": 0.35, "gamma": 0.65, "variant": "symmetric"},
    ],
    "mse_cross_entropy": [{"ce_weight": 0.3}],
    "blob": [
        {"global_weight": 1.5, "blob_weight": 0.7, "base": "cross_entropy"},
        {"global_weight": 0.4, "blob_weight": 2.2, "base": "dice_cross_entropy"},
    ],
    "t_loss": [{"log_nu": 0.4, "log_precision": 0.9}, {"log_nu": -25.0}],
    "huber": [{"delta": 0.3}],
    "smooth_l1": [{"beta": 0.25}],
    "pseudo_huber": [{"delta": 0.4}],
}


def settings(name: str, case: Case) -> list[dict[str, Any]]:
    """Parameters to try a loss with on a case, the defaults first where they can be."""
    several = case.outcomes > 2
    vector = [0.5, 2.1, 3.3][: case.outcomes]
    if name == "weighted_cross_entropy":
        first = {"class_weights": vector} if several else {"pos_weight": 2.7}
        smoothed = {"class_weights": vector[::-1], "normalize": "weights", "label_smoothing": 0.17}
        return [
            first,
            {"class_weights": "balanced"},
            {"class_weights": vector[::-1], "normalize": "weights"},
            {**first, "label_smoothing": 0.23},
            {"class_weights": "balanced", "normalize": "weights", "label_smoothing": 0.4},
            smoothed,
        ]
    if name == "balanced_cross_entropy":
        return [{}] if several else [{}, {"beta": 0.3}]
    if name == "unet_cross_entropy":
        return [{"weights": WEIGHTS[case.shape]}, {"weights": WEIGHTS[case.shape], "class_weights": vector}]
    if name == "ssim":
        return [{"window": 3}, {"window": 2, "sigma": 0.8}]
    if name == "generalized_wasserstein_dice":
        costs = [[0, 0.4, 2], [0.7, 0, 1.2], [1.6, 0.3, 0]]
        costs = [row[: case.outcomes] for row in costs[: case.outcomes]]
        other = {"distances": costs, "background_class": case.outcomes - 1, "smooth": 0.6}
        return [{}, {"distances": costs, "weight": "volume", "smooth": 0.35}, other]
    number = len(case.pred) if case.kind == "multilabel" else case.outcomes
    named = {
        "per outcome": vector if several else 0.3,
        "per class": [0.5, 2.1, 3.3][:number],
        "shares of classes": [0.35, 0.8, 0.15][:number],
    }
    return [
        {},
        *({k: named.get(v, v) if isinstance(v, str) else v for k, v in each.items()} for each in OFF.get(name, [])),
    ]


def of_family(family: str) -> list[tuple[str, Case]]:
    """The cases of classes, of binary problems, or of several labels, with their names."""
    return [(kind, case) for kind, case in CASES.items() if case.kind == family]


def fits(name: str, case: Case) -> bool:
    """Whether a loss takes such a truth at all."""
    return name != "generalized_wasserstein_dice" or not (case.soft or case.kind == "multilabel")
