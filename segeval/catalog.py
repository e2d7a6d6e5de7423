"""How a room lists what it offers."""

import difflib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from segeval.errors import BadOption, UnknownName

Listed = TypeVar("Listed", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """One listed function or class; `also` are names that other programs have for it."""

    name: str
    func: Callable[..., Any]
    also: tuple[str, ...] = field(default=(), kw_only=True)

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
        self._also: dict[str, str] = {}  # the name of each other name

    def _lister(self, entry: Callable[[str, Any], Kind]) -> Callable[[Listed], Listed]:
        """A decorator that lists what `entry` makes of a function or class and its name, and gives it back."""

        def list_it(func: Listed) -> Listed:
            made = entry(func.__name__.lower(), func)
            for name in (made.name, *made.also):
                if name in self._entries or name in self._also:
                    raise ValueError(f"two {self.kind}s are called {name!r}")
            self._also |= dict.fromkeys(made.also, made.name)
            self._entries[made.name] = made
            return func

        return list_it

    def discover(self, package: str, path: list[str]) -> None:
        """Import every module of the room, so that a dropped-in file is listed."""
        for module in sorted(found.name for found in pkgutil.iter_modules(path)):
            importlib.import_module(f"{package}.{module}")

    def known(self, name: str) -> Kind | None:
        """The entry of that name, or one that is also called so."""
        return self._entries.get(self._also.get(name, name))

    def find(self, name: str) -> Kind:
        """The same, or an error that suggests the nearest."""
        found = self.known(name)
        if found is None:
            names = [*self._entries, *self._also]
            near = did_you_mean(name, names) if near_to(name, names) else did_you_mean(name, list(self._entries))
            raise UnknownName(f"there is no {self.kind} called {name!r}", near)
        return found

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
    near = near_to(name, known)
    return f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"


def near_to(name: str, known: Mapping[str, Any] | list[str]) -> str:
    """The known name that is nearest; "" where none is near."""
    folded = {each.casefold(): each for each in known}
    return next((folded[each] for each in difflib.get_close_matches(name.casefold(), list(folded), n=1)), "")
