"""Which losses and classes of a study come first, and what is said of them."""

import pytest

from segeval.study.view import View
from segeval.study.words import sentences

KINDS = ("erosion", "dilation", "shift", "blob", "hole", "softening")


def agreement(iou, mcc, images=12, disagree=()):
    """Of one loss with two metrics."""
    told = {"kendall": 0.3, "images": images, "disagree": [*disagree]}
    return {"iou": {"spearman": iou, **told}, "mcc": {"spearman": mcc, **told}}


def pulls(zones, classes):
    named = zip(("boundary", "interior", "false_positives", "background"), zones, strict=True)
    return {"zones": dict(named), "classes": dict(zip(("road", "sky", "pole"), classes, strict=True))}


def loss(value, classes):
    return {"value": value, "per_class": dict(zip(("road", "sky", "pole"), classes, strict=True))}


def answers(**flags):
    return {kind: {"values": [0.0, 1.0], "flag": flags.get(kind, "")} for kind in KINDS}


@pytest.fixture
def document():
    """Three losses, c, a and b, of three classes."""
    return {
        "options": {"metrics": ["iou", "dice"]},
        "losses": {
            "c": loss(0.5, (0.1, None, 0.3)),
            "a": loss(None, (0.2, None, 0.9)),
            "b": loss(0.7, (0.4, None, 0.35)),
        },
        "agreement": {
            "c": agreement(0.25, 0.95, disagree=("left", "right")),
            "a": agreement(0.93, None),
            "b": agreement(0.6, 0.97),
        },
        "gradient_shares": {
            "c": pulls((0.7, 0.2, 0.1, 0.0), (0.2, 0.5, 0.3)),
            "a": pulls((0.1, 0.2, 0.66, 0.04), (0.1, 0.8, 0.1)),
            "b": pulls((None,) * 4, (None,) * 3),
        },
        "sensitivity": {"c": answers(shift="blind"), "a": answers(hole="not monotone"), "b": answers(shift="blind")},
        "sensitivity_image": "tile",
    }


def test_the_orders(document):
    """By ρ and by mean share; by value; by name; as given. What has no number is last."""
    orders = {sort: View(document, sort) for sort in ("importance", "value", "name", "given")}
    assert {sort: "".join(view.losses) for sort, view in orders.items()} == {
        "importance": "abc",
        "value": "bca",
        "name": "abc",
        "given": "cab",
    }
    assert {sort: view.classes for sort, view in orders.items()} == {
        "importance": ["sky", "pole", "road"],  # 1.3, 0.4 and 0.3, each over 2
        "value": ["pole", "road", "sky"],
        "name": ["pole", "road", "sky"],
        "given": ["road", "sky", "pole"],
    }


def test_the_metric_is_the_first_that_was_asked_for(document):
    """Where IoU was not asked for, the orders follow another."""
    document["options"]["metrics"] = ["kappa", "mcc"]
    assert View(document).metric == "mcc"
    assert View(document).losses == ["b", "c", "a"]


def test_the_words(document):
    """Ranks from 0.9 and from 0.5, farthest first; the largest share; what is flagged."""
    assert sentences(View(document)) == [
        "images are ranked as iou does (Spearman 0.9 or more): a; in part so: b; otherwise: c (the first 0.2500, "
        "farthest on left)",
        "images are ranked as mcc does (Spearman 0.9 or more): b, c; in no order: a",
        "zone that is pushed on most, false positives (66 % of the gradient): a; boundary (70 % of the gradient): c",
        "class that is pushed on most, sky (50 … 80 % of the gradient): a, c",
        "without a gradient here: b",
        "blind to an error (the value never moves), on the truth of tile: shift: b, c",
        "not monotone (less at a larger error), on the truth of tile: hole: a",
    ]


def test_a_sentence_names_its_metric_whatever_comes_first(document):
    """Where no loss ranks images as the metric does, what does so in part or not at all says of which metric."""
    document["agreement"] = {"c": agreement(0.6, 0.1), "a": agreement(0.7, 0.2), "b": agreement(0.2, 0.3)}
    first, second = sentences(View(document))[:2]
    assert first == "images are ranked in part as iou does: a, c; otherwise: b (the first 0.2000)"
    assert second == "images are ranked otherwise than by mcc: all 3 losses (the first 0.1000)"


def test_few_images_are_said(document):
    """Nine are few, and so it is said; where no loss has ranks, that; where none is blind, that."""
    document["agreement"] = {name: agreement(1.0, None, 9) for name in "cab"}
    document["sensitivity"] = {name: answers() for name in "cab"}
    lines = sentences(View(document))
    assert lines[:3] == [
        "images are ranked as iou does (Spearman 0.9 or more): all 3 losses",
        "no order of images to compare with mcc",
        "of 9 images such ranks are alike by chance too easily: take 10 or more",
    ]
    assert lines[-1] == "no loss is blind to erosion, dilation, shift, blob, hole, softening, on the truth of tile"
