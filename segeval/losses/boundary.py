"""Boundary and shape losses: of one class with its places. Distance maps are constants in every gradient."""

import numpy as np

from segeval.arrays.functions import like, namespace, plain, pointwise, ratio
from segeval.distance.cheapest_point import cheapest
from segeval.distance.maps import both_sides, inner
from segeval.errors import BadParameter, Unfit
from segeval.evidence.pixels import Numbers
from segeval.evidence.sample import Field, local
from segeval.losses import LOSSES
from segeval.losses.operators.filters import cross_mean, gaussian, local_moments, skeleton, whole_windows, windowed
from segeval.measures import Fitting
from segeval.parameters import Count, Exponent, NonNegative, Positive, Share, Steps


def _undefined(f: Field) -> Numbers:
    return like(np.nan, f.p)


def _one_value(mask: np.ndarray) -> bool:
    return bool(mask.all() or not mask.any())


@LOSSES.add(low=float("-inf"), background=False, distances=True)
@local(1, derived=False)
def boundary(f: Field) -> Numbers:
    """Boundary loss: predicted mass, priced by its signed distance to the true border.

        boundary = mean of p φ, φ = EDT(background) outside, −(EDT(foreground) − 1) inside

    Negative at a perfect prediction; its gradient φ/N does not depend on p. Undefined for a class that the truth lacks
    or that fills it. Distances are in the unit of the spacing, where the 1 is its least step. Foreground classes only.

    Made for class imbalance.
    Use it beside a region loss, with a growing weight.
    Avoid it alone: an empty prediction can be its easy way out, and it is negative when right.

    Kervadec et al. (2019). arXiv:1812.07032
    """
    if _one_value(f.truth):
        return _undefined(f)
    inside = inner(f.truth, f.spacing) - min(f.spacing or (1,))
    signed = inner(~f.truth, f.spacing) - np.where(f.truth, inside, 0.0)
    return f.mean(f.p * like(signed, f.p))


@LOSSES.add(low=0, background=False, distances=True)
@local(1)
def hausdorff_dt(f: Field, *, alpha: Exponent = 2.0) -> Numbers:
    """Squared errors, priced by their distance to either border: a stand-in for the Hausdorff distance.

        hausdorff_dt = mean of (p − g)² (d_p^α + d_g^α), d_m = EDT(m) + EDT(not m) of the masks p > ½ and g

    A mask of one value has d = 0; undefined when both have one. Distances are in the unit of the spacing. Foreground
    classes only.

    Made for far errors.
    Use it against far false positives.
    Avoid it alone, or where a class may be empty on both sides: it is undefined there.

    Karimi & Salcudean (2019). arXiv:1904.10030
    """
    if _one_value(f.truth) and _one_value(f.pred):
        return _undefined(f)
    distances = [both_sides(mask, f.spacing) for mask in (f.pred, f.truth)] if alpha else []
    far = distances[0] ** alpha + distances[1] ** alpha if alpha else _where_defined(f)
    return f.mean((f.p - f.t) ** 2 * like(far, f.p))


def _where_defined(f: Field) -> np.ndarray:
    """d⁰ is 1 where there is a distance, and 0 in a mask of one value."""
    return np.full(f.shape, float(not _one_value(f.pred)) + float(not _one_value(f.truth)))


@LOSSES.add(low=0, background=False)
@local(1)
def hausdorff_er(f: Field, *, alpha: Exponent = 2.0, erosions: Steps = 10) -> Numbers:
    """Squared errors that survive erosion: another stand-in for the Hausdorff distance.

        hausdorff_er = mean of Σ_k k^α b_k, b_0 = (p − g)², b_k = rescale(max(K ∗ b_{k−1} − ½, 0))

    K is the mean over a pixel and its face neighbours, 0 outside; rescale stretches to [0, 1]. Errors up to ½ vanish at
    once, and more error can cost less: a stray square of 1, 2, 3 pixels costs 0, 1.504, 0.008. Foreground classes only.

    Made for far errors.
    Use it with care; `hausdorff_dt` grows with the error.
    Avoid it where more error must always cost more.

    Karimi & Salcudean (2019). arXiv:1904.10030; the rescaling comes from public code
    """
    errors = (f.p - f.t) ** 2
    if f.keep is not None:
        errors = errors * like(f.keep.astype(np.float64), f.p)
    total = 0.0 * errors
    for k in range(1, erosions + 1):
        errors = _rescaled(cross_mean(errors) - 0.5)
        total = total + float(k) ** alpha * errors
    return f.mean(total)


