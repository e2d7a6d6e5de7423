"""Tests of how two folders become pairs."""

import os
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segeval
from segeval.data.folders import Layout, added
from segeval.errors import BadOption, BadPattern, MissingFolder, NothingMatched, SameFolder
from segeval.evaluate.measure import find_pairs
from segeval.patterns import Pattern, proposed

DOT = np.array([[1]], np.uint8)


def id_of(pattern, name):
    """What `{id}` stands for in a name; None where the pattern does not fit."""
    return (pattern.match(name) or {}).get("{id}")


@pytest.fixture
def tree(tmp_path, save):
    """Make files below `pred` and `truth`; gives the pairing of the two folders."""

    def pairing(pred, truth, layout=None):
        for side, names in (("pred", pred), ("truth", truth)):
            (tmp_path / side).mkdir(exist_ok=True)
            for name in names:
                save(f"{side}/{name}", DOT)
        return find_pairs(str(tmp_path / "pred"), str(tmp_path / "truth"), layout or Layout())

    return pairing


def codes(pairing):
    """The id and code of each fault."""
    return [(id_, fault.code) for id_, fault in pairing.faults]


@pytest.mark.parametrize(
    ("pred", "truth", "layout", "ids"),
    [
        (["a.png", "b.png"], ["b.png", "a.png"], {}, ["a", "b"]),
        (["a.npy"], ["a.tif"], {}, ["a"]),
        (["a.PNG"], ["a.Tiff"], {}, ["a"]),
        (["a.b.png"], ["a.b.npy"], {}, ["a.b"]),
        (["x/y/a.png", "a.png"], ["a.png", "x/y/a.png"], {}, ["a", "x/y/a"]),
        (["a_pred.png"], ["a.png"], {"pred_pattern": "{id}_pred.png"}, ["a"]),
        (
            ["koeln/koeln_1_pred.png", "ulm_2_pred.png"],
            ["koeln/koeln_1_gtFine_labelIds.png", "koeln/koeln_1_gtFine_color.png"],
            {"pred_pattern": "*/{id}_pred.png", "gt_pattern": "*/{id}_gtFine_labelIds.png"},
            ["koeln_1"],
        ),
        (["s1/m/a.png"], ["s1/a.png"], {"pred_pattern": "{id}.png", "gt_pattern": "{id}.png"}, []),
        (["s1/a.m.png"], ["s1/a.png"], {"pred_pattern": "{id}.m.png"}, ["s1/a"]),
        (["a+(1).png"], ["a.png"], {"pred_pattern": "{id}+(1).png"}, ["a"]),
        (["aXpng.png", "b.png"], ["a.png", "b.png"], {"pred_pattern": "{id}.png", "missing": "skip"}, ["b"]),
    ],
)
def test_files_pair_by_path_and_stem(tree, pred, truth, layout, ids):
    """Whatever the suffix; a pattern says what of a name is the id."""
    if not ids:
        with pytest.raises(NothingMatched):
            tree(pred, truth, Layout(**layout))
        return
    found = tree(pred, truth, Layout(**layout))
    assert [pair.id for pair in found.pairs] == ids
    assert found.faults == []


def test_pred_and_truth_keep_their_sides(tree):
    """The first folder gives the predictions."""
    (pair,) = tree(["a.npy"], ["a.png"]).pairs
    assert (pair.pred.name, pair.truth.name) == ("pred/a.npy", "truth/a.png")


@pytest.mark.parametrize("pattern", ["", "x.png", "{id}_{id}.png", "{name}.png", "{}.png", "{id.png", "{id}{x}.png"])
def test_bad_patterns_are_refused(pattern):
    """A pattern holds {id} once and no other name."""
    with pytest.raises(BadPattern) as caught:
        Layout(pred_pattern=pattern)
    assert repr(pattern) in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "path", "id_"),
    [
        ("{id}.png", "a/b.png", "a/b"),
        ("*/{id}.png", "a/b.png", "b"),
        ("*/{id}.png", "a/b/c.png", "b/c"),
        ("*/{id}.png", "b.png", None),
        ("x*_{id}.png", "x12_a.png", "a"),
        ("x*_{id}.png", "x/1_a.png", None),
        ("{id}.png", "new\nline.png", "new\nline"),
        ("{id}.png", "apng", None),
    ],
)
def test_a_star_stops_at_a_slash(pattern, path, id_):
    """`*` is anything but `/`, and everything else stands for itself."""
    assert id_of(Pattern.parse(pattern), path) == id_


