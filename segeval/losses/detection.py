"""Detection and adversarial losses: formulas of other inputs than an image, for Python only."""

from typing import Any, Literal

import numpy as np

from segeval.arrays.functions import LOW, Array
from segeval.errors import BadParameter
from segeval.losses import LOSSES


@LOSSES.add(low=0, log=True, direct=True)
def faster_rcnn(
    pred: Any,
    truth: Any,
    box: Any,
    true_box: Any,
    *,
    box_weight: float = 10.0,
    cls_norm: float = 256,
    box_norm: float = 2400,
) -> float:
    """Loss of a region proposal network: objectness, and boxes of the positive anchors.

        faster_rcnn = Σ BCE(p_i, y_i)/N_cls + λ/N_box Σ y_i Σ_k smooth_l1(t_ik − t*_ik), λ = box_weight

    pred, truth: probability and label of n anchors. box, true_box: (n, 4). Without a positive anchor the second term
    is 0.

    Made for boxes.
    Use it for anchors.
    Avoid it for masks: it takes anchors.

    Ren et al. (2015), equation 1. arXiv:1506.01497
    """
    p, y = _equal(_probability(pred, "pred"), _probability(truth, "truth"), "pred", "truth")
    t, true = _equal(box, true_box, "box", "true_box")
    if not (cls_norm > 0 and box_norm > 0 and box_weight >= 0):
        raise BadParameter("faster_rcnn: a norm or weight is out of range", "norms are above 0, box_weight from 0 up")
    if t.shape != (*p.shape, 4):
        raise BadParameter(f"faster_rcnn: box is {t.shape}", f"wanted: {(*p.shape, 4)}")
    r = np.abs(t - true)
    smooth_l1 = np.where(r < 1, r**2 / 2, r - 0.5).sum(axis=-1)
    return float(_surprisal(p, y).sum() / cls_norm + box_weight / box_norm * (y * smooth_l1).sum())


@LOSSES.add(low=0, high=16.1181, log=True, direct=True)
def mask_rcnn_mask(pred: Any, truth: Any, *, label: int | None = None) -> float:
    """Mask loss of Mask R-CNN: of the true class alone.

        mask_rcnn_mask = mean over m × m of BCE(p_k, g), k the true class; the masks of other classes are not used

    pred: (m, m), or (K, m, m) with label k. truth: (m, m).

    Made for masks of objects.
    Use it for one region of interest.
    Avoid it for whole images: classes do not compete.

    He et al. (2017), section 3. arXiv:1703.06870
    """
    masks = _numbers(pred, "pred")
    if masks.ndim == np.ndim(truth) + 1:
        if not isinstance(label, int | np.integer) or not 0 <= label < len(masks):
            raise BadParameter(
                f"mask_rcnn_mask.label is {label!r}", f"wanted: the true class, from 0 to {len(masks) - 1}"
            )
        masks = masks[label]
    p, g = _equal(_probability(masks, "pred"), _probability(truth, "truth"), "pred", "truth")
    return float(_surprisal(p, g).mean())


@LOSSES.add(low=float("-inf"), log=True, direct=True)
def minimax_gan(
    real: Any = None, fake: Any = None, *, role: Literal["discriminator", "generator"] = "discriminator"
) -> float:
    """The two sides of a generative adversarial network.

        minimax_gan = −mean ln D(x) − mean ln(1 − D(G(z))) of the discriminator; mean ln(1 − D(G(z))) of the generator

    real: D(x). fake: D(G(z)). The generator needs fake only.

    Made for adversarial training.
    Use it for adversarial training of segmentation.
    Avoid it as the generator's only loss: where the discriminator wins, it has hardly a gradient.

    Goodfellow et al. (2014), equation 1. arXiv:1406.2661
    """
    if fake is None or (real is None and role == "discriminator"):
        raise BadParameter(
            f"minimax_gan lacks the outputs of the {role}", "give real and fake; fake alone to a generator"
        )
    if role not in ("discriminator", "generator"):
        raise BadParameter(f"minimax_gan.role is {role!r}", "wanted: 'discriminator' or 'generator'")
    deceived = -_surprisal(_probability(fake, "fake"), 0.0).mean()
    if role == "generator":
        return float(deceived)
    return float(_surprisal(_probability(real, "real"), 1.0).mean() - deceived)


def _surprisal(p: Array, y: Array | float) -> Array:
    """−[y ln p + (1 − y) ln(1 − p)] of clipped p."""
    p = np.clip(p, LOW, 1 - LOW)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))


def _probability(p: Any, name: str) -> Array:
    array = _numbers(p, name)
    if array.size == 0 or array.min() < 0 or array.max() > 1:
        raise BadParameter(f"{name} holds no probabilities, or others than within [0, 1]", "give outputs of a sigmoid")
    return array


def _numbers(given: Any, name: str) -> Array:
    """Finite numbers."""
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError) as fault:
        raise BadParameter(f"{name} is no array of numbers", "give numbers") from fault
    if not np.isfinite(array).all():
        raise BadParameter(f"{name} holds NaN or infinity", "find where the model made them")
    return array


def _equal(one: Any, other: Any, name: str, other_name: str) -> tuple[Array, Array]:
    a, b = _numbers(one, name), _numbers(other, other_name)
    if a.shape != b.shape:
        raise BadParameter(f"{name} is {a.shape} but {other_name} is {b.shape}", "give arrays of one shape")
    return a, b
