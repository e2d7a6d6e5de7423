"""What `explain` says of other programs, against what these gave: recorded by `scripts/check_calls.py --record`."""

import json

import numpy as np
import pytest
from check_calls import ours, same
from check_peers import label_set
from support.reference import DATA

from segeval.metrics import METRICS
from segeval.metrics.peers import CALLS, Call
from segeval.run.numbers import SUMMARY

VALUES = json.loads((DATA / "peer_calls.json").read_text(encoding="utf-8"))
EACH = [(name, call) for name, calls in CALLS.items() for call in calls]


def key(name: str, call: Call) -> str:
    return f"{name}: {call.program}: {call.call}"


@pytest.mark.parametrize(("name", "call"), EACH, ids=[key(*each) for each in EACH])
def test_every_call_is_the_metric_that_it_stands_with(name, call):
    """Of each class and image of the sets; where a metric is undefined, what the line says."""
    for seed, recorded in enumerate(VALUES[key(name, call)]):
        their = np.array(recorded, np.float64)
        own = ours(name, *label_set(seed), by_image=their.ndim == 2)
        assert own.shape == their.shape
        assert same(own, their, call)
        assert not same(own + 1e-5, their, call) or np.isnan(own).all()


def test_all_that_was_recorded_is_told():
    assert set(VALUES) == {key(*each) for each in EACH}
    assert set(CALLS) <= {*METRICS, *SUMMARY}


def test_a_value_that_is_not_what_the_line_says_is_seen():
    own, their = np.array([0.5, np.nan]), np.array([0.5, 0.0])
    assert same(own, their, Call("a 1", "f()", "0"))
    assert not same(own, their, Call("a 1", "f()", "1"))
    assert not same(own, their, Call("a 1", "f()"))
    assert not same(own, np.array([0.5, 0.25]), Call("a 1", "f()", "0"))
