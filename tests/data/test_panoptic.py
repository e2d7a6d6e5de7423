"""Panoptic masks: COCO's tables, Cityscapes' numbers, what does not fit, and published values."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.reference import VECTORS, mask

import segeval
from segeval.cli.main import cli
from segeval.errors import BadOption, UnfitSegments


def write(folder, name, ids):
    """A mask in COCO's colours."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.asarray(ids, np.int64)
    Image.fromarray(np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=-1).astype(np.uint8)).save(folder / name)


def table(path, images, categories=((1, "cell", 1), (2, "tissue", 0))):
    """COCO's JSON: for each file its segments (id, category, crowd)."""
    annotations = [
        {
            "file_name": name,
            "image_id": n,
            "segments_info": [{"id": i, "category_id": c, "iscrowd": crowd} for i, c, crowd in segments],
        }
        for n, (name, segments) in enumerate(images.items())
    ]
    named = [{"id": id_, "name": name, "isthing": thing} for id_, name, thing in categories]
    path.write_text(json.dumps({"annotations": annotations, "categories": named}))


PRED = [[70000, 70000, 0, 9], [70000, 70000, 9, 9]]
TRUTH = [[300, 300, 300, 8], [300, 300, 0, 8]]


@pytest.fixture
def sides(tmp_path):
    """A cell whose ids need all three colours, and tissue."""
    for side, ids, segments in (
        ("pred", PRED, [(70000, 1, 0), (9, 2, 0)]),
        ("gt", TRUTH, [(300, 1, 0), (8, 2, 0)]),
    ):
        write(tmp_path / side, "a.png", ids)
        table(tmp_path / f"{side}.json", {"a.png": segments})
    return tmp_path


def scored(folder, **options):
    run = segeval.score(folder / "pred", folder / "gt", instances="panoptic", **options)
    return run, run.document()["instances"]


def test_by_hand(sides):
    """IoU 4/5 of the cell; void leaves the union of the tissue, 2/3 where it stays: (2, 3) − void is (2, 2)."""
    run, found = scored(sides)
    assert [row["name"] for row in run.classes] == ["cell", "tissue"]
    assert [row["pq"] for row in run.classes] == pytest.approx([4 / 5, 1])
    assert found["mean"] == pytest.approx(
        {"pq": 0.9, "sq": 0.9, "rq": 1, "pq_things": 0.8, "sq_things": 0.8, "rq_things": 1, "pq_stuff": 1}
        | {"sq_stuff": 1, "rq_stuff": 1}
    )
    assert [row["truth_pixels"] for row in run.classes] == [5, 2]  # pixels of no segment are not looked at
    assert run.classes[0]["fn"] == 1  # and in a prediction they are wrong
    _, kept = scored(sides, keep_void=True)
    assert kept["classes"]["tissue"]["pq"] == pytest.approx(2 / 3)
    _, every = scored(sides, ignore=[2])
    assert every["overall"]["truth_objects"] == every["overall"]["tp"] == 1
    assert every["overall"]["fp"] == 0  # what lies in an ignored class is not invented


def test_void_and_crowds(tmp_path):
    """The vector `pq-void-and-crowd`, checked against panopticapi 7bb4655."""
    vector = VECTORS["pq-void-and-crowd"]
    inputs, params = vector["inputs"], vector["params"]
    things = params["isthing"]
    for side, name in (("pred", "pred"), ("gt", "truth")):
        write(tmp_path / side, "a.png", mask(inputs[name]))
        segments = [
            (int(id_), each["category"], each.get("iscrowd", 0)) for id_, each in inputs[f"{name}_segments"].items()
        ]
        categories = [(int(id_), f"category_{id_}", int(thing)) for id_, thing in things.items()]
        table(tmp_path / f"{side}.json", {"a.png": segments}, categories)
    _, found = scored(tmp_path)
    for part, suffix in (("all", ""), ("things", "_things"), ("stuff", "_stuff")):
        for name in ("pq", "sq", "rq"):
            assert found["mean"][f"{name}{suffix}"] == pytest.approx(vector["expected"][part][name])
    for id_ in "1234":
        expected = vector["expected"][f"category_{id_}"]
        assert {name: found["classes"][f"category_{id_}"][name] for name in ("tp", "fp", "fn")} == {
            name: expected[name] for name in ("tp", "fp", "fn")
        }