@given(st.text("ab/*I", max_size=9), st.text("ab/", max_size=9))
def test_patterns_are_greedy_regular_expressions(pattern, path):
    """The id is what the expression gives, an independent way to say the same."""
    before, _, after = pattern.replace("I", "").partition("*")
    pattern = f"{before}{{id}}{after}" if "I" in pattern else f"{before}*{{id}}{after}"
    expressions = {"{id}": "(?P<id>.+)", "*": "[^/]*", "**": ".*", "**/": "(?:.*/)?"}
    pieces = re.split(r"(\{id\}|\*\*/|\*\*|\*)", pattern)
    found = re.fullmatch("".join(expressions.get(piece, re.escape(piece)) for piece in pieces), path, re.DOTALL)
    assert id_of(Pattern.parse(pattern), path) == (found["id"] if found else None)


def test_no_pattern_takes_long():
    """A regular expression would try 10^40 ways of these."""
    pattern = Pattern.parse("*a" * 20 + "{id}" + "a*" * 11 + "b")
    assert id_of(pattern, "a" * 250) is None
    assert id_of(pattern, "a" * 250 + "b") == "a"  # the first star takes as much as it can
    with pytest.raises(BadPattern, match="33 wildcards"):
        Pattern.parse("*a" * 32 + "{id}")


def test_two_files_of_one_id_are_ambiguous(tree):
    """Both are named, on either side, and the other pairs go on."""
    found = tree(["a.png", "a.npy", "b.png", "c.png"], ["a.png", "b.png", "c.png", "c.tif"])
    assert codes(found) == [("a", "SEG233"), ("c", "SEG233")]
    assert "pred/a.npy, pred/a.png" in found.faults[0][1].message
    assert "truth/c.png, truth/c.tif" in found.faults[1][1].message
    assert [pair.id for pair in found.pairs] == ["b"]
    assert found.missing == found.extra == []


def test_a_pattern_can_make_ids_ambiguous(tree):
    """`*` in two places may lead to one id."""
    found = tree(["a.png"], ["x/a.png", "y/a.png"], Layout(gt_pattern="*/{id}.png"))
    assert codes(found) == [("a", "SEG233")]


def test_names_that_differ_by_case_collide(tree):
    """`A` and `a` are one file elsewhere: an error on every system, naming both."""
    found = tree(["a.png", "b.png"], ["a.png", "A.png", "b.png"])
    assert codes(found) == [("A", "SEG234"), ("a", "SEG234")]
    assert "truth/A.png, truth/a.png" in found.faults[0][1].message
    assert [pair.id for pair in found.pairs] == ["b"]


def test_sharp_s_and_ss_collide(tree):
    """Case folding, not lower case, decides."""
    assert codes(tree(["x.png"], ["straße.png", "STRASSE.png", "x.png"])) == [
        ("STRASSE", "SEG234"),
        ("straße", "SEG234"),
    ]


def test_unicode_forms_collide(tree):
    """NFC and NFD of one name beside each other are refused, with the code whose explanation says so."""
    nfc, nfd = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    found = tree(["x.png"], [f"{nfc}.png", f"{nfd}.png", "x.png"])
    assert codes(found) == [(nfc, "SEG234")]


def test_unicode_forms_pair(tree):
    """A macOS folder (NFD) pairs with a Linux folder (NFC), also below a pattern and in folder names."""
    nfc, nfd = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    assert [p.id for p in tree([f"{nfd}/{nfd}.png"], [f"{nfc}/{nfc}.png"]).pairs] == [f"{nfc}/{nfc}"]


@pytest.mark.parametrize(
    ("missing", "faults", "pairs"),
    [
        ("error", [("b", "SEG232"), ("c", "SEG232")], ["a"]),
        ("skip", [], ["a"]),
        ("worst", [], ["a", "b", "c"]),
    ],
)
def test_a_missing_prediction(tree, missing, faults, pairs):
    """An error, all wrong, or left out; always listed."""
    found = tree(["a.png"], ["c.png", "a.png", "b.png"], Layout(missing=missing))
    assert codes(found) == faults
    assert [pair.id for pair in found.pairs] == pairs
    assert [pair.id for pair in found.pairs if pair.pred is None] == pairs[1:]
    assert found.missing == ["b", "c"]


