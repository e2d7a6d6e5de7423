"""Runs that somebody edited: the gate and the comparison call them unreadable, and never crash on them."""

import hashlib
import json

import numpy as np
import pytest

from segeval.cli.main import cli

OPTIONS = ["--classes", "classes.csv", "--losses", "dice", "--ci", "--group-by", "^(.)", "--resamples", "100"]
RULES = ["-r", "miou_dataset >= 0.1", "-r", "iou[*] over images p05 >= 0.01", "-r", "loss.dice <= 0.9"]
DROPS = ["-r", "iou[*] drop <= 0.5", "-r", "loss.dice drop <= 0.5", "--resamples", "100"]


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A run with groups, losses and intervals, and its files."""
    from click.testing import CliRunner

    place = tmp_path_factory.mktemp("scored")
    random = np.random.RandomState(0)
    for side in ("pred", "truth"):
        (place / side).mkdir()
        for n in range(3):
            np.save(place / side / f"{n}.npy", random.randint(0, 3, (6, 6)).astype(np.uint8))
    (place / "classes.csv").write_text("id,name,group\n0,a,g\n1,b,g\n2,c,h\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert CliRunner().invoke(cli, ["score", "pred", "truth", *OPTIONS, "-o", "run"]).exit_code == 0
    return {path.name: path.read_text() for path in (place / "run").iterdir() if path.suffix in (".json", ".csv")}


@pytest.fixture
def endings(invoke, scored, tmp_path):
    """The exit codes of the commands that read runs, for a document and tables: alone, as baseline, compared."""

    def write(name, document, tables):
        (tmp_path / name).mkdir()
        sums = {table: hashlib.sha256(text.encode()).hexdigest() for table, text in tables.items()}
        (tmp_path / name / "run.json").write_text(
            document if isinstance(document, str) else json.dumps(document | {"files": sums})
        )
        for table, text in tables.items():
            (tmp_path / name / table).write_text(text)

    tables = {name: text for name, text in scored.items() if name.endswith(".csv")}

    def endings(document, tables):
        write("bad", document, tables)
        commands = [["gate", "bad", *RULES], ["gate", "run", *DROPS, "--baseline", "bad"]]
        commands += [["compare", "run", "bad", "--resamples", "100"]]
        commands += [["report", "bad", *DROPS, "-o", "page.html"], ["why", "bad", "--class", "1"]]
        commands += [["rank", "run", "bad", "--resamples", "100"]]
        results = [invoke(*command) for command in commands]
        for result in results:
            assert "SEG9" not in result.stderr, result.stderr
        return [result.exit_code for result in results[:3]]

    write("run", json.loads(scored["run.json"]), tables)
    return endings


def edited(document, path, value):
    *above, last = path
    place = document
    for step in above:
        place = place[step]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["images", "missing"], 3),
        (["images", "failed"], [3]),
        (["images", "scored"], "x"),
        (["summary", "miou_dataset"], [0.5]),
        (["fingerprint"], 5),
        (["complete"], 1),
        (["classes"], None),
        (["classes", 0, "group"], []),
        (["classes", 0, "id"], "x"),
        (["classes", 0, "tp"], {}),
        (["groups", 0, "ids"], "xy"),
        (["groups", 0], {"name": "g"}),
        (["evidence"], []),
        (["evidence"], ["x"]),
        (["evidence", 0], []),
        (["evidence"], ["counts"]),
        (["options"], []),
        (["options", "missing"], []),
        (["options", "metrics"], [[]]),
        (["losses", "dice", "value"], "x"),
        (["losses", "dice", "params"], 3),
        (["losses", "dice", "undefined"], None),
        (["losses", "dice", "images"], "x"),
        (["losses_left_out"], "x"),
        (["losses_left_out"], {"dice": 3}),
        (["summary"], {}),
        (["options", "missing"], 3),
        (["images", "extra"], None),
        (["images", "extra"], [3]),
        (["notes"], 3),
        (["notes"], [{"id": "a", "code": "SEG251"}]),
        (["notes"], [{"id": "a", "code": "SEG251", "message": "m", "hint": 3}]),
        (["undefined"], None),
        (["undefined"], {"miou_image": {"skipped": "x", "of": 1}}),
        (["classes", 0, "undefined"], []),
        (["classes", 0, "undefined"], {"iou": 3}),
        (["groups", 0, "undefined"], None),
        (["confusion"], {}),
        (["confusion", "truth_ids"], "x"),
        (["confusion", "truth_ids", 1], 7),
        (["confusion", "pred_ids", 0], {}),
        (["confusion", "counts", 1], []),
        (["confusion", "counts", 1], [1.5, 0, 0, 0]),
        (["confusion", "counts", 1, 0], -1),
        (["confusion", "counts", 1, 0], 1000),
        (["confusion", "counts", 1, 1], 1000),
    ],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, list) else None,
)
def test_a_document_with_something_else(endings, scored, path, value):
    tables = {name: text for name, text in scored.items() if name.endswith(".csv")}
    assert endings(edited(json.loads(scored["run.json"]), path, value), tables) == [3, 4, 3]


@pytest.mark.parametrize("kind", ["boundary", "instances", "surface"])
def test_evidence_without_the_kind_of_a_metric(invoke, tmp_path, kind):
    """Its metrics stay in the options, and the numbers of other kinds are what they were."""
    random = np.random.RandomState(0)
    for side in ("pred", "truth"):
        (tmp_path / side).mkdir()
        np.save(tmp_path / side / "a.npy", random.randint(0, 2, (6, 6)).astype(np.uint8))
    options = ["--binary", "--metrics", "overlap,surface", "--instances", "components"]
    assert invoke("score", "pred", "truth", *options, "-o", "run").exit_code == 0
    document = json.loads((tmp_path / "run" / "run.json").read_text())
    document["evidence"].remove(kind)
    (tmp_path / "run" / "run.json").write_text(json.dumps(document))
    for command in (["report", "run", "-o", "page.html"], ["gate", "run", "-r", "miou_dataset >= 0"]):
        result = invoke(*command)
        assert result.exit_code == 3
        assert "evidence lacks what" in result.stderr


@pytest.mark.parametrize("number", ["1e309", "-1e309", "NaN", "Infinity", "9" * 5000])
def test_a_number_that_is_none(endings, scored, number):
    """JSON has no infinity, and no number that reads as one."""
    document = edited(json.loads(scored["run.json"]), ["classes", 0, "iou"], "here")
    assert endings(json.dumps(document).replace('"here"', number), {}) == [3, 4, 3]


@pytest.mark.parametrize("cell", ["", "x", "nan", "inf", "1e309", "99999999999999999999"])
@pytest.mark.parametrize(("table", "column"), [("records.csv", 3), ("images.csv", 6), ("confusion_images.csv", 3)])
def test_a_cell_that_is_no_count(endings, scored, table, column, cell):
    """Beyond 64 bits too; the check sums are right."""
    tables = {name: text for name, text in scored.items() if name.endswith(".csv")}
    head, first, *rest = tables[table].splitlines()
    cells = first.split(",")
    cells[column] = cell
    tables[table] = "\n".join([head, ",".join(cells), *rest]) + "\n"
    found = endings(json.loads(scored["run.json"]), tables)
    assert set(found) <= {0, 3, 4}
    assert 3 in found or 4 in found


@pytest.mark.parametrize("content", ["", "id\n", "id,id\n1\n", '"""', "\0,\n", "x" * 200_000])
@pytest.mark.parametrize("table", ["records.csv", "images.csv", "confusion_images.csv"])
def test_a_table_that_is_none(endings, scored, table, content):
    tables = {name: text for name, text in scored.items() if name.endswith(".csv")}
    found = endings(json.loads(scored["run.json"]), tables | {table: content})
    assert set(found) <= {0, 3, 4}
    assert 3 in found
