"""References of what knows places: distances by trying all pairs, neighbourhoods by adding coordinates."""

import itertools
import math
import operator

from support.loss_reference.image import NAN, Image, mean, over_classes, over_pixels, share
from support.loss_reference.regions import dice

_Place = tuple[int, ...]
_Numbers = dict[_Place, float]
_Mask = dict[_Place, bool]


def _field(image: Image, c: int) -> tuple[_Numbers, _Numbers]:
    """Prediction and truth of a class by place; ignored pixels are background."""
    p, g = image.of_class(c)
    cut = [
        {
            place: values[i] if keep else 0.0
            for i, (place, keep) in enumerate(zip(image.places, image.keep, strict=True))
        }
        for values in (p, g)
    ]
    return cut[0], cut[1]


def _mask(values: _Numbers) -> _Mask:
    return {place: value > 0.5 for place, value in values.items()}


def _one_value(mask: _Mask) -> bool:
    return len(set(mask.values())) == 1


def _edt(image: Image, mask: _Mask) -> _Numbers:
    """The distance of each pixel of the mask to the nearest outside; 0 in a mask of one value."""
    outside = [place for place, value in mask.items() if not value]
    if not outside or _one_value(mask):
        return dict.fromkeys(mask, 0.0)
    return {place: min(image.apart(place, other) for other in outside) if mask[place] else 0.0 for place in mask}


def _not(mask: _Mask) -> _Mask:
    return {place: not value for place, value in mask.items()}


def _kept_mean(image: Image, values: _Numbers) -> float:
    return mean([values[image.places[i]] for i in image.kept])


def boundary(image: Image) -> float:
    def of(c: int) -> float:
        p, g = _field(image, c)
        mask = _mask(g)
        if _one_value(mask):
            return NAN
        outer, inner, least = _edt(image, _not(mask)), _edt(image, mask), min(image.steps)
        return _kept_mean(image, {x: p[x] * (outer[x] - (inner[x] - least if mask[x] else 0)) for x in p})

    return over_classes(image, of, background=False)


def hausdorff_dt(image: Image, alpha: float = 2.0) -> float:
    def of(c: int) -> float:
        p, g = _field(image, c)
        masks = [mask for mask in (_mask(p), _mask(g)) if not _one_value(mask)]
        if not masks:
            return NAN
        far = dict.fromkeys(p, 0.0)
        for mask in masks:
            inner, outer = _edt(image, mask), _edt(image, _not(mask))
            far = {x: far[x] + (inner[x] + outer[x]) ** alpha for x in far}
        return _kept_mean(image, {x: (p[x] - g[x]) ** 2 * far[x] for x in p})

    return over_classes(image, of, background=False)


def log_hausdorff_dt(image: Image, alpha: float = 2.0) -> float:
    return math.log1p(hausdorff_dt(image, alpha))


def _steps(dimensions: int) -> list[_Place]:
    """To the face neighbours."""
    return [tuple(s * (a == n) for n in range(dimensions)) for a in range(dimensions) for s in (1, -1)]


def _plus(place: _Place, step: _Place) -> _Place:
    return tuple(map(operator.add, place, step))


def hausdorff_er(image: Image, alpha: float = 2.0, erosions: int = 10) -> float:
    def of(c: int) -> float:
        p, g = _field(image, c)
        b = {x: (p[x] - g[x]) ** 2 for x in p}
        total = dict.fromkeys(p, 0.0)
        for k in range(1, erosions + 1):
            around = {x: math.fsum([b[x], *(b.get(_plus(x, s), 0.0) for s in _steps(len(x)))]) for x in b}
            b = {x: max(value / (2 * len(x) + 1) - 0.5, 0.0) for x, value in around.items()}
            low, high = min(b.values()), max(b.values())
            if high > low:
                b = {x: (value - low) / (high - low) for x, value in b.items()}
            total = {x: total[x] + k**alpha * b[x] for x in total}
        return _kept_mean(image, total)

    return over_classes(image, of, background=False)


def weighted_hausdorff(image: Image, alpha: float = 4.0, eps: float = 1e-6) -> float:
    def of(c: int) -> float:
        p, g = _field(image, c)
        targets = [x for x, true in _mask(g).items() if true]
        if not targets:
            return NAN
        most = math.hypot(*(n * step for n, step in zip(image.shape, image.steps, strict=True)))
        nearest = math.fsum(p[x] * min(image.apart(x, y) for y in targets) for x in p)
        price = {x: p[x] ** alpha + eps / most for x in p}
        reached = [min((image.apart(x, y) + eps) / price[x] for x in p) for y in targets]
        return nearest / (math.fsum(p.values()) + eps) + mean(reached)

    return over_classes(image, of, background=False)


