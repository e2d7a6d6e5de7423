"""Tests of the configuration file."""

import json
import os

import pytest

from segeval.cli import config
from segeval.cli.main import cli


@pytest.fixture
def options(invoke, masks, tmp_path):
    """Write configuration files and score; gives the recorded options, or the message of the error."""
    masks(a=([[0, 1]], [[0, 1]]))

    def options(*args, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_toml", ".toml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = invoke("score", "pred", "truth", "--format", "json", *args)
        if result.exit_code == 2:
            assert result.stdout == ""
            return result.stderr
        assert result.exit_code == 0, result.stderr
        options.said = result.stderr
        return json.loads(result.stdout)["options"]

    return options


def test_values_become_options(options):
    """Keys are the long options."""
    found = options(
        segeval_toml="""
        version = 1
        [data]
        num_classes = 3
        ignore = [255, 254]
        threshold = 0.25
        missing = "skip"
        presence = "truth"
        metrics = "iou,f_beta"
        beta = 3
        gt_pattern = "{id}.png"
        """
    )
    assert len(found["classes"]) == 3
    assert found["ignore"] == [254, 255]
    assert (found["threshold"], found["missing"], found["presence"]) == (0.25, "skip", "truth")
    assert (found["metrics"], found["beta"], found["gt_pattern"]) == (["iou", "f_beta"], 3, "{id}.png")


def test_one_value_of_a_repeatable_option(options):
    """`ignore = 255` is a list of one."""
    assert options(segeval_toml="[data]\nignore = 255\n")["ignore"] == [255]


def test_a_list_of_names(options):
    """Class names as a list."""
    classes = options(segeval_toml='[data]\nclasses = ["road", "café"]\n')["classes"]
    assert [name for _, name, _ in classes] == ["road", "café"]


def test_flags_win(options):
    """What the command line says counts."""
    text = '[data]\nbeta = 3.0\nmissing = "skip"\nbinary = true\n'
    found = options("--beta", "4", segeval_toml=text)
    assert (found["beta"], found["missing"], found["binary"]) == (4, "skip", True)


def test_pyproject(options):
    """The table `tool.segeval`, beside others; a pyproject.toml without it is not ours."""
    assert options(pyproject_toml="[project]\nname = 'x'\n[tool.segeval.data]\nbeta = 5.0\n")["beta"] == 5
    assert options(pyproject_toml="[project]\nname = 'x'\n[tool.other]\nbeta = 5.0\n")["beta"] == 2


def test_segeval_toml_goes_before_pyproject(options):
    """In one folder."""
    found = options(segeval_toml="[data]\nbeta = 3.0\n", pyproject_toml="[tool.segeval.data]\nbeta = 5.0\n")
    assert found["beta"] == 3


@pytest.fixture
def below(invoke, masks, tmp_path, monkeypatch):
    """Score from a folder two levels below; gives the recorded beta."""
    masks(a=([[0, 1]], [[0, 1]]))
    place = tmp_path / "one/two"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)

    def beta():
        result = invoke("score", "../../pred", "../../truth", "--format", "json")
        return json.loads(result.stdout)["options"]["beta"]

    return beta


def test_the_nearest_one_upward(below, tmp_path):
    """The first file upward counts; it is not merged with others."""
    (tmp_path / "segeval.toml").write_text("[data]\nbeta = 3.0\n")
    assert below() == 3
    (tmp_path / "one/pyproject.toml").write_text("[tool.segeval.data]\nbeta = 5.0\n")
    assert below() == 5
    (tmp_path / "one/two/segeval.toml").write_text("[data]\n")
    assert below() == 2


@pytest.mark.parametrize("git", ["folder", "file"])
def test_not_past_the_repository(below, tmp_path, git):
    """The root of the repository is the last place, and is one."""
    (tmp_path / "segeval.toml").write_text("[data]\nbeta = 3.0\n")
    mark = tmp_path / "one/.git"
    _ = mark.mkdir() if git == "folder" else mark.touch()
    assert below() == 2
    (tmp_path / "one/segeval.toml").write_text("[data]\nbeta = 5.0\n")
    assert below() == 5


