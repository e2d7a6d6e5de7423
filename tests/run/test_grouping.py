"""Groups of images by a pattern: what matters of a pattern that never ends."""

import signal
import threading

import pytest

from segeval.errors import BadGroup
from segeval.run import grouping
from segeval.run.grouping import Grouping

NEVER = ("(a+)+$", "a" * 60 + "!")  # a pattern, and an id that it tries 2^60 ways of
needs_timer = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer on this system")


@needs_timer
def test_a_pattern_that_takes_too_long(monkeypatch):
    """It is named with the id, and the timer of the process is as it was."""
    monkeypatch.setattr(grouping, "_PATIENCE", 0.05)
    before = signal.getsignal(signal.SIGALRM)
    pattern, id_ = NEVER
    with pytest.raises(BadGroup, match="takes too long for the id 'aaa"):
        Grouping(pattern).of(id_)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_in_other_threads():
    """Only the main thread has a timer; the groups are the same."""
    found = []
    thread = threading.Thread(target=lambda: found.append(Grouping("^([^_]+)_").of("berlin_1")))
    thread.start()
    thread.join()
    assert found == ["berlin"]


@needs_timer
def test_the_timer_of_others(monkeypatch):
    """A timer that runs already is left alone."""
    monkeypatch.setattr(grouping, "_PATIENCE", 1e-6)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        assert Grouping("^([^_]+)_").of("berlin_1") == "berlin"
        assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