def test_extra_predictions_are_listed(tree, tmp_path):
    """Broken ones too: nothing is asked of a prediction that has no truth."""
    (tmp_path / "pred").mkdir()
    (tmp_path / "pred/broken.png").write_bytes(b"")
    os.symlink("nowhere", tmp_path / "pred/dangling.png")
    os.mkfifo(tmp_path / "pred/pipe.png")
    found = tree(["a.png", "d.png", "d.npy", "z.png"], ["a.png"])
    assert found.extra == ["broken", "d", "dangling", "pipe", "z"]
    assert found.faults == []
    assert segeval.score(tmp_path / "pred", tmp_path / "truth").complete


def test_hidden_and_other_files_are_skipped(tree, tmp_path):
    """What is no mask by its name is not looked at."""
    found = tree(["a.png", ".a.png"], ["a.png", ".b.png", "._c.png"])
    for name in ("notes.txt", "Thumbs.db", ".DS_Store", "png", ".png"):
        (tmp_path / "truth" / name).write_text("no mask")
    again = tree([], [])
    assert found.pairs == again.pairs
    assert (found.missing, found.extra, found.faults) == ([], [], [])
    assert (again.missing, again.extra, again.faults) == ([], [], [])


def test_hidden_folders_are_skipped(tree):
    """Jupyter leaves copies in `.ipynb_checkpoints`; they are no masks of the data set."""
    found = tree(["a.png"], ["a.png", ".ipynb_checkpoints/a-checkpoint.png"])
    assert (found.missing, found.faults) == ([], [])


def test_a_jpeg_alone_is_told_why(tmp_path, save):
    """An id that only a JPEG has is refused with the reason; a JPEG (the photograph) beside a PNG disturbs nobody."""
    save("truth/a.png", DOT)
    save("pred/a.png", DOT)
    save("truth/b.png", DOT)
    (tmp_path / "truth/a.jpg").write_bytes(b"\xff\xd8\xff\xe0 a photograph")
    (tmp_path / "pred/b.jpg").write_bytes(b"\xff\xd8\xff\xe0 a mask")
    with pytest.warns(segeval.IncompleteRun, match="1 pairs were not scored; SEG203"):
        run = segeval.score(tmp_path / "pred", tmp_path / "truth")
    assert [(note.id, note.code) for note in run.failures] == [("b", "SEG203")]
    assert "pred/b.jpg" in run.failures[0].message
    assert [record.id for record in run.records] == ["a"]


def test_zero_pairs_show_names_and_patterns(tree):
    """Three names of each side, how many more, and the pattern that found them."""
    with pytest.raises(NothingMatched) as caught:
        tree(["p1.png", "p2.png", "p3.png", "p4.png"], ["t1_gt.png"], Layout(gt_pattern="{id}_gt.png"))
    message = caught.value.message
    assert message.startswith("0 pairs")
    assert "has p1.png, p2.png, p3.png and 1 more" in message
    assert "has t1_gt.png by" in message
    assert "'{id}_gt.png'" in message
    assert "--pred-pattern" in caught.value.hint


@pytest.mark.parametrize(("pred", "truth"), [([], []), ([], ["a.png"]), (["a.png"], [])])
@pytest.mark.parametrize("missing", ["error", "worst", "skip"])
def test_empty_folders_match_nothing(tree, pred, truth, missing):
    """An empty side never scores, whatever a missing prediction means."""
    with pytest.raises(NothingMatched, match="no masks"):
        tree(pred, truth, Layout(missing=missing))


