"""What must hold for every loss of the catalogue: a new one is covered at once, and fails without a reference."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.loss_reference import REFERENCE, SPATIAL
from support.loss_reference.cases import CASES, WEIGHTS, Case, fits, of_family, settings, softmax, with_effect

from segeval import losses
from segeval.errors import BadOption, SegevalError, Unfit
from segeval.evidence import sample as samples
from segeval.losses import LOSSES
from segeval.losses.engine.evidence import Caller, Plan, values
from segeval.losses.engine.inputs import sample
from segeval.losses.functional import ask
from segeval.parameters import parameters

NAMES = LOSSES.asked_by_name()
CALLERS = [
    {"average": "micro"},
    {"average": "micro", "background": False},
    {"presence": "truth"},
    {"presence": "truth", "background": True},
    {"background": False},
    {"background": True},
]
PER_IMAGE = {"lovasz_hinge", "lovasz_softmax", "topk_cross_entropy"}  # they put pixels in order
PIXELWISE = {name for name, func in REFERENCE.items() if func.__module__ == "support.loss_reference.pixels"}

every_loss = pytest.mark.parametrize("name", NAMES)


def each_case(*kinds: str) -> Any:
    return pytest.mark.parametrize("case", [CASES[kind] for kind in kinds], ids=kinds)


def value(name: str, case: Case, params: dict[str, Any]) -> float:
    return float(losses.value(name, case.pred, case.truth, **case.options, **params))


def slope(name: str, case: Case, params: dict[str, Any]) -> Any:
    return losses.gradient(name, case.pred, case.truth, **case.options, **params)


def cut(case: Case, change: Any, shape: tuple[int, ...]) -> Case:
    """The case with its channels and its truth changed alike, and given another shape."""
    channels = case.pred[None] if case.kind == "binary" else case.pred
    pred = np.stack([change(channel).reshape(shape) for channel in channels])
    return replace(case, pred=pred[0] if case.kind == "binary" else pred, truth=change(case.truth).reshape(shape))


@every_loss
def test_it_has_a_reference_and_settings_off_its_defaults(name: str) -> None:
    assert name in REFERENCE
    tried: dict[str, list[Any]] = {}
    for case in (CASES["binary"], CASES["classes"]):
        for params in settings(name, case):
            for key, each in params.items():
                tried.setdefault(key, []).append(each)
    for key, parameter in parameters(LOSSES[name].func).items():
        assert any(each is not parameter.default and np.any(each != parameter.default) for each in tried[key]), key


@pytest.mark.parametrize("family", ["classes", "binary", "multilabel"])
@every_loss
def test_it_equals_the_plain_loop(name: str, family: str) -> None:
    for kind, case in of_family(family):
        for params in settings(name, case):
            if fits(name, case):
                expected = REFERENCE[name](case.image, **params)
                assert value(name, case, params) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True), kind
            else:
                with pytest.raises(Unfit, match=name):
                    value(name, case, params)


@pytest.mark.parametrize("caller", CALLERS, ids=lambda c: "-".join(f"{v}" for v in c.values()))
@every_loss
def test_options_of_the_caller_equal_the_plain_loop(name: str, caller: dict[str, Any]) -> None:
    for kind in ("classes-absent", "classes-two", "classes-void", "binary", "multilabel-soft"):
        case = replace(CASES[kind], caller=caller)
        for params in settings(name, case)[-1:] if fits(name, case) else ():
            expected = pytest.approx(REFERENCE[name](case.image, **params), rel=1e-9, abs=1e-12, nan_ok=True)
            taken = with_effect(name, case, params)
            assert value(name, taken, params) == expected
            assert REFERENCE[name](taken.image, **params) == expected  # what is refused changes nothing


@every_loss
def test_it_is_within_its_range(name: str) -> None:
    loss = LOSSES[name]
    for kind, case in CASES.items():
        for params in settings(name, case) if case.inputs != "scores" and fits(name, case) else ():
            found = value(name, case, params)
            assert np.isnan(found) or loss.low <= found <= loss.high + 1e-4, kind


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.distances])
def test_distances_are_measured_by_the_spacing(name: str) -> None:
    """All lengths different, and none the same as its square."""
    moved = []
    for kind in ("classes-void", "binary-soft", "multilabel", "classes-volume", "binary-logits-volume"):
        case = CASES[kind]
        spacing = (0.5, 3.0, 1.25)[: len(case.shape)]
        for params in settings(name, case):
            expected = REFERENCE[name](replace(case.image, spacing=spacing), **params)
            found = losses.value(name, case.pred, case.truth, spacing=spacing, **case.options, **params)
            assert found == pytest.approx(expected, rel=1e-9), kind
            moved.append(abs(found - value(name, case, params)) > 1e-3)
            even = REFERENCE[name](replace(case.image, spacing=(2.5,) * len(case.shape)), **params)
            found = losses.value(name, case.pred, case.truth, spacing=2.5, **case.options, **params)
            assert found == pytest.approx(even, rel=1e-9)
    assert any(moved)


def test_a_spacing_must_fit() -> None:
    case = CASES["binary"]
    for name, spacing, said in (
        ("dice", 2, "spacing has no effect on dice"),
        ("boundary", (1, 2, 3), "3 numbers for 2 axes"),
        ("boundary", (1, 0), "above 0"),
    ):
        with pytest.raises(BadOption) as caught:
            losses.value(name, case.pred, case.truth, spacing=spacing)
        assert said in f"{caught.value.message} {caught.value.hint}"


@each_case("classes", "binary", "multilabel")
@every_loss
def test_it_is_least_at_the_truth(name: str, case: Case) -> None:
    """And 0 there; `entropy` knows no truth, others have a least value of their own, or none of the worst pixels."""
    truth = np.stack([case.truth == c for c in range(3)]) if case.kind == "classes" else case.truth
    perfect = replace(case, pred=truth.astype(np.float64))
    for params in settings(name, case) if fits(name, case) and name != "entropy" else ():
        least = value(name, perfect, params)
        if params.keys() & {"label_smoothing", "threshold", "smooth_below", "smooth_mean", "cell"}:
            assert least != 0
            continue
        for share in (0.1, 0.5, 1):
            worse = replace(case, pred=(1 - share) * perfect.pred + share * case.pred)
            assert value(name, worse, params) >= least - 1e-12
        if name == "exp_log" and not params:  # 0.2 (1e-7)^0.3 Σ_l √(f_l/N): 0.0016 for one class, √3 of it for three
            assert 0.0016 < least < 0.0028
        elif name not in ("boundary", "t_loss", "exp_log"):
            assert least == pytest.approx(0, abs=4e-6 if name != "weighted_hausdorff" else 0.04)


@each_case("classes-void", "binary-void")
@every_loss
def test_places_do_not_matter_where_nothing_is_spatial(name: str, case: Case) -> None:
    """Neither the order of pixels nor the dimensions of the image."""
    order = np.random.RandomState(7).permutation(case.truth.size)
    for change, shape in ((lambda a: a.ravel()[order], (15, 2)), (np.asarray, (2, 5, 3))):
        moved = cut(case, change, shape)
        for params in settings(name, case) if name not in SPATIAL else ():
            theirs = {k: change(v).reshape(shape) if k == "weights" else v for k, v in params.items()}
            assert value(name, moved, theirs) == pytest.approx(value(name, case, params), rel=1e-12)


@each_case("classes-void", "binary-void")
@pytest.mark.parametrize("name", sorted(SPATIAL))
def test_flips_do_not_matter_where_something_is_spatial(name: str, case: Case) -> None:
    for change in (np.flipud, np.fliplr, np.transpose):
        for params in settings(name, case):
            flipped = cut(case, change, change(case.truth).shape)
            assert value(name, flipped, params) == pytest.approx(value(name, case, params), rel=1e-12)


@each_case("classes-void", "binary-soft", "multilabel-logits")
@every_loss
def test_inputs_may_be_read_only_and_stay_as_they_are(name: str, case: Case) -> None:
    held = replace(case, pred=case.pred.copy(), truth=case.truth.copy())
    held.pred.flags.writeable = held.truth.flags.writeable = False
    for params in settings(name, case) if fits(name, case) else ():
        value(name, held, params)
        slope(name, held, params)
    assert (held.pred == case.pred).all()
    assert (held.truth == case.truth).all()


@pytest.mark.parametrize(("dtype", "rel"), [(np.float32, 1e-4), (np.float16, 0.05)])
@every_loss
def test_short_floating_point_is_close(name: str, dtype: Any, rel: float) -> None:
    for kind in ("classes-inside", "classes-logits", "binary-inside"):
        case = CASES[kind]
        short = replace(case, pred=case.pred.astype(dtype))
        for params in settings(name, case):
            assert value(name, short, params) == pytest.approx(value(name, case, params), rel=rel, abs=rel / 10), kind


@each_case("classes", "binary")
@every_loss
def test_it_is_finite_at_the_extremes(name: str, case: Case) -> None:
    """Probabilities of exactly 0 and 1, and logits that round to them: half of the pixels right, half wrong."""
    wrong = np.indices(case.shape).sum(axis=0) % 2
    one_hot = np.stack([(case.truth + wrong) % case.outcomes == c for c in range(case.outcomes)]).astype(np.float64)
    pred = one_hot if case.kind == "classes" else one_hot[1]
    sure = [replace(case, pred=size * (2 * pred - 1), inputs="logits") for size in (40, 400, 1000)]
    for extreme in (replace(case, pred=pred), *sure):
        for params in settings(name, case):
            assert np.isfinite(value(name, extreme, params))
            assert np.isfinite(slope(name, extreme, params)).all()


@every_loss
def test_logits_equal_their_probabilities(name: str) -> None:
    for kind, case in CASES.items():
        p = softmax(case.pred) if case.kind == "classes" else 1 / (1 + np.exp(-case.pred))
        given = replace(case, pred=p, inputs="probabilities")
        for params in settings(name, case) if case.inputs == "logits" and fits(name, case) else ():
            expected = value(name, given, params)
            assert value(name, case, params) == pytest.approx(expected, rel=1e-9, nan_ok=True), kind


@each_case("classes-void", "classes-without-2", "classes-volume", "binary-void")
@every_loss
def test_ignored_pixels_do_not_matter(name: str, case: Case) -> None:
    """Not their prediction, and the derivative is 0 there."""
    ignored = np.isin(case.truth, case.ignore)
    other = replace(case, pred=np.where(ignored, case.pred[::-1], case.pred))
    assert (other.pred != case.pred).any()
    for params in settings(name, case):
        before = value(name, case, params)
        if name == "ssim" and np.isnan(before):  # no window without an ignored pixel
            continue
        assert value(name, other, params) == pytest.approx(before, rel=1e-12)
        found = slope(name, case, params)
        assert not found[..., ignored].any()
        assert found.any() or name == "hausdorff_er"  # blind to small errors


@each_case("classes", "classes-soft", "classes-absent", "binary-void", "multilabel")
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SPATIAL | PER_IMAGE])
def test_tiles_add_up(name: str, case: Case) -> None:
    """The evidence of the two halves of an image, added, is that of the whole."""
    for params in settings(name, case) if fits(name, case) else ():
        whole = value(name, case, params)
        params = {key: each for key, each in params.items() if key != "weights"}  # they come with the image
        plan = Plan([ask(name, params)])
        found = []
        for part in (np.s_[..., :2, :], np.s_[..., 2:, :]):
            image = sample(case.pred[part], case.truth[part], **case.options)
            found.append(plan.measure(image.weighed(WEIGHTS[case.shape][part])))
        together = values(plan.asked[0], found[0] + found[1], Caller())
        assert together[0] == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("kind", ["classes", "binary", "multilabel"])
@every_loss
def test_the_size_of_blocks_does_not_matter(name: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    r = np.random.RandomState(8)
    truth = r.randint(0, 3, (33, 41))
    case = {
        "classes": Case(
            "classes", softmax(r.normal(size=(3, 33, 41))), np.where(truth == 2, 255, truth), ignore=(255,)
        ),
        "binary": Case("binary", r.rand(33, 41), r.rand(33, 41)),
        "multilabel": Case("multilabel", r.rand(3, 33, 41), (r.rand(3, 33, 41) < 0.3).astype(int)),
    }[kind]
    if not fits(name, case):
        return
    params = {"weights": r.rand(33, 41)} if name == "unet_cross_entropy" else settings(name, case)[-1]
    whole = value(name, case, params)
    monkeypatch.setattr(samples, "BLOCK", 1)
    assert len(list(sample(case.pred, case.truth, **case.options).blocks())) > 1
    assert value(name, case, params) == pytest.approx(whole, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("family", ["classes", "binary", "multilabel"])
@every_loss
def test_a_map_of_pixels_has_the_value_as_its_mean(name: str, family: str) -> None:
    """Or the loss says that it is no such mean; nan is where a pixel is ignored."""
    for kind, case in of_family(family):
        for params in settings(name, case) if fits(name, case) else ():
            try:
                each = losses.pixel_map(name, case.pred, case.truth, **case.options, **params)
            except Unfit as fault:
                assert "no mean over pixels" in fault.message
                assert name not in PIXELWISE
                continue
            ignored = np.isin(case.truth, case.ignore) if case.ignore else np.zeros(case.shape, bool)
            assert (np.isnan(each) == ignored).all()
            assert np.mean(each[~ignored]) == pytest.approx(value(name, case, params), rel=1e-12, nan_ok=True), kind


def test_a_map_takes_channels_as_classes_unless_told() -> None:
    p, labels = np.array([[0.3, 0.6], [0.7, 0.4]]), np.array([0, 1])
    assert losses.pixel_map("cross_entropy", p, labels) == pytest.approx(-np.log([0.3, 0.4]))
    both = losses.pixel_map("cross_entropy", p, labels, multilabel=True)
    assert both == pytest.approx(-np.log([0.3 * 0.3, 0.4 * 0.4]) / 2)


@every_loss
def test_a_hard_mask_is_its_one_hot_channels(name: str) -> None:
    labels = CASES["classes"].truth
    mask = np.where(np.arange(labels.size).reshape(labels.shape) % 4, labels, (labels + 1) % 3)
    one_hot = np.stack([mask == c for c in range(3)])
    for params in settings(name, CASES["classes"]):
        expected = losses.value(name, one_hot.astype(np.float64), labels, **params)
        assert losses.value(name, mask, labels, **params) == pytest.approx(expected, rel=1e-12)
        assert losses.value(name, one_hot.astype(np.uint8), labels, **params) == pytest.approx(expected, rel=1e-12)
    two = settings(name, CASES["binary"])[-1]
    expected = losses.value(name, (mask > 0).astype(np.float64), (labels > 0).astype(int), **two)
    assert losses.value(name, mask > 0, labels > 0, **two) == pytest.approx(expected, rel=1e-12)


@each_case("classes-void", "binary-void")
@every_loss
def test_all_ignored_is_undefined(name: str, case: Case) -> None:
    nothing = replace(case, truth=np.full_like(case.truth, 255))
    for params in settings(name, case):
        assert np.isnan(value(name, nothing, params))
        assert np.isnan(slope(name, nothing, params)).all()


@every_loss
def test_an_image_of_one_pixel(name: str) -> None:
    """Equals the plain loop, or says that it is too small."""
    for case in (
        Case("classes", np.array([[[0.2]], [[0.5]], [[0.3]]]), np.array([[1]])),
        Case("binary", np.array([0.3]), np.array([1])),
    ):
        for params in settings(name, replace(case, pred=CASES[case.kind].pred)):
            params = {k: np.full(case.shape, 1.7) if k == "weights" else v for k, v in params.items()}
            if name == "ssim":
                with pytest.raises(SegevalError, match="smaller than its window"):
                    value(name, case, params)
                continue
            expected = REFERENCE[name](case.image, **params)
            assert value(name, case, params) == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
