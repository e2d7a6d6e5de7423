"""A run read back is the run: the same bytes when it is written again, whatever was measured."""

import json
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from support import toy
from support.files import content
from test_fence import CLOSE, EXACT

import segeval
from segeval.cli.main import cli
from segeval.errors import UnreadableRun
from segeval.run import folder

CASES = EXACT + CLOSE


def pooled(place):
    """Images of one case counted together."""
    options = next(each for each in EXACT if each.__name__ == "counts")(place)
    return f"{options} --pool-by ([abc])_"


def toys(place):
    """A kind of evidence that nothing knows."""
    options = next(each for each in EXACT if each.__name__ == "counts")(place)
    return f"{options} --metrics iou,f_beta,toy -p toy_reach.step=4"


def scored(*options):
    """Score the folders of this place into `out`."""
    result = CliRunner().invoke(cli, ["score", "pred", "gt", *options, "-o", "out", "-j", "1"])
    assert result.exit_code == 0, result.output


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", [*CASES, pooled, toys], ids=lambda case: case.__name__)
def test_the_same_bytes(case, place):
    """Every file, the evidence too."""
    with toy.listed():
        scored(*case(place).split())
        run = segeval.Run.read("out")
        (place / "again").mkdir()
        folder.write(run, place / "again")
        assert content(place / "again") == content(place / "out")
        assert segeval.Run.read(place / "out" / "run.json").summary.keys() == run.summary.keys()


@pytest.mark.parametrize("case", [*CASES, pooled], ids=lambda case: case.__name__)
def test_parts_add_up(case, place):
    """Runs of single images, written and read, make the run of all of them, in any order."""
    scored(*case(place).split())
    whole = segeval.Run.read("out")
    parts = []
    for n in range(len(whole.records)):
        part = segeval.Run(whole.records[n : n + 1], whole.options)
        (place / str(n)).mkdir()
        folder.write(part, place / str(n))
        parts.append(segeval.Run.read(str(n)))
    again = sum(reversed(parts[1:]), parts[0])
    told, wanted = (json.loads(run.to_json()) for run in (again, whole))
    for document in (told, wanted):
        del document["inputs"], document["images"], document["complete"]
    assert told == wanted


def test_sum_begins_with_nothing(place):
    """Python's `sum` needs no start."""
    scored(*CASES[0](place).split())
    run = segeval.Run.read("out")
    assert sum([run]) is run
    with pytest.raises(TypeError):
        _ = 1 + run


def test_the_evidence_is_plain(place):
    """Any program opens it: stored arrays, without a clock."""
    scored(*CASES[0](place).split())
    with np.load("out/evidence.npz", allow_pickle=False) as arrays:
        assert int(arrays["counts/pixels"].sum()) == 4 * 13 + 7 * 9 + 10 * 6 + 17
    for member in zipfile.ZipFile("out/evidence.npz").infolist():
        assert (member.compress_type, member.date_time) == (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))


def rewritten(place, name, data):
    """Another content, with the check sum that fits it."""
    import hashlib

    document = json.loads((place / "out/run.json").read_text())
    (place / "out" / name).write_bytes(data)
    document["files"][name] = hashlib.sha256(data).hexdigest()
    (place / "out/run.json").write_text(json.dumps(document))


def altered(place, change):
    """The evidence with some arrays changed, and a check sum that fits it."""
    from segeval.io import archive

    arrays = archive.read((place / "out/evidence.npz").read_bytes())
    change(arrays)
    archive.write(place / "x.npz", arrays.items())
    rewritten(place, "evidence.npz", (place / "x.npz").read_bytes())


def moved(arrays):
    arrays["counts/pixels"] = np.roll(arrays["counts/pixels"], 1)


def negative(arrays):
    arrays["counts/cells"] = arrays["counts/cells"] * 0 + [-3, sum(arrays["counts/cells"]) + 3, 0, 0]


def lacking(arrays):
    del arrays["counts/truth"]


def fewer(arrays):
    arrays["counts/cells"] = arrays["counts/cells"][1:]


