"""Region losses: of the soft counts of each class. Evidence, then the mean over the classes present."""

from typing import Literal

import numpy as np

from segeval.arrays.functions import LOW, clipped, like, log_cosh, namespace, plain, power, ratio
from segeval.errors import BadParameter
from segeval.evidence.pixels import Numbers
from segeval.evidence.sample import Unplaced, local
from segeval.evidence.soft import SoftConfusion, SoftCounts
from segeval.losses import LOSSES
from segeval.losses.operators.lovasz import lovasz
from segeval.measures import Fitting
from segeval.parameters import Matrix, NonNegative, Share, Weights, Whole


@LOSSES.add(low=0, high=1, also=("dice_loss", "soft_dice"), default=True)
def dice(
    c: SoftCounts,
    *,
    smooth: NonNegative = 0.0,
    overlap: Literal["product", "min"] = "product",
    smooth_below: NonNegative | None = None,
) -> Numbers:
    """Dice loss: what two regions do not share.

        dice = 1 − (2I + s)/(P + G + d), I = Σ p g, P = Σ p, G = Σ g

    s is smooth, d smooth_below; None: the same. smooth_below alone makes an empty class cost 1, not nothing.

    overlap "min" takes I = Σ min(p, g), which is 0 at p = g for soft truths too; both are equal for hard ones.
    dice = 2J/(1 + J) of `jaccard`.

    Made for class imbalance.
    Use it against imbalance; it says little about how sure a prediction is.
    Avoid it alone where images without foreground are common, or where probabilities must be calibrated.

    Dice (1945). doi:10.2307/1932409; Drozdzal et al. (2016). arXiv:1608.04117
    min: Wang et al. (2023). arXiv:2303.16296
    """
    shared = c.least if overlap == "min" else c.pt
    return 1 - ratio(2 * shared + smooth, c.p + c.t + _below(smooth, smooth_below))


def _below(smooth: float, below: float | None) -> float:
    """What is added below the line: the same as above, unless it was given."""
    return smooth if below is None else below


@LOSSES.add(low=0, high=1)
def squared_dice(c: SoftCounts, *, smooth: NonNegative = 0.0, smooth_below: NonNegative | None = None) -> Numbers:
    """Dice loss with squares below the line, as in V-Net.

        squared_dice = 1 − (2I + s)/(Q + R + d), I = Σ p g, Q = Σ p², R = Σ g², d = smooth_below, s unless given

    Its gradient is 0 at p = g, and on every background pixel at p = 0.

    Made for class imbalance.
    Use it as Dice loss for soft truths.
    Avoid it where the last false positives matter: near p = 0 the background pulls no more.

    Milletari et al. (2016). arXiv:1606.04797
    """
    return 1 - ratio(2 * c.pt + smooth, c.pp + c.tt + _below(smooth, smooth_below))


@LOSSES.add(low=0, high=16.1181)
def log_squared_dice(c: SoftCounts, *, smooth: NonNegative = 0.0) -> Numbers:
    """The surprisal of the Dice coefficient with squares below the line.

        log_squared_dice = −ln D, D = 1 − squared_dice

    Made for small overlap.
    Use it as log_dice for soft truths.
    Avoid it where images without foreground occur: they stay at its clip whatever is predicted.

    Milletari et al. (2016). arXiv:1606.04797; the logarithm as in log_dice
    """
    d = clipped(1 - squared_dice(c, smooth=smooth), LOW, 1.0)
    return -namespace(d).log(d)


@LOSSES.add(low=0, high=16.1181)
def log_dice(c: SoftCounts, *, smooth: NonNegative = 0.0) -> Numbers:
    """The surprisal of the Dice coefficient.

        log_dice = −ln D, D = 1 − dice

    Made for small overlap.
    Use it where Dice is small: its gradient grows as D falls.
    Avoid it where images without foreground occur: they stay at its clip whatever is predicted.

    segmentation_models_pytorch DiceLoss(log_loss=True)
    """
    d = clipped(1 - dice(c, smooth=smooth), LOW, 1.0)
    return -namespace(d).log(d)


@LOSSES.add(low=0, high=0.4338)
def log_cosh_dice(c: SoftCounts, *, smooth: NonNegative = 0.0) -> Numbers:
    """Dice loss, smoothed at its end.

        log_cosh_dice = ln cosh(dice)

    Made for class imbalance.
    Use it as Dice loss with a gradient that fades near 0.
    Avoid it where the last points count: its gradient fades as Dice becomes good.

    Jadon (2020). arXiv:2006.14822
    """
    return log_cosh(dice(c, smooth=smooth))


