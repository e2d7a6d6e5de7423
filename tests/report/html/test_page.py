"""Tests of the HTML page: that it is whole, holds still, says what the run says, and lets nobody in."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from support.models import model
from support.verdicts import ATTACKS, renamed, verdict

from segeval.evaluate.api import score
from segeval.gate.compare import compare
from segeval.gate.rank import rank
from segeval.report.diagrams import drawn
from segeval.report.html import gallery
from segeval.report.html.gallery import picks
from segeval.run.bootstrap import Draws
from segeval.run.cells import Cells
from segeval.run.folder import write
from segeval.run.results import Results

pytest.importorskip("jinja2", reason="the extra `report` is not installed")

from segeval.report.html.leaderboard import page as leaderboard
from segeval.report.html.page import Shown, page
from segeval.report.html.views import changes, largest, spearman

FEW = Draws(resamples=200)


class Tags(HTMLParser):
    """The elements of a page with their attributes' names, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(sorted(name for name, _ in attrs))))
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_data(self, data):
        self.texts.append(data)


def shown(**options):
    now, before = model(wrong=0.4, seed=2), model()
    found = compare([before, now], (), FEW).document()
    return Shown(now, before, verdict()[0], found, None, FEW, **options)


@pytest.fixture(scope="module")
def text():
    return page(shown())


def test_the_order_of_the_page(text):
    """The verdict first, then what changed, and where all comes from last."""
    sections = re.findall(r'<section id="(\w+)"', text)
    assert sections == ["summary", "changes", "confusion", "classes", "spread", "images", "notes", "provenance"]
    assert text.index('class="verdict fail"') < text.index('class="tiles"')


def test_the_same_bytes_each_time(text):
    assert page(shown()) == text


def test_every_number_of_a_class_is_there(text):
    """As the run has it, with four digits."""
    for row in model(wrong=0.4, seed=2).classes[:3]:
        for name in ("iou", "dice"):
            assert f">{row[name]:.4f}" in text


