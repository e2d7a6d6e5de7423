"""Tests of help, of the lists that the program prints, and of its start."""

import re
import subprocess
import sys

import click
import pytest

from segeval.cli.main import cli
from segeval.errors import EXIT_CODES, causes
from segeval.io import READERS
from segeval.metrics import METRICS
from segeval.metrics.peers import ELSEWHERE as PEERS
from segeval.metrics.sections import SECTIONS
from segeval.run.numbers import SUMMARY

COMMANDS = [
    "check",
    "compare",
    "completion",
    "conventions",
    "doctor",
    "explain",
    "gate",
    "list",
    "losses",
    "merge",
    "overlay",
    "plot",
    "rank",
    "report",
    "score",
    "weightmap",
    "why",
]
HEAVY = ["jinja2", "matplotlib", "numpy", "scipy", "PIL", "tifffile", "imagecodecs", "rich", "nibabel", "dask", "torch"]


def test_the_commands():
    """Every command is tested here."""
    assert cli.list_commands(click.Context(cli)) == COMMANDS


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help(invoke, command):
    """One imperative sentence, an example with real names, and every option explained."""
    result = invoke(*command, "--help")
    assert (result.exit_code, result.stderr) == (0, "")
    body = result.stdout.split("\n\n", 1)[1]
    first = body.strip().split()[0]
    assert first in {"Check", "Compare", "Print", "Explain", "List", "Merge", "Rank", "Score", "Write"}
    assert body.split("\n\n")[0].rstrip().endswith((".", ".\n"))
    assert "Example:" in body
    example = body.split("Example:", 1)[1].strip().splitlines()[0]
    assert "segeval " + " ".join(command) in example
    assert invoke(*command, "-h").stdout == result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command):
    """No option without a sentence."""
    found = cli.get_command(click.Context(cli), command)
    options = [param for param in found.params if isinstance(param, click.Option)]
    assert [param.name for param in options if not (param.help or "").endswith(".")] == []


def test_options_stand_under_headings(invoke):
    """Sections in the order of the work; `Other options` holds nothing of substance."""
    text = invoke("score", "--help", "all").stdout
    headings = re.findall(r"^(\w[\w ]*):$", text, re.MULTILINE)
    wanted = ["Pairing", "Input", "Classes", "What to measure", "Output", "Running"]
    assert [heading for heading in headings if heading in wanted] == wanted
    sections = dict(zip(headings, re.split(r"^\w[\w ]*:$", text, flags=re.MULTILINE)[1:], strict=True))
    for heading, option in (("Pairing", "--missing"), ("Classes", "--ignore"), ("Output", "--force")):
        assert option in sections[heading]
    assert "--" not in sections.get("Other options", "").replace("--help", "")


def _options(text):
    """The options that a help explains."""
    return re.findall(r"^  (?:-\w, )?(--[\w-]+)", text, re.MULTILINE)


def test_help_of_many_options_is_short(invoke):
    """The options that people use, by groups; the last line says how to see all."""
    short, full = (invoke("score", "--help", *more).stdout for more in ([], ["all"]))
    assert len(_options(short)) < 20
    assert {"--num-classes", "--ignore", "--metrics", "--losses", "--output", "--report"} < {*_options(short)}
    found = cli.get_command(click.Context(cli), "score").params
    known = {max(param.opts, key=len) for param in found if isinstance(param, click.Option)}
    assert {*_options(full)} == known | {"--help"}
    more = len(known | {"--help"}) - len(_options(short))
    assert short.splitlines()[-1] == f"{more} more options, also under Borders: segeval score --help all"
    assert len(short.splitlines()) < 80
    assert "--help all" not in full


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_few_options_has_them_all(invoke, command):
    """What fits on a screen is told at once."""
    short, full = (invoke(command, "-h", *more).stdout for more in ([], ["all"]))
    assert (short == full) == (len(_options(full)) < 25)
    assert {*_options(short)} <= {*_options(full)}


@pytest.mark.parametrize("words", [["--help", "pred", "gt"], ["pred", "gt", "-h"], ["-h", "-o", "out"]])
def test_help_comes_wherever_it_is_asked_for(invoke, words):
    """Words behind it that are not `all` are those of the command."""
    result = invoke("score", *words)
    assert (result.exit_code, result.stdout) == (0, invoke("score", "-h").stdout)