@LOSSES.add(low=0, high=1, also=("gdl", "generalized_dice_loss"), default=True)
def generalized_dice(
    c: SoftCounts, *, weight: Literal["square", "simple", "uniform"] = "square", smooth: NonNegative = 0.0
) -> Numbers:
    """Dice loss of all classes together, small classes weighing more.

        generalized_dice = 1 − (2 Σ_c w_c I_c + s)/(Σ_c w_c (P_c + G_c) + s), w_c = 1/G_c²

    weight "simple" is 1/G, "uniform" 1. A class without truth takes the largest weight of the others. One value for all
    classes; a binary problem counts its background too.

    Made for many classes of unlike size.
    Use it for many classes of very different size.
    Avoid it where a class has a few pixels in some images: 1/G² lets it rule them.

    Sudre et al. (2017). arXiv:1707.03237
    """
    c = c.outcomes
    xp = namespace(c.p)
    true = plain(c.t)
    w = np.where(true > 0, 1 / np.where(true > 0, true, 1.0) ** {"square": 2, "simple": 1, "uniform": 0}[weight], 0.0)
    w = like(np.where(true > 0, w, w.max(axis=-1, keepdims=True)), c.p)
    return 1 - ratio(2 * xp.sum(w * c.pt, axis=-1) + smooth, xp.sum(w * (c.p + c.t), axis=-1) + smooth)


def _fits_costs(image: Fitting, *, distances: Matrix | None, background_class: int, **_: object) -> None:
    """A row and a column of costs for each outcome."""
    name, outcomes = "generalized_wasserstein_dice", image.outcomes
    if distances is not None:
        size, costs = len(distances), np.array(distances, np.float64)
        if size != outcomes:
            what = f"{name}.distances is {size} x {size} for {outcomes} classes"
            raise BadParameter(what, "a row for each class")
        if np.diag(costs).any() or not costs.max() > 0:
            what = f"{name}.distances must be 0 on its diagonal and above 0 somewhere"
            raise BadParameter(what, "costs of confusions")
    if background_class >= outcomes:
        raise BadParameter(f"{name}.background_class is {background_class} of {outcomes} classes", "count from 0")


@LOSSES.add(low=0, high=1, hard=True, fits=_fits_costs)
def generalized_wasserstein_dice(
    s: SoftConfusion,
    *,
    distances: Matrix | None = None,
    background_class: Whole = 0,
    weight: Literal["foreground", "volume"] = "foreground",
    smooth: NonNegative = 0.0,
    background: int | None = 0,
) -> Numbers:
    """Dice loss in which some confusions cost less than others.

        generalized_wasserstein_dice = 1 − (2T + s)/(2T + E + s), δ = Σ_l M[y, l] p_l, T = Σ over pixels of
        foreground of (1 − δ), E = Σ δ

    distances: the costs M, divided by their largest; by default 1 − identity. background_class: its place among the
    classes, of which 0 is class 0 wherever that stands: where it is ignored, all are foreground. Hard truths of classes
    that exclude each other. Equals `dice` for a binary problem.

    weight "volume" counts every class, the background too, by w_c = 1/(G_c + 1):
    1 − (2 Σ w (1 − δ) + s)/(Σ w (2 − δ) + s).

    Made for confusions of unlike cost.
    Use it where classes have a hierarchy.
    Avoid it with soft truths, or where all confusions are alike: it is no better than `dice`.

    Fidon et al. (2017). arXiv:1707.00478; volume: MONAI GeneralizedWassersteinDiceLoss(weighting_mode="GDL")
    """
    number = s.mass.shape[-1]
    costs = like(_costs(distances, number), s.mass)
    xp = namespace(s.mass)
    errors = xp.sum(costs * s.mass, axis=-1)  # Σ δ of the pixels of each true class
    if weight == "volume":
        priced = (s.pixels - errors) / (s.pixels + 1)
        both = xp.sum(priced, axis=-1) + xp.sum(s.pixels / (s.pixels + 1), axis=-1)
        return 1 - ratio(2 * xp.sum(priced, axis=-1) + smooth, both + smooth)
    hidden = background if background_class == 0 else background_class
    foreground = like(np.array([float(n != hidden) for n in range(number)]), s.mass)
    true = xp.sum(foreground * (s.pixels - errors), axis=-1)
    return 1 - ratio(2 * true + smooth, 2 * true + xp.sum(errors, axis=-1) + smooth)


