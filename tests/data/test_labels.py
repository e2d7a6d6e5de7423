"""The door: two masks become two label arrays of one shape, or an error that says why not."""

import math
from typing import Any

import numpy as np
import pytest

from segeval.data.class_selection import ClassChoice
from segeval.data.classes import ClassTable
from segeval.data.door import read_pair
from segeval.data.labels import BLOCK, Labels, truth_labels
from segeval.data.reading import Reading
from segeval.errors import (
    BadOption,
    ColoursNeedTable,
    FractionalTruth,
    IdTooLarge,
    InputError,
    NotFinite,
    NotProbabilities,
    ShapesDiffer,
    UnfitPixels,
    UnknownColour,
)
from segeval.io import Mask

PLAIN = Reading()
TABLE = {(0, 0, 0): 0, (128, 64, 128): 7, (70, 70, 70): 300}


def door(
    pred: Any, truth: Any = None, reading: Reading = PLAIN, ids: Any = None, colors: Any = None, **facts: Any
) -> Labels:
    """A prediction through the door; without a truth, against zeros of its shape. `facts` are those of its mask."""
    pred = np.asarray(pred)
    truth = np.zeros(pred.shape, np.uint8) if truth is None else np.asarray(truth)
    choice = ClassChoice(None if ids is None else ClassTable.found(ids), colors=colors or {})
    return read_pair(Mask("pred/a.npy", pred, **facts), Mask("gt/a.png", truth), reading, choice)


def channels(*values: list[float], dtype: type = np.float32) -> Any:
    """(C, 1, pixels) from the probabilities of each pixel."""
    return np.array(values, dtype).T[:, None, :]


def codes(found: Labels) -> list[str]:
    return [remark.code for remark in found.remarks]


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"])
def test_labels_of_every_type_are_the_same(dtype):
    found = door(np.array([[0, 1], [2, 100]], dtype), np.array([[0, 1], [2, 100]], dtype))
    assert found.pred.tolist() == found.truth.tolist() == [[0, 1], [2, 100]]
    assert found.pred.dtype == found.truth.dtype == np.uint8
    assert codes(found) == (["SEG252", "SEG252"] if dtype.startswith("f") else [])


def test_bool_is_0_and_1():
    found = door(np.array([[True, False]]), np.array([[False, True]]))
    assert (found.pred.tolist(), found.truth.tolist()) == ([[1, 0]], [[0, 1]])
    assert found.pred.dtype == np.uint8


@pytest.mark.parametrize("ids", [[0, 256], [-1, 255], [-128, 0], [-(1 << 31), (1 << 31) - 1]])
def test_ids_outside_a_byte_stay_what_they_are(ids):
    found = door(np.array([ids], np.int64), np.array([ids], np.int64))
    assert found.pred.tolist() == found.truth.tolist() == [ids]


def test_negative_byte_is_not_255():
    assert door(np.array([[-1, 5]], np.int8)).pred.tolist() == [[-1, 5]]


@pytest.mark.parametrize(
    ("value", "dtype"), [(1 << 31, "i8"), (-(1 << 31) - 1, "i8"), (1 << 31, "u4"), ((1 << 64) - 1, "u8"), (3e9, "f8")]
)
@pytest.mark.parametrize("side", ["pred", "gt"])
def test_id_beyond_32_bits_is_an_error(value, dtype, side):
    array, zeros = np.array([[1, value]], dtype), np.zeros((1, 2), np.uint8)
    with pytest.raises(IdTooLarge, match=f"{side}/a.* holds the id") as caught:
        door(*((array, zeros) if side == "pred" else (zeros, array)))
    assert caught.value.code == "SEG229"


def test_palette_indices_match_grey_ids():
    """However the ids came out of their files, equal ids are equal."""
    ids = np.array([[0, 1, 2, 255]])
    found = door(ids.astype(np.uint8), ids.astype(np.uint16))
    np.testing.assert_array_equal(found.pred, found.truth, strict=True)


def test_whole_floats_are_labels_with_a_remark():
    found = door(np.array([[0.0, 3.0], [-0.0, 255.0]]))
    assert found.pred.tolist() == [[0, 3], [0, 255]]
    assert codes(found) == ["SEG252"]
    assert "pred/a.npy" in found.remarks[0].message


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("threshold", "values", "wanted"),
    [
        (0.3, [0.0, 0.299, 0.301, 1.0], [0, 0, 1, 1]),
        (0.75, [0.5, 0.749, 0.75, 0.751], [0, 0, 0, 1]),
        (0.5, [0.1, 0.5, 0.501, 0.9], [0, 0, 1, 1]),
    ],
)
def test_fractions_are_foreground_strictly_above_the_threshold(dtype, threshold, values, wanted):
    found = door(np.array([values], dtype), reading=Reading(threshold=threshold))
    assert found.pred.tolist() == [wanted]
    assert codes(found) == []