def test_a_missing_folder(tmp_path):
    """Named, with what is wrong: it is not there, or it is a file."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "file").touch()
    for name, what in (("nowhere", "does not exist"), ("file", "is not a folder")):
        with pytest.raises(MissingFolder, match=f"{name} {what}"):
            find_pairs(str(tmp_path / name), str(tmp_path / "truth"), Layout())
        with pytest.raises(MissingFolder, match=f"{name} {what}"):
            find_pairs(str(tmp_path / "truth"), str(tmp_path / name), Layout())


@pytest.mark.parametrize("other", ["truth", "truth/", "truth/../truth", "link"])
def test_the_same_folder_is_refused(tree, tmp_path, other):
    """By whatever name, a link included."""
    tree(["a.png"], ["a.png"])
    os.symlink("truth", tmp_path / "link")
    with pytest.raises(SameFolder):
        find_pairs(str(tmp_path / other), str(tmp_path / "truth"), Layout())


def test_a_hard_link_is_remarked_on(tmp_path, save):
    """A pair that is one file scores 1 and says so."""
    os.makedirs(tmp_path / "pred")
    os.link(save("truth/a.png", DOT), tmp_path / "pred/a.png")
    run = segeval.score(tmp_path / "pred", tmp_path / "truth")
    assert [(note.id, note.code) for note in run.notes] == [("a", "SEG257")]
    assert run.complete


@pytest.fixture
def odd(tmp_path, save):
    """A folder of true masks with one of each odd thing, and predictions for all of them."""
    save("elsewhere/secret.png", DOT)
    for id_ in ("good", "inside", "out", "dangling", "loop", "pipe", "folder", "deep/a"):
        save(f"pred/{id_}.png", DOT)
    truth = tmp_path / "truth"
    save("truth/good.png", DOT)
    os.symlink("good.png", truth / "inside.png")
    os.symlink("../elsewhere/secret.png", truth / "out.png")
    os.symlink("nothing", truth / "dangling.png")
    os.symlink("loop.png", truth / "loop.png")
    os.mkfifo(truth / "pipe.png")
    (truth / "folder.png").mkdir()
    return tmp_path


def test_odd_files_are_refused(odd):
    """Links out, in circles or to nothing, pipes and folders are errors; nothing hangs and nothing outside is read."""
    found = find_pairs(str(odd / "pred"), str(odd / "truth"), Layout())
    assert codes(found) == [
        ("dangling", "SEG243"),
        ("folder", "SEG241"),
        ("loop", "SEG243"),
        ("out", "SEG242"),
        ("pipe", "SEG241"),
    ]
    assert [pair.id for pair in found.pairs] == ["good", "inside"]
    assert found.extra == ["deep/a"]


def test_links_out_are_followed_on_demand(odd):
    """`--follow-symlinks` opens the way out, for files and for folders."""
    os.symlink("../elsewhere", odd / "truth/deep")
    os.rename(odd / "elsewhere/secret.png", odd / "elsewhere/a.png")
    os.remove(odd / "truth/out.png")
    os.symlink("../elsewhere/a.png", odd / "truth/out.png")
    closed = find_pairs(str(odd / "pred"), str(odd / "truth"), Layout())
    assert "deep/a" not in [pair.id for pair in closed.pairs]
    opened = find_pairs(str(odd / "pred"), str(odd / "truth"), Layout(follow_symlinks=True))
    assert [pair.id for pair in opened.pairs] == ["deep/a", "good", "inside", "out"]


def test_a_folder_that_links_to_its_parent_ends(tree, tmp_path):
    """A circle of folders is walked once."""
    tree(["sub/a.png"], ["sub/a.png"])
    os.symlink("..", tmp_path / "truth/sub/up")
    assert [p.id for p in tree([], []).pairs] == ["sub/a"]
    assert [p.id for p in tree([], [], Layout(follow_symlinks=True)).pairs] == ["sub/a"]


def test_the_order_of_the_folder_changes_nothing(tree, tmp_path, monkeypatch):
    """Also where one folder is reachable by two names: which name counts is not the file system's choice."""
    tree(["real/a.png", "b.png"], ["real/a.png", "b.png"])
    os.symlink("real", tmp_path / "truth/alias")
    found = []
    scandir = os.scandir
    for order in (1, -1):
        monkeypatch.setattr(os, "scandir", lambda path, order=order: sorted(scandir(path), key=_name)[::order])
        pairing = tree([], [])
        found.append(([p.id for p in pairing.pairs], pairing.missing, pairing.extra))
    assert found[0] == found[1]


def _name(entry):
    return entry.name


