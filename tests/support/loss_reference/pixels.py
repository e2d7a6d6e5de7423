"""References of what is a mean over pixels: cross entropies, divergences, margins, residuals."""

import math

from support.loss_reference.image import NAN, Image, Problem, clip, mean, over_pixels, problems, softplus


def cross_entropy(image: Image, label_smoothing: float = 0.0) -> float:
    def at(o: Problem, i: int) -> float:
        smoothed = [(1 - label_smoothing) * row[i] + label_smoothing / len(o.t) for row in o.t]
        return math.fsum(g * row[i] for g, row in zip(smoothed, o.surprisal, strict=True))

    return over_pixels(image, at)


def _weighted(image: Image, weights_of, normalize: str = "pixels", smoothing: float = 0.0) -> float:
    """Σ_c w_c g_c (−ln p_c), for the weights of each problem; g may be spread, but not where it divides."""
    found = []
    for o in problems(image):
        w = weights_of(o)
        spread = [[(1 - smoothing) * g + smoothing / len(o.t) for g in row] for row in o.t]
        total = math.fsum(w[k] * g[i] * o.surprisal[k][i] for k, g in enumerate(spread) for i in range(o.size))
        price = math.fsum(w[k] * math.fsum(row) for k, row in enumerate(o.t))
        whole = o.size if normalize == "pixels" else price
        found.append(total / whole if whole else NAN)
    return mean(found)


def weighted_cross_entropy(
    image: Image, pos_weight=None, class_weights=None, normalize: str = "pixels", label_smoothing: float = 0.0
) -> float:
    def weights(o: Problem) -> list[float]:
        if pos_weight is not None:
            return [1.0, pos_weight]
        if class_weights == "balanced":
            masses = [math.fsum(row) for row in o.t]
            return [o.size / (len(o.t) * mass) if mass else 0.0 for mass in masses]
        return list(class_weights)

    return _weighted(image, weights, normalize, label_smoothing)


def balanced_cross_entropy(image: Image, beta: float | None = None) -> float:
    def weights(o: Problem) -> list[float]:
        if beta is not None:
            return [1 - beta, beta]
        return [1 - math.fsum(row) / o.size if o.size else NAN for row in o.t]

    return _weighted(image, weights)


def focal(image: Image, gamma=2.0, alpha=None) -> float:
    costs = []
    for channel, o in enumerate(problems(image)):
        apart = image.kind == "multilabel"
        powers = [gamma] * len(o.t) if isinstance(gamma, float) else [gamma[channel]] * 2 if apart else gamma
        own = alpha[channel] if apart and isinstance(alpha, list) else alpha
        weights = [1.0] * len(o.t) if own is None else [1 - own, own] if isinstance(own, float) else own
        costs += [
            o.expected(lambda k, i, o=o, w=weights, g=powers: w[k] * (1 - o.p[k][i]) ** g[k] * o.surprisal[k][i], i)
            for i in range(o.size)
        ]
    return mean(costs)


def unet_cross_entropy(image: Image, weights=None, class_weights=None) -> float:
    w = [float(weights.ravel()[i]) for i in image.kept]
    v = class_weights or [1.0] * 3
    return over_pixels(image, lambda o, i: w[i] * o.expected(lambda k, i: v[k] * o.surprisal[k][i], i))


def topk_cross_entropy(image: Image, fraction: float = 0.1, threshold: float | None = None, min_kept: int = 0) -> float:
    """The k of each problem together; of independent problems the mean over what all of them keep."""
    taken = []
    for o in problems(image):
        costs = sorted((o.expected(lambda k, i, o=o: o.surprisal[k][i], i) for i in range(o.size)), reverse=True)
        if not costs:
            return NAN
        if threshold is None:
            taken += costs[: max(1, math.floor(fraction * len(costs)))]
        else:
            p_true = [math.exp(-cost) for cost in costs]  # ascending
            limit = max(threshold, p_true[min(min_kept, len(costs) - 1)])
            taken += [cost for cost, p in zip(costs, p_true, strict=True) if p < limit]
    return mean(taken)


