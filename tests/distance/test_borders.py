"""Borders and nearest distances against loops over all pairs of points."""

import math

import numpy as np
import pytest
from support import plain_surface

from segeval.distance import borders
from segeval.distance.grid import steps

SHAPES = [((9, 13), (1, 1)), ((7, 11), (2.5, 0.4)), ((5, 6, 8), (3.3, 0.5859375, 0.75)), ((4, 9, 5), (math.pi, 1, 2))]


def padded(mask):
    return np.pad(mask, 1)


@pytest.mark.parametrize(("shape", "spacing"), SHAPES)
@pytest.mark.parametrize("full", [False, True])
def test_borders_are_those_of_plain_loops(shape, spacing, full):
    """With and without ignored pixels, and where masks touch the edge of the image."""
    rng = np.random.default_rng(5)
    for share in (0.2, 0.6, 0.9):
        mask = rng.random(shape) < share
        truth = np.where(rng.random(shape) < 0.2, 9, mask)
        for void in ((), (9,)):
            expected = plain_surface.borders(mask, truth, 1, void, full)[0]
            valid = np.pad(truth != 9, 1, constant_values=True) if void else None
            cut = mask & (truth != 9) if void else mask
            found = np.argwhere(borders.border(padded(cut), valid, full)) - 1
            assert [tuple(each) for each in found.tolist()] == expected


@pytest.mark.parametrize(("shape", "spacing"), SHAPES)
@pytest.mark.parametrize("path", ["_by_tree", "_by_transform"])
def test_distances_are_those_of_all_pairs(monkeypatch, shape, spacing, path):
    """From a tree and from a transform; both are the same numbers wherever the steps have a common measure."""
    monkeypatch.setattr(borders, "_by_tree", getattr(borders, path))
    monkeypatch.setattr(borders, "_by_transform", getattr(borders, path))
    rng = np.random.default_rng(11)
    for share in (0.02, 0.3):
        points, target = (rng.random(shape) < share for _ in range(2))
        target[tuple(n // 2 for n in shape)] = True
        values, counts = borders.distances(points, target, steps(spacing, len(shape)))
        every = plain_surface.nearest(np.argwhere(points).tolist(), np.argwhere(target).tolist(), spacing)
        np.testing.assert_allclose(np.repeat(values, counts), sorted(every), rtol=1e-14)
        assert (np.diff(values) > 0).all()


def test_distances_to_nothing_and_of_nothing():
    grid = steps(None, 2)
    points = np.zeros((3, 4), bool)
    assert [each.size for each in borders.distances(points, ~points, grid)] == [0, 0]
    values, counts = borders.distances(~points, points, grid)
    assert (values.tolist(), counts.tolist()) == ([math.inf], [12])


def test_the_way_is_chosen_by_counts(monkeypatch):
    """Few points look each other up in a tree; noise, in which they fill the crop, is transformed."""
    asked = []
    for name in ("_by_tree", "_by_transform"):
        own = getattr(borders, name)
        monkeypatch.setattr(borders, name, lambda *a, own=own, name=name: asked.append(name) or own(*a))
    rng = np.random.default_rng(0)
    noise, other = (rng.random((30, 30)) < 0.5 for _ in range(2))
    few = np.zeros((30, 30), bool)
    few[3, 4] = True
    borders.distances(noise, other, steps(None, 2))
    borders.distances(few, ~few & other, steps(None, 2))
    assert asked == ["_by_transform", "_by_tree"]


def test_steps_of_no_common_measure_are_floats_and_huge_ones_do_not_overflow():
    """400 : 1, and coordinates whose squares leave 64 bits of whole numbers."""
    points, target = np.zeros((2, 3000), bool), np.zeros((2, 3000), bool)
    points[0, 0] = target[1, 2999] = True
    for spacing in ((400.0, 1.0), (1e-6, 1.0), (0.1, 999999.7)):
        values, _ = borders.distances(points, target, steps(spacing, 2))
        assert values[0] == pytest.approx(math.hypot(spacing[0], 2999 * spacing[1]), rel=1e-14)
