"""Options that mean the same in every command: each group is one decorator that builds one object.

Nothing here imports NumPy: the objects are built when a command runs.
"""

import functools
import importlib
import operator
from collections.abc import Callable
from typing import Any

import click

from segeval.cli import config

Function = Callable[..., Any]


class Option(click.Option):
    """An option that stands in the help under a heading."""

    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


class Command(click.Command):
    """A command whose help groups its options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "heading", "Other options"), []).append(record)
        for heading, records in sorted(sections.items(), key=lambda section: section[0] == "Other options"):
            with formatter.section(heading):
                formatter.write_dl(records)


def command(function: Function) -> click.Command:
    """A command called by the name of its module."""
    return click.command(function.__module__.rpartition(".")[2], cls=Command)(function)


def folders(function: Function) -> Function:
    """The two folders: predictions, then truth."""
    return click.argument("pred")(click.argument("gt")(function))


def _group(
    name: str, heading: str, build: Function, *options: tuple[tuple[str, ...], dict[str, Any]]
) -> Callable[[Function], Function]:
    """A decorator that adds options and hands what `build` makes of their values to the parameter `name`."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            values = {key: kwargs.pop(key) for key in keys}
            return function(*args, **kwargs, **{name: build(**values)})

        keys = []
        wrapped: Function = called
        for flags, settings in reversed(options):
            option = click.option(*flags, cls=Option, heading=heading, **settings)
            wrapped = option(wrapped)
            keys.append(wrapped.__click_params__[-1].name)  # type: ignore[attr-defined]
        return wrapped

    return decorate


def _made(module: str, name: str) -> Function:
    """What builds the object of a group, imported when it is called."""

    def build(**values: Any) -> Any:
        return operator.attrgetter(name)(importlib.import_module(module))(**values)

    return build