def _costs(distances: Matrix | None, number: int) -> np.ndarray:
    costs = 1 - np.eye(number) if distances is None else np.array(distances, np.float64)
    return np.asarray(costs / costs.max())


@LOSSES.add(low=0, high=1, also=("iou", "iou_loss", "jaccard_loss", "soft_iou"), default=True)
def jaccard(c: SoftCounts, *, smooth: NonNegative = 0.0, smooth_below: NonNegative | None = None) -> Numbers:
    """Jaccard loss: one minus the soft intersection over union.

        jaccard = 1 − (I + s)/(P + G − I + d), d = smooth_below, s unless given

    Made for class imbalance.
    Use it where IoU is the metric; it orders single images as Dice does.
    Avoid it where images without foreground are common, or where probabilities must be calibrated.

    Rahman & Wang (2016). doi:10.1007/978-3-319-50835-1_22
    """
    return 1 - ratio(c.pt + smooth, c.union + _below(smooth, smooth_below))


def _fits_prices(image: Fitting, *, fp_weight: object, fn_weight: object, gamma: object = None, **_: object) -> None:
    """Numbers of the classes are one for each."""
    for name, value in (("fp_weight", fp_weight), ("fn_weight", fn_weight), ("gamma", gamma)):
        image.check(value, f"{image.loss}.{name}")


@LOSSES.add(low=0, high=1, fits=_fits_prices, default=True, sweep=("fn_weight", (0.3, 0.5, 0.7, 0.9)))
def tversky(
    c: SoftCounts,
    *,
    fp_weight: NonNegative | Weights = 0.3,
    fn_weight: NonNegative | Weights = 0.7,
    smooth: NonNegative = 0.0,
    smooth_below: NonNegative | None = None,
) -> Numbers:
    """Tversky loss: Dice with its own price for each kind of error.

        tversky = 1 − (I + s)/(I + α FP + β FN + d), α = fp_weight, β = fn_weight, FP = P − I, FN = G − I,
        d = smooth_below, s unless given

    ½ and ½ is `dice` with smooth 2s, 1 and 1 is `jaccard`; fn_weight = b²/(1 + b²), fp_weight = 1/(1 + b²) is
    1 − F_b. Both may be lists, of a number for each class.

    Made for unlike cost of errors.
    Use it to trade precision against recall: 0.7 on FN asks for recall.
    Avoid it where both errors cost the same: that is `dice`.

    Salehi et al. (2017). arXiv:1706.05721
    """
    below = c.pt + fp_weight * c.fp + fn_weight * c.fn + _below(smooth, smooth_below)
    return 1 - ratio(c.pt + smooth, below)


@LOSSES.add(low=0, high=1, fits=_fits_prices, default=True, sweep=("gamma", (0.5, 0.75, 1, 2)))
def focal_tversky(
    c: SoftCounts,
    *,
    gamma: NonNegative | Weights = 0.75,
    fp_weight: NonNegative | Weights = 0.3,
    fn_weight: NonNegative | Weights = 0.7,
    smooth: NonNegative = 0.0,
) -> Numbers:
    """Tversky loss to a power, class by class.

        focal_tversky = (1 − TI)^γ, TI = 1 − tversky

    gamma is 0.75: the paper's 1/γ with γ = 4/3. Below 1, the gradient is unbounded near a perfect prediction, 0 at one.
    gamma and both weights may be lists, of a number for each class.

    Made for small lesions.
    Use it for small lesions.
    Avoid it near convergence: for γ < 1 its gradient grows without bound as errors vanish.

    Abraham & Khan (2018). arXiv:1810.07842
    """
    return power(tversky(c, fp_weight=fp_weight, fn_weight=fn_weight, smooth=smooth), gamma)


@LOSSES.add(low=0, high=1)
def sensitivity_specificity(c: SoftCounts, *, sensitivity_weight: Share = 0.05, smooth: NonNegative = 0.0) -> Numbers:
    """Squared error on the foreground, and on the background.

        sensitivity_specificity = r Σ(p − g)² g/(G + s) + (1 − r) Σ(p − g)² (1 − g)/(N − G + s), r = sensitivity_weight

    Undefined when the truth is all foreground or none.

    Made for unlike cost of errors.
    Use it to set the two kinds of error against each other directly.
    Avoid it where images of one class only occur: it is undefined there.

    Brosch et al. (2015). doi:10.1007/978-3-319-24574-4_1
    """
    errors = c.pp - 2 * c.pt + c.tt
    r = sensitivity_weight
    return r * ratio(c.missed, c.t + smooth) + (1 - r) * ratio(errors - c.missed, c.n - c.t + smooth)


