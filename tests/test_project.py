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
    """Whoever installs one gets something for it; what only developers need is in `dev`."""
    modules = {"pillow": "PIL"}
    for extra, requirements in project["optional-dependencies"].items():
        names = {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}
        if extra != "dev":
            assert {modules.get(name, name.replace("-", "_")) for name in names} <= imported(root), extra
