"""Tests of `segeval report` and `segeval score --report` as users run them."""

import re
import sys

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("jinja2", reason="the extra `report` is not installed")

GRID = np.arange(48).reshape(6, 8)


@pytest.fixture
def stored(invoke, save, tmp_path):
    """Two stored runs of eight pairs, and photographs of them."""
    random = np.random.default_rng(3)
    for n in range(8):
        truth = ((GRID + 3 * n) // 16).astype(np.uint8)
        save(f"truth/s{n % 2}_{n}.png", truth)
        for name, wrong in (("before", 0.1), ("now", 0.3)):
            save(f"{name}/s{n % 2}_{n}.png", np.where(random.random(truth.shape) < wrong, 0, truth).astype(np.uint8))
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.fromarray(np.full((12, 16, 3), 20 * n, np.uint8)).save(tmp_path / f"photos/s{n % 2}_{n}.jpg")
    for name in ("before", "now"):
        found = invoke("score", name, "truth", "--classes", "nothing,cat,dog,owl,bird", "-o", f"run-{name}")
        assert found.exit_code == 0, found.output
    return tmp_path


ALL = ["--baseline", "run-before", "--pred", "now", "--truth", "truth", "--images", "photos", "--resamples", "300"]


def test_the_page_beside_the_run(invoke, stored):
    """Without -o it lies beside run.json, and the last line says so; the same bytes each time."""
    found = invoke("report", "run-now", *ALL, "-r", "miou_dataset >= 0.99")
    assert (found.exit_code, found.stdout) == (0, "report: run-now/report.html\n")
    text = (stored / "run-now/report.html").read_text()
    assert text.count('class="card"') == 8
    assert text.count("data:image/jpeg") == 8
    assert 'class="verdict fail"' in text
    assert "false positive: truth is nothing, prediction is not" in text
    assert invoke("report", "run-now/run.json", *ALL, "-r", "miou_dataset >= 0.99", "-o", "x.html").exit_code == 0
    assert (stored / "x.html").read_text() == text


def test_without_masks_there_is_no_gallery(invoke, stored):
    """And without a baseline nothing that changed."""
    assert invoke("report", "run-now", "-o", "x.html").exit_code == 0
    assert re.findall(r'<section id="(\w+)"', (stored / "x.html").read_text()) == [
        *("summary", "confusion", "classes", "spread", "losses", "images", "notes", "provenance")
    ]


def test_score_writes_it_too(invoke, stored):
    """With the gallery, since it has the masks; the output on stdout stays as it is."""
    args = ["score", "now", "truth", "--num-classes", "5", "-r", "miou_dataset >= 0.01"]
    plain = invoke(*args)
    found = invoke(*args, "--report", "pages/x.html")
    assert (found.exit_code, found.stdout) == (0, plain.stdout)
    text = (stored / "pages/x.html").read_text()
    assert text.count('class="card"') == 8
    assert 'class="verdict pass"' in text


def test_score_lays_photographs_behind_the_masks(invoke, stored):
    """Found by a pattern; the page is then the one of `report`."""
    for path in (stored / "photos").iterdir():
        path.rename(path.with_name(f"{path.stem}_left.jpg"))
    classes = ["--classes", "nothing,cat,dog,owl,bird", "-o", "run"]
    photos = ["--images", "photos", "--images-pattern", "{id}_left.jpg"]
    assert invoke("score", "now", "truth", *classes, *photos, "--report", "x.html").exit_code == 0
    text = (stored / "x.html").read_text()
    assert text.count("data:image/jpeg") == 8
    assert invoke("report", "run", "--pred", "now", "--truth", "truth", *photos, "-o", "y.html").exit_code == 0
    assert (stored / "y.html").read_text() == text


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--images", "photos"], "--images, and no page to lay them in"),
        (["--report", "x.html", "--images-pattern", "x"], "--images-pattern without --images"),
        (
            ["--report", "x.html", "--images", "photos", "--images-pattern", "s{id}.jpg"],
            "8 photographs, as 0_0, and none",
        ),
    ],
)
def test_photographs_that_score_refuses(invoke, stored, args, said):
    """Before anything is scored."""
    found = invoke("score", "now", "truth", "--num-classes", "5", *args)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr


def test_shares_as_percentages(invoke, stored):
    """In both commands alike; of CSV alone they are refused."""
    args = ["now", "truth", "--classes", "nothing,cat,dog,owl,bird", "-o", "run", "--percent", "--report", "x.html"]
    found = invoke("score", *args)
    assert re.search(r"mIoU \d\d\.\d\d % \(miou_dataset\) · worst: \w+ \d\d\.\d\d %", found.stdout)
    assert invoke("report", "run", "--pred", "now", "--truth", "truth", "--percent", "-o", "y.html").exit_code == 0
    assert (stored / "x.html").read_text() == (stored / "y.html").read_text()
    found = invoke("score", "now", "truth", "--num-classes", "5", "--percent", "--format", "csv")
    assert found.exit_code == 2
    assert "--percent has no effect: it is of tables for people" in found.stderr


