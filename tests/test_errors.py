"""Tests of the causes of errors, their codes and their endings."""

import ast
import re
from collections import Counter

import pytest

from segeval import errors
from segeval.errors import SegevalError, causes


def kinds():
    """Every class of error, bases included."""
    found, pending = [], [SegevalError]
    while pending:
        for kind in pending.pop().__subclasses__():
            if kind.__module__ == errors.__name__:
                found.append(kind)
                pending.append(kind)
    return found


CODED = [kind for kind in kinds() if kind.code]


def test_codes_stand_once():
    """Two causes never share a code."""
    assert [code for code, times in Counter(kind.code for kind in CODED).items() if times > 1] == []
    assert set(causes()) == {kind.code for kind in CODED}


def test_every_cause_that_is_no_base_has_a_code():
    """Only the bases are without a code."""
    assert {kind.__name__ for kind in kinds() if not kind.code} == {
        "UsageError",
        "InputError",
        "BaselineError",
        "Remark",
        "Doubt",
    }


@pytest.mark.parametrize("kind", CODED, ids=lambda kind: kind.code)
def test_a_cause_explains_itself(kind):
    """The docstring is its own: the cause in one line, then what to do."""
    assert re.fullmatch(r"SEG[1-9][0-9]{2}", kind.code)
    lines = [line for line in (kind.__dict__.get("__doc__") or "").splitlines() if line.strip()]
    assert len(lines) >= 2
    assert lines[0].endswith(".")


@pytest.mark.parametrize("kind", CODED, ids=lambda kind: kind.code)
def test_the_range_of_a_code_tells_the_ending(kind):
    """SEG1xx is use (2), SEG2xx input (3) or a remark (0), SEG3xx the baseline (4), SEG9xx ours (70)."""
    endings = {"1": {2}, "2": {0, 3}, "3": {4}, "9": {70}}
    assert kind.exit_code in endings[kind.code[3]]


def test_every_cause_is_used(root):
    """No code is explained that can never be seen."""
    used = set()
    for path in (root / "segeval").rglob("*.py"):
        if path.name != "errors.py":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            used |= {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_name(node.func)}
            used |= {argument.id for node in ast.walk(tree) if isinstance(node, ast.Call) for argument in _names(node)}
    assert sorted(kind.__name__ for kind in CODED if kind.__name__ not in used) == []


UNREACHABLE = {}  # the code of a cause that no user can meet, and why


def test_every_cause_is_met(root):
    """A test meets each code, by its text in what a program says or by its class in what a function raises.

    Pages that print every code, or explain one, meet none of them.
    """
    met = set()
    for path in (root / "tests").rglob("test_*.py"):
        if path.name not in ("test_errors.py", "test_help.py", "test_docs.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            met |= {code for text in _texts(tree) for code in re.findall("SEG[0-9]{3}", text)}
            met |= {node.id for node in ast.walk(tree) if _is_name(node)}
    unmet = {kind.code for kind in CODED if not {kind.code, kind.__name__} & met}
    assert unmet == set(UNREACHABLE)


def _texts(tree):
    """Every text in a module that is no docstring."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {node.body[0].value for node in ast.walk(tree) if isinstance(node, owners) and _begins_with_text(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in docstrings:
            if isinstance(node.value, str):
                yield node.value
            elif isinstance(node.value, bytes):
                yield node.value.decode("latin-1")


def _begins_with_text(node):
    return isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)


def _is_name(node):
    return isinstance(node, ast.Name)


def _names(call):
    """Names that are handed to a call: an error class may be a parameter."""
    return [argument for argument in call.args if _is_name(argument)]


def test_every_ending_is_described():
    """The exit codes that the program promises."""
    assert sorted(errors.EXIT_CODES) == [0, 1, 2, 3, 4, 70, 130, 141, 143]
    assert {kind.exit_code for kind in kinds()} <= set(errors.EXIT_CODES)