def _labels(image: Image, channels: list[list[float]], void: int) -> dict[_Place, int]:
    return {place: image.label(channels, i) if image.keep[i] else void for i, place in enumerate(image.places)}


def _questions(image: Image) -> list[Image]:
    """An image for each independent channel; of classes the image itself."""
    if image.kind == "classes":
        return [image]
    return [
        Image(
            "binary",
            image.shape,
            [image.p[c]],
            [image.g[c]],
            image.keep,
            None,
            image.x and [image.x[c]],
            spacing=image.spacing,
        )
        for c in range(len(image.p))
    ]


def _priced(image: Image, price: dict[_Place, float]) -> float:
    places = [image.places[i] for i in image.kept]
    return over_pixels(image, lambda o, i: price[places[i]] * o.expected(lambda k, i: o.surprisal[k][i], i))


def distance_penalized_cross_entropy(image: Image) -> float:
    def of(one: Image) -> float:
        labels = _labels(one, one.g, -1)
        found = {label for label in labels.values() if label >= 0}
        price = dict.fromkeys(labels, 1.0)
        for label in found if len(found) > 1 else ():
            distance = _edt(image, {place: value == label for place, value in labels.items()})
            inside = [distance[place] for place, value in labels.items() if value == label]
            low, high = min(inside), max(inside)
            for place, value in labels.items():
                if value == label:
                    price[place] = 1 + ((high - distance[place]) / (high - low) if high > low else 1.0)
        return _priced(one, price)

    return mean([of(one) for one in _questions(image)])


def _contour(labels: dict[_Place, int]) -> list[_Place]:
    return [x for x in labels if any(labels.get(_plus(x, s), labels[x]) != labels[x] for s in _steps(len(x)))]


def shape_aware(image: Image) -> float:
    def of(one: Image) -> float:
        true, pred = (_contour(_labels(one, channels, 0)) for channels in (one.g, one.p))
        price = dict.fromkeys(one.places, 1.0)
        for place in pred if true else ():
            price[place] = 1 + min(image.apart(place, other) for other in true)
        return _priced(one, price)

    return mean([of(one) for one in _questions(image)])


def _gaussian(window: int, sigma: float, dimensions: int) -> dict[_Place, float]:
    """Weights of a window by offset from its first corner; they sum to 1."""
    middle = (window - 1) / 2
    offsets = itertools.product(range(window), repeat=dimensions)
    weights = {o: math.exp(-sum((k - middle) ** 2 for k in o) / (2 * sigma**2)) for o in offsets}
    total = math.fsum(weights.values())
    return {o: weight / total for o, weight in weights.items()}


def ssim(image: Image, window: int = 11, sigma: float = 1.5) -> float:
    weights = _gaussian(window, sigma, len(image.shape))
    c1, c2 = 0.01**2, 0.03**2
    kept = dict(zip(image.places, image.keep, strict=True))

    def of(c: int) -> float:
        p, g = _field(image, c)
        found = []
        for corner in itertools.product(*(range(n - window + 1) for n in image.shape)):
            places = {_plus(corner, o): weight for o, weight in weights.items()}
            if not all(kept[x] for x in places):
                continue
            mean_p, mean_g = (math.fsum(w * values[x] for x, w in places.items()) for values in (p, g))
            var_p, var_g, cov = (
                math.fsum(w * (a[x] - m) * (b[x] - k) for x, w in places.items())
                for a, m, b, k in ((p, mean_p, p, mean_p), (g, mean_g, g, mean_g), (p, mean_p, g, mean_g))
            )
            light = (2 * mean_p * mean_g + c1) / (mean_p**2 + mean_g**2 + c1)
            found.append(light * (2 * cov + c2) / (var_p + var_g + c2))
        return 1 - mean(found)

    return over_classes(image, of)