@LOSSES.add(low=0, high=1)
def rates(c: SoftCounts, *, sensitivity_weight: Share = 0.5, smooth: NonNegative = 0.0) -> Numbers:
    """What sensitivity and specificity lack to 1, weighed against each other.

        rates = 1 − b (I + s)/(G + s) − (1 − b)(N − P − G + I + s)/(N − G + s), b = sensitivity_weight

    Both rates are shares of what is true, whatever is predicted elsewhere. Undefined when the truth is all foreground
    or none. b = ½ is one minus the soft balanced accuracy.

    Made for class imbalance.
    Use it where the two rates are reported; `sensitivity_specificity` is of squared errors instead.
    Avoid it where precision matters: on a large background it forgives many false positives.

    Jadon (2020). arXiv:2006.14822
    """
    b = sensitivity_weight
    found = ratio(c.pt + smooth, c.t + smooth), ratio(c.n - c.p - c.fn + smooth, c.n - c.t + smooth)
    return 1 - b * found[0] - (1 - b) * found[1]


@LOSSES.add(low=0, high=2, default=True)
def mcc(c: SoftCounts, *, smooth: NonNegative = 0.0, cell: NonNegative = 0.0) -> Numbers:
    """One minus the soft Matthews correlation coefficient.

        mcc = 1 − (N I − P G)/√(P G (N − P)(N − G) + s)

    cell is added to each of the four counts TP, FP, FN and TN first. No errors with a foreground is 0 even where all is
    foreground, without a cell; otherwise undefined when prediction or truth has one value only.

    Made for class imbalance.
    Use it where background counts as much as foreground.
    Avoid it with patches that hold one class only: it is undefined there.

    Abhishek & Hamarneh (2021). arXiv:2010.13454
    """
    xp = namespace(c.p)
    n, p, t, both = c.n + 4 * cell, c.p + 2 * cell, c.t + 2 * cell, c.pt + cell
    product = p * t * ((n - p) * (n - t)) + smooth
    defined = product > 0
    loss = 1 - (n * both - p * t) / xp.sqrt(xp.where(defined, product, 1.0))
    perfect = (plain(c.fp) == 0) & (plain(c.fn) == 0) & (plain(c.t) > 0) & (cell == 0)
    return xp.where(like(perfect, c.p), 0.0, xp.where(defined, loss, np.nan))


@LOSSES.add(low=0, log=True, scores=True)
@local(0)
def lovasz_hinge(f: Unplaced) -> Numbers:
    """Hinge errors, priced by the steps of the Jaccard loss.

        lovasz_hinge = Σ max(e_i, 0) Δ_i, e = 1 − y x sorted downwards, y = 2g − 1

    Δ_i is the rise of the Jaccard loss when the i-th worst pixel turns wrong too. 0 needs all margins at 1 or more.
    Of images together all their pixels are put in order.

    Made for IoU as the metric.
    Use it where IoU is the metric and scores are at hand.
    Avoid it from the start of a training, or where probabilities are wanted afterwards: margins are not.

    Yu & Blaschko (2015). arXiv:1512.07797; Berman et al. (2018). arXiv:1705.08790
    """
    errors = f.kept(1 - (2 * f.t - 1) * f.x)
    xp = namespace(errors)
    return lovasz(xp.where(errors > 0, errors, 0.0), plain(f.kept(f.t)) > 0.5, f.count)


@LOSSES.add(low=0, high=1, outcomes=True)
@local(0)
def lovasz_softmax(f: Unplaced) -> Numbers:
    """Errors of probability, priced by the steps of the Jaccard loss.

        lovasz_softmax = Σ e_i Δ_i, e = |g − p| sorted downwards, for each class

    The authors' code takes the classes of the truth only (presence truth); a class without truth costs its largest p.
    A binary problem counts both outcomes. Of images together all their pixels are put in order.

    Made for IoU as the metric.
    Use it where IoU is the metric.
    Avoid it from the start of a training; it refines one that began with cross entropy.

    Berman et al. (2018). arXiv:1705.08790
    """
    p, t = f.kept(f.p), f.kept(f.t)
    return lovasz(namespace(p).abs(t - p), plain(t) > 0.5, f.count)
