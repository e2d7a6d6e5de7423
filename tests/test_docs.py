"""The docs say what the program prints, and the README's commands are where they are looked for."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest


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
    """Including the number that stands in its comment."""
    (code,) = re.findall(
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


def test_links_in_the_docs_lead_somewhere(root: Path) -> None:
    for page in [*root.glob("*.md"), *(root / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
