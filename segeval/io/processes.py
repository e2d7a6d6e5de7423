"""Work that holds the interpreter lock, spread over processes of its own."""

import contextlib
import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_FEW = 4  # items that are not worth the start of a process
_PATIENCE = 2  # seconds that a process has to clear up when the work is broken off


def each(
    task: Callable[[Item], Result], items: Sequence[Item], jobs: int, lost: Callable[[Item], Result]
) -> Generator[Result, None, None]:
    """What the task gives for each item, in no particular order.

    An item whose process dies is tried once more, alone; if it dies again, `lost` says what stands for the item.
    """
    if jobs == 1 or len(items) < _FEW:
        yield from map(task, items)
        return
    died: list[Item] = []
    yield from _shared(task, items, min(jobs, len(items)), died)
    for item in died:
        again: list[Item] = []
        yield from _shared(task, [item], 1, again)
        yield from map(lost, again)


def _shared(task: Callable[[Item], Result], items: Iterable[Item], jobs: int, died: list[Item]) -> Iterator[Result]:
    """The results of items that are handed out one by one; those whose process died are added to `died`."""
    pending, busy, workers = deque(items), dict[Any, Item](), list[_Worker]()
    try:
        for _ in range(jobs):
            _hand_out(pending, busy, _Worker.started(task, workers))
        while busy:
            for connection in wait(list(busy)):
                item = busy.pop(connection)
                worker = next(worker for worker in workers if worker.connection is connection)
                try:
                    good, answer = worker.connection.recv()
                except (EOFError, ConnectionError):
                    died.append(item)
                    worker = _Worker.started(task, workers)
                else:
                    if not good:
                        raise answer
                    yield answer
                _hand_out(pending, busy, worker)
        for worker in workers:
            worker.connection.close()  # which ends it
    finally:
        _end(workers)


def _hand_out(pending: deque[Item], busy: dict[Any, Item], worker: "_Worker") -> None:
    if pending:
        busy[worker.connection] = pending.popleft()
        try:
            worker.connection.send(busy[worker.connection])
        except ConnectionError:  # it died between two items, which shows when its answer is read
            return


class _Worker:
    """A process and our end of the pipe to it; the process ends when this end is closed, even by our death."""

    def __init__(self, process: BaseProcess, connection: "Connection[Any, Any]") -> None:
        self.process, self.connection = process, connection

    @classmethod
    def started(cls, task: Callable[[Any], Any], workers: list["_Worker"]) -> "_Worker":
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, task), daemon=True)
        with _safe_path():
            process.start()
        theirs.close()
        workers.append(cls(process, ours))
        return workers[-1]


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that start now look for no module in the working directory, where the masks of strangers may lie.

    They begin with `python -c`, which would put it in front of all that is installed.
    """
    name = "PYTHONSAFEPATH"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _serve(connection: "Connection[Any, Any]", task: Callable[[Any], Any]) -> None:
    """Answer items until the other end is closed. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    while True:
        try:
            item = connection.recv()
        except EOFError:
            return
        try:
            answer = True, task(item)
        except Exception as fault:
            fault.add_note(f"in a process of its own:\n{traceback.format_exc()}")  # it does not travel by itself
            answer = False, fault
        try:
            connection.send(answer)
        except ConnectionError:
            return


def _end(workers: list[_Worker]) -> None:
    """End what still runs: gently, so that no half-written file is left."""
    running = [worker.process for worker in workers if not worker.connection.closed]
    for process in running:
        process.terminate()
    for worker in workers:
        worker.process.join(_PATIENCE)
        worker.process.kill()
        worker.connection.close()
