"""What the project says of itself: extras, tasks, workflow."""

import ast
import re
import tomllib

import pytest


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported(root):
    """The first name of every import of the package, inside functions too."""
    found = set()
    for path in (root / "segeval").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found


def test_an_extra_is_imported_somewhere(root, project):
    """Whoever installs one gets something for it; what only developers need is in `dev` and `docs`."""
    modules = {"pillow": "PIL", "scikit-image": "skimage"}
    for extra, requirements in project["optional-dependencies"].items():
        names = {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}
        if extra not in ("dev", "docs"):
            assert {modules.get(name, name.replace("-", "_")) for name in names} <= imported(root), extra


def test_tasks_are_those_of_the_makefile(root):
    """What the pages and hooks call exists, and CONTRIBUTING knows every task."""
    targets = set(re.findall(r"^(\w+):$", (root / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {}
    for page in ("CONTRIBUTING.md", "RELEASING.md", ".pre-commit-config.yaml"):
        lines = re.findall(r"(?:`|entry: )make ([\w ]+)", (root / page).read_text(encoding="utf-8"))
        named[page] = {task for line in lines for task in line.split()}
    assert named["CONTRIBUTING.md"] == targets
    assert set.union(*named.values()) == targets


def test_the_scripts_that_pages_name_exist(root):
    for page in [*root.glob("*.md"), *root.glob("docs/**/*.md")]:
        for script in re.findall(r"scripts/\w+\.py", page.read_text(encoding="utf-8")):
            assert (root / script).is_file(), f"{page.name} names {script}"


def test_the_workflow(root, project):
    """The floor and the newest Python go through what is run by hand; other actions are pinned by their full hash."""
    text = (root / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    assert f'python: ["{project["requires-python"].removeprefix(">=")}", "3.x"]' in text
    assert re.findall(r"run: (.*)", text) == [".ci/run"]
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", used) for used in re.findall(r"uses: (.*)", text))
    assert "permissions: {}\n" in text


def test_the_task_of_all_tests_is_that_of_the_readme(root):
    """With the same settings."""
    (given,) = re.findall(r"\.venv/bin/pytest --quiet (.*)", (root / "README.md").read_text(encoding="utf-8"))
    assert f"\npytest {given}\n" in (root / "Makefile").read_text(encoding="utf-8").replace("\t", "")
