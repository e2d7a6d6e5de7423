"""References of what needs no places: soft counts, orders, and compounds of them."""

import math
from typing import NamedTuple

from support.loss_reference.image import LOW, NAN, Image, candidates, mean, over_classes, over_pixels, problems, share
from support.loss_reference.pixels import cross_entropy


class _Counts(NamedTuple):
    shared: float = 0.0  # I
    pred: float = 0.0  # P
    truth: float = 0.0  # G
    pred_squares: float = 0.0  # Q
    truth_squares: float = 0.0  # R
    least: float = 0.0
    missed: float = 0.0  # Σ (p − g)² g
    false: float = 0.0  # Σ (p − g)² (1 − g)
    n: int = 0


def _counts(image: Image, c: int) -> _Counts:
    found = _Counts()
    ps, gs = image.of_class(c)
    for i in image.kept:
        p, g = ps[i], gs[i]
        error = (p - g) ** 2
        new = (p * g, p, g, p * p, g * g, min(p, g), error * g, error * (1 - g), 1)
        found = _Counts(*(a + b for a, b in zip(found, new, strict=True)))
    return found


def _region(image: Image, formula, background: bool = True, both: bool = False) -> float:
    if image.average == "micro" and image.kind != "binary" and not both:
        pooled = [_counts(image, c) for c in candidates(image, background)]
        return formula(_Counts(*(sum(column) for column in zip(*pooled, strict=True))))
    return over_classes(image, lambda c: formula(_counts(image, c)), background, both)


def _dice(c: _Counts, smooth: float = 0.0, overlap: str = "product", smooth_below: float | None = None) -> float:
    shared = c.least if overlap == "min" else c.shared
    return 1 - share(2 * shared + smooth, c.pred + c.truth + (smooth if smooth_below is None else smooth_below))


def _tversky(
    c: _Counts, fp_weight: float, fn_weight: float, smooth: float = 0.0, smooth_below: float | None = None
) -> float:
    fp, fn = c.pred - c.shared, c.truth - c.shared
    below = smooth if smooth_below is None else smooth_below
    return 1 - share(c.shared + smooth, c.shared + fp_weight * fp + fn_weight * fn + below)


def dice(image: Image, smooth: float = 0.0, overlap: str = "product", smooth_below: float | None = None) -> float:
    return _region(image, lambda c: _dice(c, smooth, overlap, smooth_below))


def _squared_dice(c: _Counts, smooth: float, smooth_below: float | None = None) -> float:
    below = smooth if smooth_below is None else smooth_below
    return 1 - share(2 * c.shared + smooth, c.pred_squares + c.truth_squares + below)


def squared_dice(image: Image, smooth: float = 0.0, smooth_below: float | None = None) -> float:
    return _region(image, lambda c: _squared_dice(c, smooth, smooth_below))


def log_squared_dice(image: Image, smooth: float = 0.0) -> float:
    return _region(image, lambda c: _clipped_log(1 - _squared_dice(c, smooth)))


def rates(image: Image, sensitivity_weight: float = 0.5, smooth: float = 0.0) -> float:
    def of(c: _Counts) -> float:
        right_elsewhere = c.n - c.truth - (c.pred - c.shared)
        sensitivity = share(c.shared + smooth, c.truth + smooth)
        specificity = share(right_elsewhere + smooth, c.n - c.truth + smooth)
        return 1 - sensitivity_weight * sensitivity - (1 - sensitivity_weight) * specificity

    return _region(image, of)


def _clipped_log(d: float) -> float:
    return NAN if math.isnan(d) else -math.log(max(d, LOW))


def log_dice(image: Image, smooth: float = 0.0) -> float:
    return _region(image, lambda c: _clipped_log(1 - _dice(c, smooth)))


def log_cosh_dice(image: Image, smooth: float = 0.0) -> float:
    return _region(image, lambda c: math.log(math.cosh(_dice(c, smooth))))


