"""Tests of how a room lists what it offers."""

import numpy as np
import pytest

import segeval
from segeval.catalog import Catalog, did_you_mean
from segeval.errors import UnknownName


def listed(*names):
    """A catalogue of functions with these names."""
    catalog = Catalog("fruit")
    for name in names:

        def func():
            """A thing to eat.

            More about it.
            """

        func.__name__ = name
        catalog.add(colour=name[::-1])(func)
    return catalog


def test_entry_holds_the_function_its_facts_and_its_first_line():
    """Listing gives the function back untouched."""
    catalog = Catalog("fruit")

    def Apple():
        """A thing to eat."""
        return 7

    assert catalog.add(colour="red")(Apple) is Apple
    entry = catalog["apple"]  # names are in lower case
    assert (entry.name, entry.func(), entry.facts, entry.summary) == ("apple", 7, {"colour": "red"}, "A thing to eat")


def test_two_of_one_name_are_refused():
    """The second `apple` is a fault of ours and shows at import."""
    with pytest.raises(ValueError, match="two fruits are called 'apple'"):
        listed("apple", "pear", "apple")


def test_it_is_a_mapping_in_the_order_of_listing():
    """Iteration keeps the order in which the entries were listed."""
    catalog = listed("pear", "apple")
    assert list(catalog) == ["pear", "apple"]
    assert len(catalog) == 2
    assert "plum" not in catalog


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("appel", "did you mean 'apple'?"), ("zzz", "known: apple, pear")],
)
def test_an_unknown_name_suggests_the_nearest(asked, hint):
    """The nearest name, or all of them when none is near."""
    with pytest.raises(UnknownName) as caught:
        listed("apple", "pear").find(asked)
    assert caught.value.message == f"there is no fruit called {asked!r}"
    assert caught.value.hint == hint


def test_did_you_mean_takes_a_list():
    """A plain list of names will do."""
    assert did_you_mean("scor", ["check", "score"]) == "did you mean 'score'?"


def test_losses_answer_to_the_names_of_other_programs():
    """Of Keras, PyTorch and papers; what they are called here is what a run records."""
    from segeval.losses import LOSSES

    names = {"bce": "cross_entropy", "sparse_categorical_crossentropy": "cross_entropy", "iou_loss": "jaccard"}
    names |= {"l1": "mean_absolute_error", "mse": "mean_squared_error", "kl": "kl_divergence", "js": "jensen_shannon"}
    names |= {"gdl": "generalized_dice", "cldice": "soft_cldice", "whd": "weighted_hausdorff", "dice_loss": "dice"}
    assert {other: LOSSES.find(other).name for other in names} == names
    truth = [[0, 1, 1]]
    assert segeval.losses.value("iou_loss", np.array([[0.0, 1.0, 0.0]]), np.array(truth)) == pytest.approx(1 - 1 / 2)
    run = segeval.score([np.array(truth)], [np.array(truth)], num_classes=2, losses="dice_loss,bce")
    assert sorted(run.document()["losses"]) == ["cross_entropy", "dice"]