def poly1_cross_entropy(image: Image, epsilon: float = 2.0) -> float:
    return over_pixels(image, lambda o, i: o.expected(lambda k, i: o.surprisal[k][i] + epsilon * (1 - o.p[k][i]), i))


def generalized_cross_entropy(image: Image, q: float = 0.7) -> float:
    return over_pixels(image, lambda o, i: o.expected(lambda k, i: (1 - math.pow(o.p[k][i], q)) / q, i))


def _xlnx(x: float) -> float:
    return x * math.log(x) if x > 0 else 0.0


def _kl(f: list[float], h: list[float]) -> float:
    """Σ f ln(f/h); only what stands below the fraction line is clipped."""
    return math.fsum(_xlnx(a) - a * math.log(clip(b)) for a, b in zip(f, h, strict=True))


def _divergence(image: Image, of) -> float:
    return over_pixels(image, lambda o, i: of([row[i] for row in o.raw], [row[i] for row in o.t]))


def _mixed(f: list[float], h: list[float], alpha: float) -> list[float]:
    return [(1 - alpha) * a + alpha * b for a, b in zip(f, h, strict=True)]


def kl_divergence(image: Image) -> float:
    return _divergence(image, lambda p, g: _kl(g, p))


def jeffreys_divergence(image: Image) -> float:
    return _divergence(image, lambda p, g: _kl(g, p) + _kl(p, g))


def jensen_shannon(image: Image) -> float:
    return _divergence(image, lambda p, g: (_kl(g, _mixed(p, g, 0.5)) + _kl(p, _mixed(p, g, 0.5))) / 2)


def skew_kl(image: Image, alpha: float = 0.5) -> float:
    return _divergence(image, lambda p, g: _kl(g, _mixed(g, p, alpha)))


def skew_jensen_shannon(image: Image, alpha: float = 0.5) -> float:
    return _divergence(image, lambda p, g: (_kl(g, _mixed(g, p, alpha)) + _kl(p, _mixed(p, g, alpha))) / 2)


def entropy(image: Image) -> float:
    return _divergence(image, lambda p, g: -math.fsum(_xlnx(each) for each in p))


def soft_margin(image: Image) -> float:
    return _over_channels(image, lambda c, i: softplus(-(2 * image.g[c][i] - 1) * _score(image, c, i)))


def multilabel_soft_margin(image: Image) -> float:
    def at(c: int, i: int) -> float:
        g, x = image.g[c][i], _score(image, c, i)
        return g * softplus(-x) + (1 - g) * softplus(x)

    return _over_channels(image, at)


def _score(image: Image, c: int, i: int) -> float:
    return image.score(1 if image.kind == "binary" else c, i)


def _over_channels(image: Image, at) -> float:
    return mean([at(c, i) for c in range(len(image.p)) for i in image.kept])


def _residuals(image: Image, of) -> float:
    values = image.x if image.raw else image.p
    return _over_channels(image, lambda c, i: of(values[c][i] - image.g[c][i]))


def mean_squared_error(image: Image) -> float:
    return _residuals(image, lambda r: r * r)


def mean_absolute_error(image: Image) -> float:
    return _residuals(image, abs)


def huber(image: Image, delta: float = 1.0) -> float:
    return _residuals(image, lambda r: r * r / 2 if abs(r) <= delta else delta * (abs(r) - delta / 2))


def smooth_l1(image: Image, beta: float = 1.0) -> float:
    return _residuals(image, lambda r: r * r / (2 * beta) if abs(r) <= beta else abs(r) - beta / 2)


def pseudo_huber(image: Image, delta: float = 1.0) -> float:
    return _residuals(image, lambda r: delta * math.hypot(delta, r) - delta * delta)


def log_cosh(image: Image) -> float:
    return _residuals(image, lambda r: math.log(math.cosh(r)))


def mse_cross_entropy(image: Image, ce_weight: float = 0.5) -> float:
    return (1 - ce_weight) * mean_squared_error(image) + ce_weight * cross_entropy(image)
