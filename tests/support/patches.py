"""Code that changes the program before it starts, for tests that run it as a process of its own."""

import pkgutil


def swapped(place: str, code: str) -> str:
    """Puts the function `new`, which `code` defines and which may call `real`, in a place such as `os:fsync`.

    A place that does not exist, after a rename say, is an error here, and not a patch without effect.
    """
    pkgutil.resolve_name(place)
    module, name = place.split(":")
    return f"import {module} as home\nreal = home.{name}\n{code}\nhome.{name} = new\n"


def signalled(place: str, count: int, sent: str) -> str:
    """The process sends itself a signal at the count-th call of what is in a place."""
    code = f"""
import os, signal
calls = []
def new(*args, **options):
    calls.append(None)
    if len(calls) == {count}:
        os.kill(os.getpid(), signal.{sent})
    return real(*args, **options)
"""
    return swapped(place, code)


FULL_DISK = swapped("os:fsync", "import errno\ndef new(*_): raise OSError(errno.ENOSPC, 'No space left on device')")
