"""The docs say what the program prints, and the README's commands are where they are looked for."""

import html
import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click import BadOptionUsage, ClickException, Context, MissingParameter
from click.exceptions import Exit
from pictures import PICTURES, overlays, terminal
from PIL import Image

from segeval.cli.main import cli

SHORT = MissingParameter, BadOptionUsage


@pytest.fixture(scope="module")
def docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs", Path(__file__).parent.parent / "scripts" / "docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs"] = module
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh(docs: ModuleType, root: Path) -> None:
    """Help texts, tables of metrics, formats, exit codes and errors, and the output shown in the README."""
    stale = [path for path, text in docs.pages().items() if (root / path).read_text(encoding="utf-8") != text]
    assert not stale, "run python scripts/docs.py"


def test_the_readme_begins_with_the_two_commands(root: Path) -> None:
    blocks = re.findall(
        r"^```(\w+)\n(.*?)^```", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert [kind for kind, _ in blocks[:2]] == ["sh", "sh"]
    assert "segeval score sample_data/pred sample_data/truth" in blocks[0][1]
    assert ".venv/bin/pytest" in blocks[1][1]


def test_the_readme_python_runs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Including the numbers that stand in comments."""
    code, borders, *_ = re.findall(
        r"^```python\n(.*?)^```", (root / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "sample_data").symlink_to(root / "sample_data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(code, names)
    assert (tmp_path / "run.json").is_file()
    shown = re.search(r'\["miou_dataset"\]\s+# ([0-9.]+)', code)
    assert shown is not None
    assert names["run"].summary["miou_dataset"] == pytest.approx(float(shown[1]), abs=1e-12)  # type: ignore[attr-defined]
    exec(borders, names)
    assert str(eval("metrics.hd(surface)", names)) == "[6.]"
    assert "# array([6.])" in borders


def test_links_in_the_docs_lead_somewhere(root: Path) -> None:
    for page in [*root.glob("*.md"), *root.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_example_of_the_gate_runs(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration of docs/gate.md, then its Python; the second run takes persons for buildings."""
    page = (root / "docs" / "gate.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"^```(toml|python)\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    (tmp_path / "segeval.toml").write_text(blocks["toml"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, spoilt in [("baseline", 0), ("out", 3)]:
        masks(tmp_path / name / "masks", spoilt)
        assert run(["score", f"{name}/masks/pred", f"{name}/masks/gt", "-o", name])[0] == 0
    code, said = run(["gate", "out", "--json"])
    rules = json.loads(said)["rules"]
    assert [(rule["id"], rule["verdict"]) for rule in rules] == [
        ("floor", "pass"),
        ("no class regresses", "fail"),
        ("release", "fail"),
        ("tail", "pass"),
        ("one city", "pass"),
    ]
    assert code == 1
    failed = [check["number"] for check in rules[1]["checks"] if check["verdict"] != "pass"]
    assert failed == ["iou[building]", "iou[person]"]
    names: dict[str, Any] = {}
    exec(blocks["python"], names)
    assert (names["verdict"].verdict, names["verdict"].exit_code) == ("fail", 1)


def masks(folder: Path, spoilt: int) -> None:
    """Stripes of four classes, in four images of each of ten cities; class 2 loses some of its 8 rows to class 1."""
    for side in ("pred", "gt"):
        (folder / side).mkdir(parents=True)
    for n in range(40):
        truth = np.repeat(np.arange(4, dtype=np.uint8), 8)[:, None] * np.ones(32 + n, np.uint8)
        pred = truth.copy()
        pred[15 : 16 + spoilt + n % 2] = 1
        name = f"{('ulm', 'berlin', *'abcdefgh')[n % 10]}_{n:06}"
        for side, array, end in (("pred", pred, ""), ("gt", truth, "_gt")):
            Image.fromarray(array).save(folder / side / f"{name}{end}.png")


def run(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it says on stdout."""
    done = subprocess.run([sys.executable, "-m", "segeval", *arguments], capture_output=True, encoding="utf-8")
    return done.returncode, done.stdout


def test_every_command_is_understood(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that begins with `segeval`: options exist and values are legal; in sentences some may be missing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(root / "sample_data")
    seen = 0
    for page in [root / "README.md", *root.glob("docs/**/*.md")]:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        whole = re.findall(r"^(?:\$ )?segeval (.*)", "\n".join(blocks), re.MULTILINE)
        parts = re.findall(r"(?<!`)`segeval ([a-z][^`\n]*)`", text)
        for line, accepted in [*((line, Exit) for line in whole), *((line, (Exit, *SHORT)) for line in parts)]:
            words = shlex.split(line.partition(" | ")[0].partition(" 2>")[0], comments=True)
            command = cli.get_command(Context(cli), words[0])
            if command is None or any(re.search(r"…|^[A-Z]+$", word) for word in words):
                continue  # a sentence about the program, or a pattern of commands
            seen += 1
            try:
                command.make_context(words[0], words[1:])
            except accepted:
                pass
            except ClickException as error:
                pytest.fail(f"{page.name}: segeval {line}: {error.format_message()}")
    assert seen > 60


def test_the_pictures_are_of_this_program(root: Path, tmp_path: Path) -> None:
    """What the terminal shows, word by word, and the pixels of masks and errors; the page is looked at by people."""
    kept = (PICTURES / "terminal.svg").read_text(encoding="utf-8")
    shown, now = ("".join(re.findall(r">([^<]+)</text>", text)) for text in (kept, terminal()))
    assert html.unescape(shown).split() == html.unescape(now).split(), "run python scripts/pictures.py"
    for name, picture in overlays(tmp_path).items():
        with Image.open(PICTURES / name) as old:
            assert np.array_equal(old.convert("RGBA"), picture.convert("RGBA")), "run python scripts/pictures.py"