@pytest.mark.parametrize(("category", "fp"), [(1, 0), (2, 1)])
def test_a_crowd_forgives_its_own_class(sides, category, fp):
    """As panopticapi 7bb4655 has it."""
    write(sides / "gt", "a.png", [[5, 5, 5, 0], [5, 5, 5, 0]])
    table(sides / "gt.json", {"a.png": [(5, 1, 1)]})
    write(sides / "pred", "a.png", [[6, 6, 6, 0], [0, 0, 0, 0]])
    table(sides / "pred.json", {"a.png": [(6, category, 0)]})
    overall = scored(sides)[1]["overall"]
    assert (overall["tp"], overall["fp"], overall["fn"]) == (0, fp, 0)


def test_bdd100k(root):
    """The numbers that its authors publish, and those of panopticapi 7bb4655."""
    folder = root / "tests" / "files" / "panoptic_bdd100k"
    _, coco = scored(folder)
    assert coco["mean"] == pytest.approx(
        {"pq": 0.6646301051201716, "sq": 0.6835205881426489, "rq": 0.8529411764705882}
        | {"pq_things": 0.8203852616117429, "sq_things": 0.8203852616117429, "rq_things": 1}
        | {"pq_stuff": 0.6438627509212954, "sq_stuff": 0.6652719650134364, "rq_stuff": 0.8333333333333334},
        abs=1e-12,
    )
    _, kept = scored(folder, keep_void=True)
    assert kept["mean"] == pytest.approx(
        {"pq": 0.6646278879162743, "sq": 0.6835183709387516, "rq": 0.8529411764705883}
        | {"pq_things": 0.8203852616117423, "sq_things": 0.8203852616117423, "rq_things": 1}
        | {"pq_stuff": 0.6438602380902118, "sq_stuff": 0.6652694521823528, "rq_stuff": 0.8333333333333333},
        abs=1e-12,
    )


def test_panoptica(root):
    """The numbers of its tutorial (panoptica b0ac3e4)."""
    with np.load(root / "tests" / "files" / "spine_panoptica" / "masks.npz") as masks:
        pred, truth = masks["pred"], masks["truth"]
    how = {"connectivity": "full", "match_across_classes": True, "matching": "greedy", "iou_thresholds": [0.5]}
    run = segeval.score([pred], [truth], instances="components", **how)
    found = run.document()["instances"]["thresholds"]["0.5"]
    assert {name: found[name] for name in ("tp", "fp", "fn")} == {"tp": 73, "fp": 16, "fn": 14}
    expected = {"pq": 0.6586696657808406, "mean_matched_iou": 0.7940127477906024, "f1": 0.8295454545454546}
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_cityscapes(tmp_path):
    """Ids from 1000 are instances of class id div 1000; a bare id of a class of things is a group of them."""
    truth = np.array([[26000, 26000, 26001, 26001, 26, 26, 7, 7, 0, 0]], np.uint16)
    pred = np.array([[26005, 26005, 26006, 7, 26007, 26007, 7, 7, 26008, 26008]], np.uint16)
    for side, ids in (("pred", pred), ("gt", truth)):
        (tmp_path / side).mkdir()
        Image.fromarray(ids).save(tmp_path / side / "a.png")
    run, found = scored(tmp_path, iou_thresholds=[0.5])
    # the car half of which is found reaches 0.5 only; what lies in the group, or in id 0, is forgiven
    assert {name: found["classes"]["26"][name] for name in ("tp", "fp", "fn")} == {"tp": 1, "fp": 1, "fn": 1}
    assert found["thresholds"]["0.5"]["tp"] == 3
    assert found["classes"]["7"]["pq"] == pytest.approx(2 / 3)
    assert found["mean"]["pq_things"] == pytest.approx(1 / 2)
    assert [row["id"] for row in run.classes] == [7, 26]