def words(arrays):
    arrays["records"] = np.frombuffer(b'{"format": 1, "ids": [["a"]]}', np.uint8)


def newer(arrays):
    arrays["records"] = np.frombuffer(b'{"format": 2}', np.uint8)


def older(arrays):
    """Of losses: sums by their names alone, as they were packed until their kinds stood beside."""
    about = json.loads(arrays["losses/about"].tobytes())
    for form in about["forms"]:
        form["sums"] = [key for key, _ in form["sums"]]
    arrays["losses/about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)


def test_evidence_of_another_version(place):
    """It is whole, and gate and compare go on without it: the fault says what it may be of."""
    (place / "pred").mkdir()
    (place / "gt").mkdir()
    np.save("pred/a.npy", np.full((2, 3, 4), 0.5, np.float32))
    np.save("gt/a.npy", np.eye(3, 4, dtype=np.uint8))
    scored("--num-classes", "2", "--losses", "focal")
    altered(place, older)
    with pytest.raises(UnreadableRun, match=r"run\.json is of another version of segeval, or altered: TypeError"):
        segeval.Run.read("out")
    assert CliRunner().invoke(cli, ["gate", "out", "-r", "loss.focal >= 0.01"]).exit_code == 0


def fractions(arrays):
    arrays["counts/truth"] = arrays["counts/truth"] + 0.5


@pytest.mark.parametrize("change", [moved, negative, lacking, fewer, words, newer, fractions])
def test_altered_evidence(place, change):
    """Also where somebody made the check sum fit."""
    scored(*CASES[0](place).split())
    altered(place, change)
    with pytest.raises(UnreadableRun, match=r"run\.json"):
        segeval.Run.read("out")


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"junk" * 100, b"PK\5\6" + bytes(18)], ids=["empty", "cut", "junk", "nothing"]
)
@pytest.mark.parametrize("fitting", [True, False])
def test_foreign_evidence(place, data, fitting):
    """Files that are no evidence at all."""
    scored(*CASES[0](place).split())
    if fitting:
        rewritten(place, "evidence.npz", data)
    else:
        (place / "out/evidence.npz").write_bytes(data)
    with pytest.raises(UnreadableRun):
        segeval.Run.read("out")


def test_every_cut(place):
    """A file that ends early, at many places, is told as one."""
    scored(*CASES[0](place).split())
    data = (place / "out/evidence.npz").read_bytes()
    for end in range(0, len(data), 97):
        rewritten(place, "evidence.npz", data[:end])
        with pytest.raises(UnreadableRun):
            segeval.Run.read("out")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "segeval-run/2"),
        ("images", {"paired": 4}),
        ("options", {}),
        ("notes", [{"id": "a_1", "code": "SEG999", "message": ""}]),
        ("notes", [{"id": "nobody", "code": "SEG256", "message": ""}]),
        ("fingerprint", "0" * 64),
        ("summary", {"miou_dataset": 0.99}),
        ("inputs", "x"),
        ("shards", {"of": 10**12, "parts": [1]}),
        ("shards", {"of": 3, "parts": [4]}),
    ],
)
def test_altered_documents(place, key, value):
    scored(*CASES[0](place).split())
    document = json.loads((place / "out/run.json").read_text())
    (place / "out/run.json").write_text(json.dumps(document | {key: value}))
    with pytest.raises(UnreadableRun):
        segeval.Run.read("out")


@pytest.mark.parametrize("name", ["evidence.npz", "run.json"])
def test_missing_files(place, name):
    """Without evidence, gate and compare go on; only what needs it says so."""
    scored(*CASES[0](place).split())
    (place / "out" / name).unlink()
    with pytest.raises(UnreadableRun, match=name.replace(".", r"\.")):
        segeval.Run.read("out")
    if name != "run.json":
        for command in (["gate", "out", "-r", "miou_dataset >= 0.1"], ["compare", "out", "out"]):
            assert CliRunner().invoke(cli, command).exit_code == 0
