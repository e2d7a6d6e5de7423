"""Tests of the GitHub action: its shell steps run for real, as a runner runs them, and of the pre-commit hooks."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner

from segeval.cli.main import cli

HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    '" && touch pwned "',
    "' ; touch pwned '",
    "a b",
    "*",
    "-x",
]
DEFAULTS = {"rules": "", "baseline": "", "inconclusive": "", "group-by": "", "config": "", "name": "gate"}
bash = pytest.mark.skipif(not shutil.which("bash"), reason="no bash")


@pytest.fixture
def text(root):
    return (root / "action.yml").read_text(encoding="utf-8")


def step(text, id_):
    """(inputs by variable, script) of a step; only as much YAML as the file uses."""
    (found,) = [part for part in re.split(r"^    - ", text, flags=re.MULTILINE) if part.startswith(f"id: {id_}\n")]
    names = re.findall(r"^        (\w+): \$\{\{ inputs\.([\w-]+) \}\}$", found, re.MULTILINE)
    (script,) = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", found, re.MULTILINE)
    return dict(names), textwrap.dedent(script)


def test_inputs_reach_the_shell_only_as_variables(text):
    """No expression inside a script; every other action is pinned by its full hash; nothing is checked out."""
    scripts = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", text, re.MULTILINE)
    assert len(scripts) == len(re.findall(r"^ +run:", text, re.MULTILINE)) - 1 == 2  # one is an input
    assert not [script for script in scripts if "${{" in script]
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", each) for each in used)
    assert "checkout" not in text
    assert not re.search(r"\beval\b", text)


def test_inputs_and_outputs_are_used(text):
    """Each input by one step, each output written by the last."""
    head, body = text.split("runs:\n")
    inputs = re.findall(r"^  ([\w-]+):$", head.split("outputs:\n")[0].split("inputs:\n")[1], re.MULTILINE)
    assert sorted(set(re.findall(r"inputs\.([\w-]+)", body))) == sorted(inputs)
    outputs = re.findall(r"^  ([\w-]+):$", head.split("outputs:\n")[1], re.MULTILINE)
    assert outputs == ["verdict", "miou-dataset", "report-path", "exit-code"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The folder of a stored run."""
    out, data = tmp_path_factory.mktemp("stored") / "out", Path(__file__).parent.parent / "sample_data"
    args = ["score", str(data / "pred"), str(data / "truth"), "--classes", str(data / "classes.csv"), "-o", str(out)]
    assert CliRunner().invoke(cli, args).exit_code == 0
    return out


@pytest.fixture
def place(stored, tmp_path):
    """A workspace with a stored run, and the folders that a runner has."""
    for name in ("a run", "a base"):
        shutil.copytree(stored, tmp_path / "work" / name)
    for name in ("temp", "bin"):
        (tmp_path / name).mkdir()
    for name, start in (("segeval", "-m segeval "), ("python", "")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {start}"$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def gate(text, place):
    """Run the last step with inputs; gives (exit code, outputs, log)."""
    names, script = step(text, "gate")
    (place / "step.sh").write_text(script)

    def gate(**inputs):
        given = {**DEFAULTS, "run": "a run", **{key.replace("_", "-"): value for key, value in inputs.items()}}
        code, outputs, log = shell(place, "step.sh", {name: given[key] for name, key in names.items()})
        assert int(outputs["exit-code"]) == code
        return code, outputs, log

    return gate


def shell(place, script, given):
    """Run a script as the runner does."""
    for name in ("output", "summary"):
        (place / name).write_text("")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "SEGEVAL"))}
    env |= {"GITHUB_ACTIONS": "true", "CI": "true", "RUNNER_TEMP": str(place / "temp"), "BIN": str(place / "bin")}
    env |= {"GITHUB_OUTPUT": str(place / "output"), "GITHUB_STEP_SUMMARY": str(place / "summary"), **given}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(place / script)]
    done = subprocess.run(command, cwd=place / "work", env=env, capture_output=True, text=True, check=False)
    pairs = [line.split("=", 1) for line in (place / "output").read_text().splitlines()]
    assert len({name for name, _ in pairs}) == len(pairs)
    assert not list(place.rglob("pwned"))
    return done.returncode, dict(pairs), done.stdout + done.stderr


@bash
def test_a_run_that_passes(gate, place):
    """Outputs, reports, summary; a line of rules that is empty or ends as on Windows is fine."""
    code, outputs, log = gate(rules="miou_dataset >= 0.7\r\n\n  \niou[road] over images min >= 0.1\n", name="nightly")
    assert (code, outputs["verdict"]) == (0, "pass"), log
    run = json.loads((place / "work/a run/run.json").read_text())
    assert float(outputs["miou-dataset"]) == run["summary"]["miou_dataset"]
    report = outputs["report-path"]
    assert sorted(os.listdir(report)) == ["comment.md", "junit.xml", "metrics.txt", "verdict.json"]
    assert os.path.dirname(report) == str(place / "temp")
    with open(f"{report}/verdict.json") as verdict:
        assert [rule["id"] for rule in json.load(verdict)["rules"]] == [
            *("miou_dataset >= 0.7", "iou[road] over images min >= 0.1"),
        ]
    assert ElementTree.parse(f"{report}/junit.xml").getroot().get("tests") == "2"
    summary = (place / "summary").read_text()
    assert summary.startswith("<!-- segeval:nightly -->\n## PASS")
    assert summary in log


