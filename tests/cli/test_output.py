"""Tests of the output folder and of what goes to which stream."""

import csv
import errno
import hashlib
import io
import json
import os
import re
from collections import Counter

import numpy as np
import pytest

TABLES = ["images.csv", "records.csv", "confusion.csv", "confusion_long.csv", "confusion_images.csv"]
FILES = [*TABLES, "metrics.json", "evidence.npz"]
PAIRS = {
    "a": ([[0, 1, 1, 2]], [[0, 0, 1, 255]]),
    "b": ([[1, 1, 9]], [[1, 0, 1]]),
    "c": (None, [[0]]),
}
OPTIONS = ["--num-classes", "3", "--ignore", "255", "--missing", "worst"]


@pytest.fixture
def out(tmp_path, masks):
    """The place of the output folder, beside two folders of masks."""
    masks(**PAIRS)
    return tmp_path / "out"


def rows(path):
    """The rows of a CSV file as dictionaries."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_the_files(invoke, out):
    """run.json and its tables; their check sums stand in it; no temporary file is left."""
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out").exit_code == 0
    assert sorted(os.listdir(out)) == sorted([*FILES, "run.json"])
    document = json.loads((out / "run.json").read_text())
    assert document["files"] == {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}
    assert document["schema"] == "segeval-run/1"
    assert all((out / name).stat().st_mode & 0o777 == 0o666 & ~_umask() for name in FILES)


def test_metrics_json(invoke, out):
    """Names and numbers alone, sorted; by hand. Class 2 is on void alone, and undefined numbers are left out."""
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out").exit_code == 0
    text = (out / "metrics.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert list(found) == sorted(found)
    assert {type(value) for value in found.values()} == {float}
    assert {name: found[name] for name in found if name.startswith("iou/")} == {"iou/0": 1 / 4, "iou/1": 2 / 5}
    assert found["miou_dataset"] == (1 / 4 + 2 / 5) / 2
    assert text == json.dumps(found, indent=1) + "\n"


def test_records_csv(invoke, out):
    """One row for each image: its group by --group-by, the digest of its truth, its pixels."""
    result = invoke(
        "score", "pred", "truth", *OPTIONS, "--group-by", "[^b]|(b)", "--losses", "mean_squared_error", "-o", "out"
    )
    assert result.exit_code == 0, result.output
    found = rows(out / "records.csv")
    assert list(found[0]) == ["id", "group", "truth_sha256", "right", "pixels", "loss.mean_squared_error"]
    assert [(row["id"], row["group"], row["pixels"]) for row in found] == [
        ("a", "", "3"),
        ("b", "b", "3"),
        ("c", "", "1"),
    ]
    assert len({row["truth_sha256"] for row in found}) == 3
    assert [row["loss.mean_squared_error"] == "" for row in found] == [False, False, True]  # c has no prediction


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_images_csv(invoke, out):
    """One row for each image and class; counts by hand; undefined is empty."""
    invoke("score", "pred", "truth", *OPTIONS, "--metrics", "iou,f_beta", "--losses", "none", "-o", "out")
    head = "id,group,class_id,class,truth_pixels,pred_pixels,tp,fp,fn,iou,f_beta@2,tn"
    assert (out / "images.csv").read_text().splitlines() == [
        head,
        # F2 of class 0: 5·1 / (5·1 + 4·1 + 0) and of class 1: 5 / (5 + 0 + 1)
        f"a,,0,0,2,1,1,0,1,0.5,{5 / 9},1",
        f"a,,1,1,1,2,1,1,0,0.5,{5 / 6},1",
        "a,,2,2,0,0,0,0,0,,,3",
        "b,,0,0,1,0,0,0,1,0.0,0.0,2",
        f"b,,1,1,2,2,1,1,1,{1 / 3},0.5,0",
        "b,,2,2,0,0,0,0,0,,,3",
        "c,,0,0,1,0,0,0,1,0.0,0.0,0",
        "c,,1,1,0,0,0,0,0,,,1",
        "c,,2,2,0,0,0,0,0,,,1",
    ]


def test_confusion_csv(invoke, out):
    """The pooled matrix, and the cells of each image, agree with run.json and with the sums by hand."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    document = json.loads((out / "run.json").read_text())
    assert document["confusion"]["counts"] == [[1, 2, 0, 1], [0, 2, 0, 1], [0, 0, 0, 0]]
    assert (out / "confusion.csv").read_text().splitlines() == [
        "truth_id,0,1,2,other",
        "0,1,2,0,1",
        "1,0,2,0,1",
        "2,0,0,0,0",
    ]
    assert (out / "confusion_long.csv").read_text().splitlines() == [
        "actual,predicted,pixels,share",
        "0,0,1,0.25",
        "0,1,2,0.5",
        "0,other,1,0.25",
        f"1,1,2,{2 / 3!r}",
        f"1,other,1,{1 / 3!r}",
    ]
    assert [tuple(row.values()) for row in rows(out / "confusion_images.csv")] == [
        ("a", "0", "0", "1"),
        ("a", "0", "1", "1"),
        ("a", "1", "1", "1"),
        ("b", "0", "1", "1"),
        ("b", "1", "other", "1"),
        ("b", "1", "1", "1"),
        ("c", "0", "other", "1"),
    ]
    sums = Counter()
    for row in rows(out / "images.csv"):
        for key in ("truth_pixels", "pred_pixels", "tp", "fp", "fn"):
            sums[row["class_id"], key] += int(row[key])
    assert all(sums[str(c["id"]), key] == c[key] for c in document["classes"] for key in ("tp", "fp", "fn"))


