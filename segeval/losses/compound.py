"""Compound losses: formulas of other losses' values. Where a part is undefined, the whole is."""

from typing import Literal

import numpy as np

from segeval.arrays.functions import complement, like, namespace, plain, power
from segeval.evidence.pixels import Numbers, Outcomes
from segeval.evidence.soft import ClassSums, PowerSums, SoftCounts
from segeval.losses import LOSSES
from segeval.losses.boundary import hausdorff_dt, soft_cldice
from segeval.losses.engine.parts import Parts
from segeval.losses.pixelwise import cross_entropy
from segeval.losses.region import dice, log_dice, tversky
from segeval.losses.regression import mean_squared_error
from segeval.parameters import Exponent, NonNegative, Positive, Share, Steps


@LOSSES.add(low=0, background=False, distances=True)
def log_hausdorff_dt(parts: Parts, *, alpha: Exponent = 2.0) -> Numbers:
    """The logarithm of `hausdorff_dt`, after the mean over classes.

        log_hausdorff_dt = ln(1 + hausdorff_dt)

    Of images together the logarithm is taken after their mean.

    Made for far errors.
    Use it to bound its pull.
    Avoid it alone, or where a class may be empty on both sides: it is undefined there.

    MONAI LogHausdorffDTLoss; Karimi & Salcudean (2019). arXiv:1904.10030
    """
    return parts.log(1 + parts(hausdorff_dt, alpha=alpha))


@LOSSES.add(low=0, log=True, default=True)
def dice_cross_entropy(
    parts: Parts, *, dice_weight: NonNegative = 1.0, ce_weight: NonNegative = 1.0, smooth: NonNegative = 0.0
) -> Numbers:
    """Dice loss and cross entropy together, the usual choice.

        dice_cross_entropy = dice_weight · dice + ce_weight · cross_entropy

    Made for class imbalance.
    Use it first.
    Avoid it where labels are noisy, or where images without foreground are common: their Dice is 1 whatever is
    predicted.

    Isensee et al. (2021). doi:10.1038/s41592-020-01008-z
    """
    return dice_weight * parts(dice, smooth=smooth) + ce_weight * parts(cross_entropy)


@LOSSES.add(low=0, high=1, background=False)
def dice_cldice(
    parts: Parts, *, cldice_weight: Share = 0.5, iterations: Steps = 10, smooth: NonNegative = 0.0
) -> Numbers:
    """Dice loss and its centreline form together.

        dice_cldice = (1 − α) dice + α soft_cldice, α = cldice_weight

    Foreground classes only.

    Made for connected tubes.
    Use it for networks of tubes.
    Avoid it for compact objects, whose skeletons say little.

    Shit et al. (2021). arXiv:2003.07311
    """
    centrelines = parts(soft_cldice, iterations=iterations, smooth=smooth)
    return (1 - cldice_weight) * parts(dice, smooth=smooth) + cldice_weight * centrelines


@LOSSES.add(low=0, log=True, sweep=("beta", (0.2, 0.5, 0.8)))
def combo(parts: Parts, *, alpha: Share = 0.5, beta: Share = 0.5, smooth: NonNegative = 0.0) -> Numbers:
    """Weighted cross entropy and Dice loss.

        combo = α mCE + (1 − α) dice, mCE = −mean of [β g ln p + (1 − β)(1 − g) ln(1 − p)]

    Of more than two classes, β weighs every foreground class and 1 − β class 0 (if it is ignored, no class). The paper
    subtracts Dice instead: the same plus the constant 1 − α.

    Made for unlike cost of errors.
    Use it to set false positives against false negatives in cross entropy.
    Avoid it where one knob is enough: α and β need tuning together.

    Taghanaki et al. (2019). arXiv:1805.02798
    """
    return alpha * parts(_sided_cross_entropy, beta=beta) + (1 - alpha) * parts(dice, smooth=smooth)


def _sided_cross_entropy(s: ClassSums, *, beta: float, background: int | None = 0) -> Numbers:
    weight = np.array([_sided(s.surprisal.shape[-1], background, 1 - beta, beta)])
    return like(weight, s.surprisal) * s.surprisal / s.n


def _sided(number: int, background: int | None, own: float, others: float) -> list[float]:
    """A number for each class: one of the background's own, and one for all others."""
    return [own if n == background else others for n in range(number)]


