"""Pixel-wise losses: one number for each pixel, then the mean over pixels."""

from typing import Literal

import numpy as np

from segeval.arrays.functions import complement, like, namespace, plain, power
from segeval.distance.maps import contour_errors, fraction_to_centre
from segeval.errors import BadParameter
from segeval.evidence.pixels import Numbers, Outcomes
from segeval.evidence.sample import Picture
from segeval.evidence.soft import ClassSums, SurprisalTable
from segeval.losses import LOSSES
from segeval.losses.engine.parts import Parts
from segeval.measures import Fitting
from segeval.parameters import Map, NonNegative, Positive, Share, Weights, Whole


@LOSSES.add(
    low=0,
    high=16.1181,
    log=True,
    also=(
        "ce",
        "bce",
        "binary_crossentropy",
        "binary_cross_entropy",
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
    ),
    default=True,
)
def cross_entropy(o: Outcomes, *, label_smoothing: Share = 0.0) -> Numbers:
    """Cross entropy: the surprisal of what is true.

        cross_entropy = mean of −ln p_true;  binary −[g ln p + (1 − g) ln(1 − p)]

    label_smoothing ε replaces g by (1 − ε) g + ε/K: K = 2 outcomes of a binary problem, else the classes.

    Made for balanced classes.
    Use it as the loss that says most about probabilities; large classes rule it.
    Avoid it where a few pixels of foreground must be found: its mean is of the many.

    Shannon (1948). doi:10.1002/j.1538-7305.1948.tb01338.x; label smoothing: Szegedy et al. (2016). arXiv:1512.00567
    """
    if label_smoothing == 0:
        return o.cost
    return (1 - label_smoothing) * o.cost + label_smoothing * o.mean_surprisal


def _fits_weights(image: Fitting, *, pos_weight: float | Weights | None, class_weights: object, **_: object) -> None:
    """One of the two weights, for as many outcomes, or problems, as there are."""
    name = "weighted_cross_entropy"
    if (pos_weight is None) == (class_weights is None):
        what = f"{name} needs pos_weight (binary) or class_weights, one of them"
        raise BadParameter(what, "for example pos_weight=3, or class_weights='balanced'")
    if pos_weight is not None and image.outcomes != 2:
        raise BadParameter(f"{name}.pos_weight is for 2 outcomes, not {image.outcomes}", "class_weights")
    image.check(class_weights, f"{name}.class_weights", image.outcomes)
    if isinstance(pos_weight, tuple) and len(pos_weight) != image.problems:
        what = f"{name}.pos_weight has {len(pos_weight)} numbers for {image.problems} problems"
        raise BadParameter(what, "give one for each, in order")


@LOSSES.add(low=0, log=True, folder_weights="class_weights", fits=_fits_weights, sweep=("pos_weight", (0.5, 1, 2, 4)))
def weighted_cross_entropy(
    parts: Parts,
    *,
    pos_weight: NonNegative | Weights | None = None,
    class_weights: Literal["balanced"] | Weights | None = None,
    normalize: Literal["pixels", "weights"] = "pixels",
    label_smoothing: Share = 0.0,
) -> Numbers:
    """Cross entropy with a price for each class.

        weighted_cross_entropy = Σ_c w_c g_c (−ln p_c);  binary −[β g ln p + (1 − g) ln(1 − p)], β = pos_weight

    One of pos_weight (binary; of independent channels one for all, or one for each) and class_weights must be given;
    "balanced" is N / (K N_c), a class without pixels 0.
    normalize "pixels" divides by the pixels, "weights" by the sum of their weights, as torch does.
    label_smoothing ε replaces g by (1 − ε) g + ε/K, as in `cross_entropy`, each outcome with its own weight;
    "weights" still divides by those of what is true.

    Made for class imbalance.
    Use it against imbalance. β > 1 gives fewer false negatives, β < 1 fewer false positives.
    Avoid it with extreme weights: a few pixels then make all of the gradient.

    Jadon (2020). arXiv:2006.14822; label smoothing: torch.nn.CrossEntropyLoss
    """
    given = {"pos_weight": pos_weight, "class_weights": class_weights, "normalize": normalize}
    if label_smoothing == 0:
        return parts(_priced, **given)
    return parts(_priced_smoothly, label_smoothing=label_smoothing, **given)


def _priced(s: ClassSums, *, pos_weight: float | Weights | None, class_weights: object, normalize: str) -> Numbers:
    weight = _weights(s, pos_weight, class_weights)
    return weight * s.surprisal / _whole(s, weight, normalize)


def _priced_smoothly(
    s: SurprisalTable,
    *,
    pos_weight: float | Weights | None,
    class_weights: object,
    normalize: str,
    label_smoothing: float,
) -> Numbers:
    weight = _weights(s, pos_weight, class_weights)
    xp, outcomes = namespace(s.surprisal), s.surprisal.shape[-1]
    true = xp.sum(like(np.eye(outcomes), s.surprisal) * s.surprisal, axis=-2)
    spread = xp.sum(weight[..., :, None] * s.surprisal, axis=-2) / outcomes
    terms = (1 - label_smoothing) * weight * true + label_smoothing * spread
    return terms / _whole(s, weight, normalize)


