"""What docs/ci.md shows can be pasted: its commands, action inputs, hooks and test are those that exist."""

import re
import shlex

import click
import pytest

from segeval.cli.main import cli
from segeval.gate import Rule


@pytest.fixture
def page(root):
    return (root / "docs/ci.md").read_text(encoding="utf-8")


def blocks(page, kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands(page):
    """The arguments of every `segeval …` that a YAML block runs, hooks among them."""
    hooks = {"segeval-gate": "gate", "segeval-check": "check"}
    for block in blocks(page, "yaml"):
        for line in re.findall(r"^ *(?:- )?segeval (\w.*)$", block.replace("\\\n", " "), re.MULTILINE):
            yield shlex.split(line)
        for hook, args in re.findall(r"- id: ([\w-]+)\n +args: \[(.*)\]\n", block):
            yield [hooks[hook], *(arg.strip('"') for arg in args.split(", "))]


def parse(args):
    """Parse as the program does, without running anything; gives the values."""
    group = click.Context(cli, **cli.context_settings)  # commands keep the names of their help option
    command = cli.get_command(group, args[0])
    assert command, args
    return command.make_context(args[0], [*args[1:], "--isolated"] if args[0] != "check" else args[1:], group).params


def test_commands(page):
    """Names of commands, options and their values; rules can be read."""
    found = list(commands(page))
    assert [args[0] for args in found] == ["score", "score", "gate", "gate", "check"]
    for args in found:
        for rule in parse(args).get("rules", ()):
            Rule.parse(rule)
    assert sum(len(parse(args).get("rules", ())) for args in found) == 3


def test_a_command_that_does_not_exist_would_be_found(page):
    """The test above sees options."""
    args = next(args for args in commands(page) if args[0] == "gate")
    with pytest.raises(click.UsageError, match="--junitxml"):
        parse([*args, "--junitxml", "x"])


def test_inputs_and_outputs_of_the_action(page, root):
    """Those that action.yml has; its rules can be read."""
    head = (root / "action.yml").read_text(encoding="utf-8").split("runs:\n")[0]
    known = set(re.findall(r"^  ([\w-]+):$", head, re.MULTILINE))
    block = next(block for block in blocks(page, "yaml") if "OWNER/segeval@" in block)
    (given,) = re.findall(r"uses: OWNER/segeval@.*\n +with:\n((?: {10}.*\n)+)", block)
    assert set(re.findall(r"^ {10}([\w-]+):", given, re.MULTILINE)) == {"run", "baseline", "rules"} <= known
    assert set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", block)) <= known
    rules = re.findall(r"^ {12}(.*)$", given, re.MULTILINE)
    assert [Rule.parse(rule).asked.metric for rule in rules] == ["miou_dataset", "iou"]
    for used in re.findall(r"uses: (.*)", block):
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+|OWNER/segeval@COMMIT", used)


def test_what_is_installed(page):
    """The commit that the reader names: no release of a package index, for there is none."""
    assert set(re.findall(r"pip install (.*)", page)) == {"https://github.com/OWNER/segeval/archive/COMMIT.zip"}
    assert set(re.findall(r"rev: (.*)", page)) == {"COMMIT"}


def test_hooks(page, root):
    """Those that are offered."""
    offered = re.findall(r"^- id: (.*)$", (root / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)
    assert re.findall(r"^ +- id: (segeval-.*)$", page, re.MULTILINE) == offered


def test_the_pytest_example_passes(page, root, monkeypatch):
    """As it stands."""
    monkeypatch.chdir(root)
    names = {}
    (code,) = blocks(page, "python")
    exec(code, names)
    names["test_the_model_is_good_enough"]()
