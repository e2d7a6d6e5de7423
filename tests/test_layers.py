"""Tests of which room knows which."""

import ast
from functools import cache

import pytest

# Every room knows only rooms that stand before it.
ROOMS = [
    *("errors", "text", "catalog", "patterns", "documents"),  # stones
    *("arrays", "parameters", "distance", "measures", "evidence", "metrics", "io", "data", "losses", "run", "evaluate"),
    *("gate", "weightmap", "overlay", "report", "study", "figures", "testing", "cli"),
]
PURE = {"arrays", "parameters", "measures", "distance", "evidence", "metrics"}
NO_FILES = {"click", "rich", "PIL", "tifffile", "imagecodecs"}
ONLY_IN = {
    "click": {"cli"},
    "rich": {"cli", "report"},
    "PIL": {"io"},
    "tifffile": {"io"},
    "imagecodecs": {"io"},
    "matplotlib": {"run", "figures"},
}
OPENERS = {"open", "fdopen", "read_text", "read_bytes", "write_text", "write_bytes", "touch", "mkdir"}
OPEN_FILES = ("io/", "cli/", "run/folder.py", "run/stored.py", "documents.py")


@cache
def modules(root):
    """(path below the package, room, syntax tree) of every module in a room."""
    package, found = root / "segeval", []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        room = relative.parts[0].removesuffix(".py")
        if room not in ("__init__", "__main__"):
            found.append((relative.as_posix(), room, ast.parse(path.read_text(encoding="utf-8"))))
    return found


def imported(tree):
    """The full names of what a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(tree):
    """The rooms of this package that a module imports from."""
    for name in imported(tree):
        parts = name.split(".")
        if parts[0] == "segeval" and len(parts) > 1 and parts[1] in ROOMS:
            yield parts[1]


def test_every_room_is_in_the_order(root):
    """A new room gets its place in the list."""
    assert {room for _, room, _ in modules(root)} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_knows_only_rooms_before_it(root, room):
    """The order of the rooms has no circle."""
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    wrong = {
        (path, other)
        for path, at, tree in modules(root)
        if at == room
        for other in rooms_of(tree)
        if other not in allowed
    }
    assert wrong == set()


def test_pure_rooms_know_no_files_and_no_terminal(root):
    """Evidence, metrics and statistics can be used without the rest of the world."""
    wrong = {
        (path, name)
        for path, room, tree in modules(root)
        if room in PURE
        for name in imported(tree)
        if name.split(".")[0] in NO_FILES or name.split(".")[:2] in (["segeval", "io"], ["segeval", "data"])
    }
    assert wrong == set()


def test_each_library_lives_in_its_room(root):
    """Decoders belong to io, the terminal to report and cli."""
    wrong = {
        (path, name)
        for path, room, tree in modules(root)
        for name in imported(tree)
        if room not in ONLY_IN.get(name.split(".")[0], {room})
    }
    assert wrong == set()


def test_only_some_rooms_open_files(root):
    """Masks are opened in io, tables and configuration in documents, a run's folder by its report."""
    wrong = set()
    for path, _, tree in modules(root):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and not path.startswith(OPEN_FILES):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called in OPENERS:
                    wrong.add((path, called))
    assert wrong == set()


def test_no_code_is_run_from_data(root):
    """No eval, exec, pickle or shell anywhere."""
    banned = {"eval", "exec", "compile_command", "system", "popen"}
    wrong = set()
    for path, _, tree in modules(root):
        wrong |= {(path, name) for name in imported(tree) if name.split(".")[0] in {"pickle", "subprocess", "marshal"}}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                wrong |= {(path, called)} if called in banned else set()
    assert wrong == set()