def test_help_names_the_arguments(invoke):
    """Whoever reads the help learns which folder comes first."""
    text = " ".join(invoke("score", "--help").stdout.split())
    assert "masks in PRED against the true masks in GT" in text


PROBE = """
import sys
from segeval.cli.main import cli
for args in {args}:
    try:
        cli.main(args, prog_name="segeval")
    except SystemExit as end:
        assert end.code == 0, end.code
    print("LOADED", [name for name in {heavy} if name in sys.modules])
"""


SAID = [["--help"], ["--help", "all"]]


def test_help_loads_nothing_heavy(run):
    """Help of the program and of every command, and the version, import none of the libraries."""
    args = [["--version"], ["--help"], *([name, *said] for name in COMMANDS for said in SAID), ["completion", "bash"]]
    code, out, _ = run(patch=PROBE.format(args=args, heavy=HEAVY) + "\nsys.exit(0)")
    loaded = [line for line in out.decode().splitlines() if line.startswith("LOADED")]
    assert (code, loaded) == (0, ["LOADED []"] * len(args))


def test_no_command_is_help(invoke):
    """Just `segeval` shows the help, as a usage error."""
    result = invoke()
    assert result.exit_code == 2
    assert "Commands:" in result.output


def test_version(invoke):
    """One line."""
    assert re.fullmatch(r"segeval \d+\.\d+\.\d+\n", invoke("--version").stdout)


@pytest.mark.parametrize("code", causes())
def test_explain_a_code(invoke, code):
    """The code, the ending and the docstring; lower case will do."""
    text = invoke("explain", code).stdout
    lines = (causes()[code].__doc__ or "").strip().splitlines()
    ending = causes()[code].exit_code
    assert text.startswith(f"{code} (")
    assert (f"exit code {ending}" if ending else "no number changes") in text.splitlines()[0]
    assert all(line.strip() in text for line in lines)
    assert invoke("explain", code.lower()).stdout == text


@pytest.mark.parametrize("name", METRICS)
def test_explain_a_metric(invoke, name):
    """With its formula."""
    text = invoke("explain", name).stdout
    assert text.startswith(f"{name}\n\n")
    assert f"    {name} = " in text


def test_explain_without_a_name_lists_them(invoke):
    """Every name of the list can be explained."""
    found = invoke("explain")
    assert found.exit_code == 0
    names = [name for line in found.stdout.splitlines() if line.startswith("  ") for name in line.split()]
    assert {"iou", "miou_dataset", "mean_accuracy", "fw_iou", "pixel_accuracy", "loss.dice", "SEG101"} <= {*names}
    assert "exit-codes" in names
    for name in names:
        assert invoke("explain", name).exit_code == 0, name