def correlation_ssim(
    image: Image,
    ce_weight: float = 0.5,
    threshold: float = 0.1,
    c: float = 0.01,
    window: int = 3,
    sigma: float = 1.5,
) -> float:
    weights = _gaussian(window, sigma, len(image.shape))

    def repeated(place: _Place) -> _Place:
        inside = (k - window // 2 for k in place)
        return tuple(min(max(k, 0), n - 1) for k, n in zip(inside, image.shape, strict=True))

    def standard(values: _Numbers) -> _Numbers:
        found = {}
        for place in values:
            near = [(weight, values[repeated(_plus(place, o))]) for o, weight in weights.items()]
            m = math.fsum(w * v for w, v in near)
            deviation = math.sqrt(math.fsum(w * (v - m) ** 2 for w, v in near))
            found[place] = (values[place] - m + c) / (deviation + c)
        return found

    def of(k: int) -> float:
        p, g = (standard(values) for values in _field(image, k))
        errors = {i: abs(g[image.places[i]] - p[image.places[i]]) for i in image.kept}
        costs = {i: image.one_against_all(k, i) for i in image.kept}
        worst = [i for i in image.kept if errors[i] > threshold * max(errors.values())]
        structure = mean([errors[i] * costs[i] for i in worst]) if worst else 0.0
        return ce_weight * mean(list(costs.values())) + (1 - ce_weight) * structure

    return over_classes(image, of)


def _eroded(x: _Numbers) -> _Numbers:
    return {
        place: min(x.get(_plus(place, s), x[place]) for s in [(0,) * len(place), *_steps(len(place))]) for place in x
    }


def _dilated(x: _Numbers) -> _Numbers:
    def box(place: _Place) -> list[_Place]:
        return [_plus(place, o) for o in itertools.product((-1, 0, 1), repeat=len(place))]

    return {place: max(x[near] for near in box(place) if near in x) for place in x}


def _skeleton(x: _Numbers, iterations: int) -> _Numbers:
    ridge = dict.fromkeys(x, 0.0)
    for _ in range(iterations + 1):
        opened = _dilated(_eroded(x))
        delta = {place: max(x[place] - opened[place], 0.0) for place in x}
        ridge = {place: s + max(delta[place] - s * delta[place], 0.0) for place, s in ridge.items()}
        x = _eroded(x)
    return ridge


def soft_cldice(image: Image, iterations: int = 10, smooth: float = 0.0, smooth_mean: float = 0.0) -> float:
    def covered(ridge: _Numbers, mask: _Numbers) -> float:
        return share(math.fsum(ridge[x] * mask[x] for x in ridge) + smooth, math.fsum(ridge.values()) + smooth)

    def of(c: int) -> float:
        p, g = _field(image, c)
        precision, sensitivity = covered(_skeleton(p, iterations), g), covered(_skeleton(g, iterations), p)
        if precision + sensitivity == 0:
            return 1.0
        return 1 - 2 * precision * sensitivity / (precision + sensitivity + smooth_mean)

    return over_classes(image, of, background=False)


def dice_cldice(image: Image, cldice_weight: float = 0.5, iterations: int = 10, smooth: float = 0.0) -> float:
    foreground = image if image.background is not None else Image(**{**vars(image), "background": False})
    return (1 - cldice_weight) * dice(foreground, smooth) + cldice_weight * soft_cldice(image, iterations, smooth)


def _components(mask: _Mask) -> list[set[_Place]]:
    """The objects of a mask, touching by corner counts."""
    left = {x for x, true in mask.items() if true}
    found = []
    while left:
        pending, members = [left.pop()], set()
        while pending:
            place = pending.pop()
            members.add(place)
            near = {_plus(place, o) for o in itertools.product((-1, 0, 1), repeat=len(place))} & left
            left -= near
            pending += near
        found.append(members)
    return found


def blob(image: Image, global_weight: float = 2.0, blob_weight: float = 1.0, base: str = "dice") -> float:
    def of(c: int) -> float:
        p, g = _field(image, c)
        places = image.places

        def cost(pixels: list[int]) -> float:
            shared, whole = (
                math.fsum(f(p[places[i]], g[places[i]]) for i in pixels)
                for f in (lambda a, b: 2 * a * b, lambda a, b: a + b)
            )
            overlap = 1 - share(shared, whole)
            surprisal = mean([image.one_against_all(c, i) for i in pixels])
            return {"dice": overlap, "cross_entropy": surprisal, "dice_cross_entropy": overlap + surprisal}[base]

        blobs = _components(_mask(g))
        result = global_weight * cost(image.kept)
        if not blobs:
            return result
        others = [set().union(*blobs) - members for members in blobs]
        return result + blob_weight * mean([cost([i for i in image.kept if places[i] not in gone]) for gone in others])

    return over_classes(image, of, background=False)
