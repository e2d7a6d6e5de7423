"""Regression losses: on the residual r = p − g of numbers of any range, mean over pixels and classes."""

from segeval.arrays import functions
from segeval.arrays.functions import namespace
from segeval.evidence.pixels import Numbers, Values
from segeval.losses import LOSSES
from segeval.parameters import Positive


@LOSSES.add(low=0, high=1, any_range=True, also=("mse", "l2"), default=True)
def mean_squared_error(v: Values) -> Numbers:
    """Mean squared error, the Brier score of one channel.

        mean_squared_error = mean of r²

    Made for soft truth.
    Use it for soft targets; it forgives small errors.
    Avoid it with a saturated softmax or sigmoid: confident errors have hardly a gradient by logits.

    Brier (1950). doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    return (v.p - v.t) ** 2


@LOSSES.add(low=0, high=1, any_range=True, also=("mae", "l1"))
def mean_absolute_error(v: Values) -> Numbers:
    """Mean absolute error.

        mean_absolute_error = mean of |r|

    Made for label noise.
    Use it where labels are noisy: every error pulls equally.
    Avoid it where time is short: it learns slowly, and rare classes late or never.

    Ghosh et al. (2017). arXiv:1712.09482
    """
    r = v.p - v.t
    return namespace(r).abs(r)


@LOSSES.add(low=0, high=0.5, any_range=True)
def huber(v: Values, *, delta: Positive = 1.0) -> Numbers:
    """Huber loss: squared for small errors, linear for large ones.

        huber = mean of r²/2 where |r| ≤ δ, else δ |r| − δ²/2

    Made for outliers of regression.
    Use it to bound the pull of outliers.
    Avoid it on probabilities with δ ≥ 1: no residual exceeds 1, and it is half the squared error.

    Huber (1964). doi:10.1214/aoms/1177703732
    """
    r = v.p - v.t
    xp = namespace(r)
    return xp.where(xp.abs(r) > delta, delta * xp.abs(r) - delta**2 / 2, r**2 / 2)


@LOSSES.add(low=0, any_range=True, sweep=("beta", (0.1, 0.5, 1)))
def smooth_l1(v: Values, *, beta: Positive = 1.0) -> Numbers:
    """Smooth L1 loss: the Huber loss over its own bound.

        smooth_l1 = huber(δ = β)/β

    Made for outliers of regression.
    Use it as the Huber loss; they are equal at 1 only.
    Avoid it on probabilities with β ≥ 1: no residual exceeds 1, and it is r²/(2β).

    Girshick (2015). arXiv:1504.08083
    """
    return huber(v, delta=beta) / beta


@LOSSES.add(low=0, high=0.5, any_range=True)
def pseudo_huber(v: Values, *, delta: Positive = 1.0) -> Numbers:
    """Pseudo-Huber loss: the Huber loss without its edge.

        pseudo_huber = mean of δ² (√(1 + (r/δ)²) − 1)

    Made for outliers of regression.
    Use it where second derivatives are wanted.
    Avoid it on probabilities with large δ: it is half the squared error then.

    Charbonnier et al. (1997). doi:10.1109/83.551699
    """
    r = v.p - v.t
    return r**2 / (namespace(r).sqrt(1 + (r / delta) ** 2) + 1)  # so written, nothing cancels for small r


@LOSSES.add(low=0, high=0.4338, any_range=True)
def log_cosh(v: Values) -> Numbers:
    """Log-cosh loss: squared near 0, absolute far away.

        log_cosh = mean of ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2

    Made for outliers of regression.
    Use it as a Huber loss without parameter.
    Avoid it on probabilities: residuals up to 1 lie where it is nearly half the squared error.

    Jadon (2020). arXiv:2006.14822
    """
    r = v.p - v.t
    return functions.log_cosh(namespace(r).abs(r))