def test_few_ids_without_instances():
    """Grey of 8 bits holds classes alone; each is one segment."""
    evaluator = segeval.Evaluator(instances="panoptic")
    evaluator.update(np.array([[7, 7, 11, 0]], np.uint8), np.array([[7, 7, 11, 11]], np.uint8))
    assert evaluator.compute().document()["instances"]["overall"]["sq"] == 1  # 1/2 is no match


def test_other_colours(tmp_path):
    """Four channels, as BDD100K has them, are no ids of COCO."""
    for side in ("pred", "gt"):
        write(tmp_path / side, "a.png", PRED)
        table(tmp_path / f"{side}.json", {"a.png": [(70000, 1, 0), (9, 2, 0)]})
    rgba = np.dstack([np.asarray(Image.open(tmp_path / "pred" / "a.png")), np.arange(8).reshape(2, 4)])
    Image.fromarray(rgba.astype(np.uint8)).save(tmp_path / "pred" / "a.png")
    with pytest.warns(segeval.IncompleteRun):
        (note,) = segeval.score(tmp_path / "pred", tmp_path / "gt", instances="panoptic").failures
    assert "pred/a.png has 4 channels" in note.message


def test_arrays():
    """Without a table arrays are numbered as those of Cityscapes."""
    evaluator = segeval.Evaluator(instances="panoptic", num_classes=34)
    evaluator.update(np.array([[26001, 26001, 7]]), np.array([[26002, 26002, 7]]))
    assert evaluator.compute().document()["instances"]["overall"]["tp"] == 2


def test_stored_and_read_back(sides):
    """The run is the run, things and stuff included; its rules need no table any more."""
    asked = ["score", str(sides / "pred"), str(sides / "gt"), "--instances", "panoptic", "--keep-void"]
    assert CliRunner().invoke(cli, [*asked, "-o", str(sides / "out")]).exit_code == 0
    document = json.loads((sides / "out" / "run.json").read_text())
    assert document["options"]["instances"]["things"] == [1]
    assert document["options"]["ignore"] == []
    run = segeval.Run.read(sides / "out")
    assert run.to_json(files=document["files"]) == (sides / "out" / "run.json").read_text()
    rules = ["-r", "instances.mean_pq_things >= 0.8", "-r", "instances.mean_pq_stuff >= 0.6", "-r", "pq[tissue] < 0.7"]
    assert CliRunner().invoke(cli, ["gate", str(sides / "out"), *rules]).exit_code == 0


def test_where_tables_lie(sides):
    """Beside the folder, as the only JSON in it, or where options say."""
    expected = scored(sides)[1]
    for side in ("pred", "gt"):
        (sides / f"{side}.json").rename(sides / side / "panoptic.json")
    assert scored(sides)[1] == expected
    (sides / "gt" / "panoptic.json").rename(sides / "other.json")
    with pytest.raises(UnfitSegments, match="table of one side"):
        scored(sides)
    assert scored(sides, gt_json=sides / "other.json")[1] == expected
    (sides / "pred" / "second.json").write_text("{}")
    with pytest.raises(UnfitSegments, match="table of one side"):
        scored(sides, gt_json=sides / "other.json")


def test_a_missing_prediction(sides):
    """All segments of its truth are missed, where it is scored as all wrong."""
    write(sides / "gt", "b.png", TRUTH)
    table(sides / "gt.json", {"a.png": [(300, 1, 0), (8, 2, 0)], "b.png": [(300, 1, 0), (8, 2, 0)]})
    _, found = scored(sides, missing="worst")
    assert {name: found["overall"][name] for name in ("tp", "fp", "fn")} == {"tp": 2, "fp": 0, "fn": 2}


