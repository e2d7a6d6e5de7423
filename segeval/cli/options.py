"""Options that mean the same in every command: each group is one decorator that builds one object.

Nothing here imports NumPy: the objects are built when a command runs.
"""

import functools
import importlib
import operator
from collections.abc import Callable, Iterable
from typing import Any

import click

from segeval.cli import completing, config
from segeval.errors import NoEffect
from segeval.report import FORMATS
from segeval.text import safe_text

Function = Callable[..., Any]


class Option(click.Option):
    """An option that stands in the help under a heading.

    One that is `trusted` decides what is written, overwritten or followed: only who runs the program may say it, on the
    command line or in a file given with `--config`. One that people use `often` stands in the short help too.
    """

    def __init__(self, *args: Any, heading: str, trusted: bool = False, often: bool = False, **kwargs: Any) -> None:
        if kwargs.get("metavar") in _PLACES:
            kwargs = {"shell_complete": completing.place(_PLACES[kwargs["metavar"]]), **kwargs}
        super().__init__(*args, **kwargs)
        self.heading = heading
        self.trusted = trusted
        self.often = often


_PLACES = {"DIR": "dir", "FILE": "file", "RUN": "file"}  # what a shell offers for values that are called so


class Ignored(click.types.StringParamType):
    """What `--ignore` takes: an id, or a word or number for no data; looked at when a command runs."""

    name = "id"


class Command(click.Command):
    """A command whose help groups its options, and of very many shows those that people use often."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        shown = known if ctx.meta.get(_IN_FULL) or len(known) < _MANY else [each for each in known if _is_often(each)]
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in shown:
            if record := param.get_help_record(ctx):
                sections.setdefault(_heading(param), []).append(record)
        for heading, records in sorted(sections.items(), key=lambda section: section[0] == _OTHERS):
            with formatter.section(heading):
                formatter.write_dl(records)
        if more := len(known) - len(shown):
            unseen = list(dict.fromkeys(_heading(each) for each in known if _heading(each) not in sections))
            also = f", also under {', '.join(unseen)}" if unseen else ""
            formatter.write_paragraph()
            formatter.write_text(f"{more} more options{also}: {ctx.command_path} --help all")

    @functools.cached_property
    def _help(self) -> click.Option:
        return Option(
            ["-h", "--help"],
            heading=_OTHERS,
            often=True,
            metavar="[all]",
            is_flag=False,
            flag_value="",
            is_eager=True,
            expose_value=False,
            callback=_show_help,
            shell_complete=completing.name(lambda _: ["all"]),
            help="Show this, or with `all` every option, and exit.",
        )

    def get_help_option(self, ctx: click.Context) -> click.Option | None:  # noqa: ARG002 - click's signature
        return self._help


_OTHERS = "Other options"
_IN_FULL = "segeval.help-in-full"
_MANY = 25  # options that do not fit on a screen


def _heading(param: click.Option) -> str:
    return param.heading if isinstance(param, Option) else _OTHERS


def _is_often(param: click.Option) -> bool:
    return isinstance(param, Option) and param.often


def _show_help(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    """Print the help where it was asked for; what stands behind `--help` and is not `all` belongs to the command."""
    if value is None or ctx.resilient_parsing:
        return
    ctx.meta[_IN_FULL] = value == "all"
    click.echo(ctx.get_help(), color=ctx.color)
    ctx.exit()


def command(function: Function) -> click.Command:
    """A command called by the name of its module."""
    return click.command(function.__module__.rpartition(".")[2], cls=Command)(function)


def typed(ctx: click.Context) -> set[str]:
    """The options that were given on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return {str(param.name) for param in ctx.command.params if ctx.get_parameter_source(str(param.name)) is source}


def refuse(ctx: click.Context, names: Iterable[str], why: str, hint: str) -> None:
    """Refuse options that were typed and can have no effect; what a configuration says may be meant for other runs."""
    for name in sorted(typed(ctx) & set(names)):
        raise NoEffect(f"--{name.replace('_', '-')} has no effect: {why}", hint)


def folders(function: Function) -> Function:
    """The two folders: predictions, then truth."""
    return argument("pred")(argument("gt")(function))


