"""Lengths and areas of contours through cells."""

import itertools
import math

import numpy as np
import pytest

from segeval.distance.elements import codes, sizes

# surface-distance 0.1, `create_table_neighbour_code_to_surface_area((1, 2, 5))`; its first bit is the last corner here.
AREAS = {
    "00000001": 1.4197270865,
    "00000010": 1.4197270865,
    "00000011": 5.5901699437,
    "00000101": 5.0990195136,
    "00010001": 2.6925824036,
    "00000111": 9.2591812594,
    "00010011": 6.7591812594,
    "00010111": 8.5183625187,
    "00011011": 9.5747093044,
    "00011110": 10.6789083458,
    "00111100": 11.1803398875,
    "01101001": 5.6789083458,
    "00011000": 2.8394541729,
    "10000001": 2.8394541729,
    "11111110": 1.4197270865,
}


def test_areas_of_another_program():
    found = sizes((1.0, 2.0, 5.0))
    assert {bits: found[int(bits[::-1], 2)] for bits in AREAS} == pytest.approx(AREAS, abs=1e-9)
    assert float(found.sum()) == pytest.approx(1526.148772096383, rel=1e-12)
    assert float(sizes((1.0, 1.0, 1.0)).sum()) == pytest.approx(241.343139705537, rel=1e-12)


def test_every_cell_has_an_area_and_turns_with_the_axes():
    """But those without a contour; in and out are the same."""
    lengths = (1.5, 0.3, 7.0)
    plain = sizes(lengths)
    assert (plain[1:255] > 0).all()
    assert plain[0] == plain[255] == 0
    assert np.array_equal(plain, plain[::-1])
    corners = list(itertools.product((0, 1), repeat=3))
    for order in itertools.permutations(range(3)):
        turned = sizes(tuple(lengths[n] for n in order))
        for code in range(256):
            inside = [corner for n, corner in enumerate(corners) if code >> n & 1]
            other = sum(1 << corners.index(tuple(corner[n] for n in order)) for corner in inside)
            assert turned[other] == pytest.approx(plain[code], rel=1e-14)


def test_lengths_by_hand():
    """Half a diagonal, straight lines along either axis, two half diagonals; of one axis the ends are counted."""
    slant = math.hypot(2, 0.7)
    expected = [0, slant / 2, slant / 2, 0.7, slant / 2, 2, slant, slant / 2]
    assert sizes((2.0, 0.7)) == pytest.approx([*expected, *expected[::-1]])
    assert sizes((3.0,)).tolist() == [0, 1, 1, 0]
    with pytest.raises(ValueError, match="4 axes"):
        sizes((1.0,) * 4)


def test_the_contour_of_a_rectangle():
    """4 × 6 pixels of 2 × 0.7: two sides of 3 and of 5 steps and four cut corners; of a box the faces and edges."""
    mask = np.zeros((8, 9), bool)
    mask[2:6, 1:7] = True
    length = sizes((2.0, 0.7))[codes(mask)].sum()
    assert length == pytest.approx(2 * 3 * 2 + 2 * 5 * 0.7 + 4 * math.hypot(2, 0.7) / 2)
    box = np.zeros((6, 6, 6), bool)
    box[1:5, 1:5, 1:5] = True
    faces, edges, tips = 6 * 3 * 3, 12 * 3 * math.sqrt(0.5), 8 * math.sqrt(3) / 8
    assert sizes((1.0, 1.0, 1.0))[codes(box)].sum() == pytest.approx(faces + edges + tips)