HOSTILE = [
    *("\x1b]0;p\x07", "[]", "\n::error::x", "a\u202egnp", "\udcff", "=cmd()", "-o", "--help", "x" * 250, "'; ls"),
    *("<b>", "[/]", "</script>", "a|b", "{id}", "%s", "a..", "a b", "日本", "$(ls)", "`ls`", "\\", "CON"),
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_pairs_like_any_other(tree, name):
    """The id is the true name."""
    assert [pair.id for pair in tree([f"{name}.png"], [f"{name}.png"]).pairs] == [name]


def test_the_digest_adds_up(tree):
    """The digest of a folder is the sum of the digests of its files, and knows names and sizes."""
    whole = tree(["a.png", "b.png"], ["a.png", "b.png"])
    assert added(type(whole)([p], [], [], []).digest for p in reversed(whole.pairs)) == whole.digest
    assert type(whole)(whole.pairs[:1], [], [], []).digest != whole.digest
    assert len(whole.digest) == 64


@pytest.mark.parametrize(
    ("pred", "truth", "patterns", "number"),
    [
        (["1_pred.png", "2_pred.png"], ["1_gt.png", "2_gt.png"], ("{id}_pred.png", "{id}_gt.png"), 2),
        (["img_1.png", "img_2.png"], ["mask-1.tif", "mask-3.tif"], ("img_{id}.png", "mask-{id}.tif"), 1),
        (["x/1.png", "y/2.npy"], ["1_a.png", "2_a.png"], ("**/{id}.*", "{id}_a.png"), 2),
        (["s/1_p.png", "s/2_p.png"], ["s/1.png", "s/2.png"], ("{id}_p.png", "{id}.png"), 2),
        (["case1/pred.png", "case2/pred.png"], ["case1/gt.png", "case2/gt.png"], ("{id}/pred.png", "{id}/gt.png"), 2),
        (["a_pred.png"], ["a_gt.png"], ("{id}_pred.png", "{id}_gt.png"), 1),
        (["{a}_1.png", "{a}_2.png"], ["1.png", "2.png"], None, 0),
        (["a.png"], ["b.png"], None, 0),
        ([], ["b.png"], None, 0),
    ],
)
def test_the_patterns_that_would_pair_most_are_proposed(tree, pred, truth, patterns, number):
    """And they do, given as options."""
    assert proposed(pred, truth) == (None if patterns is None else (*patterns, number))
    if pred:
        with pytest.raises(NothingMatched) as caught:
            tree(pred, truth)
        if patterns is None:
            assert "pair other names" in caught.value.hint
        else:
            wanted = f"these patterns would pair {number}: --pred-pattern '{patterns[0]}' --gt-pattern '{patterns[1]}'"
            assert caught.value.hint == wanted
            assert len(tree(pred, truth, Layout(*patterns, missing="skip")).pairs) == number


def test_both_sides_in_one_folder(tmp_path, save):
    """With two patterns that find no file twice."""
    for case in ("a", "b"):
        for name in ("pred", "gt"):
            save(f"{case}/{name}.png", DOT)
    save("x_pred.png", DOT)
    save("x_gt.png", DOT)
    folder = str(tmp_path)
    for patterns, ids in ((("{id}/pred.png", "{id}/gt.png"), ["a", "b"]), (("{id}_pred.png", "{id}_gt.png"), ["x"])):
        found = find_pairs(folder, folder, Layout(*patterns))
        assert [(pair.id, pair.pred.relative, pair.truth.relative) for pair in found.pairs] == [
            (id_, patterns[0].replace("{id}", id_), patterns[1].replace("{id}", id_)) for id_ in ids
        ]
    with pytest.raises(SameFolder, match="both patterns find a/gt.png, b/gt.png"):
        find_pairs(folder, folder, Layout("{id}/*t.png", "{id}/gt.png"))
    for one in (Layout("{id}_pred.png"), Layout(None, "{id}_gt.png"), Layout()):
        with pytest.raises(SameFolder, match="same folder"):
            find_pairs(folder, folder, one)


@pytest.mark.parametrize(("pred", "truth"), [("", "in"), ("in", ""), ("in/..", "in")])
@pytest.mark.parametrize("by_class", ["", "_{class}"])
def test_a_file_on_both_sides_of_nested_folders(tmp_path, save, pred, truth, by_class):
    """One folder holds the other, and both patterns find one file of it: also in folders by class."""
    save("in/a_road.png", DOT)
    names = {"in": f"{{id}}{by_class}.png"}
    patterns = [names.get(side, f"in/{{id}}{by_class}.png") for side in (pred, truth)]
    with pytest.raises(SameFolder, match=r"both patterns find .*a_road\.png in "):
        find_pairs(str(tmp_path / pred), str(tmp_path / truth), Layout(*patterns))


def test_paths_and_names_are_made_of_the_folder(tmp_path, tree):
    """Also where names are no UTF-8, which the file system may hold."""
    odd = os.fsdecode(b"b/\xff\xc3\xa4.png")
    (pair, other) = tree(["a.png", odd], ["a.png", odd]).pairs
    for side, file in (("pred", pair.pred), ("truth", pair.truth)):
        assert (file.path, file.name, file.relative) == (str(tmp_path / side / "a.png"), f"{side}/a.png", "a.png")
        assert os.path.samefile(getattr(other, side).path, tmp_path / side / odd)


def test_two_files_are_a_pair(tmp_path, save):
    """Under the name of the true one; a file is no prediction of itself."""
    pred, truth = save("one/p.png", DOT), save("two/t.npy", DOT)
    (pair,) = find_pairs(str(pred), str(truth), Layout()).pairs
    assert (pair.id, pair.pred.name, pair.truth.name) == ("t", "p.png", "t.npy")
    assert segeval.score(pred, truth).complete
    with pytest.raises(SameFolder, match="same file"):
        find_pairs(str(truth), str(truth), Layout())
    with pytest.raises(MissingFolder, match="is not a folder"):
        find_pairs(str(pred), str(tmp_path / "two"), Layout())


def test_what_is_there_instead_of_masks(tree, tmp_path):
    """Suffixes with their numbers."""
    (tmp_path / "pred").mkdir()
    for name in ("a.mat", "b.MAT", "c.txt", "README"):
        (tmp_path / "pred" / name).touch()
    with pytest.raises(NothingMatched, match=r"pred has no masks, but 2 .mat, 1 .txt, 1 without suffix; ") as caught:
        tree([], ["a.png"])
    assert "segeval list formats" in caught.value.hint


@pytest.mark.parametrize(
    ("pattern", "names", "ids"),
    [
        ("**/{id}.png", ["a.png", "x/b.png", "x/y/c.png"], ["a", "b", "c"]),
        ("x/**/{id}.png", ["x/a.png", "x/y/z/b.png"], ["a", "b"]),
        ("x**_{id}.png", ["x/y_a.png", "xy_b.png"], ["a", "b"]),
        ("{id}.png", ["a.PNG", "b.Png"], ["a", "b"]),
        ("{id}.PNG", ["a.PNG"], ["a"]),
    ],
)
def test_any_depth_and_any_case_of_the_suffix(tree, pattern, names, ids):
    found = tree(names, [f"{id_}.png" for id_ in ids], Layout(pred_pattern=pattern))
    assert [pair.id for pair in found.pairs] == ids


def test_folders_of_storage_devices_are_skipped(tree):
    found = tree(["a.png", "@eaDir/a.png", "x/__MACOSX/b.png"], ["a.png", "#recycle/c.png"])
    assert ([pair.id for pair in found.pairs], found.extra, found.missing) == (["a"], [], [])


def test_a_split_list(tree, tmp_path):
    """The first word of each line, with or without folder and suffix; what has no truth is a fault."""
    path = tmp_path / "val.txt"
    path.write_text("# split\ns1/a\nimages/b.png  1\n\ns2/c.jpg s2/c.png\nghost\n", encoding="utf-8")
    names = ["s1/a.png", "b.png", "s2/d.png", "e.png"]
    found = tree([*names, "extra.png"], names, Layout(ids=str(path)))
    assert [pair.id for pair in found.pairs] == ["b", "s1/a"]
    assert codes(found) == [("ghost", "SEG294"), ("s2/c.jpg", "SEG294")]
    assert (found.extra, found.missing) == ([], [])
    path.write_text("#\n", encoding="utf-8")
    with pytest.raises(BadOption, match="names no image"):
        tree(names, names, Layout(ids=str(path)))
