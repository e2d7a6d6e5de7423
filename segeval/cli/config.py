"""Options from `segeval.toml`, or from the table `tool.segeval` of `pyproject.toml`; flags win."""

import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from segeval.catalog import did_you_mean
from segeval.documents import content, load, read
from segeval.errors import BadConfig, BadOption, BadRule
from segeval.text import safe_text

NAMES = ("segeval.toml", "pyproject.toml")
_PATHS = (
    "classes",
    "colors",
    "ids",
    "baseline",
)  # may name a file beside the configuration
_TABLES = ("data", "stats", "gate")
_OURS = re.compile(r"^[ \t]*+\[[ \t]*+tool\.segeval[ \t]*+[].]", re.MULTILINE)


_ISOLATED, _CONFIGURED, _ASKED, _PROFILE = (f"segeval.{n}" for n in ("isolated", "configured", "asked", "profile"))


def use(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Take the values of the configuration as the defaults of this command."""
    if ctx.resilient_parsing:  # a shell asks what might come next
        return
    if param.name == "isolated" and value:
        ctx.meta[_CONFIGURED], ctx.meta[_ISOLATED] = {}, True
        _settle(ctx)
    if param.name == "config" and not ctx.meta.get(_ISOLATED):
        path = Path(value) if value else nearest()
        if path:
            ctx.meta[_CONFIGURED] = _values(path, ctx, found=not value)
            _settle(ctx)
            if not value:
                click.echo(safe_text(f"options from {path}"), err=True)


def use_profile(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Take the options of a profile as the defaults of this command; those of a configuration win."""
    if value is None or ctx.resilient_parsing:
        return
    ctx.meta[_ASKED] = value
    _settle(ctx)


def _settle(ctx: click.Context) -> None:
    """The defaults of this command: those of the configuration, then those of the profile, which that may name too."""
    from segeval.run.profiles import beside, find

    own = dict(ctx.meta.get(_CONFIGURED, {}))
    configured = own.pop("profile", None)
    name = ctx.meta[_PROFILE] = ctx.meta.get(_ASKED, configured)
    where = "--profile" if _ASKED in ctx.meta else "`profile` of the configuration"
    ctx.default_map = own if name is None else beside(find(name, where).options, own)


def outdoes(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """An option that says in other words what another says: where it is typed, the other has no default."""
    from segeval.run.profiles import RIVALS

    if ctx.get_parameter_source(str(param.name)) is click.core.ParameterSource.COMMANDLINE and ctx.default_map:
        ctx.default_map = {key: own for key, own in ctx.default_map.items() if key not in RIVALS[str(param.name)]}
    return value


def profile(ctx: click.Context) -> str | None:
    """The profile of this command; says on stderr which of its options others win over."""
    from segeval.run.profiles import RIVALS, find

    name: str | None = ctx.meta.get(_PROFILE)
    for key, value in find(name).options.items() if name is not None else ():
        for other in (key, *(rival for rival, ruled_out in RIVALS.items() if key in ruled_out)):
            own = ctx.params.get(other)
            own = list(own) if isinstance(own, tuple) else own
            source = ctx.get_parameter_source(other)
            sources = click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.DEFAULT_MAP
            if source in sources and (other != key or _typed(own) != _typed(value)):
                typed = f"--{other.replace('_', '-')} {_typed(own)}" if other != key else _typed(own)
                had = f"--{key.replace('_', '-')}{'' if value is True else f' {_typed(value)}'}"
                what = f"profile {name} has {had}; {typed} was given, and counts"
                click.echo(safe_text(what), err=True)
                break
    return name


def _typed(value: Any) -> str:
    """The value of an option as it is typed."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def rules_of(ctx: click.Context, short: Iterable[str]) -> list[Any]:
    """The rules given as options; without any, those of the configuration."""
    from segeval.gate import Rule

    path, tables = ctx.meta.get("segeval.rules", ("", []))
    if given := list(short):
        return [Rule.parse(text) for text in given]
    try:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise BadRule("`rule` is not a list of tables", "write [[gate.rule]]")
        return [Rule.from_table(table, number) for number, table in enumerate(tables, 1)]
    except BadRule as fault:
        raise BadRule(f"{path}: {fault.message}", fault.hint) from fault


def nearest() -> Path | None:
    """The first configuration upward from the working directory.

    The last place is the root of the repository, home, or a folder of another user.
    """
    try:
        folder = Path.cwd()
    except OSError:  # it was removed
        return None
    us, home = _us(folder), os.path.realpath(os.path.expanduser("~"))
    for place in (folder, *folder.parents):
        for path in (place / name for name in NAMES):
            if _is_for_us(path):
                _check_owner(path, us)
                return path
        if (place / ".git").exists() or str(place) == home or place.stat().st_uid not in us:
            break
    return None


def _us(folder: Path) -> set[int]:
    """The users whose files may set options: who runs the program, and whose folder it runs in."""
    return {folder.stat().st_uid, *([os.getuid()] if hasattr(os, "getuid") else [])}


def _check_owner(path: Path, us: set[int]) -> None:
    """Refuse a file, or a link to one, that somebody else put there."""
    if not {path.lstat().st_uid, path.stat().st_uid} <= us:
        raise BadConfig(
            f"{path} belongs to another user", f"if you trust it, give --config {path}; --isolated reads none"
        )


def _is_for_us(path: Path) -> bool:
    """Whether a file holds options of this program: by its name, or by a table in a file of many programs."""
    if path.name == "segeval.toml":
        return path.exists() and not path.is_dir()
    try:
        return bool(_OURS.search(content(path).decode("utf-8", "replace")))
    except BadOption:
        return False


def _values(path: Path, ctx: click.Context, found: bool) -> dict[str, Any]:
    """The values for the options of this command; keys are the long options of any command.

    A file that was merely found may come with the masks of strangers: it cannot write files, or move a baseline.
    """
    text = read(path, BadConfig)
    document = load(text, ".toml", str(path), BadConfig)
    if path.name == "pyproject.toml":
        document = _table(_table(document, "tool", path, text), "segeval", path, text)
    _known(document, {"version", *_TABLES}, path, text)
    if document.get("version", 1) != 1:
        place = _place(path, text, "version")
        raise BadConfig(f"{place}: version {document['version']!r}", "this program reads version 1")
    tables = [_table(document, name, path, text) for name in _TABLES]
    ctx.meta["segeval.rules"] = (str(path), tables[-1].pop("rule", []))
    options = {_key(option): option for option in _options(ctx.command)}
    known = {**_all_options(ctx), **options}
    values: dict[str, Any] = {}
    for key, value in [item for table in tables for item in table.items()]:
        _known([key], known, path, text)
        if found and getattr(known[key], "trusted", False):
            what = f"{_place(path, text, key)}: {key!r} is not taken from a configuration that was merely found"
            raise BadConfig(what, f"say it on the command line, or give --config {path}")
        if key in options or key == "profile":  # whose options may be of commands that do not ask for it
            checked = _checked(value, known[key], _place(path, text, key))
            beside = path.parent / str(checked)
            is_path = key == "baseline" or (key in _PATHS and os.path.isfile(beside))  # a baseline may be still to come
            values[str(known[key].name)] = str(beside) if is_path and checked else checked
    return values


def _table(document: Mapping[str, Any], key: str, path: Path, text: str) -> dict[str, Any]:
    """The table of that name; empty if there is none."""
    found = document.get(key, {})
    if not isinstance(found, dict):
        raise BadConfig(f"{_place(path, text, key)}: {key!r} is not a table", f"write [{key}]")
    return found


def _known(found: Iterable[str], known: Iterable[str], path: Path, text: str) -> None:
    for key in found:
        if key not in known:
            raise BadConfig(f"{_place(path, text, key)}: unknown key {key!r}", did_you_mean(key, sorted(known)))


def _options(command: click.Command) -> list[click.Option]:
    every = [param for param in command.params if isinstance(param, click.Option)]
    return [param for param in every if param.expose_value or param.name == "profile"]


def _key(option: click.Option) -> str:
    """The long option as a key: `pred_pattern`."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")


def _all_options(ctx: click.Context) -> dict[str, click.Option]:
    """The options of every command by their keys, so that one file serves them all."""
    group = ctx.find_root().command
    assert isinstance(group, click.Group)
    commands = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
    return {_key(option): option for command in commands if command for option in _options(command)}


def _checked(value: Any, option: click.Option, place: str) -> Any:
    """The value, if its type is the option's."""
    if option.name == "classes" and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ",".join(value)
    if option.multiple:
        items = value if isinstance(value, list) else [value]
        return [_single(item, option, place) for item in items]
    return _single(value, option, place)


def _single(value: Any, option: click.Option, place: str) -> Any:
    number: tuple[type, ...] = (int, float)
    wanted = {"integer": (int,), "float": number, "boolean": (bool,), "id": (*number, str)}
    kinds = (bool,) if option.is_flag else wanted.get(option.type.name, (str,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and kinds != (bool,)):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise BadConfig(f"{place}: {option.name!r} is {value!r}", f"wanted: {names}")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadConfig(f"{place}: {option.name!r} is {value}", "wanted: a finite number")
    if isinstance(option.type, click.Choice) and value not in option.type.choices:
        raise BadConfig(f"{place}: {option.name!r} is {value!r}", f"wanted: one of {', '.join(option.type.choices)}")
    return value


def _place(path: Path, text: str, key: str) -> str:
    """Where a key of ours stands: `segeval.toml:3:1`."""
    ours = _OURS.search(text) if path.name == "pyproject.toml" else None
    line = re.compile(rf"^[ \t]*+\[?[ \t]*+[\"']?{re.escape(key)}\b", re.MULTILINE)
    found = line.search(text, ours.end() if ours else 0)
    if not found:
        return str(path)
    column = len(found.group()) - len(found.group().lstrip()) + 1
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1}:{column}"