def test_the_baseline_is_read_once(invoke, stored, monkeypatch):
    """For its rules and its page together; so is the run."""
    from segeval.run import results

    read = []
    plain = results._read
    monkeypatch.setattr(results, "_read", lambda path, *rest: (read.append(str(path)), plain(path, *rest))[1])
    rules = ["-r", "miou_dataset drop <= 0.5", "--baseline", "run-before"]
    assert invoke("report", "run-now", *rules, "-o", "x.html").exit_code == 0
    assert sorted(read) == ["run-before/run.json", "run-now/run.json"]
    read.clear()
    assert invoke("score", "now", "truth", "--classes", "nothing,cat,dog,owl,bird", *rules, "--report", "y.html")
    assert read == ["run-before/run.json"]


def test_an_incomplete_run(invoke, stored):
    """The page says so, and the ending is 3."""
    (stored / "now/s0_0.png").write_bytes(b"")
    assert invoke("score", "now", "truth", "--num-classes", "5", "-o", "part", "--report", "x.html").exit_code == 3
    assert "INCOMPLETE: 7 images scored, 1 failed" in (stored / "x.html").read_text()
    assert invoke("report", "part", "-o", "y.html").exit_code == 3
    assert "Images that could not be scored" in (stored / "y.html").read_text()


def test_images_in_another_order(invoke, stored):
    """By the IoU of a class."""
    assert invoke("report", "run-now", "--by", "iou[cat]", "-o", "x.html").exit_code == 0
    assert "8 images, by iou[cat], the worst first" in (stored / "x.html").read_text()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--pred", "now"], 2, "--pred without --truth"),
        (["--truth", "truth"], 2, "--truth without --pred"),
        (["--images", "photos"], 2, "--images, and no masks"),
        (["--pred", "now", "--truth", "truth", "--images-pattern", "x"], 2, "--images-pattern without --images"),
        (["--cards", "-1"], 2, "--cards is -1"),
        (["--background", "road"], 2, "--background is 'road'"),
        (["--by", "miou_datset"], 2, "miou_dataset"),
        (["--by", "iou[*]"], 2, "iou[*] is not one number of each image"),
        (["-o", "run-now/run.json"], 2, "belongs to the input"),
        (["-o", "run-now/images.csv"], 2, "belongs to the input"),
        (["--pred", "now", "--truth", "truth", "-o", "now/x.html"], 2, "belongs to the input"),
        (["-o", "now"], 2, "is no file"),
        (["-r", "miou_dataset drop <= 0.1"], 4, "there is no baseline"),
        (["--baseline", "nowhere"], 4, "nowhere"),
        (["--pred", "nowhere", "--truth", "truth"], 3, "nowhere"),
        (["--pred", "now", "--truth", "truth", "--images", "nowhere"], 3, "nowhere"),
    ],
)
def test_what_is_refused(invoke, stored, args, code, said):
    """With the option's name, and nothing written."""
    found = invoke("report", "run-now", *args)
    assert (found.exit_code, found.stdout) == (code, "")
    assert said in found.stderr
    assert not (stored / "run-now/report.html").exists()


def test_without_the_extra(invoke, stored, monkeypatch):
    """One line says how to install it, before any work."""
    from segeval.report.html.page import environment

    environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    for args in (["report", "run-now"], ["score", "now", "truth", "--report", "x.html"]):
        found = invoke(*args)
        assert found.exit_code == 2
        assert "SEG116" in found.stderr
        assert "pip install 'segeval-masks[report]'" in found.stderr
        assert found.stdout == ""
    environment.cache_clear()


def test_volumes_show_a_slice(invoke, save, tmp_path):
    """The one with most errors."""
    truth = np.zeros((5, 6, 7), np.uint8)
    truth[2:4, 1:3] = 1
    pred = truth.copy()
    pred[3] = 0
    save("truth/v.npy", truth)
    save("pred/v.npy", pred)
    assert invoke("score", "pred", "truth", "--binary", "--report", "x.html").exit_code == 0
    assert "slice 3 of 5" in (tmp_path / "x.html").read_text()


def test_every_metric_beside_groups_of_classes(invoke, stored):
    """Groups of classes have the scores that their pixels tell, whatever else is asked for; the page has it all."""
    (stored / "classes.csv").write_text(
        "id,name,group\n0,nothing,none\n1,cat,pet\n2,dog,pet\n3,owl,bird\n4,robin,bird\n"
    )
    args = ["score", "now", "truth", "--classes", "classes.csv", "--metrics", "all", "--report", "x.html"]
    found = invoke(*args, "--format", "json")
    assert found.exit_code == 0, found.output
    text = (stored / "x.html").read_text()
    assert '<section id="more"' not in text  # of hard masks no section has a number
    assert "Groups of classes" in text


def test_cases_of_several_images(invoke, stored):
    """A case shows the picture of its image with most errors."""
    args = ["score", "now", "truth", "--num-classes", "5", "--pool-by", "^(?P<group>[^_]+)_", "--report", "x.html"]
    assert invoke(*args).exit_code == 0
    text = (stored / "x.html").read_text()
    assert text.count('class="card"') == 2
    assert "1 of 4 images" in text


def test_one_image(invoke, masks, tmp_path):
    """It is one image, and not `1 images`."""
    masks(x=([[0, 1]], [[1, 1]]))
    assert invoke("score", "pred", "truth", "--num-classes", "2", "-o", "run").exit_code == 0
    assert invoke("report", "run", "-o", "page.html").exit_code == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<p>1 image, by " in text
    assert "1 images" not in text