def test_the_template_for_dvc_knows_the_table(invoke, out, root):
    """It reads columns that are there, and has the places that DVC fills."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    template = (root / "docs" / "dvc-confusion.json").read_text(encoding="utf-8")
    assert json.loads(template)["data"] == {"values": "<DVC_METRIC_DATA>"}
    columns = set((out / "confusion_long.csv").read_text().splitlines()[0].split(","))
    assert set(re.findall(r"toNumber\(datum\.(\w+)\)", template)) == {"share", "pixels"} < columns
    assert {"<DVC_METRIC_X>", "<DVC_METRIC_Y>", "<DVC_METRIC_TITLE>"} <= set(re.findall(r"<\w+>", template))


def test_the_same_run_replaces(invoke, out):
    """Again, with other talk and other workers: the same bytes, and no question asked."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    (out / "notes.txt").write_text("mine")
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out", "-j", "1", "--format", "md").exit_code == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before | {"notes.txt": b"mine"}


@pytest.mark.parametrize(
    "other",
    [
        ["--num-classes", "3", "--ignore", "255", "--missing", "skip"],
        ["--num-classes", "4", "--ignore", "255", "--missing", "worst"],
        [*OPTIONS, "--metrics", "dice"],
        [*OPTIONS, "--presence", "truth"],
    ],
)
def test_a_run_of_other_options_is_kept(invoke, out, other):
    """Refused before any work; --force replaces it."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    before = (out / "run.json").read_bytes()
    result = invoke("score", "pred", "truth", *other, "-o", "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "SEG107" in result.stderr
    assert "--force" in result.stderr
    assert (out / "run.json").read_bytes() == before
    assert invoke("score", "pred", "truth", *other, "-o", "out", "--force").exit_code == 0
    assert (out / "run.json").read_bytes() != before


@pytest.mark.parametrize("suffix", ["png", "npy"])
def test_a_run_of_other_inputs_is_kept(invoke, save, tmp_path, suffix):
    """The predictions of another model, of one name, size and type, are other inputs."""
    truth = np.array([[0, 1], [1, 1]], np.uint8)
    save(f"truth/a.{suffix}", truth)
    save(f"first/a.{suffix}", truth)
    save(f"second/a.{suffix}", 1 - truth)
    assert invoke("score", "first", "truth", "-o", "out").exit_code == 0
    before = (tmp_path / "out/run.json").read_bytes()
    assert invoke("score", "second", "truth", "-o", "out").exit_code == 2
    assert (tmp_path / "out/run.json").read_bytes() == before


def test_another_file_list_is_kept(invoke, out, masks):
    """One more image is another input."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    masks(d=([[1]], [[1]]))
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out").exit_code == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"schema": "segeval-run/1"}', "[" * 100_000, '"\xff"'])
def test_what_is_no_run_is_kept(invoke, out, content):
    """A run.json that is something else is not overwritten."""
    out.mkdir()
    (out / "run.json").write_text(content, encoding="latin-1")
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out").exit_code == 2
    assert (out / "run.json").read_text(encoding="latin-1") == content
    assert invoke("score", "pred", "truth", *OPTIONS, "-o", "out", "--force").exit_code == 0


def test_a_stray_table_is_kept(invoke, out):
    """A table of somebody else under our name is not overwritten."""
    out.mkdir()
    (out / "images.csv").write_text("mine")
    result = invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    assert (result.exit_code, (out / "images.csv").read_text()) == (2, "mine")


@pytest.mark.parametrize("place", ["pred", "truth", "truth/out", "truth/../pred/x/y", "link/out"])
def test_inputs_are_never_written_to(invoke, out, tmp_path, place):
    """An output folder inside or equal to an input folder is refused, and nothing is made there."""
    os.symlink("truth", tmp_path / "link")
    before = sorted(tmp_path.rglob("*"))
    result = invoke("score", "pred", "truth", *OPTIONS, "-o", place)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "inside the input folder" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/segeval"])
def test_an_output_folder_that_cannot_be(invoke, out, tmp_path, place):
    """A file in its place, or a place where nothing can be made."""
    (tmp_path / "file").write_text("mine")
    result = invoke("score", "pred", "truth", *OPTIONS, "-o", place)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "SEG107" in result.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_output(invoke, out, monkeypatch, failing):
    """70, the old files whole, and no temporary."""
    invoke("score", "pred", "truth", *OPTIONS, "-o", "out")
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    result = invoke("score", "pred", "truth", *OPTIONS, "--metrics", "dice", "-o", "out", "--force")
    assert result.exit_code == 70
    assert "SEG902" in result.stderr
    assert "No space left on device" in result.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_wrong_option_makes_no_folder(invoke, out):
    """Usage is checked before anything is made."""
    for wrong in (["-j", "0"], ["--metrics", "nope"], ["--threshold", "2"]):
        assert invoke("score", "pred", "truth", *wrong, "-o", "out").exit_code == 2
        assert not out.exists(), wrong


def test_json_on_stdout_is_run_json(invoke, out):
    """To the byte, with -o; without it the check sums are missing and nothing else."""
    result = invoke("score", "pred", "truth", *OPTIONS, "--format", "json", "-o", "out")
    assert result.stdout == (out / "run.json").read_text()
    alone = invoke("score", "pred", "truth", *OPTIONS, "--format", "json")
    document = json.loads(result.stdout)
    assert json.loads(alone.stdout) == document | {"files": {}}
    assert alone.stdout == json.dumps(json.loads(alone.stdout), sort_keys=True, indent=1, allow_nan=False) + "\n"
    assert str(out.parent) not in alone.stdout


def test_the_keys_of_run_json(invoke, masks):
    """The keys that users script against, and counts as whole numbers."""
    masks(a=([[0, 1]], [[0, 1]]))
    document = json.loads(invoke("score", "pred", "truth", "--format", "json").stdout)
    promised = {"schema", "segeval", "complete", "fingerprint", "files", "options", "images", "classes", "confusion"}
    assert promised | {"summary"} <= document.keys()
    assert {"paired", "scored", "failed", "missing", "extra"} == document["images"].keys()
    row = document["classes"][0]
    counts = ["id", "images", "truth_pixels", "pred_pixels", "tp", "fp", "fn", "tn"]
    assert all(type(row[key]) is int for key in counts)
    assert {"name", "iou", "dice", "precision", "recall", "specificity"} <= row.keys()
    miou = {f"m{name}_{over}" for name in ("iou", "dice") for over in ("dataset", "image", "class")}
    assert {"pixel_accuracy", "mean_accuracy", "fw_iou"} | miou <= document["summary"].keys()
    assert not {"output", "jobs", "force", "format"} & document["options"].keys()


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_talk_goes_to_stderr(invoke, out, form):
    """stdout holds the result, stderr the remarks; a document on stdout is not disturbed by the last line."""
    result = invoke("score", "pred", "truth", *OPTIONS, "--format", form)
    assert "SEG256" in result.stderr
    assert "SEG256" not in result.stdout or form == "json"
    assert ("3 images scored" in result.stderr) == (form in ("json", "csv"))


def test_no_command_writes_beside_its_output(invoke, out, tmp_path):
    """Without -o nothing is written anywhere."""
    before = sorted(tmp_path.rglob("*"))
    invoke("score", "pred", "truth", *OPTIONS)
    invoke("check", "pred", "truth", *OPTIONS[:4])
    assert sorted(tmp_path.rglob("*")) == before


def test_folder_in_place_of_a_file_of_the_run(run, masks, tmp_path):
    """Wrong use, also with --force; nothing is removed."""
    masks(a=([[0, 1]], [[0, 1]]))
    (tmp_path / "out" / "run.json").mkdir(parents=True)
    code, _, err = run("score", "pred", "truth", "-o", "out", "--force")
    assert (code, err.splitlines()[0].split()[1]) == (2, b"SEG107")
    assert (tmp_path / "out" / "run.json").is_dir()


def test_empty_name_of_a_folder(run, masks, tmp_path):
    """As from a variable that is not set: not the working directory."""
    masks(a=([[0, 1]], [[0, 1]]))
    code, _, err = run("score", "pred", "truth", "-o", "")
    assert (code, b"-o is empty" in err) == (2, True)
    assert not (tmp_path / "run.json").exists()
