"""The work on one file, which never costs another file its result."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from segeval.errors import FaultOfOurs, InputError, OutOfMemory, SegevalError, debugging
from segeval.run.records import Note

Result = TypeVar("Result")


class Named(Protocol):
    """A file, or several that belong together."""

    @property
    def names(self) -> list[str]:
        """How messages call them."""


def guarded(id_: str, of: Named, work: Callable[[], Result]) -> Result | Note:
    """What the work gives, or a note that says why there is nothing and names one of the files that it is of.

    What is wrong with the options, or with the place of the output, ends the whole: it would be so with every file.
    """
    try:
        return work()
    except InputError as fault:
        said: SegevalError = fault
    except MemoryError:
        said = OutOfMemory(f"{of.names[0]}: there is not enough memory for it", "use fewer workers, -j 1")
    except SegevalError:
        raise
    except Exception as fault:  # one odd file must not cost the others
        if debugging():
            raise
        what = f"{of.names[0]}: {type(fault).__name__}: {fault}".rstrip(": ")
        said = FaultOfOurs(what, "please report this with the traceback that SEGEVAL_DEBUG=1 shows")
    if not any(name in said.message for name in (*of.names, id_)):
        said = type(said)(f"{of.names[0]}: {said.message}", said.hint)
    return Note.of(id_, said)