@pytest.mark.parametrize(
    ("ids", "wanted"), [(None, [0, 1]), ((0, 1), [0, 1]), ((3, 255), [3, 255]), ((0, 9999), [0, 9999])]
)
def test_foreground_is_the_second_class(ids, wanted):
    assert door([[0.2, 0.8]], ids=ids).pred.tolist() == [wanted]
    assert door([[[0.2, 0.8]]], [[0, 0]], ids=ids).pred.tolist() == [wanted]


@pytest.mark.parametrize("values", [[0.5, 1.5], [-0.25, 0.5], [0.1, 7.25]])
def test_fractions_outside_0_to_1_are_no_probabilities(values):
    with pytest.raises(NotProbabilities, match="pred/a.npy holds values from") as caught:
        door([values])
    assert caught.value.code == "SEG226"
    assert "--logits" in caught.value.hint


def test_most_probable_channel_is_the_class_and_ties_go_to_the_first():
    pred = channels([0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [0.25, 0.5, 0.25])
    assert door(pred, np.zeros((1, 5), np.uint8)).pred.tolist() == [[0, 2, 0, 1, 1]]


def test_most_probable_channel_of_a_volume():
    winner = np.array([[[0, 1, 2], [2, 1, 0]], [[1, 1, 1], [0, 2, 0]]])
    pred = np.where(np.arange(3)[:, None, None, None] == winner, 0.5, 0.25)
    np.testing.assert_array_equal(door(pred, np.zeros((2, 2, 3), np.uint8)).pred, winner)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rounding_of_a_softmax_is_accepted(dtype):
    """1/3 in float16 is 0.33325, and 150 such values are further off than three."""
    third = channels([1 / 3, 1 / 3, 1 / 3], [0.1, 0.2, 0.7], dtype=dtype)
    assert door(third, [[0, 0]]).pred.tolist() == [[0, 2]]
    many = np.full((150, 1, 1), 0.9 / 149, dtype)
    many[97] = 0.1
    assert door(many, [[0]]).pred.tolist() == [[97]]


@pytest.mark.parametrize(("total", "fits"), [(1.004, True), (0.996, True), (1.007, False), (0.993, False)])
def test_sums_may_differ_from_one_by_the_tolerance_only(total, fits):
    pred = channels([0.25, total - 0.25])
    if fits:
        assert door(pred, [[0]]).pred.tolist() == [[1]]
    else:
        with pytest.raises(NotProbabilities, match="sums to"):
            door(pred, [[0]])


def test_one_hot_channels_are_probabilities():
    one_hot = channels([1, 0, 0], [0, 0, 1], [0, 1, 0])
    assert door(one_hot, [[0, 0, 0]]).pred.tolist() == [[0, 2, 1]]


def test_channels_stand_for_the_ids_of_the_classes_in_order():
    pred = channels([0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.2, 0.2, 0.6])
    assert door(pred, [[0, 0, 0]], ids=(0, 7, 255)).pred.tolist() == [[0, 7, 255]]
    assert door(pred, [[0, 0, 0]], ids=(2, 0, 1)).pred.tolist() == [[2, 0, 1]]
    assert door(pred, [[0, 0, 0]], ids=(1, 70000, 3)).pred.tolist() == [[1, 70000, 3]]


def test_more_than_256_channels_are_told_apart():
    pred = np.zeros((300, 1, 2), np.float32)
    pred[299, 0, 0] = pred[255, 0, 1] = 1
    assert door(pred, [[0, 0]]).pred.tolist() == [[299, 255]]


@pytest.mark.parametrize("count", [2, 4])
def test_channels_that_are_not_one_for_each_class_are_an_error(count):
    pred = np.full((count, 1, 2), 1 / count)
    with pytest.raises(NotProbabilities, match=f"pred/a.npy has {count} channels, but there are 3 classes"):
        door(pred, [[0, 0]], ids=(0, 1, 2))


def test_every_block_of_a_large_prediction_counts():
    """More pixels than are looked at together: the winners lie on both sides of the seam."""
    pred = np.full((2, 1, BLOCK + 10), 0.5, np.float32)
    pred[:, 0, BLOCK - 1 : BLOCK + 1] = [[0.25, 0.25], [0.75, 0.75]]
    pred[:, 0, -1] = [0.25, 0.75]
    found = door(pred, np.zeros((1, BLOCK + 10), np.uint8)).pred
    assert np.flatnonzero(found).tolist() == [BLOCK - 1, BLOCK, BLOCK + 9]
    pred[0, 0, BLOCK + 3] = 0.9
    with pytest.raises(NotProbabilities, match=r"sums to 1 … 1\.4 over"):
        door(pred, np.zeros((1, BLOCK + 10), np.uint8))


def test_sums_far_from_one_are_diagnosed():
    with pytest.raises(NotProbabilities, match=r"pred/a.npy sums to 0\.75 … 1\.5") as caught:
        door(channels([0.5, 0.25], [0.75, 0.75]), [[0, 0]])
    assert caught.value.code == "SEG226"
    assert "sigmoid" in caught.value.hint


@pytest.mark.parametrize("values", [[-2.0, 3.0], [0.5, 7.0]])
def test_logits_given_as_probabilities_get_the_option_as_hint(values):
    with pytest.raises(NotProbabilities, match="not probabilities") as caught:
        door(channels(values), [[0]])
    assert "--logits" in caught.value.hint


def test_logits_are_what_the_caller_says_and_a_remark_tells_when_they_look_like_probabilities():
    """sigmoid(0.3) and sigmoid(0.7) are above one half; the largest of 0.3 and 0.7 is the second."""
    logits = Reading(logits=True)
    found = [
        door(channels([0.3, 0.7], [1, 0]), [[0, 0]], logits),
        door([[0.3, 0.7]], [[0, 0]], logits),
        door([[[0.3, 0.7]]], [[0, 0]], logits),
    ]
    assert [each.pred.tolist() for each in found] == [[[1, 0]], [[1, 1]], [[1, 1]]]
    assert [codes(each) for each in found] == [["SEG281"]] * 3
    assert codes(door(channels([0.3, 0.5], [1, 0]), [[0, 0]], logits)) == []
    assert codes(door([[0.3, 1.7]], [[0, 0]], logits)) == []


def test_largest_logit_is_the_class():
    pred = channels([-5, -3, -4], [2, 9, 9], [100, 0, -100], [0.3, 0.3, 0.4])
    assert door(pred, [[0] * 4], Reading(logits=True)).pred.tolist() == [[1, 1, 0, 2]]


@pytest.mark.parametrize("shape", [(1, 5), (1, 1, 5)], ids=["map", "single channel"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_foreground_are_compared_after_the_sigmoid(shape, dtype):
    """sigmoid(x) > 0.8 where x > ln 4 = 1.38629…"""
    pred = np.array([-3, 0, 1.386, 1.387, 9], dtype).reshape(shape)
    found = door(pred, np.zeros((1, 5), np.uint8), Reading(logits=True, threshold=0.8))
    assert found.pred.tolist() == [[0, 0, 0, 1, 1]]


def test_whole_numbers_are_logits_where_the_option_says_so():
    found = door([[-1.0, 0.0, 1.0, 2.0]], reading=Reading(logits=True))
    assert found.pred.tolist() == [[0, 0, 1, 1]]
    assert codes(found) == []


def test_single_channel_is_a_foreground_map():
    found = door([[[0.2, 0.31, 1.0]]], [[0, 0, 0]], Reading(threshold=0.3))
    assert found.pred.tolist() == [[0, 1, 1]]
    with pytest.raises(NotProbabilities, match=r"from 0 to 1\.5"):
        door([[[0.0, 1.5]]], [[0, 0]])


def test_channels_last_get_the_remedy_as_hint():
    pred = np.full((4, 5, 3), 1 / 3)
    with pytest.raises(ShapesDiffer, match=r"pred/a.npy is 4 x 5 x 3 but gt/a.png is 4 x 5") as caught:
        door(pred, np.zeros((4, 5), np.uint8))
    assert "numpy.moveaxis(pred, -1, 0)" in caught.value.hint


def test_channels_last_of_a_cube_are_never_taken_for_channels_first():
    pred = np.zeros((3, 3, 3))
    pred[..., 1] = 1
    with pytest.raises(NotProbabilities, match="sums to 0 … 3"):
        door(pred, np.zeros((3, 3), np.uint8))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("logits", [False, True])
def test_values_that_are_not_finite_are_counted_and_the_first_is_named(value, logits):
    array = np.full((3, 4), 0.5)
    array[1, 2] = array[2, 0] = value
    with pytest.raises(NotFinite, match=r"pred/a.npy holds NaN or infinity 2 times, first at \(1, 2\)") as caught:
        door(array, reading=Reading(logits=logits))
    assert caught.value.code == "SEG225"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("logits", [False, True])
def test_values_in_channels_that_are_not_finite_are_counted_and_the_first_is_named(value, logits):
    array = np.full((2, 3, 4), 0.5)
    array[1, 1, 2] = array[1, 2, 0] = value
    with pytest.raises(NotFinite, match=r"pred/a.npy holds NaN or infinity") as caught:
        door(array, np.zeros((3, 4), np.uint8), Reading(logits=logits))
    assert "2 times" in caught.value.message
    assert "first at (1, 1, 2)" in caught.value.message


def test_value_that_is_not_finite_is_found_beyond_the_first_block():
    array = np.full((2, 300, 300), 0.5, np.float32)
    array[0, 250, 7] = math.nan
    with pytest.raises(NotFinite, match=r"first at \(0, 250, 7\)"):
        door(array, np.zeros((300, 300), np.uint8))


def test_truth_that_is_not_finite_is_an_error():
    with pytest.raises(NotFinite, match=r"gt/a.png holds NaN or infinity 1 time, first at \(0, 1\)"):
        door([[0, 1]], [[0, math.nan]])


def test_truth_with_fractions_is_an_error():
    with pytest.raises(FractionalTruth, match="gt/a.png holds fractions") as caught:
        door([[0, 1]], [[0, 0.5]])
    assert caught.value.code == "SEG227"
    assert "swapped" in caught.value.hint


@pytest.mark.parametrize(
    ("dtype", "levels", "threshold", "values", "wanted"),
    [
        (np.uint8, 255, 0.3, [0, 76, 77, 255], [0, 0, 1, 1]),  # 76 / 255 = 0.298, 77 / 255 = 0.302
        (np.uint8, 255, 0.2, [50, 51, 52, 255], [0, 0, 1, 1]),  # 51 / 255 = 0.2
        (np.uint8, 3, 0.5, [0, 1, 2, 3], [0, 0, 1, 1]),  # grey of two bits
        (np.uint8, 1, 0.5, [0, 1, 1, 0], [0, 1, 1, 0]),
        (np.uint16, 65535, 0.3, [0, 19660, 19661, 65535], [0, 0, 1, 1]),  # 19660.5 / 65535 = 0.3
        (np.uint16, 65535, 0.2, [255, 13107, 13108, 65535], [0, 0, 1, 1]),  # 13107 / 65535 = 0.2
    ],
)
def test_grey_is_a_probability_where_the_option_says_so(dtype, levels, threshold, values, wanted):
    reading = Reading(probability=True, threshold=threshold)
    assert door(np.array([values], dtype), reading=reading, levels=levels).pred.tolist() == [wanted]
    assert door(np.array([values], dtype), reading=reading, levels=levels, ids=(4, 300)).pred.tolist() == [
        [(4, 300)[i] for i in wanted]
    ]


def test_wide_integers_are_no_probabilities():
    with pytest.raises(UnfitPixels, match="pred/a.npy holds int32"):
        door(np.array([[0, 1]], np.int32), reading=Reading(probability=True), levels=(1 << 31) - 1)


def test_truth_is_never_a_probability():
    found = door(np.array([[0, 200]], np.uint8), np.array([[0, 200]], np.uint8), Reading(probability=True))
    assert (found.pred.tolist(), found.truth.tolist()) == ([[0, 1]], [[0, 200]])


@pytest.mark.parametrize("threshold", [0, 1, -0.1, 1.5, math.nan, math.inf])
def test_threshold_lies_between_0_and_1(threshold):
    with pytest.raises(BadOption, match="--threshold"):
        Reading(threshold=threshold)


def test_options_that_exclude_each_other_or_make_no_sense():
    with pytest.raises(BadOption, match="--probability and --logits exclude each other"):
        Reading(probability=True, logits=True)
    with pytest.raises(BadOption, match="--max-pixels is 0"):
        Reading(max_pixels=0)


@pytest.mark.parametrize(
    ("pred", "truth", "hint"),
    [
        ((3, 5), (5, 3), "transposed"),
        ((2, 3, 4), (4, 3, 2), "transposed"),
        ((10, 6), (5, 3), "is 2 times as large"),
        ((5, 3), (10, 6), "is 0.5 times as large"),
        ((2, 4, 6), (1, 2, 3), "is 2 times as large"),
        ((7, 3), (5, 3), "padded"),
        ((512, 640), (500, 620), "padded"),
        ((9, 300), (5, 3), "resample"),
        ((100, 3), (5, 3), "resample"),
        ((1, 5, 3), (5, 3), "pred[0]"),
        ((4, 5, 3), (5, 3), "integers are labels"),
        ((5, 3, 4), (5, 3), "moveaxis"),
        ((1, 4, 5, 3), (5, 3), "save pred[0]"),
        ((4, 1, 5, 3), (5, 3), "save pred[:, 0]"),
        ((5, 3, 1), (5, 3), "save pred[..., 0]"),
        ((5, 3), (1, 5, 3), "save truth[0]"),
        ((5, 3), (5, 3, 1), "save truth[..., 0]"),
        ((4, 5, 3), (1, 5, 3), "save truth[0]"),
        ((4, 3, 5), (5, 3), "numpy.swapaxes(pred, 1, 2)"),
        ((5, 3), (4, 5, 3), "--one-hot"),
        ((5, 3), (5, 3, 4), "--one-hot"),
        ((4, 5, 3), (5, 3), "--one-hot"),
        ((7,), (5, 3), "same axes"),
        ((2, 2, 5, 3), (5, 3), "same axes"),
    ],
)
def test_shapes_that_differ_get_a_hint(pred, truth, hint):
    with pytest.raises(ShapesDiffer) as caught:
        door(np.zeros(pred, np.uint8), np.zeros(truth, np.uint8))
    shapes = [" x ".join(map(str, shape)) for shape in (pred, truth)]
    assert caught.value.message == f"pred/a.npy is {shapes[0]} but gt/a.png is {shapes[1]}"
    assert hint in caught.value.hint
    assert caught.value.code == "SEG214"


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_single_number_is_an_array_or_an_error(dtype):
    """An NPY file can hold an array without axes."""
    number = np.array(1, dtype)
    try:
        found = door(number, number)
    except InputError as fault:
        assert "a.npy" in fault.message or "a.png" in fault.message
    else:
        assert found.pred.tolist() == found.truth.tolist() == 1


def test_scores_of_a_vector_against_a_single_number_are_an_array_or_an_error():
    assert door([0.25, 0.75], np.array(1, np.uint8)).pred.tolist() == 1


def rgb(*colours: tuple[int, ...]) -> Any:
    """One row of pixels in colour."""
    return np.array([colours], np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        rgb((0, 0, 0), (7, 7, 7), (255, 255, 255)),
        rgb((0, 0, 0, 9), (7, 7, 7, 9), (255, 255, 255, 9)),
        rgb((0, 255), (7, 255), (255, 255)),
    ],
    ids=["RGB", "RGBA", "LA"],
)
def test_equal_channels_are_grey_with_a_remark(pixels):
    found = door(pixels, [[0, 0, 0]], colour=True)
    assert found.pred.tolist() == [[0, 7, 255]]
    assert codes(found) == ["SEG251"]
    truth, remarks = truth_labels(Mask("gt/a.png", pixels, True), {})
    assert truth.tolist() == [[0, 7, 255]]
    assert [remark.code for remark in remarks] == ["SEG251"]


@pytest.mark.parametrize(
    ("pixels", "what"),
    [
        (rgb((0, 0, 0), (7, 7, 8)), "has 3 channels"),
        (rgb((0, 0, 0), (7, 8, 7)), "has 3 channels"),
        (rgb((0, 0, 0, 9), (7, 7, 8, 9)), "has 3 channels"),
        (rgb((0, 0, 0, 9), (7, 7, 7, 8)), "is transparent in places"),
        (rgb((0, 255), (7, 254)), "is transparent in places"),
    ],
)
def test_unequal_channels_need_a_colour_table(pixels, what):
    with pytest.raises(ColoursNeedTable, match=f"pred/a.npy {what}$") as caught:
        door(pixels, [[0, 0]], colour=True)
    assert caught.value.code == "SEG221"
    assert ("--colors" in caught.value.hint) == ("channels" in what)


def test_panoptic_mask_is_called_what_it_is():
    """As BDD100K writes them: class, attributes, and the id of the instance in blue and alpha."""
    with pytest.raises(ColoursNeedTable, match="transparent in places, or a panoptic mask with ids in all") as caught:
        door(rgb((3, 0, 1, 9), (4, 0, 2, 8)), [[0, 0]], colour=True)
    assert "[..., 0]" in caught.value.hint


def test_transparency_is_not_matched_with_colours():
    """What is under a transparent pixel says nothing."""
    pixels = rgb((1, 2, 3, 255), (1, 2, 3, 0))
    with pytest.raises(ColoursNeedTable, match="transparent in places"):
        door(pixels, [[0, 0]], colour=True, colors={(1, 2, 3): 5})


@pytest.mark.parametrize("alpha", [(), (255,)])
def test_colours_of_the_table_become_their_ids(alpha):
    pixels = rgb((128, 64, 128, *alpha), (0, 0, 0, *alpha), (70, 70, 70, *alpha))
    found = door(pixels, [[0, 0, 0]], colors=TABLE, colour=True)
    assert found.pred.tolist() == [[7, 0, 300]]
    assert codes(found) == []
    assert truth_labels(Mask("gt/a.png", pixels, True), TABLE)[0].tolist() == [[7, 0, 300]]


def test_equal_channels_are_looked_up_where_there_is_a_table():
    assert door(rgb((70, 70, 70), (0, 0, 0)), [[0, 0]], colors=TABLE, colour=True).pred.tolist() == [[300, 0]]


def test_grey_beside_a_colour_table_stays_ids():
    assert door(np.array([[70, 7]], np.uint8), colors=TABLE).pred.tolist() == [[70, 7]]


def test_unknown_colour_is_named_with_count_first_place_and_nearest_class():
    pixels = np.zeros((3, 4, 3), np.uint8)
    pixels[1, 2] = pixels[2, 0] = pixels[2, 3] = (71, 70, 69)
    pixels[2, 1] = (1, 2, 3)
    with pytest.raises(UnknownColour) as caught:
        door(pixels, np.zeros((3, 4), np.uint8), colors=TABLE, colour=True)
    assert caught.value.message == "pred/a.npy holds the colour (71, 70, 69) 3 times, first at (x, y) = (2, 1)"
    assert caught.value.hint == "no class has it; the nearest is (70, 70, 70) of class 300"
    assert caught.value.code == "SEG222"


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 1), (128, 64, 127), (128, 64, 129)])
def test_colours_match_exactly_or_not_at_all(colour):
    with pytest.raises(UnknownColour, match="gt/a.png"):
        truth_labels(Mask("gt/a.png", rgb(colour), True), TABLE)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_type_of_a_probability_does_not_move_the_threshold(dtype):
    """0.30004883 is what float16 has next to 0.3, and it is above it in every type."""
    values = np.array([[0.30004883, 0.2998]], np.float16).astype(dtype)
    assert door(values, reading=Reading(threshold=0.3)).pred.tolist() == [[1, 0]]