def generalized_dice(image: Image, weight: str = "square", smooth: float = 0.0) -> float:
    counts = [_counts(image, c) for c in candidates(image, both=True)]
    power = {"square": 2, "simple": 1, "uniform": 0}[weight]
    known = [c.truth**-power for c in counts if c.truth > 0]
    if not known:
        return NAN
    w = [c.truth**-power if c.truth > 0 else max(known) for c in counts]
    part = 2 * math.fsum(w_c * c.shared for w_c, c in zip(w, counts, strict=True)) + smooth
    return 1 - share(part, math.fsum(w_c * (c.pred + c.truth) for w_c, c in zip(w, counts, strict=True)) + smooth)


def generalized_wasserstein_dice(
    image: Image, distances=None, background_class: int = 0, weight: str = "foreground", smooth: float = 0.0
) -> float:
    classes = [0, 1] if image.kind == "binary" else list(range(len(image.p)))
    costs = distances or [[float(a != b) for b in classes] for a in classes]
    most = max(max(row) for row in costs)
    right = wrong = priced = whole = 0.0
    every = [[image.of_class(c)[1][i] for c in classes].index(1.0) for i in image.kept]
    for i, label in zip(image.kept, every, strict=True):
        delta = math.fsum(costs[label][c] / most * image.of_class(c)[0][i] for c in classes)
        right += 1 - delta if label != (background_class or image.place) else 0.0
        wrong += delta
        priced += (1 - delta) / (every.count(label) + 1)
        whole += (2 - delta) / (every.count(label) + 1)
    if weight == "volume":
        return 1 - share(2 * priced + smooth, whole + smooth)
    return 1 - share(2 * right + smooth, 2 * right + wrong + smooth)


def jaccard(image: Image, smooth: float = 0.0, smooth_below: float | None = None) -> float:
    below = smooth if smooth_below is None else smooth_below
    return _region(image, lambda c: 1 - share(c.shared + smooth, c.pred + c.truth - c.shared + below))


def tversky(
    image: Image, fp_weight=0.3, fn_weight=0.7, smooth: float = 0.0, smooth_below: float | None = None
) -> float:
    return focal_tversky(image, 1.0, fp_weight, fn_weight, smooth, smooth_below)


def focal_tversky(
    image: Image,
    gamma=0.75,
    fp_weight=0.3,
    fn_weight=0.7,
    smooth: float = 0.0,
    smooth_below: float | None = None,
) -> float:
    def of(c: _Counts, k: int) -> float:
        power, fp, fn = (each[k] if isinstance(each, list) else each for each in (gamma, fp_weight, fn_weight))
        return _tversky(c, fp, fn, smooth, smooth_below) ** power

    if any(isinstance(each, list) for each in (gamma, fp_weight, fn_weight)):  # each class its own: never pooled
        return over_classes(image, lambda k: of(_counts(image, k), k))
    return _region(image, lambda c: of(c, 0))


def sensitivity_specificity(image: Image, sensitivity_weight: float = 0.05, smooth: float = 0.0) -> float:
    r = sensitivity_weight
    return _region(
        image, lambda c: r * share(c.missed, c.truth + smooth) + (1 - r) * share(c.false, c.n - c.truth + smooth)
    )


def mcc(image: Image, smooth: float = 0.0, cell: float = 0.0) -> float:
    def of(c: _Counts) -> float:
        if abs(c.pred - c.shared) + abs(c.truth - c.shared) == 0 and c.truth > 0 and not cell:
            return 0.0
        tp, fp, fn = c.shared + cell, c.pred - c.shared + cell, c.truth - c.shared + cell
        tn = c.n - c.pred - c.truth + c.shared + cell
        yes, no = (c.pred + 2 * cell, c.truth + 2 * cell), (c.n - c.pred + 2 * cell, c.n - c.truth + 2 * cell)
        root = math.sqrt(math.prod(yes) * math.prod(no) + smooth)
        return 1 - share(tp * tn - fp * fn, root)

    return _region(image, of)


