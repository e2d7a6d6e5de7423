"""Work in processes: every item once, whatever happens to them."""

import os
import signal
import time
from pathlib import Path

import pytest

from segeval.io.processes import each


def double(item):
    return 2 * item, os.getpid()


def fail(item):
    if item == 5:
        raise LookupError("five")
    return item


def die(item):
    """Dies of a certain item each time."""
    if item in (3, 7):
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def die_once(path):
    """Dies of each item the first time."""
    if not os.path.exists(path):
        Path(path).touch()
        os._exit(9)
    return "well"


def sleep(item):
    time.sleep(item)
    return item


def lost(item):
    return ("lost", item)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
def test_every_item_once(jobs):
    found = [*each(double, range(9), jobs, lost)]
    assert sorted(result for result, _ in found) == [2 * item for item in range(9)]
    assert (os.getpid() in {process for _, process in found}) == (jobs == 1)


def test_few_items_are_done_here():
    assert [*each(double, [1, 2], 4, lost)] == [(2, os.getpid()), (4, os.getpid())]
    assert [*each(double, [], 4, lost)] == []


@pytest.mark.slow
def test_a_fault_of_the_task_is_raised_here():
    with pytest.raises(LookupError, match="five"):
        list(each(fail, range(9), 2, lost))


@pytest.mark.slow
def test_an_item_that_kills_is_lost_and_no_other():
    assert sorted(map(str, each(die, range(12), 2, lost))) == sorted(
        map(str, [0, 1, 2, 4, 5, 6, 8, 9, 10, 11, ("lost", 3), ("lost", 7)])
    )


@pytest.mark.slow
def test_an_item_is_tried_again_alone(tmp_path):
    assert [*each(die_once, [str(tmp_path / str(n)) for n in range(5)], 2, lost)] == ["well"] * 5


@pytest.mark.slow
def test_breaking_off_ends_the_processes():
    """At once, not when their items are done."""
    before = time.monotonic()
    results = each(sleep, [0, 30, 30, 30, 30], 2, lost)
    assert next(results) == 0
    results.close()
    assert time.monotonic() - before < 10
