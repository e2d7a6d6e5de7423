"""`segeval.score(executor=)`: whoever does the work, the run is the same."""

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import segeval


@pytest.fixture
def folders(tmp_path):
    random = np.random.RandomState(0)
    for side in ("pred", "gt"):
        (tmp_path / side).mkdir()
        for n in range(5):
            np.save(tmp_path / side / f"{n}.npy", random.randint(0, 3, (4, 6)).astype(np.uint8))
    return tmp_path / "pred", tmp_path / "gt"


OPTIONS = {"num_classes": 3, "losses": "dice,tversky", "params": ["tversky.fn_weight=0.6"]}


@pytest.mark.slow
def test_processes(folders):
    """Started anew: pairs and options travel, records come back."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        run = segeval.score(*folders, executor=executor, **OPTIONS)
    assert run.to_json() == segeval.score(*folders, jobs=1, **OPTIONS).to_json()


def test_threads(folders):
    """It is left open."""
    with ThreadPoolExecutor(3) as executor:
        run = segeval.score(*folders, executor=executor, **OPTIONS)
        assert executor.submit(int).result() == 0
    assert run.to_json() == segeval.score(*folders, jobs=1, **OPTIONS).to_json()


class Dying:
    """Does some work, and then is broken, for what it holds and for what comes."""

    def __init__(self, does, takes):
        self.does, self.takes = does, takes

    def submit(self, task, *args):
        self.takes -= 1
        if self.takes < 0:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future()
        self.does -= 1
        if self.does < 0:
            future.set_exception(OSError("a worker was killed"))
        else:
            future.set_result(task(*args))
        return future


@pytest.mark.filterwarnings("ignore::segeval.IncompleteRun")
def test_one_that_dies(folders):
    """Nothing that was measured is lost, and every other image is named."""
    run = segeval.score(*folders, executor=Dying(2, 4), **OPTIONS)
    assert [record.id for record in run.records] == ["0", "1"]
    assert [(note.id, note.code) for note in run.failures] == [("2", "SEG265"), ("3", "SEG265"), ("4", "SEG265")]
    assert "a worker was killed" in run.failures[0].message
    assert "after shutdown" in run.failures[2].message
    assert (run.complete, run.exit_code) == (False, 3)