def _whole(s: ClassSums, weight: Numbers, normalize: str) -> Numbers:
    """What the sums are divided by: the pixels, or their weights."""
    if normalize == "pixels":
        return s.n
    total = namespace(s.pixels).sum(weight * s.pixels, axis=-1)
    return namespace(total).where(total > 0, total, np.nan)[..., None]


def _weights(s: ClassSums, pos_weight: float | Weights | None, class_weights: object) -> Numbers:
    """(B, K) or (1, K)."""
    if isinstance(pos_weight, tuple):
        return like(np.array([[1.0, weight] for weight in pos_weight]), s.surprisal)
    if pos_weight is not None:
        return like(np.array([[1.0, pos_weight]]), s.surprisal)
    if isinstance(class_weights, tuple):
        return like(np.array([class_weights]), s.surprisal)
    xp, outcomes = namespace(s.pixels), s.pixels.shape[-1]
    return xp.where(s.pixels > 0, s.n / (outcomes * xp.where(s.pixels > 0, s.pixels, 1.0)), 0.0)


def _fits_beta(image: Fitting, *, beta: float | None) -> None:
    if beta is not None and image.outcomes != 2:
        raise BadParameter("balanced_cross_entropy.beta is for binary problems", "leave it out")


@LOSSES.add(low=0, high=16.1181, log=True, fits=_fits_beta, default=True, sweep=("beta", (0.2, 0.5, 0.8)))
def balanced_cross_entropy(s: ClassSums, *, beta: Share | None = None) -> Numbers:
    """Cross entropy in which each class weighs as much as all others have pixels.

        balanced_cross_entropy = Σ_c (1 − N_c/N) g_c (−ln p_c);  binary −[β g ln p + (1 − β)(1 − g) ln(1 − p)]

    beta, binary only, is the weight of the foreground; None: 1 − mean g, of the image. A truth of one class has
    weight 0, so that the loss is blind there.

    Made for thin or rare foreground.
    Use it for thin foreground, as in edge detection.
    Avoid it where many images hold one class only: it teaches nothing there.

    Xie & Tu (2015), equation 2. arXiv:1504.06375
    """
    if beta is None:
        return (1 - s.pixels / s.n) * s.surprisal / s.n
    return like(np.array([[1 - beta, beta]]), s.surprisal) * s.surprisal / s.n


def _fits_focus(image: Fitting, *, gamma: float | Weights, alpha: float | Weights | None) -> None:
    """Numbers of the classes are one for each."""
    image.check(gamma, "focal.gamma")
    image.check(alpha, "focal.alpha")
    if isinstance(alpha, float) and image.outcomes != 2:
        what = f"focal.alpha is one number for {image.outcomes} classes"
        raise BadParameter(what, "give one for each class, in order")
    if image.problems > 1 and isinstance(alpha, tuple) and max(alpha) > 1:
        raise BadParameter(f"focal.alpha holds {max(alpha):g}", "of independent channels each is a share, up to 1")


@LOSSES.add(low=0, log=True, fits=_fits_focus, default=True, sweep=("gamma", (0, 0.5, 1, 2, 5)))
def focal(o: Outcomes, *, gamma: NonNegative | Weights = 2.0, alpha: Share | Weights | None = None) -> Numbers:
    """Focal loss: cross entropy that fades where the prediction is right already.

        focal = mean of −α_t (1 − p_t)^γ ln p_t, p_t the probability of what is true

    alpha: a number, binary only, weighs the foreground with α and the background with 1 − α; a list has one weight for
    each class; None is no weight. Of independent channels it has a number as above for each of them. gamma may be a
    list too, of a number for each class. The paper's detection setting is 0.25. γ = 0 is the (weighted) cross entropy.

    Made for many easy pixels.
    Use it where easy pixels outnumber hard ones.
    Avoid it where labels are noisy: wrong ones look hard, and it is these that it keeps.

    Lin et al. (2017). arXiv:1708.02002
    """
    faded = power(complement(o.p, o.surprisal), o.own(gamma)) * o.surprisal
    if alpha is None:
        return faded
    if isinstance(alpha, tuple) and not o.independent:
        return o.each(alpha) * faded
    share = o.own(alpha)
    return ((1 - share) * o.each((1, 0)) + share * o.each((0, 1))) * faded


def _fits_map(image: Fitting, *, weights: object, class_weights: object) -> None:
    image.check(class_weights, "unet_cross_entropy.class_weights", image.outcomes)
    if weights is None:
        raise BadParameter("unet_cross_entropy needs weights", "a map for each image: weights=… or --weights DIR")


