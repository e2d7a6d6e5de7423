"""The picture of a map."""

import imagecodecs
import numpy as np
import pytest

from segeval.io.preview import colours, preview

LINE = [80, 215, 255]


def luminance(rgb):
    """Relative luminance of sRGB (IEC 61966-2-1)."""
    v = rgb / 255.0
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_lightness_grows_evenly():
    """L* of each colour, from its luminance, is a straight line but for cutting to what a screen can show."""
    lightness = 116 * np.cbrt(luminance(colours())) - 16
    steps = np.diff(lightness)
    assert (steps > -0.3).all()
    assert np.abs(lightness - np.linspace(lightness[0], lightness[-1], 256)).max() < 6
    assert lightness[0] < 8
    assert lightness[-1] > 85


def test_borders_and_brightness():
    """A 3 x 3 cell has 8 border pixels; its inside and the background show the weight."""
    cells = np.zeros((5, 7), int)
    cells[1:4, 1:4] = 4
    weights = np.zeros((5, 7))
    weights[0, 5], weights[0, 6], weights[2, 2] = 5, 10, 10
    picture = imagecodecs.png_decode(preview(weights, cells))
    border = (picture == LINE).all(axis=2)
    assert border.sum() == 8
    assert not border[2, 2]
    assert picture[0, 6].tolist() == picture[2, 2].tolist() == colours()[255].tolist()
    assert picture[0, 0].tolist() == colours()[0].tolist()
    assert picture[0, 5].tolist() in (colours()[127].tolist(), colours()[128].tolist())


def test_cells_that_touch_are_parted_by_their_borders():
    picture = imagecodecs.png_decode(preview(np.zeros((1, 4)), np.array([[1, 1, 2, 2]])))
    assert (picture == LINE).all(axis=2).tolist() == [[False, True, True, False]]


@pytest.mark.parametrize("shape", [(7,), (1, 1), (3, 4, 5), (2, 3, 4, 5)])
def test_any_number_of_axes(shape):
    """Of a volume the plane with the largest sum."""
    weights = np.zeros(shape)
    weights[(-1,) * len(shape)] = 1
    picture = imagecodecs.png_decode(preview(weights, np.zeros(shape, int)))
    assert picture.shape == (*((1, *shape)[-2:]), 3)
    assert picture[-1, -1].tolist() == colours()[255].tolist()
