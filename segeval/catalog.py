"""How a room lists what it offers."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from segeval.errors import BadOption, UnknownName

Listed = TypeVar("Listed", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """One listed function or class."""

    name: str
    func: Callable[..., Any]

    @property
    def summary(self) -> str:
        """The first line of the docstring, without its full stop."""
        return (inspect.getdoc(self.func) or "").partition("\n")[0].rstrip(".")


Kind = TypeVar("Kind", bound=Entry)


class Listing(Mapping[str, Kind], Generic[Kind]):
    """A mapping from name to entry, filled by the decorator `add` of those that inherit from it.

    The name is the function's own unless an entry has another; two of one name cannot be listed.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Kind] = {}

    def _lister(self, entry: Callable[[str, Any], Kind]) -> Callable[[Listed], Listed]:
        """A decorator that lists what `entry` makes of a function or class and its name, and gives it back."""

        def list_it(func: Listed) -> Listed:
            made = entry(func.__name__.lower(), func)
            if made.name in self._entries:
                raise ValueError(f"two {self.kind}s are called {made.name!r}")
            self._entries[made.name] = made
            return func

        return list_it

    def discover(self, package: str, path: list[str]) -> None:
        """Import every module of the room, so that a dropped-in file is listed."""
        for module in sorted(found.name for found in pkgutil.iter_modules(path)):
            importlib.import_module(f"{package}.{module}")

    def find(self, name: str) -> Kind:
        """The entry of that name, or an error that suggests the nearest."""
        if name not in self._entries:
            raise UnknownName(f"there is no {self.kind} called {name!r}", did_you_mean(name, self._entries))
        return self._entries[name]

    def __getitem__(self, name: str) -> Kind:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True)
class Described(Entry):
    """An entry with the facts it was listed with."""

    facts: Mapping[str, Any]


class Catalog(Listing[Described]):
    """A listing whose entries have facts of any kind."""

    def add(self, **facts: Any) -> Callable[[Listed], Listed]:
        """List a function or class with some facts, and give it back untouched."""
        return self._lister(lambda name, func: Described(name, func, facts))


def check_choice(option: str, value: Any, known: Collection[str]) -> None:
    """Refuse a value that is none of those an option takes."""
    if value not in known:
        raise BadOption(f"{option} is {value!r}", f"give one of {', '.join(known)}")


def did_you_mean(name: str, known: Mapping[str, Any] | list[str]) -> str:
    """A hint that suggests the nearest known name, or else lists them."""
    folded = {each.casefold(): each for each in known}
    near = [folded[each] for each in difflib.get_close_matches(name.casefold(), list(folded), n=1)]
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
