"""Losses for instances, and for noisy labels."""

import math
from typing import Literal

import numpy as np

from segeval.arrays.functions import class_sums, like, namespace, plain, ratio, scalar
from segeval.distance.objects import parts
from segeval.evidence.pixels import Numbers
from segeval.evidence.sample import Field
from segeval.evidence.soft import SoftCounts
from segeval.losses import LOSSES
from segeval.parameters import Logarithm, NonNegative


@LOSSES.add(low=0, log=True, background=False)
def blob(
    f: Field,
    *,
    global_weight: NonNegative = 2.0,
    blob_weight: NonNegative = 1.0,
    base: Literal["dice", "cross_entropy", "dice_cross_entropy"] = "dice",
) -> Numbers:
    """Blob loss: a loss of the whole, and its mean over the objects, each without the others.

        blob = a L(p, g) + b mean_n L(p, g_n), the pixels of the other objects left out of both sums and means

    Objects are the components of the truth, touching by corner counts; without any, the second term is left out.
    a = global_weight, b = blob_weight, L = base. Foreground classes only.

    Made for objects of unlike size.
    Use it where small objects count as much as large ones.
    Avoid it where objects are no components of the truth, as touching cells.

    Kofler et al. (2022). arXiv:2205.08209
    """
    found, owners = parts(f.truth.astype(np.int32), "full")
    labels, number = f.kept(found.astype(np.int64)), len(owners) - 1
    p, t, surprisal = f.kept(f.p), f.kept(f.t), f.kept(f.surprisal)
    places = like(labels, p)
    sums = [class_sums(each, places, number + 1) for each in (p * t, p, t, surprisal, 0 * p + 1)]
    xp = namespace(p)
    whole = _base([xp.sum(each) for each in sums], base)
    if number == 0:
        return global_weight * whole
    alone = _base([each[0] + each[1:] for each in sums], base)
    return global_weight * whole + blob_weight * xp.sum(alone) / number


def _base(sums: list[Numbers], base: str) -> Numbers:
    pt, p, t, surprisal, pixels = sums
    dice = 1 - ratio(2 * pt, p + t)
    cross_entropy = surprisal / pixels
    return {"dice": dice, "cross_entropy": cross_entropy, "dice_cross_entropy": dice + cross_entropy}[base]


@LOSSES.add(low=float("-inf"))
def t_loss(c: SoftCounts, *, log_nu: Logarithm = 1.0, log_precision: Logarithm = 0.0) -> Numbers:
    """Negative log likelihood of a Student t distribution: an error that outliers cannot rule.

        t_loss = −lnΓ((ν + D)/2) + lnΓ(ν/2) − D λ/2 + D/2 ln(πν) + (ν + D)/2 ln(1 + e^λ Σ(p − g)²/ν)

    D is the number of values, ν = e^log_nu + 1e-8, λ = log_precision. Grows with D; −14.295 for a perfect 8 × 8 image.
    Both may be tensors that learn.

    Made for label noise.
    Use it for noisy labels.
    Avoid it where losses of images of unlike size are compared: it grows with the number of pixels.

    González-Jiménez et al. (2023). arXiv:2306.00753
    """
    xp = namespace(c.p)
    errors = xp.sum(c.pp - 2 * c.pt + c.tt, axis=-1)
    d = plain(c.n).astype(np.float64).sum(axis=-1)
    d = d if d.ndim else float(d)
    nu = scalar("exp", log_nu) + 1e-8
    gammas = scalar("lgamma", nu / 2) - scalar("lgamma", (nu + d) / 2)
    constant = gammas - d * log_precision / 2 + d / 2 * scalar("log", math.pi * nu)
    return constant + (nu + d) / 2 * xp.log1p(errors * (scalar("exp", log_precision) / nu))