@LOSSES.add(low=0, log=True)
def exp_log(
    parts: Parts,
    *,
    dice_weight: NonNegative = 0.8,
    ce_weight: NonNegative = 0.2,
    gamma: Positive = 0.3,
    smooth: NonNegative = 0.0,
) -> Numbers:
    """Exponential logarithmic loss: powers of surprisals, of Dice and of pixels.

        exp_log = w_D mean_c (−ln D_c)^γ + w_C mean_x [ω_y (−ln p_y)^γ], ω_l = √(Σ_k f_k/f_l), f the pixels of a class

    A binary problem counts both outcomes. 0.0016, not 0, at a perfect prediction, from the clip; its gradient is
    unbounded there.

    Made for small structures.
    Use it for small structures.
    Avoid it near convergence: its gradient is unbounded at a perfect prediction for γ < 1.

    Wong et al. (2018). arXiv:1809.00076
    """
    pixels = parts(_rare_surprisal, exponent=gamma)
    return dice_weight * parts(_dice_surprisal, gamma=gamma, smooth=smooth) + ce_weight * pixels


def _dice_surprisal(c: SoftCounts, *, gamma: float, smooth: float) -> Numbers:
    return power(log_dice(c.outcomes, smooth=smooth), gamma)


def _rare_surprisal(s: PowerSums) -> Numbers:
    pixels = plain(s.pixels)
    shares = pixels.sum(axis=-1, keepdims=True) / np.where(pixels > 0, pixels, 1)
    return like(np.where(pixels > 0, np.sqrt(shares), 0.0), s.surprisal) * s.surprisal / s.n


@LOSSES.add(low=0, log=True, default=True, sweep=("gamma", (0, 0.25, 0.5, 0.75)))
def unified_focal(
    parts: Parts,
    *,
    weight: Share = 0.5,
    delta: Share = 0.6,
    gamma: Share = 0.5,
    variant: Literal["asymmetric", "symmetric"] = "asymmetric",
) -> Numbers:
    """Focal loss and focal Tversky loss with shared parameters.

        unified_focal = λ F + (1 − λ) T, F = mean of −[δ g₁ ln p₁ + (1 − δ)(1 − p₀)^γ g₀ ln p₀],
        T = mean over classes of (1 − TI₀) and (1 − TI₁)^(1 − γ), TI with fn_weight δ and fp_weight 1 − δ

    Class 0 is the background, all others foreground (without class 0, all are); "symmetric" puts both powers on all
    classes. λ = weight. Averages follow the authors' code where paper and code differ.

    Made for class imbalance.
    Use it against imbalance with three parameters instead of six.
    Avoid it where labels are noisy, or with class 0 that is no background: classes are not treated alike.

    Yeung et al. (2022). doi:10.1016/j.compmedimag.2021.102026
    """
    everywhere = variant == "symmetric"
    faded = parts(_faded_surprisal, delta=delta, gamma=gamma, everywhere=everywhere)
    return weight * faded + (1 - weight) * parts(_enhanced_tversky, delta=delta, gamma=gamma, everywhere=everywhere)


def _faded_surprisal(
    o: Outcomes, *, delta: float, gamma: float, everywhere: bool, background: int | None = 0
) -> Numbers:
    price = o.each(_sided(o.number, background, 1 - delta, delta))
    fades = o.each(_sided(o.number, background, 1.0, float(everywhere)))
    return price * (fades * power(complement(o.p, o.surprisal), gamma) + (1 - fades)) * o.surprisal


def _enhanced_tversky(
    c: SoftCounts, *, delta: float, gamma: float, everywhere: bool, background: int | None = 0
) -> Numbers:
    loss = tversky(c.outcomes, fp_weight=1 - delta, fn_weight=delta)
    apart = None if everywhere else background  # the class that is left as it is
    faded = power(loss, 1 - gamma)
    if apart is None:
        return faded
    xp = namespace(loss)
    return xp.where(like(np.arange(loss.shape[-1]) == apart, loss), loss, faded)


@LOSSES.add(low=0, log=True)
def mse_cross_entropy(parts: Parts, *, ce_weight: Share = 0.5) -> Numbers:
    """Mean squared error and cross entropy.

        mse_cross_entropy = (1 − w) mean_squared_error + w cross_entropy, w = ce_weight

    The weight of 1/2 is ours.

    Made for balanced classes.
    Use it to soften cross entropy.
    Avoid it against imbalance: neither part knows of it.

    Golik, Doetsch & Ney (2013), Interspeech
    """
    return (1 - ce_weight) * parts(mean_squared_error) + ce_weight * parts(cross_entropy)