@bash
def test_a_run_that_fails(gate, place):
    """1, with annotations; all settings reach the command."""
    (place / "work/other.toml").write_text(
        '[[gate.rule]]\nmetric = "miou_dataset"\nmax_drop = 0\ntest = "noninferiority"\n'
    )
    code, outputs, log = gate(rules="miou_dataset >= 0.9")
    assert (code, outputs["verdict"]) == (1, "fail")
    assert "\n::error title=segeval gate%3A miou_dataset::" in f"\n{log}"
    code, outputs, log = gate(config="other.toml", baseline="a base", group_by="^(?P<group>lower|upper)", name="x")
    assert (code, outputs["verdict"]) == (0, "inconclusive"), log  # two groups show nothing
    with open(f"{outputs['report-path']}/verdict.json") as verdict:
        assert json.load(verdict)["statistics"]["group_by"] == "^(?P<group>lower|upper)"
    code, outputs, log = gate(config="other.toml", baseline="a base", inconclusive="fail", group_by="(?P<group>e)")
    assert (code, outputs["verdict"]) == (1, "fail"), log


@bash
@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"rules": "miou >= 0.7"}, 2, "SEG111"),
        ({"rules": ""}, 2, "there are no rules"),
        ({"rules": "miou_dataset >= 0.7", "name": "a b"}, 2, "--name is 'a b'"),
        ({"rules": "miou_dataset >= 0.7", "run": "none"}, 3, "none"),
        ({"rules": "miou_dataset drop <= 0.7", "baseline": "none"}, 4, "none"),
    ],
)
def test_what_cannot_be_judged(gate, place, inputs, code, said):
    """The code of the command, the verdict `error`, and a summary that says so."""
    found, outputs, log = gate(**inputs)
    assert (found, outputs["verdict"], outputs["miou-dataset"]) == (code, "error", "")
    assert said in log
    assert f"nothing was judged (exit code {code})" in (place / "summary").read_text()


@bash
@pytest.mark.parametrize(
    "printed", ['{"exit_code": 0, "verdict": "pass", "summary": {"miou_dataset": 1}}', '{"exit', ""]
)
def test_a_command_that_breaks_down(gate, place, printed):
    """Whatever it printed before is no verdict."""
    (place / "bin/segeval").write_text(f"#!/bin/sh\necho '{printed}'\nexit 70\n")
    code, outputs, _ = gate(rules="miou_dataset >= 0.7")
    assert (code, outputs["verdict"], outputs["miou-dataset"]) == (70, "error", "")


@pytest.mark.slow
@bash
@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["run", *DEFAULTS])
def test_hostile_inputs(gate, name, value):
    """Each is one argument of the command, and runs nothing."""
    usual = {"rules": "miou_dataset drop <= 0.5", "baseline": "a base"}
    code, outputs, log = gate(**{**usual, name.replace("-", "_"): value})
    usual_code = {"run": 3, "baseline": 4}.get(name, 2)  # the name "-x" is one
    assert code == (0 if (name, value) == ("name", "-x") else usual_code), log
    assert outputs["verdict"] == ("error" if code else "pass")


@bash
def test_what_is_installed(text, place):
    """The commit of the action itself, in an environment of its own, with nothing built but that."""
    _, script = step(text, "install")
    (place / "install.sh").write_text(script)
    inner = '#!/bin/sh\nprintf "%s\\n" "$@" > "' + str(place / "pip") + '"\n'
    (place / "inner").write_text(inner)
    (place / "inner").chmod(0o755)
    stub = place / "stub"
    note, copy = f'printf "%s\\n" "$@" > "{place}/venv"', f'mkdir "$4/bin" && cp "{place}/inner" "$4/bin/python"'
    stub.write_text(f"#!/bin/sh\n{note}\n{copy}\n")
    stub.chmod(0o755)
    code, outputs, log = shell(place, "install.sh", {"SOURCE": "/some where/segeval", "PYTHON": str(stub)})
    assert code == 0, log
    assert (place / "venv").read_text().splitlines()[:3] == ["-I", "-m", "venv"]
    assert (place / "pip").read_text().splitlines()[-3:] == ["--only-binary", ":all:", "/some where/segeval"]
    assert os.path.isfile(f"{outputs['bin']}/python")


def test_hooks_are_commands_with_their_arguments(root):
    """Each entry is a command of the program; the gate runs before a push, and no file names are handed over."""
    hooks = (root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8").split("- id: ")[1:]
    assert [hook.splitlines()[0] for hook in hooks] == ["segeval-gate", "segeval-check"]
    for hook in hooks:
        command = re.search(r"^  entry: segeval (\w+)$", hook, re.MULTILINE)[1]
        assert cli.get_command(click.Context(cli), command)
        assert "  language: python\n" in hook
        assert "  pass_filenames: false\n" in hook
        assert "  always_run: true\n" in hook
    assert "  stages: [pre-push, manual]\n" in hooks[0]