def test_labels_with_a_channel_axis_are_told_to_drop_it():
    with pytest.raises(NotProbabilities, match="whole numbers from 0 to 2") as caught:
        door(np.array([[[0.0, 2.0]]]), [[0, 2]])
    assert "pred[0]" in caught.value.hint


def test_indices_of_a_palette_are_no_probabilities():
    with pytest.raises(UnfitPixels, match="a palette"):
        door(np.array([[1, 2]], np.uint8), [[0, 1]], Reading(probability=True), levels=0)


def sigmoid_disc():
    """A disc whose probability falls off around radius 9, in 8 bits, with its true mask."""
    g = (255 / (1 + np.exp((np.hypot(*np.mgrid[-10:22, -14:34]) - 9) / 2))).astype(np.uint8)
    truth = np.zeros((32, 48), np.uint8)
    truth[4:14, 6:20] = 1
    return g, truth


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_grey_probabilities_in_colour_are_those_of_the_grey_file(channels):
    """LA, RGB and RGBA of equal channels; IoU 0.5437 above one half."""
    g, truth = sigmoid_disc()
    colour = np.repeat(g[..., None], channels, axis=-1)
    if channels in (2, 4):
        colour[..., -1] = 255
    found = door(colour, truth, Reading(probability=True), colour=True)
    np.testing.assert_array_equal(found.pred, g / 255 > 0.5)
    np.testing.assert_array_equal(found.given.numbers, g / 255)
    inside, either = (found.pred & found.truth).sum(), (found.pred | found.truth).sum()
    assert inside / either == pytest.approx(0.5437, abs=5e-5)