def _rescaled(x: Numbers) -> Numbers:
    """The positive part, stretched to [0, 1] unless it is constant."""
    xp = namespace(x)
    x = xp.where(x > 0, x, 0.0)
    low, high = xp.min(x), xp.max(x)
    if float(plain(high)) == float(plain(low)):
        return x
    return (x - low) / (high - low)


@LOSSES.add(low=0, background=False, distances=True, also=("whd",))
@local(0, derived=False)
def weighted_hausdorff(f: Field, *, alpha: Exponent = 4.0, eps: Positive = 1e-6) -> Numbers:
    """Average Hausdorff distance, weighted by probability.

        weighted_hausdorff = Σ_x p_x min_y d(x, y)/(Σ p + ε) + mean over y of min_x (d(x, y) + ε)/(p_x^α + ε/d_max)

    y are the true pixels, d_max is the diagonal of the image; distances are in the unit of the spacing. Undefined
    without true pixels. Foreground classes only.

    Made for points.
    Use it for points rather than masks, as its authors do.
    Avoid it on masks, which have no points of their own, or where a truth may be empty.

    Ribera et al. (2019), first version. arXiv:1806.07564
    """
    if not f.truth.any():
        return _undefined(f)
    xp = namespace(f.p)
    p = f.kept(f.p)
    to_truth = f.kept(f.p * like(inner(~f.truth, f.spacing), f.p))
    first = xp.sum(to_truth) / (xp.sum(p) + eps)
    sides = np.multiply((f.whole or f).shape, f.spacing or 1.0)
    diagonal = float(np.sqrt(np.sum(np.square(sides))))
    flat = xp.reshape(f.p, (-1,))
    places, distances = cheapest(f.truth, 1 / (plain(f.p) ** alpha + eps / diagonal), eps, f.spacing)
    chosen = xp.take(flat, like(places, flat), axis=0)
    second = (like(distances, flat) + eps) / (chosen**alpha + eps / diagonal)
    return first + xp.sum(second) / distances.size


@LOSSES.add(low=0, high=2)
@local(lambda window, **_: window - 1)
def ssim(f: Field, *, window: Count = 11, sigma: Positive = 1.5) -> Numbers:
    """One minus the structural similarity of prediction and truth.

        ssim = 1 − mean over windows of (2 μ_p μ_g + c₁)(2 σ_pg + c₂)/((μ_p² + μ_g² + c₁)(σ_p² + σ_g² + c₂))

    Gaussian windows that lie fully inside and hold no ignored pixel, biased variances, c₁ = 0.01², c₂ = 0.03². An image
    smaller than the window is refused.

    Made for local structure.
    Use it beside a pixel loss, for texture of soft maps.
    Avoid it alone on hard masks, whose windows are mostly constant, or on images smaller than the window.

    Wang et al. (2004). doi:10.1109/TIP.2003.819861
    """
    if min(f.shape) < window:
        raise Unfit(f"ssim: the image is smaller than its window of {window} pixels", "-p ssim.window=N, smaller")
    weights = gaussian(window, sigma)
    means = [windowed(each, weights) for each in (f.p, f.t, f.p**2 + f.t**2, f.p * f.t)]
    similarity = pointwise(_similarity, *means)
    xp, whole = namespace(similarity), f.whole or f
    if f.keep is None or whole.keep is None:
        places = np.prod([size - window + 1 for size in whole.shape], dtype=np.float64)
        return xp.sum(1 - similarity) / float(places)
    counted = whole_windows(f.keep, window).astype(np.float64)
    places = whole_windows(whole.keep, window).sum(dtype=np.float64)
    return ratio(xp.sum((1 - similarity) * like(counted, f.p)), like(places, f.p))


