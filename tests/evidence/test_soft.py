"""Soft sums of small images, by hand."""

from typing import Any

import numpy as np
import pytest

from segeval.evidence.sample import Sample
from segeval.evidence.soft import ClassSums, PixelSums, SoftConfusion, SoftCounts

P = np.array([[0.2, 0.5, 0.9, 0.4]])
FIELDS = ["p", "t", "pt", "pp", "tt", "least", "missed", "n"]
# Σp, Σt, Σpt, Σp², Σt², Σ min, Σ(p − t)² t, n
HARD = [2.0, 2, 1.4, 1.26, 2, 1.4, 0.26, 4]  # truth 0 1 1 0


def binary(truth: Any) -> Sample:
    return Sample(P, np.asarray(truth), (0,), exclusive=False, hard=np.asarray(truth).dtype.kind != "f")


def numbers(counts: SoftCounts) -> Any:
    return np.array([getattr(counts, field) for field in FIELDS]).T


def test_counts_of_hard_truths() -> None:
    found = SoftCounts.of(binary([0, 1, 1, 0]).whole)
    assert numbers(found)[0] == pytest.approx(HARD)
    assert [found.fp[0], found.fn[0], found.union[0]] == pytest.approx([0.6, 0.6, 2.6])


def test_counts_of_soft_truths() -> None:
    found = SoftCounts.of(binary([[0.3, 0.5, 0.6, 0.6]]).whole)
    pt, tt = 0.06 + 0.25 + 0.54 + 0.24, 0.09 + 0.25 + 0.36 + 0.36
    least, missed = 0.2 + 0.5 + 0.6 + 0.4, 0.003 + 0 + 0.054 + 0.024
    assert numbers(found)[0] == pytest.approx([2, 2, pt, 1.26, tt, least, missed, 4])


@pytest.mark.parametrize("truth", [[0, 1, 1, 0], [[0.3, 0.5, 0.6, 0.6]]])
def test_both_outcomes_of_one_channel(truth: Any) -> None:
    """Those of 1 − p and 1 − t, counted apart, then those of p and t."""
    target = np.asarray(truth, np.float64).reshape(1, -1)
    opposite = Sample(1 - P, 1 - target, (0,), exclusive=False, hard=False)
    found = numbers(SoftCounts.of(binary(truth).whole).outcomes)
    assert found[0] == pytest.approx(numbers(SoftCounts.of(opposite.whole))[0])
    assert found[1] == pytest.approx(numbers(SoftCounts.of(binary(truth).whole))[0])


def test_classes_that_exclude_each_other() -> None:
    """By labels, and by the same labels as one-hot numbers."""
    p = np.array([[0.2, 0.5, 0.9], [0.7, 0.1, 0.0], [0.1, 0.4, 0.1]])
    labels = np.array([1, 2, 1])
    found = SoftCounts.of(Sample(p, labels, (0, 1, 2)).whole)
    assert numbers(found)[1] == pytest.approx([0.8, 2, 0.7, 0.5, 2, 0.7, 0.09 + 1, 3])
    one_hot = (np.arange(3)[:, None] == labels).astype(np.float64)
    assert numbers(found) == pytest.approx(numbers(SoftCounts.of(Sample(p, one_hot, (0, 1, 2)).whole)))
    assert found.outcomes is found
    assert numbers(found.only([2, 0])) == pytest.approx(numbers(found)[[2, 0]])
    assert numbers(found.pooled)[0] == pytest.approx(numbers(found).sum(axis=0))


def test_sums_add_up_field_by_field() -> None:
    whole, half = (SoftCounts.of(binary(truth).whole) for truth in ([0, 1, 1, 0], [1, 1, 0, 0]))
    assert numbers(whole + half) == pytest.approx(numbers(whole) + numbers(half))


def test_surprisal_by_class() -> None:
    p = np.array([[0.2, 0.5, 0.9], [0.8, 0.5, 0.1]])
    found = ClassSums.of(Sample(p, np.array([1, 1, 0]), (0, 1)).whole.problems)
    assert found.surprisal == pytest.approx(-np.log([[0.9, 0.8 * 0.5]]))
    assert found.pixels.tolist() == [[1, 2]]
    assert found.n == 3
    both = found + found
    assert (both.n, both.pixels.tolist()) == (6, [[2, 4]])


def test_soft_confusion() -> None:
    """Rows are true, columns predicted; a binary problem has two of each."""
    p = np.array([[0.2, 0.5, 0.9], [0.7, 0.1, 0.0], [0.1, 0.4, 0.1]])
    (problem,) = Sample(p, np.array([1, 2, 1]), (0, 1, 2)).whole.problems
    found = SoftConfusion.of(problem)
    assert found.mass == pytest.approx(np.array([[0, 0, 0], [1.1, 0.7, 0.2], [0.5, 0.1, 0.4]]))
    assert found.pixels.tolist() == [0, 2, 1]
    (problem,) = binary([0, 1, 1, 0]).whole.problems
    assert SoftConfusion.of(problem).mass == pytest.approx(np.array([[1.4, 0.6], [0.6, 1.4]]))


def test_pixel_sums_of_problems_and_channels() -> None:
    (problem,) = binary([0, 1, 1, 0]).whole.problems
    values, weights = np.array([1.0, 2, 4, 8]), np.array([1.0, 0, 1, 1])
    found = PixelSums.of([(problem, values, weights)])
    assert [found.total, found.weight, found.by.tolist(), found.per.tolist()] == [15, 3, [9, 6], [2, 1]]
    found = PixelSums.of([(problem, values, None), (problem, 2 * values, None)])
    assert [found.total, found.weight, found.by.tolist(), found.per.tolist()] == [45, 8, [15, 30], [4, 4]]
    found = PixelSums.of_channels(values[None], exclusive=False)
    assert [found.total, found.weight, found.by.tolist(), found.per.tolist()] == [15, 4, [0, 15], [0, 4]]
