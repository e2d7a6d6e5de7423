"""The docs say what the program prints, and the README's commands are where they are looked for."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image


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
    for page in [*root.glob("*.md"), *(root / "docs").glob("*.md")]:
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
