"""What `__all__` says is true: of the package, and of each room that it names."""

import ast
import inspect

import numpy as np
import pytest

import segeval
from segeval.errors import NoEffect

ROOMS = [segeval, *(room for name in segeval.__all__ if inspect.ismodule(room := getattr(segeval, name)))]


@pytest.fixture(params=ROOMS, ids=lambda room: room.__name__)
def room(request):
    return request.param


def test_nothing_is_missing(room):
    """Every name can be had, and stands there once, in order."""
    assert [name for name in room.__all__ if not hasattr(room, name)] == []
    assert room.__all__ == sorted(set(room.__all__))


def test_nothing_is_left_out(root, room):
    """A name that looks public is, or serves another room."""
    served = {
        alias.name
        for path in (root / "segeval").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == room.__name__
        for alias in node.names
    }
    own = {name for name, what in vars(room).items() if getattr(what, "__module__", None) == room.__name__}
    assert {name for name in own if not name.startswith("_")} - {*room.__all__} - served == set()


def test_everything_is_told(room):
    """The page of the Python names has a sentence to print for each."""
    assert [name for name in room.__all__ if not inspect.getdoc(getattr(room, name))] == []


def test_what_is_the_default_may_be_said():
    """Options that say what nobody would have to say change nothing, and are no fault."""
    masks = [np.array([[0, 1, 1]])]
    run = segeval.score(masks, masks, num_classes=2, logits=False, one_hot=False, probability=False, threshold=0.5)
    assert run.summary["miou_dataset"] == 1
    with pytest.raises(NoEffect):
        segeval.score(masks, masks, num_classes=2, logits=True)