def test_not_past_home(below, tmp_path, monkeypatch):
    """Home is the last place, too."""
    (tmp_path / "segeval.toml").write_text("[data]\nbeta = 3.0\n")
    monkeypatch.setenv("HOME", str(tmp_path / "one"))
    assert below() == 2


def test_config_and_isolated(options):
    """--config names one instead of the nearest; --isolated reads none, in any order."""
    files = {"segeval_toml": "[data]\nbeta = 3.0\n", "sub__my_toml": "[data]\nbeta = 5.0\n"}
    assert options(**files)["beta"] == 3
    assert options("--config", "sub/my.toml")["beta"] == 5
    assert options("--isolated")["beta"] == 2
    assert options("--isolated", "--config", "sub/my.toml")["beta"] == 2
    assert options("--config", "sub/my.toml", "--isolated")["beta"] == 2
    assert "SEG103 nowhere.toml: No such file" in options("--config", "nowhere.toml")


@pytest.mark.parametrize("key", ["classes", "colors"])
def test_a_class_file_lies_beside_its_configuration(options, tmp_path, key):
    """Its path is relative to the configuration, wherever the command runs."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/my.csv").write_text("id,name,color\n0,road,#000000\n1,sky,#ffffff\n")
    found = options("--config", "sub/s.toml", sub__s_toml=f'[data]\n{key} = "my.csv"\n')
    assert [name for _, name, _ in found["classes"]] == ["road", "sky"]


@pytest.mark.parametrize("text", [b"\xef\xbb\xbf[data]\nbeta = 3.0\n", b"[data]\r\nbeta = 3.0\r\n"])
def test_byte_order_mark_and_crlf(options, text):
    """What Windows editors write is fine."""
    assert options(segeval_toml=text)["beta"] == 3


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[data]\n\n  treshold = 1\n", ":3:3:", "did you mean 'threshold'?"),
        ("[data]\nnum_classes = 'x'\n", ":2:1:", "'num_classes' is 'x'"),
        ("[data]\nnum_classes = 2.0\n", ":2:1:", "wanted: int"),
        ("[data]\nnum_classes = true\n", ":2:1:", "wanted: int"),
        ("[data]\nbinary = 1\n", ":2:1:", "wanted: bool"),
        ("[data]\nbinary = 'no'\n", ":2:1:", "wanted: bool"),
        ("[data]\nignore = [255, true]\n", ":2:1:", "'ignore' is True"),
        ("[data]\nclasses = [1, 2]\n", ":2:1:", "wanted: str"),
        ("[data]\nbeta = nan\n", ":2:1:", "wanted: a finite number"),
        ("[data]\nbeta = inf\n", ":2:1:", "wanted: a finite number"),
        ("[data]\nmissing = 'maybe'\n", ":2:1:", "wanted: one of error, worst, skip"),
        ("[data]\nmetrics = []\n", ":2:1:", "wanted: str"),
        ("[data]\nbeta = {x = 1}\n", ":2:1:", "'beta' is"),
        ("[dta]\nbeta = 1\n", ":1:1:", "did you mean 'data'?"),
        ("beta = 1\n", ":1:1:", "unknown key 'beta'"),
        ("data = 1\n", ":1:1:", "not a table"),
        ("\nversion = 2\n", ":2:1:", "version 2"),
        ("[data]\nbeta = 1\nbeta = 2\n", "", "line 3"),
        ("[data]\nbeta =\n", "", "line 2"),
        ("x = " + "[" * 5000, "", "nested too deeply"),
        ("[data]\nbeta = " + "9" * 5000 + "\n", "", "not valid TOML"),
        (b"[data]\nbeta = '\xff'\n", "", "is not UTF-8 text"),
    ],
)
def test_what_cannot_be_used(options, text, place, said):
    """2, with file, line and column, and what was wanted."""
    message = options(segeval_toml=text)
    assert message.startswith("Error: SEG103 ")
    assert f"segeval.toml{place}" in message
    assert said in message


def test_a_table_that_is_no_table(options):
    """Also in pyproject.toml."""
    assert "SEG103" in options("--config", "pyproject.toml", pyproject_toml="[tool]\nsegeval = 5\n")
    assert "SEG103" in options("--config", "pyproject.toml", pyproject_toml="tool = 5\n")


def test_the_line_is_ours(options):
    """In pyproject.toml a key of another table is not where the fault is."""
    message = options(pyproject_toml="[project]\nversion = '1'\n\n[tool.segeval]\nversion = 2\n")
    assert "pyproject.toml:5:1: version 2" in message


def test_a_longer_table_name_is_not_ours(options, below, tmp_path):
    """`tool.segeval-extra` belongs to somebody else and hides nothing."""
    (tmp_path / "segeval.toml").write_text("[data]\nbeta = 3.0\n")
    (tmp_path / "one/pyproject.toml").write_text("[tool.segeval-extra]\nx = 1\n")
    assert below() == 3


@pytest.mark.parametrize(("key", "value"), [("format", '"csv"'), ("num_classes", "3"), ("confusion", '"raw"')])
def test_keys_are_the_long_options(invoke, masks, tmp_path, key, value):
    """Also where the program calls the value something else inside."""
    masks(a=([[0, 1]], [[0, 1]]))
    (tmp_path / "segeval.toml").write_text(f"[data]\n{key} = {value}\n")
    plain = invoke("score", "pred", "truth", "--isolated")
    result = invoke("score", "pred", "truth")
    assert (plain.exit_code, result.exit_code) == (0, 0), result.stderr
    assert result.stdout != plain.stdout


def test_one_file_serves_every_command(invoke, masks, tmp_path):
    """What `score` reads from it does not disturb `check`."""
    masks(a=([[0, 1]], [[0, 1]]))
    (tmp_path / "segeval.toml").write_text('[data]\nnum_classes = 2\nmetrics = "iou"\nseed = 3\n')
    assert invoke("score", "pred", "truth").exit_code == 0
    assert invoke("check", "pred", "truth").exit_code == 0


def test_a_folder_that_was_removed_has_no_configuration(run, tmp_path):
    """The rest works, where paths are whole. (NumPy itself cannot be imported there by some versions.)"""
    patch = "import os, numpy; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')"
    code, _, err = run("score", tmp_path / "a", tmp_path / "b", patch=patch)
    assert (code, err.split()[1]) == (3, b"SEG240")


def test_no_home(run, tmp_path):
    """As for a user id without an account in a container."""
    patch = "import pathlib; pathlib.Path.home = classmethod(lambda cls: 1 / 0)"
    code, _, err = run("score", "a", "b", patch=patch)
    assert (code, err.split()[1]) == (3, b"SEG240")


TRUSTED = {  # what writes, overwrites, moves a baseline or leaves its folder
    *(
        "output",
        "force",
        "resume",
        "maps",
        "masks_out",
        "junit",
        "markdown",
        "openmetrics",
        "report",
        "follow_symlinks",
    ),
    *("update_baseline", "allow_ci", "ratchet"),
}


def every_option():
    for name in cli.list_commands(None):
        for param in cli.get_command(None, name).params:
            yield max(param.opts, key=len).lstrip("-").replace("-", "_"), param


def test_what_only_the_user_may_say():
    """In every command that has it."""
    assert {key for key, option in every_option() if getattr(option, "trusted", False)} == TRUSTED
    assert {key for key, option in every_option() if not getattr(option, "trusted", False)}.isdisjoint(TRUSTED)


@pytest.mark.parametrize("key", sorted(TRUSTED))
@pytest.mark.parametrize("value", ["true", '"out"'])
def test_a_file_that_was_merely_found_cannot_write(options, tmp_path, key, value):
    """Whatever the command: the key is named, and the way out; nothing is read or written."""
    text = f"[data]\nbeta = 3.0\n[gate]\n{key} = {value}\n"
    before = sorted(tmp_path.rglob("*"))
    message = options(segeval_toml=text)
    path = tmp_path / "segeval.toml"
    assert message.startswith(f"Error: SEG103 {path}:4:1: '{key}' is not taken")
    assert f"--config {path}" in message
    assert sorted(tmp_path.rglob("*")) == sorted([*before, path])


def test_a_file_that_was_given_can_write(invoke, masks, tmp_path):
    """Whoever names it answers for it."""
    masks(a=([[0, 1]], [[0, 1]]))
    (tmp_path / "segeval.toml").write_text('[data]\noutput = "out"\n')
    assert invoke("score", "pred", "truth", "--config", "segeval.toml").exit_code == 0
    assert (tmp_path / "out/run.json").exists()


def test_a_file_that_was_found_is_named(options, tmp_path):
    """On stderr, before the results; one that was given is known already. No run depends on its name."""
    text = "[data]\nbeta = 3.0\n"
    found = options(segeval_toml=text)
    assert options.said.startswith(f"options from {tmp_path / 'segeval.toml'}\n")
    assert str(tmp_path) not in json.dumps(found)
    for args in (["--isolated"], ["--config", "segeval.toml"]):
        options(*args)
        assert "options from" not in options.said


@pytest.mark.parametrize("name", ["segeval.toml", "pyproject.toml"])
def test_a_file_of_another_user(options, below, tmp_path, monkeypatch, name):
    """Is not read, and not passed over in silence either; nor is anything above a folder of another user."""
    monkeypatch.setattr(config, "_us", lambda folder: {os.getuid() + 1})
    text = "[tool.segeval.data]\nbeta = 3.0\n" if name == "pyproject.toml" else "[data]\nbeta = 3.0\n"
    (tmp_path / "one" / name).write_text(text)
    assert below() == 2
    path = tmp_path / "one/two" / name
    path.write_text(text)
    message = options()
    assert message.startswith(f"Error: SEG103 {path} belongs to another user")
    assert f"--config {path}" in message


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
def test_who_we_are(below, options, tmp_path):
    """Who runs the program, and the owner of the working directory: a mounted folder, in a container."""
    (tmp_path / "one/segeval.toml").write_text("[data]\nbeta = 3.0\n")
    os.chown(tmp_path / "one/two", 4711, -1)
    assert below() == 3
    os.chown(tmp_path / "one/segeval.toml", 4711, -1)
    assert below() == 3
    os.chown(tmp_path / "one/segeval.toml", 4712, -1)
    assert "belongs to another user" in options()


def test_home_may_be_a_link(below, tmp_path, monkeypatch):
    (tmp_path / "segeval.toml").write_text("[data]\nbeta = 3.0\n")
    (tmp_path / "link").symlink_to(tmp_path / "one")
    monkeypatch.setenv("HOME", str(tmp_path / "link"))
    assert below() == 2


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def huge(path):
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("kind", [pipe, endless, huge])
def test_what_would_never_end(options, below, tmp_path, kind):
    """Neither waits nor fills the memory."""
    kind(tmp_path / "one/two/pyproject.toml")
    assert below() == 2
    kind(tmp_path / "one/two/segeval.toml")
    assert options().startswith(f"Error: SEG103 {tmp_path}/one/two/segeval.toml")
    assert options("--config", "pyproject.toml").startswith("Error: SEG103 pyproject.toml")


def test_long_lines_take_no_time(options):
    """A fault in a line of a million blanks is found as fast as any other."""
    assert "unknown key 'x'" in options(segeval_toml="[data]\n" + " " * 1_000_000 + "x = 1\n")
