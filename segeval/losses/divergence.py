"""Divergences between the predicted and the true distribution over the classes of each pixel.

The sum over classes, then the mean over pixels; a binary problem has the distributions (1 − p, p) and (1 − g, g).
0 ln 0 is 0, and only what stands below a fraction line is clipped.
"""

from segeval.arrays.functions import clipped, namespace, xlogx
from segeval.evidence.pixels import Distributions, Numbers
from segeval.losses import LOSSES
from segeval.parameters import Share


def _relative(f: Numbers, h: Numbers) -> Numbers:
    """f ln(f/h), term by term."""
    return xlogx(f) - f * namespace(h).log(clipped(h))


@LOSSES.add(low=0, high=16.1181, log=True, also=("kl", "kld", "kullback_leibler"))
def kl_divergence(d: Distributions) -> Numbers:
    """Kullback-Leibler divergence of the prediction from the truth.

        kl_divergence = KL(g‖p) = Σ g ln(g/p)

    Equals cross entropy for hard truths; 0 at p = g for soft ones too.

    Made for soft truth.
    Use it for soft targets.
    Avoid it where it shall differ from cross entropy: for hard truths it does not.

    Kullback & Leibler (1951). doi:10.1214/aoms/1177729694
    """
    return _relative(d.t, d.p)


@LOSSES.add(low=0, high=32.2362, log=True)
def jeffreys_divergence(d: Distributions) -> Numbers:
    """Jeffreys divergence: Kullback-Leibler both ways.

        jeffreys_divergence = KL(g‖p) + KL(p‖g) = Σ (g − p)(ln g − ln p)

    For hard truths the clip of ln g at 1e-7 rules its value.

    Made for soft truth.
    Use it for soft targets that are nowhere 0.
    Avoid it with hard truths: the clip of the logarithm decides its value.

    Jeffreys (1946). doi:10.1098/rspa.1946.0056
    """
    return _relative(d.t, d.p) + _relative(d.p, d.t)


@LOSSES.add(low=0, high=0.6931, log=True, also=("js", "jsd"))
def jensen_shannon(d: Distributions) -> Numbers:
    """Jensen-Shannon divergence: from both to their middle.

        jensen_shannon = ½ KL(g‖m) + ½ KL(p‖m), m = (p + g)/2

    Made for label noise.
    Use it as a bounded, symmetric cross entropy.
    Avoid it where confident errors must be mended soon: it saturates on them.

    Lin (1991). doi:10.1109/18.61115
    """
    middle = (d.p + d.t) / 2
    return (_relative(d.t, middle) + _relative(d.p, middle)) / 2


@LOSSES.add(low=0, log=True)
def skew_kl(d: Distributions, *, alpha: Share = 0.5) -> Numbers:
    """Kullback-Leibler divergence from the truth to a mixture.

        skew_kl = K_α(g‖p) = KL(g‖(1 − α) g + α p)

    α = 1 is `kl_divergence`. The default of 1/2 is ours.

    Made for label noise.
    Use it as a cross entropy that stays bounded for α < 1.
    Avoid it where confident errors must be mended soon: it saturates on them.

    Lee (1999). arXiv:cs/0001012
    """
    return _relative(d.t, (1 - alpha) * d.t + alpha * d.p)


@LOSSES.add(low=0, log=True)
def skew_jensen_shannon(d: Distributions, *, alpha: Share = 0.5) -> Numbers:
    """Jensen-Shannon divergence with mixtures of another share.

        skew_jensen_shannon = ½ (K_α(g‖p) + K_α(p‖g)), K_α(f‖h) = KL(f‖(1 − α) f + α h)

    α = 1/2 is `jensen_shannon`, α = 1 half of `jeffreys_divergence`.

    Made for label noise.
    Use it to move between these two.
    Avoid it with α near 1 and hard truths: the clip of the logarithm decides its value.

    Nielsen (2019). arXiv:1904.04017
    """
    return (_relative(d.t, (1 - alpha) * d.t + alpha * d.p) + _relative(d.p, (1 - alpha) * d.p + alpha * d.t)) / 2


@LOSSES.add(low=0, log=True)
def entropy(d: Distributions) -> Numbers:
    """Entropy of the prediction; knows no truth.

        entropy = −Σ p ln p, at most ln K

    Made for undecided predictions.
    Use it beside another loss, to ask for decided predictions, or to see how undecided they are.
    Avoid it alone: any decided prediction is perfect to it.

    Shannon (1948). doi:10.1002/j.1538-7305.1948.tb01338.x
    """
    return -xlogx(d.p)
