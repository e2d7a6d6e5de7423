"""Class weights, by hand."""

import pytest

from segeval.data.class_weights import SCHEMES, Frequencies, by_scheme, parse
from segeval.errors import BadOption

TWO = Frequencies.of({0: 900, 1: 100})


@pytest.mark.parametrize(
    ("scheme", "weights"),
    [
        ("balanced", {0: 0.555556, 1: 5}),
        ("rarest1", {0: 0.111111, 1: 1}),
        ("complement", {0: 0.1, 1: 0.9}),
        ("median-frequency", {0: 0.5 / 0.9, 1: 0.5 / 0.1}),
        ("none", {0: 0, 1: 0}),
    ],
)
def test_counts_of_900_and_100(scheme, weights):
    assert by_scheme(scheme, TWO) == pytest.approx(weights, abs=5e-7)


@pytest.mark.parametrize(
    ("scheme", "weights"),
    [
        # image A: 60, 40; image B: 10 of class 0 and 90 of class 7
        ("balanced", {0: 200 / (3 * 70), 1: 200 / (3 * 40), 7: 200 / (3 * 90)}),
        ("rarest1", {0: 40 / 70, 1: 1, 7: 40 / 90}),
        ("complement", {0: 1 - 70 / 200, 1: 1 - 40 / 200, 7: 1 - 90 / 200}),
        # shares 70/200 = 0.35, 40/100 = 0.4, 90/100 = 0.9; the median is 0.4
        ("median-frequency", {0: 0.4 / 0.35, 1: 1, 7: 0.4 / 0.9}),
        ("none", {0: 0, 1: 0, 7: 0}),
    ],
)
def test_two_images_with_different_classes(scheme, weights):
    found = Frequencies.of({0: 60, 1: 40}) + Frequencies.of({0: 10, 7: 90, 9: 0})
    assert by_scheme(scheme, found) == pytest.approx(weights)


def test_the_order_of_images_does_not_matter():
    one, other = Frequencies.of({1: 5, 0: 7}), Frequencies.of({2: 1, 0: 3})
    assert list((one + other).pixels.items()) == list((other + one).pixels.items()) == [(0, 10), (1, 5), (2, 1)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_one_class_and_none(scheme):
    expected = {"none": 0, "complement": 0}.get(scheme, 1)
    assert by_scheme(scheme, Frequencies.of({0: 12})) == {0: expected}
    assert by_scheme(scheme, Frequencies()) == {}


def test_given_weights():
    assert parse("0=1, 7=2.5") == {0: 1.0, 7: 2.5}
    assert parse("rarest1") == "rarest1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("balance", "did you mean 'balanced'?"),
        ("", "known: "),
        ("0=1,1", "--class-weights holds '1'"),
        ("0=1,=2", "--class-weights holds '=2'"),
        ("0=1,1.5=2", "'1.5=2'"),
        ("0=a", "'0=a'"),
        ("0=1,0=2", "the id 0 twice"),
        ("0=-1", "the id 0 the weight -1.0"),
        ("0=nan", "weight nan"),
        ("0=inf", "weight inf"),
    ],
)
def test_weights_that_make_no_sense(text, said):
    with pytest.raises(BadOption) as caught:
        parse(text)
    assert said in f"{caught.value.message} {caught.value.hint}"
