"""`segeval explain`: what a code or a name means."""

import inspect
import textwrap

import click

from segeval.cli import completing, options


@options.command
@click.argument("name", required=False, shell_complete=completing.name(completing.topics))
def command(name: str | None) -> None:
    """Explain an error code, a metric, a summary number, a loss (as `loss.dice`), or `exit-codes`.

    Also a class table (`classes.voc`), a profile (`profile.cityscapes`) or an id map (`map.ade20k-shift`).

    Without NAME all names are listed.

    \b
    Example:
      segeval explain SEG214
    """
    click.echo(_known() if name is None else _explanation(name))


def _known() -> str:
    """All that can be explained."""
    from segeval.cli.tables import explained

    return "\n\n".join(f"{kind}:\n{_wrapped(each)}" for kind, each in explained().items())


def _wrapped(names: list[str]) -> str:
    return textwrap.fill(" ".join(names), 98, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _explanation(name: str) -> str:
    from segeval.errors import causes, is_doubt

    kind = causes().get(name.upper())
    if kind:
        ending = f"ends with exit code {kind.exit_code}" if kind.exit_code else "a remark: no number changes"
        ending = "a note; with --strict, and in `check`, exit code 3" if is_doubt(kind.code) else ending
        return f"{kind.code} ({ending})\n\n{inspect.getdoc(kind)}"
    from segeval.cli.tables import TABLES, aligned

    if name in TABLES:
        return aligned(TABLES[name]())
    if page := _of_data_set(name):
        return page
    if name.upper().startswith("SEG"):
        from segeval.catalog import did_you_mean
        from segeval.errors import UnknownName

        raise UnknownName(f"there is no error code {name!r}", did_you_mean(name.upper(), sorted(causes())))
    from segeval.losses import LOSSES
    from segeval.metrics import METRICS

    if name.startswith("loss.") or (name in LOSSES and name not in METRICS):
        from segeval.cli.tables import loss_page

        return loss_page(LOSSES.find(name.removeprefix("loss.")))
    from segeval.cli.tables import metric_page, section_page, summary_page

    return summary_page(name) or section_page(name) or metric_page(METRICS.find(name))


def _of_data_set(name: str) -> str:
    """The page of a class table, a profile or an id map; empty for another name."""
    from segeval.catalog import did_you_mean
    from segeval.cli.tables import class_page, map_page, profile_page
    from segeval.data.class_tables import id_maps
    from segeval.errors import UnknownName

    if name.startswith("classes."):
        return class_page(name.removeprefix("classes."))
    if name.startswith("profile."):
        return profile_page(name.removeprefix("profile."))
    if name.startswith("map."):
        if (bare := name.removeprefix("map.")) in id_maps():
            return map_page(bare)
        raise UnknownName(f"there is no id map called {bare!r}", did_you_mean(bare, list(id_maps())))
    return ""