def _lovasz(errors: list[float], truth: list[bool]) -> float:
    """Errors in falling order, each times the rise of the Jaccard loss when its pixel turns wrong too."""
    total, found, false, before, value = sum(truth), 0, 0, 0.0, []
    for error, true in sorted(zip(errors, truth, strict=True), key=lambda pair: -pair[0]):
        found, false = found + true, false + (not true)
        jaccard_loss = 1 - (total - found) / (total + false)
        value.append(error * (jaccard_loss - before))
        before = jaccard_loss
    return math.fsum(value)


def lovasz_hinge(image: Image) -> float:
    def of(c: int) -> float:
        g = [image.of_class(c)[1][i] for i in image.kept]
        margins = [(2 * each - 1) * image.score(c, i) for each, i in zip(g, image.kept, strict=True)]
        return _lovasz([max(1 - margin, 0.0) for margin in margins], [each > 0.5 for each in g])

    return over_classes(image, of)


def lovasz_softmax(image: Image) -> float:
    def of(c: int) -> float:
        p, g = ([channel[i] for i in image.kept] for channel in image.of_class(c))
        return _lovasz([abs(a - b) for a, b in zip(p, g, strict=True)], [each > 0.5 for each in g])

    return over_classes(image, of, both=True)


def dice_cross_entropy(image: Image, dice_weight: float = 1.0, ce_weight: float = 1.0, smooth: float = 0.0) -> float:
    return dice_weight * dice(image, smooth) + ce_weight * cross_entropy(image)


def combo(image: Image, alpha: float = 0.5, beta: float = 0.5, smooth: float = 0.0) -> float:
    modified = over_pixels(
        image, lambda o, i: o.expected(lambda k, i: (beta if k != image.place else 1 - beta) * o.surprisal[k][i], i)
    )
    return alpha * modified + (1 - alpha) * dice(image, smooth)


def exp_log(
    image: Image, dice_weight: float = 0.8, ce_weight: float = 0.2, gamma: float = 0.3, smooth: float = 0.0
) -> float:
    regions = _region(image, lambda c: _clipped_log(1 - _dice(c, smooth)) ** gamma, both=True)
    costs = []
    for o in problems(image):
        masses = [math.fsum(row) for row in o.t]
        rarity = [math.sqrt(math.fsum(masses) / mass) if mass else NAN for mass in masses]
        costs += [o.expected(lambda k, i, o=o, r=rarity: r[k] * o.surprisal[k][i] ** gamma, i) for i in range(o.size)]
    return dice_weight * regions + ce_weight * mean(costs)


def unified_focal(
    image: Image, weight: float = 0.5, delta: float = 0.6, gamma: float = 0.5, variant: str = "asymmetric"
) -> float:
    everywhere = variant == "symmetric"

    def cost(o, k: int, i: int) -> float:
        faded = (1 - o.p[k][i]) ** gamma if everywhere or k == image.place else 1.0
        return (delta if k != image.place else 1 - delta) * faded * o.surprisal[k][i]

    def of(c: int) -> float:
        loss = _tversky(_counts(image, c), 1 - delta, delta)
        return loss ** (1 - gamma) if everywhere or c != image.place or image.kind == "multilabel" else loss

    focal = over_pixels(image, lambda o, i: o.expected(lambda k, i: cost(o, k, i), i))
    return weight * focal + (1 - weight) * over_classes(image, of, both=True)


def t_loss(image: Image, log_nu: float = 1.0, log_precision: float = 0.0) -> float:
    rows = [image.of_class(c) for c in candidates(image)]
    errors = [(row[i] - g[i]) ** 2 for row, g in rows for i in image.kept]
    d, nu = len(errors), math.exp(log_nu) + 1e-8
    if not d:
        return NAN
    spread = 1 + math.exp(log_precision) * math.fsum(errors) / nu
    return (
        -math.lgamma((nu + d) / 2)
        + math.lgamma(nu / 2)
        - d / 2 * log_precision
        + d / 2 * math.log(math.pi * nu)
        + (nu + d) / 2 * math.log(spread)
    )