def test_the_fingerprint_knows_segments(sides):
    """Other true segments, or another table, are other data, though each pixel has its class."""
    before = scored(sides)[0]
    write(sides / "gt", "a.png", [[300, 300, 300, 8], [301, 301, 0, 8]])
    table(sides / "gt.json", {"a.png": [(300, 1, 0), (301, 1, 0), (8, 2, 0)]})
    after = scored(sides)[0]
    assert before.fingerprint != after.fingerprint
    table(sides / "pred.json", {"a.png": [(70000, 2, 0), (9, 2, 0)]})
    again = scored(sides)[0]
    assert after.fingerprint == again.fingerprint
    assert after.inputs != again.inputs


@pytest.mark.parametrize(
    ("pred", "said"),
    [
        ([(70000, 1, 0)], "holds the segment 9 (3 pixels), and pred.json names none"),
        ([(70000, 1, 0), (9, 2, 0), (5, 1, 0)], "names segments that pred/a.png does not hold: 5"),
        ([(70000, 7, 0), (9, 2, 0)], "in the category 7, which is no class"),
        ([(70000, 1, 0), (9, 2, 0), (9, 1, 0)], "names a segment of pred/a.png twice"),
        (None, "pred.json has no annotation of pred/a.png"),
    ],
)
def test_what_does_not_fit_its_mask_is_an_error(sides, pred, said):
    """One file is at fault, by name; the others are scored."""
    for side, segments in (("pred", pred), ("gt", [(300, 1, 0), (8, 2, 0)])):
        write(sides / side, "b.png", PRED if side == "pred" else TRUTH)
        good = [(70000, 1, 0), (9, 2, 0)] if side == "pred" else segments
        table(sides / f"{side}.json", {"b.png": good, **({"a.png": segments} if segments else {})})
    with pytest.warns(segeval.IncompleteRun):
        run, _ = scored(sides)
    assert [note.code for note in run.failures] == ["SEG236"]
    assert said in run.failures[0].message
    assert len(run.records) == 1


def test_another_area_is_told(sides):
    """The pixels count."""
    document = json.loads((sides / "gt.json").read_text())
    document["annotations"][0]["segments_info"][0]["area"] = 20
    (sides / "gt.json").write_text(json.dumps(document))
    run, found = scored(sides)
    (note,) = [each for each in run.notes if each.code == "SEG237"]
    assert note.message == "gt.json says that segment 300 of gt/a.png has 20 pixels, and it has 5"
    assert found["classes"]["cell"]["pq"] == 0.8


NOTHING = '{"file_name": "a.png", "segments_info": []}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not valid JSON"),
        ("[]", "is no panoptic table"),
        ('{"annotations": {}}', "'annotations'"),
        ('{"annotations": [{"file_name": "a.png"}]}', "KeyError 'segments_info'"),
        ('{"annotations": [{"file_name": "a.png", "segments_info": [{"id": "1", "category_id": 1}]}]}', '"1" is no id'),
        ('{"annotations": [], "categories": [{"id": -1, "name": "x"}]}', "-1 is no id"),
        (f'{{"annotations": [{NOTHING}, {NOTHING}]}}', "twice"),
    ],
)
def test_bad_tables(sides, text, said):
    """Each is an error that names the table."""
    (sides / "gt.json").write_text(text)
    if said == "'annotations'":
        text = said = "no annotation"
        with pytest.warns(segeval.IncompleteRun):
            assert said in scored(sides)[0].failures[0].message
        return
    with pytest.raises(UnfitSegments, match="gt.json") as caught:
        scored(sides)
    assert said in caught.value.message


def test_masks_in_colour_want_a_table(sides):
    """Each is at fault, and the hint says where a table lies."""
    for side in ("pred", "gt"):
        (sides / f"{side}.json").unlink()
    result = CliRunner().invoke(cli, ["score", str(sides / "pred"), str(sides / "gt"), "--instances", "panoptic"])
    assert result.exit_code == 3
    assert "FOLDER.json" in result.output


@pytest.mark.parametrize("options", [{"binary": True}, {"multilabel": True}])
def test_bad_options(options):
    with pytest.raises(BadOption):
        segeval.Evaluator(instances="panoptic", **options)
    with pytest.raises(BadOption, match="gt-json"):
        segeval.Evaluator(instances="labels", gt_json="x.json")