def argument(name: str, **settings: Any) -> Callable[[Function], Function]:
    """An argument that is a file or folder, as the shell knows then."""
    return click.argument(name, shell_complete=completing.place(), **settings)


def group(
    name: str, heading: str, build: Function, *options: tuple[tuple[str, ...], dict[str, Any]]
) -> Callable[[Function], Function]:
    """A decorator that adds options and hands what `build` makes of their values to the parameter `name`."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            values = {key: kwargs.pop(key) for key in keys}
            return function(*args, **kwargs, **{name: _built(build, values)})

        keys = []
        wrapped: Function = called
        for flags, settings in reversed(options):
            wrapped = click.option(*flags, cls=Option, **{"heading": heading, **settings})(wrapped)
            keys.append(wrapped.__click_params__[-1].name)  # type: ignore[attr-defined]
        return wrapped

    return decorate


def _built(build: Function, values: dict[str, Any]) -> Any:
    """What `build` makes of the values, without those of a configuration that have no effect: they are noted."""
    ctx = click.get_current_context()
    try:
        return build(**values)
    except NoEffect as fault:
        source = ctx.get_parameter_source(fault.option)
        if fault.option not in values or source is not click.core.ParameterSource.DEFAULT_MAP:
            raise
        click.echo(safe_text(f"Note: {fault.code} {fault.message}"), err=True)
        ctx.set_parameter_source(fault.option, click.core.ParameterSource.DEFAULT)
        told = next(param for param in ctx.command.params if param.name == fault.option).to_info_dict()
        unsaid = () if told["multiple"] else told["default"]
        return _built(build, values | {fault.option: unsaid})


def made(module: str, name: str) -> Function:
    """What builds the object of a group, imported when it is called."""

    def build(**values: Any) -> Any:
        return operator.attrgetter(name)(importlib.import_module(module))(**values)

    return build


def option(*flags: str, **settings: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return flags, settings


def _under(
    heading: str, *options: tuple[tuple[str, ...], dict[str, Any]]
) -> tuple[tuple[tuple[str, ...], dict[str, Any]], ...]:
    """The same options under a heading of their own."""
    return tuple((flags, {"heading": heading, **settings}) for flags, settings in options)


def formats(text: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """`--format`: what stdout holds."""
    known = click.Choice(FORMATS)
    return option("--format", "form", type=known, default=FORMATS[0], show_default=True, help=text, often=True)


max_pixels = option(
    "--max-pixels",
    type=int,
    default=1 << 28,
    show_default=True,
    metavar="N",
    help="Refuse larger files by their header; elements of 64 bits count twice.",
)

layout = group(
    "layout",
    "Pairing",
    made("segeval.data.folders", "Layout"),
    option(
        "--pred-pattern",
        metavar="P",
        help="Names of predictions, such as '{id}_pred.png'; `**/` is any folders.",
        often=True,
    ),
    option("--gt-pattern", metavar="P", help="Names of true masks, such as '*/{id}_gtFine_labelIds.png'.", often=True),
    option(
        "--missing",
        type=click.Choice(["error", "worst", "skip"]),
        default="error",
        show_default=True,
        help="A truth without prediction is an error, is scored as all wrong, or is left out.",
    ),
    option("--pred-array", metavar="NAME", help="The array that is the prediction, of NPZ files that hold several."),
    option("--gt-array", metavar="NAME", help="The array that is the true mask, of NPZ files that hold several."),
    option("--ids", metavar="FILE", help="Only the images that this text file names, one a line (a split list)."),
    option("--follow-symlinks", is_flag=True, help="Follow links that lead out of their folder.", trusted=True),
)

reading = group(
    "reading",
    "Input",
    made("segeval.data.reading", "reading"),
    option(
        "--probability",
        is_flag=True,
        help="Grey predictions are foreground probabilities (255 or 65535 is 1).",
        often=True,
    ),
    option("--logits", is_flag=True, help="Floating-point predictions are raw outputs: softmax or sigmoid first."),
    option("--threshold", type=float, default=0.5, show_default=True, metavar="T", help="Foreground is above T."),
    option(
        "--soft-truth",
        is_flag=True,
        help="The truth holds fractions, a channel for each class.",
    ),
    option(
        "--truth-threshold", type=float, metavar="T", help="A grey truth is foreground above T, a fraction of white."
    ),
    option(
        "--map",
        multiple=True,
        metavar="SIDE:NAME|FILE|shift:N",
        help="Other ids for those of pred or gt: a known map (`segeval list maps`), a CSV, JSON or TOML table, or a "
        "number to add, as in pred:shift:-1.",
    ),
    option("--ignore-geometry", is_flag=True, help="Compare files that say that their pixels differ in size."),
    option(
        "--spacing",
        metavar="S,S,…",
        help="Length of a pixel along each axis of the array, for distances; by default as files say, or 1 pixel.",
    ),
    option("--one-hot", is_flag=True, help="Masks hold a channel of 0 and 1 for each class, first or last."),
    max_pixels,
)

strict = group(
    "strict",
    "Input",
    lambda strict: strict,
    option("--strict", is_flag=True, help="Notes that the numbers may mean nothing are errors: exit code 3."),
)

classes = group(
    "choice",
    "Classes",
    made("segeval.data.class_selection", "choose"),
    option(
        "--num-classes",
        type=int,
        metavar="N",
        callback=config.outdoes,
        help="The classes are the ids 0 … N−1.",
        often=True,
    ),
    option(
        "--classes",
        metavar="NAME|NAMES|FILE",
        callback=config.outdoes,
        shell_complete=completing.name(completing.class_tables, or_file=True),
        help="A known table (`segeval list classes`), names of the ids 0, 1, …, or a class file.",
        often=True,
    ),
    option(
        "--ignore",
        type=Ignored(),
        multiple=True,
        metavar="ID|nan|nodata",
        help="Leave out pixels with this true id, NaN, or what the file declares as no data; repeatable.",
        often=True,
    ),
    option("--binary", is_flag=True, help="Two classes: 0, and everything else.", often=True),
    option("--multilabel", is_flag=True, help="Classes do not exclude each other: masks hold a channel for each."),
    option(
        "--regions",
        is_flag=True,
        help="The regions of the class table are the classes, such as whole tumour and core: masks hold labels.",
    ),
    option(
        "--colors",
        metavar="NAME|FILE",
        help="A class table with a colour for each class, for masks in colour.",
        shell_complete=completing.name(completing.class_tables, or_file=True),
    ),
)


def masks(function: Function) -> Function:
    """Two folders of masks: how their files pair and are read, and what their classes are."""
    return folders(layout(reading(classes(function))))


_metrics = (
    option(
        "--metrics",
        default="overlap",
        show_default=True,
        metavar="NAMES",
        help="Comma-separated, a family, or all; see `segeval list metrics`.",
        shell_complete=completing.name_list(completing.metrics),
        often=True,
    ),
    option(
        "--presence",
        type=click.Choice(["union", "truth", "always"]),
        default="union",
        show_default=True,
        help="A class counts where truth or prediction holds it, only where the truth does, or everywhere.",
    ),
    option(
        "--mean",
        type=click.Choice(["arithmetic", "geometric", "harmonic"]),
        default="arithmetic",
        show_default=True,
        help="The mean over classes.",
    ),
    option(
        "--beta",
        type=float,
        metavar="B",
        help="How much more recall counts in f_beta, 2 unless said; the same as -p f_beta.beta=B.",
    ),
    option(
        "--mean-without",
        type=int,
        multiple=True,
        metavar="ID",
        help="Leave a class out of every mean over classes, but not out of the counts; repeatable.",
    ),
    option(
        "--pool-by",
        metavar="REGEX",
        help="Images that are one case, as the slices of a volume, are counted together before any mean: what this "
        "matches in the id, as in '^(?P<group>.+)_slice'.",
    ),
    option(
        "-n",
        "--number",
        "numbers",
        multiple=True,
        metavar="NAME",
        shell_complete=completing.name(completing.numbers),
        help="One more number of the whole data set, such as mdice_micro, miou_weighted, mspecificity_class or "
        "multiclass_kappa (see `segeval list means`); repeatable.",
    ),
    option(
        "--undefined",
        multiple=True,
        metavar="POLICY",
        help="An undefined score in a mean: skip it, zero, or one (scores whose best is 1), or best (0 of a distance); "
        "or so for one reason: absent=best. Repeatable.",
    ),
    option(
        "-p",
        "--param",
        "params",
        multiple=True,
        metavar="NAME.PARAM=V",
        help="A parameter of a metric or loss, such as f_beta.beta=1 or tversky.fn_weight=0.7; repeatable.",
    ),
)

_borders = _under(
    "Borders",
    option(
        "--tolerance",
        type=float,
        multiple=True,
        metavar="T",
        help="How far off a border may be in nsd, 2 unless said; repeatable. Adds the surface metrics.",
    ),
    option(
        "--percentile",
        type=float,
        multiple=True,
        metavar="P",
        help="Another percentile of the distances beside 95, as hd90_max; repeatable. Adds the surface metrics.",
    ),
    option(
        "--penalty",
        metavar="diagonal|VALUE",
        help="What the distance of a missed or invented class is in a mean, instead of infinite. Adds the surface "
        "metrics.",
    ),
    option(
        "--border-connectivity",
        type=click.Choice(["face", "full"]),
        default="face",
        show_default=True,
        help="A border is what has a neighbour outside: across a face, or a corner too.",
    ),
    option(
        "--background",
        default="0",
        show_default=True,
        metavar="ID|none",
        help="The class that has no surface, and the id that is no object.",
    ),
)

_losses = _under(
    "Losses",
    option(
        "--losses",
        default="default",
        show_default=True,
        metavar="none|all|NAMES",
        shell_complete=completing.name_list(completing.losses),
        help="A dozen that add up (default), all that the inputs allow, or names with commas, default among them; see "
        "`segeval list losses`.",
        often=True,
    ),
    option("--weights", metavar="DIR", help="Weight maps for unet_cross_entropy, as `segeval weightmap` writes them."),
    option(
        "--class-weights",
        metavar="SCHEME|ID=W,…",
        help="Weights for weighted_cross_entropy, by the whole truth folder: balanced, median-frequency, rarest1, "
        "complement, none, or given.",
    ),
    option(
        "--loss-over",
        type=click.Choice(["image", "batch"]),
        default="image",
        show_default=True,
        help="The mean of the images' losses, or the loss of their summed evidence ('batch Dice').",
    ),
    option(
        "--loss-average",
        type=click.Choice(["macro", "micro"]),
        default="macro",
        show_default=True,
        help="The mean over classes, or of all classes counted together.",
    ),
    option(
        "--loss-background",
        type=click.Choice(["include", "exclude"]),
        help="Class 0 in that mean; by default as each loss has it.",
    ),
)
_objects = _under(
    "Objects",
    option(
        "--instances",
        metavar="labels|components|panoptic",
        help="Score objects: ids are objects, connected parts of classes are, or those that a panoptic table names.",
        often=True,
    ),
    option(
        "--connectivity",
        type=click.Choice(["face", "full"]),
        help="Parts join over faces (the default) or also over edges and corners.",
    ),
    option("--match-across-classes", is_flag=True, help="Objects of two classes may be a match."),
    option(
        "--matching",
        type=click.Choice(["optimal", "greedy"]),
        help="The most matches (the default), or the largest IoU first; the same above 0.5.",
    ),
    option("--iou-thresholds", metavar="T,T", help="IoUs from which objects match; by default 0.5, 0.55, … 0.95."),
    option("--pred-json", metavar="FILE", help="The panoptic table of PRED, by default PRED.json or the JSON in it."),
    option("--gt-json", metavar="FILE", help="The panoptic table of GT."),
    option("--keep-void", is_flag=True, help="Ignored pixels stay in the union of two objects, as BDD100K has it."),
)
_of = made("segeval.run.options", "measures")
measures = group("measures", "What to measure", _of, *_metrics, *_borders, *_objects, *_losses)

rules = option(
    "-r",
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="'miou_dataset >= 0.78', 'iou[person] drop <= 0.01'; repeatable. Instead of those in the configuration.",
    often=True,
)
baseline = option("--baseline", metavar="RUN", help="An earlier run of the same images, for rules with `drop`.")
inconclusive = option(
    "--inconclusive",
    type=click.Choice(["pass", "warn", "fail"]),
    default="warn",
    show_default=True,
    help="What follows when the images cannot decide.",
)
intersect = option("--intersect", is_flag=True, help="Compare the images that both runs have.")
ruling = group("ruling", "Quality gate", dict, rules, baseline, inconclusive, intersect)
updating = group(
    "updating",
    "Baseline",
    dict,
    option(
        "--update-baseline",
        "update",
        is_flag=True,
        help="Make RUN the baseline; still ends with the verdict.",
        trusted=True,
    ),
    option("--ratchet", is_flag=True, help="Update only where no number of a rule is worse than before.", trusted=True),
    option("--allow-ci", is_flag=True, help="Update the baseline even where CI is set.", trusted=True),
)

comparing = group(
    "comparing",
    "What to compare",
    dict,
    option(
        "-n",
        "--number",
        "numbers",
        multiple=True,
        metavar="NUMBER",
        help="'iou[*]', 'dice over images p05', 'loss.dice'; repeatable. By default the summary, IoU and losses.",
    ),
    intersect,
    option("--images", "movers", type=int, default=5, show_default=True, metavar="N", help="How many movers to name."),
)
ranking = group(
    "ranking",
    "What to rank by",
    dict,
    option(
        "-n",
        "--number",
        "numbers",
        multiple=True,
        metavar="NUMBER",
        help="'miou_dataset' (the default), 'dice over images p05', 'loss.dice'; of several the mean of ranks.",
    ),
    option("--names", metavar="A,B,…", help="What the runs are called, in their order; by default as they were given."),
    intersect,
    option(
        "--report",
        metavar="FILE",
        help="Write the leaderboard as one HTML file too: ranks with intervals, and pairs of runs.",
        trusted=True,
    ),
)
asking_why = group(
    "why",
    "What to explain",
    dict,
    option(
        "--class",
        "name",
        required=True,
        metavar="NAME",
        help="The class, by its name or id.",
        shell_complete=completing.name(completing.classes_of_run),
    ),
    option(
        "--metric",
        default="iou",
        show_default=True,
        metavar="NAME",
        help="The score that is lost.",
        shell_complete=completing.name(completing.single_metrics),
    ),
    option(
        "-n",
        "--number",
        "most",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        metavar="N",
        help="Rows of each.",
    ),
    option(
        "--format",
        "form",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="On stdout.",
    ),
)
compared_output = group(
    "form",
    "Output",
    lambda form: form,
    formats("On stdout."),
)

conventions = group(
    "metrics",
    "What to compare",
    lambda metrics: list(dict.fromkeys(metrics)) or ["iou", "dice"],
    option(
        "--metrics",
        multiple=True,
        type=click.Choice(["iou", "dice", "precision", "recall"]),
        help="Which numbers; IoU and Dice unless said. Repeatable.",
        often=True,
    ),
)
background = group(
    "background",
    "What to compare",
    lambda background: background,
    option("--background", type=int, default=0, show_default=True, metavar="ID", help="The class that some leave out."),
)

_surfaces = (
    option(
        "--junit",
        metavar="FILE",
        help="Write the verdict as JUnit XML, a case for each number of each rule.",
        trusted=True,
    ),
    option(
        "--markdown",
        metavar="FILE",
        help="Write it as Markdown, for a comment that a bot keeps up to date.",
        trusted=True,
    ),
    option(
        "--openmetrics",
        metavar="FILE",
        help="Write all numbers of the run and the verdict as OpenMetrics text.",
        trusted=True,
    ),
    option("--name", default="gate", show_default=True, metavar="NAME", help="Tells this gate from others in CI."),
)
verdict_output = group(
    "shown",
    "Output",
    made("segeval.cli.report_options", "Shown"),
    option("--json", "as_json", is_flag=True, help="The verdict as JSON on stdout, instead of a table."),
    *_surfaces,
)
surfaces = group("shown", "Quality gate", made("segeval.cli.report_options", "Shown"), *_surfaces)

_background = option(
    "--background",
    default="auto",
    show_default=True,
    metavar="ID|none|auto",
    help="The id of no object, to tell false positives from false negatives; by default 0 unless it has a name.",
)

_photographs = option("--images-pattern", metavar="P", help="Names of photographs, such as '*/{id}_leftImg8bit.png'.")

_percent = option("--percent", is_flag=True, help="Show shares as percentages; files keep their numbers.")

page = group(
    "page",
    "Report",
    made("segeval.cli.page", "of_report"),
    option(
        "-o",
        "--output",
        "file",
        metavar="FILE",
        help="Where the page goes; without it, report.html beside run.json.",
        trusted=True,
    ),
    option("--pred", metavar="DIR", help="The predictions of the run, for a gallery of images with their errors."),
    option("--truth", metavar="DIR", help="The true masks of the run."),
    option("--images", metavar="DIR", help="Photographs to lay behind the masks, under the same names."),
    _photographs,
    option("--cards", type=int, default=48, show_default=True, metavar="N", help="How many images the gallery shows."),
    option(
        "--by",
        default="miou_image",
        show_default=True,
        metavar="NUMBER",
        help="What images are ordered by, such as 'iou[person]'.",
    ),
    _background,
    _percent,
    option("--title", default="segeval report", show_default=True, metavar="TEXT", help="The title of the page."),
)
drawing = group(
    "drawing",
    "Pictures",
    dict,
    option(
        "--class",
        "name",
        metavar="NAME",
        help="Errors of this class alone: all others count as background.",
        often=True,
    ),
    _background,
    option(
        "--layers",
        default="errors,pred,truth",
        show_default=True,
        metavar="NAMES",
        help="What to draw: errors, and the masks in the colours of their classes.",
    ),
    option("--images", metavar="DIR", help="Photographs to lay behind the errors, under the same names.", often=True),
    _photographs,
)
pictures_output = group(
    "output",
    "Output",
    dict,
    option(
        "-o",
        "--output",
        "folder",
        required=True,
        metavar="DIR",
        help="Write the pictures there.",
        trusted=True,
        often=True,
    ),
    option("--force", is_flag=True, help="Write into a folder that is not empty.", trusted=True),
)
figures = group(
    "figures",
    "Figures",
    dict,
    option("--format", "formats", default="svg,png", show_default=True, metavar="NAMES", help="svg, png, or both."),
    option(
        "--style",
        type=click.Choice(["light", "dark"]),
        default="light",
        show_default=True,
        help="Dark ink on white, or light ink on a dark ground.",
    ),
)
plotted_losses = group(
    "param",
    "Figures",
    lambda param: param,
    option(
        "-p",
        "--param",
        "param",
        multiple=True,
        metavar="NAME.PARAM=V,V",
        help="Values of a parameter of a loss, a line for each; of one value all lines have it; repeatable.",
    ),
)
plotted_run = group(
    "by",
    "Figures",
    lambda by: by,
    option(
        "--by",
        default="miou_image",
        show_default=True,
        metavar="NUMBER",
        help="What is told of single images, such as 'iou[person]'.",
    ),
)
scored_page = group(
    "page",
    "Output",
    made("segeval.cli.page", "of_score"),
    option(
        "--report",
        metavar="FILE",
        help="Write one HTML file to look at: worst images, confusions, classes, and the verdict.",
        trusted=True,
        often=True,
    ),
    option("--images", metavar="DIR", help="Photographs to lay behind the masks of the page, under the same names."),
    _photographs,
)

_drawing = (
    option(
        "--group-by",
        metavar="REGEX",
        help="Images drawn together (patient, scene): what this matches in the id, as in '^(?P<group>[^_]+)_'.",
    ),
    option("--confidence", type=float, default=0.95, show_default=True, metavar="C", help="How sure intervals are."),
    option("--resamples", type=int, default=10_000, show_default=True, metavar="B", help="Bootstrap resamples."),
    option("--seed", type=int, default=0, show_default=True, metavar="N", help="Seed of the bootstrap."),
)
draws = group("draws", "Statistics", made("segeval.run.bootstrap", "Draws"), *_drawing)
intervals = group(
    "draws",
    "Statistics",
    made("segeval.run.bootstrap", "Draws"),
    option(
        "--ci", is_flag=True, help="Confidence intervals (two-sided) of every summary number, by bootstrap.", often=True
    ),
    *_drawing,
)

output = group(
    "output",
    "Output",
    dict,
    option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        help="Write run.json, images.csv, records.csv, confusion.csv, confusion_long.csv, confusion_images.csv, "
        "metrics.json and evidence.npz.",
        trusted=True,
        often=True,
    ),
    formats("On stdout."),
    option(
        "--confusion",
        type=click.Choice(["raw", "truth", "pred", "all"]),
        help="Show the confusion matrix too: counts, or shares of each true class, of each predicted class, of all.",
    ),
    _percent,
    option("--sort", metavar="COLUMN", help="Order the classes by a column of run.json, such as iou or name."),
    option(
        "--worst",
        type=click.IntRange(0),
        default=3,
        show_default=True,
        metavar="N",
        help="How many of the worst images the last line names.",
    ),
    option("--force", is_flag=True, help="Overwrite a run of other inputs or options in DIR.", trusted=True),
)

resuming = group(
    "resume",
    "Output",
    lambda resume: resume,
    option(
        "--resume",
        is_flag=True,
        help="Keep a journal in DIR until all is written; after a kill, the same command goes on from it.",
        trusted=True,
    ),
)

studying = group(
    "studying",
    "Output",
    dict,
    option(
        "-o",
        "--output",
        "folder",
        metavar="DIR",
        help="Write losses.json and losses_images.csv.",
        trusted=True,
        often=True,
    ),
    option(
        "--maps",
        metavar="DIR",
        help="Write pictures of the loss and the signed gradient of each pixel, and index.html beside the masks.",
        trusted=True,
        often=True,
    ),
    formats("On stdout; csv is the table of images."),
    option(
        "--images",
        type=click.IntRange(1),
        default=10,
        show_default=True,
        metavar="N",
        help="Images whose gradients are looked at, evenly spread.",
    ),
    option(
        "--steps",
        type=click.IntRange(1, 100),
        default=4,
        show_default=True,
        metavar="K",
        help="Errors of 1 … K pixels, to see how losses answer.",
    ),
    option(
        "--sort",
        type=click.Choice(["importance", "value", "name", "given"]),
        default="importance",
        show_default=True,
        help="Show first the losses that rank images as the metric does, and the classes that most of the gradient "
        "falls on; or the largest values; or by name; or as they were given.",
    ),
    option(
        "--top",
        type=click.IntRange(1),
        default=12,
        show_default=True,
        metavar="N",
        help="Show the first N losses and classes.",
    ),
    option("--force", is_flag=True, help="Overwrite a study of other inputs or options in DIR.", trusted=True),
)


def _workers(what: str) -> Callable[[Function], Function]:
    """`-j`: how many of them work at a time."""
    text = f"{what}; by default one for each core. Never changes a result."
    jobs = option("-j", "--jobs", type=int, metavar="N", help=text, often=True)
    return group("jobs", "Running", made("segeval.evaluate.measure", "workers"), jobs)


sharding = group(
    "shard",
    "Running",
    made("segeval.data.shards", "Shards.parse"),
    option("--shard", "text", metavar="K/N", help="Only the K-th of N parts of the images; see `segeval merge`."),
)
running, processes = _workers("Threads"), _workers("Processes")


def profiled(function: Function) -> Function:
    """`--profile`: the options of a program or a benchmark, where no others are given."""
    text = (
        "Options as a program or benchmark has them: `segeval list profiles`. Other options, and those of files, win."
    )
    settings: dict[str, Any] = {
        "heading": "What to measure",
        "is_eager": True,
        "expose_value": False,
        "often": True,
        "shell_complete": completing.name(completing.profiles),
    }
    return click.option("--profile", cls=Option, metavar="NAME", callback=config.use_profile, help=text, **settings)(
        function
    )


def configured(function: Function) -> Function:
    """`--config` and `--isolated`: where the values come from that no flag gives."""
    for flags, settings in (
        (("--isolated",), {"is_flag": True, "help": "Read no configuration file."}),
        (("--config",), {"metavar": "FILE", "help": "Options from this file instead of the nearest segeval.toml."}),
    ):
        function = click.option(
            *flags, cls=Option, heading="Running", is_eager=True, expose_value=False, callback=config.use, **settings
        )(function)
    return function