def test_the_policy_lets_only_this_page_in(text):
    """The hashes are those of the one style and the one script; nothing is fetched, nothing is inline."""
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    style, script = (
        re.search(r"<style>(.*?)</style>", text, re.S)[1],
        re.search(r"<script>(.*?)</script>", text, re.S)[1],
    )
    hashes = [base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (style, script)]
    assert policy.replace("&#39;", "'") == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    names = {name for _, attributes in Tags(text).elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    assert not re.search(r"(?:src|href)=\"(?!#|data:image/)", text)
    assert "http" not in script + style


@pytest.mark.parametrize("attack", [*ATTACKS, "</script><script>alert(1)</script>", "{{ 7 * 7 }}", "' onload='x"])
def test_hostile_names_stay_text(attack):
    """The page of a hostile class has the elements and attributes of a harmless one of the same length."""

    def elements(name):
        now = renamed(model(wrong=0.4, seed=2), name)
        before = renamed(model(), name)
        of = Shown(now, before, None, compare([before, now], (), FEW).document(), None, FEW, title=name)
        return Tags(page(of)).elements

    assert elements(attack) == elements("h" * len(attack))


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_names_stay_text_in_a_leaderboard(attack):
    """Names of runs come from folders, and from --names."""

    def elements(name):
        return Tags(
            leaderboard(rank([model(), model(0.4)], ["iou[*]"], FEW, names=[name, "b"]).document(), name)
        ).elements

    assert elements(attack) == elements("h" * len(attack))


def test_ids_are_unique_and_charts_have_titles(text):
    """Every picture that is read aloud has a title and a description; others are hidden."""
    ids = Tags(text).ids
    assert len(ids) == len(set(ids))
    for attributes, content in re.findall(r"<svg([^>]*)>(.*?)</svg>", text, re.S):
        if 'role="img"' in attributes:
            assert "<title" in content
            assert "<desc" in content
        else:
            assert 'aria-hidden="true"' in attributes


def test_cells_lead_to_images():
    """Behind each cell that is wrong its images, those with most pixels first; by hand."""
    base = model()
    columns = [[0, 1, 1, 2], [0, 0, 0, 2], [1, 1, 0, -1], [5, 7, 9, 3]]
    cells = Cells(("x", "</script>", "z"), *(np.array(each, np.int64) for each in columns))
    results = Results(base.name, base.document, base.load, load_cells=lambda: cells)
    text = page(Shown(results, draws=FEW))
    data = re.search(r'id="behind-data">(.*?)</script>', text, re.S)[1]
    assert json.loads(data) == {"0,1": [["</script>", 7], ["x", 5]], "2,-1": [["z", 3]]}
    assert "<" not in data


def test_largest_confusions():
    """Sorted by pixels, with the share of the true class; by hand."""
    document = {
        "classes": [{"id": 3, "name": "a"}, {"id": 5, "name": "b"}],
        "confusion": {"truth_ids": [3, 5], "pred_ids": [3, 5, "other"], "counts": [[6, 2, 0], [5, 90, 5]]},
    }
    cells = Cells(("x", "y"), *(np.array(each, np.int64) for each in ([0, 1, 1], [5, 5, 5], [3, 3, -1], [2, 3, 5])))
    assert largest(document, cells).rows == [
        [1, "b", "a", 5, 0.05, "y"],
        [2, "b", "no class", 5, 0.05, "y"],
        [3, "a", "b", 2, 0.25, ""],
    ]


def sure(classes=3, images=4, **options):
    """A run of probabilities, that has curves and calibration; class 1 is nowhere true."""
    random = np.random.default_rng(7)
    pred = [random.dirichlet(np.ones(classes), (5, 6)).transpose(2, 0, 1) for _ in range(images)]
    truth = [np.where(each == 1, 0, each) for each in random.integers(0, classes, (images, 5, 6))]
    return score(pred, truth, num_classes=classes, metrics=["iou", "curves", "calibration"], **options)


def test_shares_as_percentages(text):
    """Tiles, classes, changes, images and quantiles; the numbers are those of the page without."""
    percent = page(shown(percent=True))
    run = model(wrong=0.4, seed=2)
    for value in (run.document["summary"]["miou_dataset"], run.classes[0]["iou"], run.classes[1]["dice"]):
        assert f">{value:.4f}" in text
        assert f"{value:.4f}" not in percent
        assert f">{100 * value:.2f} %" in percent

    def numbers(page, section):
        part = re.search(rf'<section id="{section}".*?</section>', page, re.S)[0]
        return [each.replace("−", "-") for each in re.findall(r'<td(?: class="n")?>([-+−\d.]+)(?: %)?[ <]', part)]

    for section in ("changes", "images", "classes"):
        plain, changed = numbers(text, section), numbers(percent, section)
        assert len(plain) == len(changed) > 20
        for before, after in zip(plain, changed, strict=True):
            assert before == after or float(after) == pytest.approx(100 * float(before), abs=0.006)
    moved, confused = (
        percent.split(f"<caption>{title}")[1].split("</table>")[0] for title in ("Images that", "largest conf")
    )
    assert moved.count(" %</td>") == 2 * moved.count('<th scope="row">') > 0
    assert confused.count(" %</td>") == confused.count("<tr>") - 1 > 0
    assert "The axis goes to ±0." in text
    assert re.search(r"The axis goes to ±\d+\.\d\d %", percent)


def test_only_what_shares_a_scale_is_drawn_beside_each_other():
    """A change of a distance does not press those of scores to the middle."""
    found = compare([model(), model(wrong=0.4, seed=2)], (), FEW).document()
    far = {**found["numbers"][0], "number": "hd[road]", "better": "lower"}
    far["differences"] = [{**far["differences"][0], "difference": 100.0, "low": 90.0, "high": 110.0}]
    found["numbers"] = [*found["numbers"], far]
    run = model(wrong=0.4, seed=2, metrics=["iou", "hd"])
    data = changes(Shown(run, model(), None, found, None, FEW))
    assert data["reach"] < 1
    assert "hd[road]" not in data["drawn"]
    assert "hd[road]" in [row["number"] for row in data["rows"]]


def test_diagrams_have_their_tables_beside_them():
    """A panel for each class that has points, one of the likeliest class, and the numbers of all in a table."""
    run = sure()
    text = page(Shown(Results.of(run), draws=FEW))
    part = re.search(r'<section id="diagrams".*?</section>', text, re.S)[0]
    titles = re.findall(r'<title id="[^"]+">([^<]+)</title>', part)
    of = [f"Reliability of {name}" for name in ("the likeliest class", "0", "1", "2")]
    assert titles == [*of, "Precision and recall of 0", "Precision and recall of 2"]
    assert f"<b>0</b> ECE {run.classes[0]['ece']:.4f}" in part
    assert f"<b>the likeliest class</b> ECE {run.document()['calibration']['ece']:.4f}" in part
    assert f"<b>2</b> AP {run.classes[2]['average_precision']:.4f}" in part
    reliable, curves = re.findall(r"<details>.*?</details>", part, re.S)
    assert re.findall(r'<th scope="col"[^>]*>([^<]+)', reliable) == [
        *("class", "mean probability", "observed frequency", "pixels")
    ]
    pixels = [int(each) for each in re.findall(r'<td class="short">0</td>.*?(\d+)</td></tr>', reliable)]
    assert sum(pixels) == 4 * 30
    # Of class 0, at threshold 0 all pixels are predicted: found are all, right is the share that is true.
    share = run.classes[0]["truth_pixels"] / (4 * 30)
    assert f'<td class="n">0</td><td class="n">1.0000</td><td class="n">{share:.4f}</td>' in curves.replace(
        "0.0000", "0"
    )
    assert page(Shown(Results.of(run), draws=FEW)) == text


def test_diagrams_of_a_run_from_disk_are_the_same(tmp_path):
    run = sure()
    write(run, tmp_path)
    parts = [
        re.search(r'<section id="diagrams".*?</section>', page(Shown(each, draws=FEW)), re.S)[0]
        for each in (Results.of(run), Results.read(str(tmp_path)))
    ]
    assert parts[0] == parts[1]


def test_diagrams_of_classes_that_do_not_exclude_each_other():
    """There is no likeliest class."""
    random = np.random.default_rng(8)
    pred, truth = random.random((2, 3, 5, 6)), random.integers(0, 2, (2, 3, 5, 6))
    run = score([*pred], [*truth], multilabel=True, num_classes=3, metrics=["calibration"])
    text = page(Shown(Results.of(run), draws=FEW))
    assert text.count('class="zoom"') - text.count('id="histogram-title"') - text.count('id="curve-title"') == 3
    assert "likeliest" not in text


def test_diagrams_of_many_classes_are_of_the_worst():
    """24 of them, and the others counted."""
    run = sure(classes=30, images=2)
    lines = next(each for each in drawn(run.document(), run.tables) if each.diagram.name == "precision_recall")
    known = {row["name"]: row["average_precision"] for row in run.classes if row["truth_pixels"]}
    assert {line.name for line in lines.lines} == {*sorted(known, key=known.get)[:24]}
    assert lines.left_out == len(known) - 24
    assert f"Shown are the 24 of worst AP; {len(known) - 24} more are left out." in page(
        Shown(Results.of(run), draws=FEW)
    )


def test_picks():
    """The worst, those that changed most, and some by chance; each once, with all its tags. By hand."""
    values, ids = np.array([0.5, 0.1, np.nan, 0.9, 0.3]), list("abcde")
    change = np.array([-0.2, 0.3, np.nan, 0.0, -0.4])
    found = picks(values, ids, change, 7, 0)
    assert [id_ for id_, tags in found.items() if "worst" in tags] == ["b", "e", "a"]
    assert [id_ for id_ in found if "regressed" in found[id_]] == ["e", "a"]
    assert found["b"][:2] == ["worst", "improved"]
    assert sum("random" in tags for tags in found.values()) == 1
    assert picks(values, ids, change, 7, 0) == found
    assert "c" not in picks(values, ids, None, 4, 1) or picks(values, ids, None, 4, 1)["c"] == ["random"]


def test_spearman():
    """1, −1, ties share their ranks: by hand ranks 1 2.5 2.5 4 against 1 2 3 4 give 4.5 / √(4.5 · 5)."""
    a = np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    b = np.array([10.0, 20.0, 30.0, 40.0, 1.0])
    assert spearman(a, b) == pytest.approx(4.5 / np.sqrt(4.5 * 5), abs=1e-15)
    assert spearman(b, -b) == -1
    assert np.isnan(spearman(a[:1], b[:1]))


def test_ten_thousand_images_stay_small():
    """The table shows the extremes and names the file with all; below 6 MB."""
    base = model()
    order = np.resize(np.arange(30), 10_000)

    def many():
        rows = base.load().only(order)
        ids = tuple(f"a_rather_long_folder/name_of_an_image_{n:06}" for n in range(10_000))
        return rows._changed(lambda columns, _: columns, ids, ids, ids)

    text = page(Shown(Results(base.name, base.document, many), draws=Draws(resamples=100)))
    assert len(text.encode()) < 6_000_000
    assert "8,000 more are in images.csv" in text
    assert len(re.findall(r'<tr><th scope="row">a_rather', text)) == 2000


def test_many_classes_show_those_with_errors():
    """A heat map of 40 classes, the others counted."""
    base = model()
    rows = [{**base.classes[0], "id": n, "name": f"c{n}"} for n in range(50)]
    counts = np.eye(50, 51, dtype=np.int64) * 100
    counts[45, 3] = 7
    document = {**base.document, "classes": rows}
    document["confusion"] = {
        "truth_ids": list(range(50)),
        "pred_ids": [*range(50), "other"],
        "counts": counts.tolist(),
    }
    text = page(Shown(Results("x", document, base.load, beside=False), draws=FEW))
    assert "10 others are in confusion.csv" in text
    assert len(re.findall(r'class="h\d+ right"', text)) == 40
    assert 'data-n="7" data-k="45,3"' in text


def test_a_run_json_alone():
    """Without tables there are no images, and a caution says why nothing confirms it."""
    base = model()
    text = page(Shown(Results("x", base.document, base.load, beside=False), draws=FEW))
    assert re.findall(r'<section id="(\w+)"', text) == ["summary", "confusion", "classes", "notes", "provenance"]
    assert "nothing confirms its numbers" in text


def test_pictures_shrink_to_the_budget(save, tmp_path):
    """A small budget makes small pictures, then fewer, and says so."""
    from segeval.overlay.source import Masks

    random = np.random.default_rng(0)
    for n in range(6):
        for side in ("pred", "truth"):
            save(f"{side}/{n}.png", random.integers(0, 5, (300, 400)).astype(np.uint8))
    run = score(tmp_path / "pred", tmp_path / "truth", num_classes=5)
    masks = Masks.found(run.document(), str(tmp_path / "pred"), str(tmp_path / "truth"), {})
    chosen = {str(n): ["worst"] for n in range(6)}
    whole, _ = gallery.Gallery(masks, budget=10**9).made(run.tables, chosen)
    total = sum(len(picture) for card in whole for picture in card.pictures.values())
    for budget, side, left in ((total, 400, 6), (total - 1, 200, 6), (total // 80, 100, 1)):
        cards, said = gallery.Gallery(masks, budget=budget).made(run.tables, chosen)
        assert (len(cards), max(cards[0].shape)) == (left, side)
        assert sum(len(p) for card in cards for p in card.pictures.values()) <= budget
        assert bool(said) == (side < 400)


def test_images_that_are_not_those_of_the_run_are_named(save, tmp_path):
    """The card stays away, and a line says why."""
    from segeval.overlay.source import Masks

    for name in "ab":
        save(f"pred/{name}.png", np.array([[0, 1]], np.uint8))
        save(f"truth/{name}.png", np.array([[1, 1]], np.uint8))
    run = score(tmp_path / "pred", tmp_path / "truth", num_classes=2)
    save("truth/b.png", np.array([[0, 0]], np.uint8))
    masks = Masks.found(run.document(), str(tmp_path / "pred"), str(tmp_path / "truth"), {})
    text = page(Shown(Results.of(run), gallery=gallery.Gallery(masks), draws=FEW))
    assert text.count('class="card"') == 1
    assert "truth/b.png is not the true mask of the run (SEG272)" in text
