"""What a shell offers while somebody types: places, and names of the catalogues, which are looked up only then."""

import itertools
import shlex
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Names = Callable[[click.Context], Iterable[str]]
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def place(kind: str = "file") -> Completer:
    """Files and folders, or with `dir` folders alone, which the shell finds itself."""

    def complete(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(typed, type=kind)]

    return complete


def name(names: Names, *, or_file: bool = False) -> Completer:
    """One of the names; or a file, which the shell offers where no name begins so."""

    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        found = [CompletionItem(each) for each in names(ctx) if _begins(each, typed)]
        return [CompletionItem(typed, type="file"), *found] if or_file else found

    return complete


def name_list(names: Names) -> Completer:
    """Names with commas between them: the last one is completed, with those that are not there yet."""

    def complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
        before, comma, last = typed.rpartition(",")
        left = (each for each in names(ctx) if each not in before.split(","))
        return [CompletionItem(f"{before}{comma}{each}") for each in left if _begins(each, last)]

    return complete


def _begins(known: str, typed: str) -> bool:
    return known.casefold().startswith(typed.casefold())


def metrics(_: click.Context) -> Iterable[str]:
    """What `--metrics` takes."""
    from segeval.metrics import METRICS

    return dict.fromkeys(["all", *(entry.family for entry in METRICS.values()), *METRICS])


def single_metrics(_: click.Context) -> Iterable[str]:
    """The metrics, without words for several."""
    from segeval.metrics import METRICS

    return METRICS


def losses(ctx: click.Context) -> Iterable[str]:
    """What `--losses` takes."""
    return ["default", "none", "all", *single_losses(ctx)]


def single_losses(_: click.Context) -> Iterable[str]:
    """The losses of masks, without words for several."""
    from segeval.losses import LOSSES

    return (entry.name for entry in LOSSES.values() if not entry.direct)


def figures(ctx: click.Context) -> Iterable[str]:
    """What `segeval plot losses` draws."""
    from segeval.figures.basics import BASICS
    from segeval.figures.choice import ALL

    return [ALL, *single_losses(ctx), *BASICS]


def numbers(_: click.Context) -> Iterable[str]:
    """The numbers of a whole data set."""
    from segeval.cli.tables import explained

    return explained()["summary numbers"]


def profiles(_: click.Context) -> Iterable[str]:
    """What `--profile` takes."""
    from segeval.run.profiles import PROFILES

    return PROFILES


def class_tables(_: click.Context) -> Iterable[str]:
    """What `--classes` and `--colors` know by name."""
    from segeval.data.class_tables import names

    return names()


def topics(_: click.Context) -> Iterable[str]:
    """What `segeval explain` explains."""
    from segeval.cli.tables import explained

    return itertools.chain.from_iterable(explained().values())


def classes_of_run(ctx: click.Context) -> Iterable[str]:
    """The classes of the run that stands before, by name; by id where a shell would take a name apart."""
    from segeval.errors import SegevalError
    from segeval.run.run import SCHEMA
    from segeval.run.stored import document, run_file

    run = ctx.params.get("run") or next(iter(ctx.args), "")  # an option without its value ends the parsing
    try:
        rows = document(run_file(run), SCHEMA)["classes"]
        named = [(str(row["id"]), str(row["name"])) for row in rows]
    except (SegevalError, LookupError, TypeError):  # whatever is wrong with it, the command will say so
        return []
    return [known if shlex.quote(known) == known else id_ for id_, known in named]
