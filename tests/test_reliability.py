"""Every promise of the README stands in docs/reliability.md, with tests that exist."""

import ast
import re


def promises(root):
    """The list below the README's heading, each as one line."""
    _, _, rest = (root / "README.md").read_text(encoding="utf-8").partition("\n## Promises\n")
    text, _, _ = rest.partition("\n## ")
    return [" ".join(item.split()) for item in re.findall(r"^- (.+(?:\n  .+)*)", text, re.MULTILINE)]


def parts(root):
    """The tests that the page names below each heading."""
    _, *found = re.split(r"^## ", (root / "docs/reliability.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.partition("\n")[0]: re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", part) for part in found}


def test_every_promise_has_its_tests(root):
    assert len(promises(root)) > 4
    named = parts(root)
    assert [promise for promise in promises(root) if not named.get(promise)] == []


def test_every_test_that_is_named_exists(root):
    known = {}
    for path, name in {each for tests in parts(root).values() for each in tests}:
        if path not in known:
            tree = ast.parse((root / path).read_text(encoding="utf-8"))
            known[path] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert name in known[path], f"{path} has no {name}"