def _option(*flags: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return flags, settings


layout = _group(
    "layout",
    "Pairing",
    _made("segeval.pairing", "Layout"),
    _option(
        "--pred-pattern", metavar="P", help="Names of predictions, such as '{id}_pred.png'; `*` is anything but `/`."
    ),
    _option("--gt-pattern", metavar="P", help="Names of true masks, such as '*/{id}_gtFine_labelIds.png'."),
    _option(
        "--missing",
        type=click.Choice(["error", "worst", "skip"]),
        default="error",
        show_default=True,
        help="A truth without prediction is an error, is scored as all wrong, or is left out.",
    ),
    _option("--follow-symlinks", is_flag=True, help="Follow links that lead out of their folder."),
)

reading = _group(
    "reading",
    "Input",
    _made("segeval.io.labels", "Reading"),
    _option("--probability", is_flag=True, help="Grey predictions are foreground probabilities (255 or 65535 is 1)."),
    _option("--logits", is_flag=True, help="Floating-point predictions are raw outputs: softmax or sigmoid first."),
    _option("--threshold", type=float, default=0.5, show_default=True, metavar="T", help="Foreground is above T."),
    _option(
        "--max-pixels",
        type=int,
        default=1 << 28,
        show_default=True,
        metavar="N",
        help="Refuse larger files by their header.",
    ),
)

classes = _group(
    "choice",
    "Classes",
    _made("segeval.io.tables", "choose"),
    _option("--num-classes", type=int, metavar="N", help="The classes are the ids 0 … N−1."),
    _option("--classes", metavar="NAMES|FILE", help="Names of the ids 0, 1, …, or a CSV, JSON or TOML class file."),
    _option("--ignore", type=int, multiple=True, metavar="ID", help="Leave out pixels with this true id; repeatable."),
    _option("--binary", is_flag=True, help="Two classes: 0, and everything else."),
    _option("--colors", metavar="FILE", help="A class file with a colour for each class, for masks in colour."),
)

scoring = _group(
    "scoring",
    "What to measure",
    _made("segeval.aggregate", "Scoring.of"),
    _option(
        "--metrics",
        default="overlap",
        show_default=True,
        metavar="NAMES",
        help="Comma-separated; see `segeval list metrics`.",
    ),
    _option(
        "--presence",
        type=click.Choice(["union", "truth"]),
        default="union",
        show_default=True,
        help="A class counts where truth or prediction holds it, or only where the truth does.",
    ),
    _option(
        "--mean",
        type=click.Choice(["arithmetic", "geometric", "harmonic"]),
        default="arithmetic",
        show_default=True,
        help="The mean over classes.",
    ),
    _option(
        "--beta", type=float, default=2.0, show_default=True, metavar="B", help="How much more recall counts in f_beta."
    ),
)

losses = _group(
    "losses",
    "Losses",
    _made("segeval.evaluate", "losses_asked_for"),
    _option("--losses", metavar="all|NAMES", help="Losses too, comma-separated; see `segeval list losses`."),
    _option(
        "-p",
        "--param",
        "params",
        multiple=True,
        metavar="LOSS.PARAM=V",
        help="A parameter of a loss, such as tversky.fn_weight=0.7; repeatable.",
    ),
    _option("--weights", metavar="DIR", help="Weight maps for unet_cross_entropy, as `segeval weightmap` writes them."),
    _option(
        "--class-weights",
        metavar="SCHEME|ID=W,…",
        help="Weights for weighted_cross_entropy, by the whole truth folder: balanced, median-frequency, rarest1, "
        "complement, none, or given.",
    ),
    _option(
        "--loss-over",
        type=click.Choice(["image", "batch"]),
        default="image",
        show_default=True,
        help="The mean of the images' losses, or the loss of their summed evidence ('batch Dice').",
    ),
    _option(
        "--loss-average",
        type=click.Choice(["macro", "micro"]),
        default="macro",
        show_default=True,
        help="The mean over classes, or of all classes counted together.",
    ),
    _option(
        "--loss-background",
        type=click.Choice(["include", "exclude"]),
        help="Class 0 in that mean; by default as each loss has it.",
    ),
)

output = _group(
    "output",
    "Output",
    dict,
    _option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        help="Write run.json, images.csv, confusion.csv, confusion_images.csv.",
    ),
    _option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "csv", "md"]),
        default="table",
        show_default=True,
        help="On stdout.",
    ),
    _option(
        "--confusion",
        type=click.Choice(["raw", "truth", "pred", "all"]),
        help="Show the confusion matrix too: counts, or shares of each true class, of each predicted class, of all.",
    ),
    _option("--force", is_flag=True, help="Overwrite a run of other inputs or options in DIR."),
)

studying = _group(
    "studying",
    "Output",
    dict,
    _option("-o", "--output", "folder", metavar="DIR", help="Write losses.json and losses_images.csv."),
    _option("--maps", metavar="DIR", help="Write pictures of the loss and the gradient of each pixel."),
    _option(
        "--format",
        "form",
        type=click.Choice(["table", "json", "csv", "md"]),
        default="table",
        show_default=True,
        help="On stdout; csv is the table of images.",
    ),
    _option(
        "--images",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        metavar="N",
        help="Images whose gradients are looked at, evenly spread.",
    ),
    _option(
        "--steps",
        type=click.IntRange(1, 100),
        default=4,
        show_default=True,
        metavar="K",
        help="Errors of 1 … K pixels, to see how losses answer.",
    ),
)

running = _group(
    "jobs",
    "Running",
    _made("segeval.evaluate", "workers"),
    _option(
        "-j", "--jobs", type=int, metavar="N", help="Threads; by default one for each core. Never changes a result."
    ),
)


def configured(function: Function) -> Function:
    """`--config` and `--isolated`: where the values come from that no flag gives."""
    for flags, settings in (
        (("--isolated",), {"is_flag": True, "help": "Read no configuration file."}),
        (("--config",), {"metavar": "FILE", "help": "Options from this file instead of the nearest segeval.toml."}),
    ):
        option = click.option(
            *flags, cls=Option, heading="Running", is_eager=True, expose_value=False, callback=config.use, **settings
        )
        function = option(function)
    return function