@pytest.mark.parametrize(
    ("name", "formula", "option"),
    [
        ("miou_dataset", "mean over c of iou(Σ over images of the counts of c)", "--mean"),
        ("group_mdice_class", "mean over c of (mean over images of dice of c)", "--presence"),
        ("mean_accuracy", "mean over c of tp_c / (tp_c + fn_c)", "--mean"),
        ("fw_iou", "Σ_c t_c iou_c / Σ_c t_c", "--ignore"),
        ("pixel_accuracy", "Σ_c tp_c / pixels", "--ignore"),
    ],
)
def test_explain_a_number_of_the_data_set(invoke, name, formula, option):
    """With its formula and the options that change it."""
    text = invoke("explain", name).stdout
    assert text.startswith(f"{name}\n\n")
    assert formula in text
    assert option in text.splitlines()[-1]
    assert ("--presence" in text) == (name not in ("fw_iou", "pixel_accuracy"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [("SEG999", "did you mean"), ("seg0", "SEG"), ("dise", "did you mean 'dice'?"), ("zzz", "known: ")],
)
def test_explain_what_is_not_there(invoke, name, hint):
    """2, with the nearest."""
    result = invoke("explain", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr


def test_explain_exit_codes(invoke):
    """The table of endings comes from the program."""
    lines = invoke("explain", "exit-codes").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["code", *map(str, EXIT_CODES)]
    assert "1     the gate failed, and nothing else" in lines


def test_a_metric_column_can_be_explained(invoke):
    """The name with its knob, as tables print it."""
    assert invoke("explain", "f_beta@2").stdout.startswith("f_beta@2\n")


@pytest.mark.parametrize(("what", "names"), [("metrics", list(METRICS)), ("formats", [n.upper() for n in READERS])])
def test_list(invoke, what, names):
    """Every entry of the catalogue, aligned or as Markdown."""
    lines = invoke("list", what).stdout.splitlines()
    assert [line.split()[0] for line in lines[1 : len(names) + 1]] == names
    table = invoke("list", what, "--md").stdout.splitlines()
    assert len(table) == len(lines) + 1
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {len(re.findall(r"\|", table[1]))}
    assert set(table[1]) == set("|- ")


def test_list_formats_says_what_is_refused(invoke):
    """JPEG stands there with the reason."""
    text = invoke("list", "formats").stdout
    (jpeg,) = [line for line in text.splitlines() if ".jpg" in line]
    assert jpeg.startswith("refused")
    assert "lossy" in jpeg


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(invoke, shell):
    """A script that the shell itself accepts, where it is installed."""
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert "_SEGEVAL_COMPLETE" in result.stdout
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=result.stdout.encode(), check=False).returncode == 0


def test_completion_completes(run):
    """The program answers its script."""
    code, out, _ = run(_SEGEVAL_COMPLETE="bash_complete", COMP_WORDS="segeval s", COMP_CWORD="1")
    assert (code, out.split()) == (0, [b"plain,score"])
    code, out, _ = run(_SEGEVAL_COMPLETE="bash_complete", COMP_WORDS="segeval score --mis", COMP_CWORD="2")
    assert (code, out.split()) == (0, [b"plain,--missing"])


def test_documents_of_the_catalogue(invoke):
    """Metric rows hold a range and a formula."""
    for line in invoke("list", "metrics").stdout.splitlines()[1:]:
        assert "…" in line
        assert re.search(r"[/√−(]", line)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("evaluate.measure", ["PIL", "scipy", "segeval.losses", "segeval.distance", "segeval.arrays"]),
        ("losses", ["scipy"]),
    ],
)
def test_what_scoring_does_not_need_is_not_loaded(module, unwanted):
    """Scoring masks starts without the losses, without Pillow, which few masks need, and without SciPy."""
    program = f"import segeval.{module}, sys; print([name for name in {unwanted} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_rooms_of_the_library_come_with_it():
    """`import segeval` is enough for everything that is public."""
    program = (
        "import segeval; print(segeval.losses.value('dice', [0.5, 0.5], [1, 0]), segeval.metrics.iou.__name__, "
        "segeval.evidence.Confusion.__name__, segeval.distance.two_nearest.__name__, "
        "segeval.weightmap.unet_weights.__name__)"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["0.5", "iou", "Confusion", "two_nearest", "unet_weights"]


def test_a_metric_is_explained_in_full(invoke):
    """Range, unit, parameters with their values, and other programs; every name among these is a metric."""
    text = invoke("explain", "hd90_max").stdout
    assert text.startswith("hd90_max\n")
    for line in (
        "range: 0 … ∞, best 0",
        "unit: pixels",
        "parameter percentile = 90",
        "in other programs: MedPy 0.5.2 hd95",
    ):
        assert f"\n{line}" in text
    assert "data set: the mean over images" not in invoke("explain", "iou").stdout
    measures = [each.measure for kind in SECTIONS for each in SECTIONS.told(kind, None) if each.measure]
    assert set(PEERS) <= {*METRICS, *SUMMARY, *(measure.name for measure in measures)}


def test_overlap_metrics_and_numbers_are_explained_beside_other_programs(invoke):
    text = invoke("explain", "recall").stdout
    start = "\nin other programs: "
    assert (
        f"{start}scikit-learn 1.9.1 recall_score(truth, pred, labels=range(C), average=None): the same; 0 where" in text
    )
    assert f"{start}torchmetrics 1.9.0 MulticlassAccuracy(C, average=None): the same" in text
    assert (
        f"{start}torchmetrics 1.9.0 MulticlassAccuracy(C, average=None): recall" in invoke("explain", "accuracy").stdout
    )
    for name in ("pixel_accuracy", "fw_iou", "mean_accuracy", "multiclass_kappa", "multiclass_mcc"):
        assert f"\n{start}scikit-learn 1.9.1" in invoke("explain", name).stdout