def _similarity(p: Numbers, t: Numbers, squares: Numbers, product: Numbers) -> Numbers:
    """Of the means of both, of the sum of their squares and of their product."""
    both, variances = p**2 + t**2, squares - p**2 - t**2
    covariance = product - p * t
    c1, c2 = 0.01**2, 0.03**2
    return (2 * p * t + c1) * (2 * covariance + c2) / ((both + c1) * (variances + c2))


def _fits_window(image: Fitting, *, window: int, **_: object) -> None:  # noqa: ARG001 - one signature for all
    if window % 2 == 0:
        raise BadParameter(f"correlation_ssim.window is {window}", "wanted: an odd number")


@LOSSES.add(low=0, log=True, fits=_fits_window)
def correlation_ssim(
    f: Field,
    *,
    ce_weight: Share = 0.5,
    threshold: Share = 0.1,
    c: Positive = 0.01,
    window: Count = 3,
    sigma: Positive = 1.5,
) -> Numbers:
    """Cross entropy, and cross entropy of the pixels whose surroundings look least alike.

        correlation_ssim = λ CE + (1 − λ) mean over kept pixels of e CE, e = |z(g) − z(p)|,
        z(a) = (a − μ_a + c)/(σ_a + c)

    μ and σ are the local mean and deviation, edge pixels repeated; kept are the pixels with e > β max e. λ = ce_weight,
    β = threshold. CE is binary, each class against all else. The window size is ours.

    Made for local structure.
    Use it to put weight on structures.
    Avoid it where a reference implementation is needed: there is none that runs.

    Zhao et al. (2019). arXiv:1910.08711
    """
    weights = gaussian(window, sigma)
    surprisal = f.kept(f.surprisal)
    e = namespace(f.p).abs(_standard(f.t, weights, c) - _standard(f.p, weights, c))
    e = f.kept(e)
    values = plain(e)
    kept = (values > threshold * values.max()).astype(np.float64)
    xp = namespace(surprisal)
    mean = xp.sum(surprisal) / surprisal.shape[0]
    if not kept.any():
        return ce_weight * mean
    return ce_weight * mean + (1 - ce_weight) * xp.sum(like(kept, surprisal) * e * surprisal) / float(kept.sum())


def _standard(x: Numbers, weights: list[float], c: float) -> Numbers:
    def standard(x: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
        xp = namespace(variance)
        deviation = xp.where(variance > 0, xp.sqrt(xp.where(variance > 0, variance, 1.0)), 0.0)
        return (x - mean + c) / (deviation + c)

    return pointwise(standard, x, *local_moments(x, weights))


@LOSSES.add(low=0, high=1, background=False, also=("cldice",))
@local(4)
def soft_cldice(
    f: Field, *, iterations: Steps = 10, smooth: NonNegative = 0.0, smooth_mean: NonNegative = 0.0
) -> Numbers:
    """One minus the Dice of centrelines: which tubes are connected.

        soft_cldice = 1 − 2 Tp Ts/(Tp + Ts + ε), Tp = (Σ S(p) g + s)/(Σ S(p) + s), Ts = (Σ S(g) p + s)/(Σ S(g) + s)

    S is the soft skeleton of `iterations` erosions, which must reach the largest radius; s is smooth, ε smooth_mean.
    Undefined for an empty skeleton, as that of a full frame; 1 where both are there and neither touches the other.
    Foreground classes only.

    Made for connected tubes.
    Use it for vessels, roads and other networks.
    Avoid it alone, as widths are free, or for compact objects.

    Shit et al. (2021). arXiv:2003.07311
    """
    xp = namespace(f.p)
    precision = _covered(skeleton(f.p, iterations), f.t, smooth)
    sensitivity = _covered(skeleton(f.t, iterations), f.p, smooth)
    both = precision + sensitivity + smooth_mean
    if np.isnan(plain(both)):
        return _undefined(f)
    return 1 - 2 * precision * sensitivity / xp.where(both == 0, 1.0, both)


def _covered(ridge: Numbers, mask: Numbers, smooth: float) -> Numbers:
    shared = ridge * mask
    return ratio(namespace(shared).sum(shared) + smooth, namespace(ridge).sum(ridge) + smooth)