@LOSSES.add(low=0, log=True, fits=_fits_map)
def unet_cross_entropy(o: Outcomes, *, weights: Map | None = None, class_weights: Weights | None = None) -> Numbers:
    """Cross entropy with a weight for each pixel, such as the U-Net's distance map.

        unet_cross_entropy = mean of −w(x) ln p_true(x)

    weights: a map of the image's size, for example w = w_c + w₀ exp(−(d₁ + d₂)²/(2σ²)), w₀ = 10 and σ = 5 pixels.
    class_weights: a number for each class, times that of the pixel; of a binary problem of background and foreground.

    Made for touching objects.
    Use it where cells touch and must come apart.
    Avoid it without instances to make the map of, or where objects never touch.

    Ronneberger et al. (2015). arXiv:1505.04597
    """
    assert weights is not None
    priced = o.at(weights) * o.surprisal
    return priced if class_weights is None else o.each(class_weights) * priced


@LOSSES.add(low=0, high=32.2362, log=True, distances=True)
def distance_penalized_cross_entropy(x: Picture) -> Numbers:
    """Cross entropy that costs up to twice as much at borders.

        distance_penalized_cross_entropy = mean of −(1 + φ) ln p_true, φ = (d_max − d)/(d_max − d_min)

    d is the distance of a pixel to the outside of its true region, by the spacing; φ is 1 at the border, 0 at the
    centre, 1 in a class of one distance only, and 0 everywhere in a truth of one label.

    Made for unsharp borders.
    Use it to sharpen borders without a weight map.
    Avoid it where annotated borders are uncertain by pixels: it is these that it prices most.

    Caliva et al. (2019). openreview.net/forum?id=B1eIcvS45V
    """
    return (1 + x.outcomes.at(fraction_to_centre(x.truth, x.spacing))) * x.outcomes.surprisal


@LOSSES.add(low=0, high=16.1181, log=True)
def topk_cross_entropy(
    x: Picture, *, fraction: Share = 0.1, threshold: Share | None = None, min_kept: Whole = 0
) -> tuple[Numbers, Numbers]:
    """Cross entropy of the worst pixels only.

        topk_cross_entropy = mean of the k largest −ln p_true, k = max(1, ⌊fraction N⌋)

    With a threshold it is online hard example mining instead: the mean over the pixels whose p_true is below the
    threshold, or below the p_true at position min_kept (from 0) of the ascending ones, if that is larger.

    Made for many easy pixels.
    Use it when most pixels are learnt; nnU-Net takes 10 %.
    Avoid it where labels are noisy: wrong labels are the worst pixels, and all that it sees.

    Wu et al. (2016). arXiv:1605.06885; Shrivastava et al. (2016). arXiv:1604.03540
    """
    surprisal = x.outcomes.cost
    values = plain(surprisal)
    if threshold is None:
        kept = np.zeros(values.size)
        kept[np.argsort(-values, kind="stable")[: max(1, int(fraction * values.size))]] = 1
    else:
        p_true = np.exp(-values)
        limit = np.sort(p_true)[: min_kept + 1].max(initial=threshold)
        kept = (p_true < limit).astype(np.float64)
    weight = like(kept, surprisal)
    return weight * surprisal, weight


@LOSSES.add(low=0, log=True, sweep=("epsilon", (0, 1, 2, 4)))
def poly1_cross_entropy(o: Outcomes, *, epsilon: NonNegative = 2.0) -> Numbers:
    """Cross entropy with a heavier first term of its series.

        poly1_cross_entropy = mean of −ln p_true + ε (1 − p_true)

    epsilon is 2, the paper's setting for ImageNet.

    Made for balanced classes.
    Use it as cross entropy with a gradient that does not fade as soon.
    Avoid it against imbalance: the term that it adds knows no class either.

    Leng et al. (2022). arXiv:2204.12511
    """
    return o.surprisal + epsilon * (1 - o.p)


@LOSSES.add(low=0, also=("gce",), sweep=("q", (0.1, 0.4, 0.7, 1)))
def generalized_cross_entropy(o: Outcomes, *, q: Positive = 0.7) -> Numbers:
    """Between cross entropy (q → 0) and absolute error (q = 1): wrong labels weigh less.

        generalized_cross_entropy = mean of (1 − p_true^q)/q

    A pixel costs 1/q at most.

    Made for noisy labels.
    Use it where some labels are wrong: it does not chase them as cross entropy does.
    Avoid it where labels are right: it learns more slowly.

    Zhang & Sabuncu (2018). arXiv:1805.07836
    """
    return (1 - power(o.p, q)) / q


@LOSSES.add(low=0, log=True, distances=True)
def shape_aware(x: Picture) -> Numbers:
    """Cross entropy that costs more on a predicted contour the farther it lies from the true one.

        shape_aware = mean of −(1 + E) ln p_true, E = distance to the true contour on predicted contours, 0 elsewhere

    A contour is made of the pixels with a face neighbour of another label. A truth without contour has E = 0; E is in
    the unit of the spacing.

    Made for misplaced contours.
    Use it when shapes matter. A reading of ours: the paper has no public code.
    Avoid it early in training, when contours are everywhere, or where a reference implementation is needed.

    Al Arif et al. (2017), MICCAI MSKI workshop; Jadon (2020). arXiv:2006.14822
    """
    return (1 + x.outcomes.at(contour_errors(x.pred, x.truth, x.spacing))) * x.outcomes.surprisal
