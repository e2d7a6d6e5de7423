"""Stored runs of parts of the images as one run."""

from collections.abc import Sequence

import segeval
from segeval.errors import Unmergeable
from segeval.run import stored
from segeval.run.run import SCHEMA, Run


def merged(names: Sequence[str]) -> Run:
    """The sum of stored runs of one version, equal options and disjoint images."""
    total, first = _read(names[0]), names[0]
    for name in names[1:]:
        run = _read(name)
        mine, its = total.options.recorded(), run.options.recorded()
        other = [key for key in sorted({*mine, *its}) if mine.get(key) != its.get(key)]
        if other:
            what = f"{name} and {first} were scored with other options: {', '.join(other)}"
            raise Unmergeable(what, "score all parts with the same options; name the classes if they differ")
        try:
            total = total + run
        except ValueError as fault:
            raise Unmergeable(f"{name}: {fault}", "give each part once") from fault
    return total


def _read(name: str) -> Run:
    version = stored.document(stored.run_file(name), SCHEMA).get("segeval")
    if version != segeval.__version__:
        what = f"{name} was scored by segeval {version}, and this is {segeval.__version__}"
        raise Unmergeable(what, "merge with the version that scored")
    return Run.read(name)
