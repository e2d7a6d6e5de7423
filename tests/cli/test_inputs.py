"""Files whose numbers are colours or greys, and not ids: read as what they are, or noticed."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image

T = np.zeros((32, 48), np.uint8)
T[4:14, 6:20], T[18:28, 24:40] = 1, 2
P = np.roll(T, 2, axis=1)  # IoU 0.9373, 0.75, 0.7778; of foreground in all 0.7647
ROWS = np.arange(len(T))
COLOURS = np.array([[0, 0, 0], [128, 0, 0], [0, 128, 64]], np.uint8)
TABLE = "id,name,color\n0,a,#000000\n1,b,#800000\n2,c,#008040\n"


@pytest.fixture
def paint(tmp_path):
    """Save labels as a palette image: `paint("pred/a.png", P, COLOURS, [2, 0, 1])` has the third colour first."""

    def paint(name, labels, colours, order):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        image = Image.fromarray(np.argsort(order).astype(np.uint8)[labels], "L")
        image.putpalette(np.asarray(colours, np.uint8)[list(order)].tobytes())
        image.save(path)

    return paint


@pytest.fixture
def scored(invoke, tmp_path):
    """Score; gives the mIoU, and the codes of the notes."""

    def scored(*options):
        result = invoke("score", "pred", "truth", "--format", "json", *options)
        document = json.loads(result.stdout)
        return round(document["summary"]["miou_dataset"], 4), [note["code"] for note in document["notes"]]

    return scored


def test_a_palette_of_known_colours_is_colour(paint, scored, tmp_path):
    """Each file has its own order, as `Image.quantize` makes it."""
    paint("pred/a.png", P, COLOURS, [2, 0, 1])
    paint("truth/a.png", T, COLOURS, [0, 2, 1])
    (tmp_path / "classes.csv").write_text(TABLE)
    assert scored("--colors", "classes.csv") == (0.8217, [])
    assert "SEG293" in scored("--num-classes", "3")[1]


def test_a_palette_with_a_colour_of_no_class_stays_ids(paint, scored, tmp_path):
    """Indices are the ids, as without a table; an entry that no pixel uses does not count."""
    paint("pred/a.png", P, COLOURS, [0, 1, 2])
    paint("truth/a.png", T, [*COLOURS[:2], [9, 9, 9]], [0, 1, 2])
    (tmp_path / "classes.csv").write_text(TABLE)
    assert scored("--colors", "classes.csv") == (0.8217, ["SEG293"])
    paint("truth/a.png", T, [*COLOURS, [9, 9, 9]], [0, 1, 2, 3])
    assert scored("--colors", "classes.csv") == (0.8217, [])
    assert scored("--num-classes", "3") == (0.8217, [])


def test_two_orders_of_one_palette_are_noticed(paint, scored):
    paint("pred/a.png", P, COLOURS, [0, 1, 2])
    paint("truth/a.png", T, COLOURS, [0, 2, 1])
    assert scored("--num-classes", "3")[1] == ["SEG293"]
    paint("truth/a.png", T, COLOURS, [0, 1, 2])
    assert scored("--num-classes", "3") == (0.8217, [])


@pytest.mark.parametrize("side", ["pred", "truth"])
def test_a_palette_of_greys_white_first_is_noticed(paint, save, scored, side):
    """The same picture as 0 and 255, and as a palette: black first means the same, white first the opposite."""
    greys = [[0, 0, 0], [255, 255, 255]]
    other = {"pred": "truth", "truth": "pred"}[side]
    one, two = {"pred": (P, T), "truth": (T, P)}[side]
    save(f"{other}/a.png", (two != 0).astype(np.uint8) * 255)
    paint(f"{side}/a.png", (one != 0).astype(np.uint8), greys, [0, 1])
    assert scored("--binary")[1] == []
    paint(f"{side}/a.png", (one != 0).astype(np.uint8), greys, [1, 0])
    assert "SEG293" in scored("--binary")[1]


def test_greys_that_a_rewritten_file_keeps_in_a_palette(paint, save, scored):
    """0, 1, 2 beside indices of 0, 2, 1 or of 0, 1, 2; and 0, 100, 200 beside indices."""
    save("truth/a.png", T * 100)
    paint("pred/a.png", P, np.array([[0] * 3, [100] * 3, [200] * 3]), [0, 1, 2])
    assert "SEG293" in scored()[1]
    save("truth/a.png", T)
    assert scored("--num-classes", "3") == (0.8217, [])


def test_sigmoid_files_read_as_labels(save, scored):
    """IoU of all above 0; 0.5437 of those above one half, and the background beside it: mIoU 0.7307, with NumPy."""
    g = (255 / (1 + np.exp((np.hypot(*np.mgrid[-10:22, -14:34]) - 9) / 2))).astype(np.uint8)
    save("truth/a.png", (T == 1).astype(np.uint8) * 255)
    save("pred/a.png", g)
    assert scored("--binary")[1] == ["SEG291"]
    assert scored("--binary", "--probability") == (0.7307, [])
    save("truth/a.png", (T == 1).astype(np.uint8))
    assert "SEG291" in scored("--num-classes", "2")[1]
    save("pred/a.png", g.astype(np.uint16) * 257)
    assert "SEG291" in scored("--binary")[1]


@pytest.mark.parametrize("factor", [100, 127, 32767])
@pytest.mark.parametrize("side", ["pred", "gt"])
def test_ids_that_were_spread_over_the_greys(save, invoke, scored, tmp_path, factor, side):
    """The doubt gives the rows that mend it."""
    wide = np.uint8 if factor < 128 else np.uint16
    save("pred/a.png", (P.astype(wide) * factor) if side == "pred" else P)
    save("truth/a.png", (T.astype(wide) * factor) if side == "gt" else T)
    assert "SEG299" in scored()[1]
    checked = invoke("check", "pred", "truth")
    assert checked.exit_code == 3
    said = checked.stdout + checked.stderr
    assert f"by {factor} raises" in said
    rows = ["0,0", f"{factor},1", f"{2 * factor},2"]
    assert f"--map {side}:FILE, whose rows are {', '.join(rows)}" in " ".join(said.split())
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    assert scored("--map", f"{side}:rows.csv") == (0.8217, [])


@pytest.mark.parametrize("levels", [[0, 127, 255], [0, 128, 255], [0, 21845, 43690, 65535], [0, 36, 109]])
@pytest.mark.parametrize("side", ["pred", "gt"])
def test_ids_that_were_spread_and_rounded(save, scored, tmp_path, levels, side):
    """From black to white in three, four or eight steps, up or down: counted off they are the ids again."""
    ids = [0, 1, 3] if levels[1] == 36 else [0, 1, 3] if len(levels) == 4 else [0, 1, 2]
    greys = np.array([levels[n] for n in ids] if len(levels) == 4 else levels, np.uint16)
    plain, wide = np.array(ids, np.uint8), greys.astype(np.uint8) if greys.max() < 256 else greys
    save("pred/a.png", (wide if side == "pred" else plain)[P])
    save("truth/a.png", (wide if side == "gt" else plain)[T])
    assert "SEG299" in scored()[1]
    (tmp_path / "rows.csv").write_text("\n".join(f"{g},{i}" for g, i in zip(greys, ids, strict=True)))
    assert scored("--map", f"{side}:rows.csv") == (0.8217, [])


def test_three_ids_beside_a_truth_of_two_by_a_threshold(save, scored):
    """Only --binary makes two of them."""
    save("truth/a.png", T * 100)
    save("pred/a.png", P)
    assert "SEG256" in scored("--truth-threshold", "0.5")[1]
    assert "SEG256" not in scored("--truth-threshold", "0.5", "--binary")[1]


def test_floating_one_hot_is_noticed_as_integers_are(save, scored):
    """As frameworks write it; labels of a volume that happen to be so are told apart by nobody."""
    one_hot = (np.arange(3)[:, None, None] == T).astype(np.float32)
    save("truth/a.npy", one_hot)
    save("pred/a.npy", (np.arange(3)[:, None, None] == P).astype(np.float32))
    assert "SEG288" in scored()[1]
    assert scored("--one-hot") == (0.8217, [])


def test_a_shift_is_noticed_where_minus_one_is_predicted(save, scored):
    """Labels that were made one smaller, background included; a missing prediction is none of it."""
    save("truth/a.npy", T)
    save("pred/a.npy", T.astype(np.int16) - 1)
    assert "SEG253" in scored()[1]
    save("pred/a.npy", T)
    save("truth/b.npy", np.zeros((100, 100), np.uint8))
    assert "SEG253" not in scored("--missing", "worst")[1]


@pytest.mark.parametrize("options", [[], ["--num-classes", "3"]])
def test_shades_beside_several_classes(save, scored, invoke, options):
    """Told by their number; forty classes beside three are none of it where they are the classes."""
    save("truth/a.png", T)
    save("pred/a.png", np.arange(32 * 48).reshape(32, 48).astype(np.uint8))
    assert "SEG291" in scored(*options)[1]
    checked = invoke("check", "pred", "truth", *options)
    assert (checked.exit_code, "SEG291" in checked.stdout + checked.stderr) == (3, True)
    assert "one channel for each class" in checked.stdout + checked.stderr
    save("pred/a.png", (np.arange(32 * 48).reshape(32, 48) % 40 * 5).astype(np.uint8))
    assert "SEG291" in scored(*options)[1]
    assert "SEG291" not in scored("--num-classes", "200")[1]


def test_many_objects_are_no_shades(save, scored):
    """1, 2, 3, … beside a binary truth."""
    save("truth/a.png", np.arange(200, dtype=np.uint8)[None] % 2)
    save("pred/a.png", np.arange(200, dtype=np.uint8)[None])
    assert "SEG291" not in scored("--binary")[1]


def test_a_truth_that_is_nearly_binary(save, scored):
    """0 … 7 and 248 … 255 beside the mask that is meant; the IoU above one half is 1."""
    noise = np.random.RandomState(3).randint(0, 8, T.shape)
    save("truth/a.png", np.where(T != 0, 255 - noise, noise).astype(np.uint8))
    save("pred/a.png", (T != 0).astype(np.uint8) * 255)
    miou, codes = scored("--binary")
    assert (miou < 0.5, codes) == (True, ["SEG292"])
    assert scored("--binary", "--truth-threshold", "0.5") == (1, [])
    assert scored("--num-classes", "2", "--truth-threshold", "0.4")[1] == ["SEG256"]  # the prediction holds 255


def test_a_threshold_for_fractions_of_a_truth_and_for_ignored_values(save, scored):
    """Above 0.4 of white; 77 of 255 is below, and 9 is ignored: 3 of 4 pixels count, one is wrong."""
    save("truth/a.png", np.array([[9, 77, 103, 255]], np.uint8))
    save("pred/a.png", np.array([[1, 1, 1, 1]], np.uint8))
    options = ("--binary", "--truth-threshold", "0.4", "--ignore", "9")
    assert scored(*options)[0] == round(2 / 3 / 2, 4)
    (save("truth/a.png", np.zeros((1, 1), np.uint8))).unlink()
    save("truth/a.npy", np.array([[9, 0.3, 0.45, 1]], np.float32))
    assert scored(*options)[0] == round(2 / 3 / 2, 4)


@pytest.mark.parametrize("options", [("--num-classes", "3"), ("--multilabel",), ("--binary", "--one-hot"), ()])
def test_a_truth_threshold_makes_two_classes(invoke, save, options):
    save("truth/a.png", T)
    save("pred/a.png", P)
    result = invoke("score", "pred", "truth", "--truth-threshold", "0.5", *options)
    assert (result.exit_code, "--truth-threshold makes two classes" in result.stderr) == (
        (2, True) if options else (0, False)
    )
    assert invoke("score", "pred", "truth", "--truth-threshold", "1").exit_code == 2


LOW = np.float32(-3.4e38)


@pytest.mark.parametrize(
    ("void", "dtype", "option"),
    [
        (np.nan, np.float32, "nan"),
        (LOW, np.float32, "-3.4e38"),
        (-9999, np.float32, "-9999"),
        (np.nan, np.float16, "NaN"),
        (4294967295, np.uint32, "4294967295"),
        (-9999, np.int16, "-9999"),
    ],
)
@pytest.mark.parametrize("both", [False, True], ids=["truth", "both"])
def test_pixels_without_data_are_ignored(save, invoke, void, dtype, option, both):
    """A row without data, in the truth or in both: what is left scores as the labels without this row do."""
    truth, pred = T.astype(dtype), P.astype(dtype)
    truth[5] = void
    pred[5] = void if both else pred[5]
    save("truth/a.npy", truth)
    save("pred/a.npy", pred)
    result = invoke("score", "pred", "truth", "--ignore", option, "--format", "json")
    document = json.loads(result.stdout)
    save("truth/a.npy", np.delete(T, 5, axis=0))
    save("pred/a.npy", np.delete(P, 5, axis=0))
    wanted = json.loads(invoke("score", "pred", "truth", "--format", "json").stdout)
    assert document["summary"] == wanted["summary"]
    assert document["options"]["ignore"] == ["nan" if option.lower() == "nan" else float(option)]


def test_channels_beside_a_truth_without_data(save, scored, invoke):
    """A softmax of NaN is background where the truth has no data, and an error elsewhere."""
    truth, softmax = T.astype(np.float32), (np.arange(3)[:, None, None] == P).astype(np.float32)
    truth[5], softmax[:, 5] = np.nan, np.nan
    save("truth/a.npy", truth)
    save("pred/a.npy", softmax)
    assert scored("--ignore", "nan")[0] == miou_of(ROWS != 5)
    softmax[:, 6] = np.nan
    save("pred/a.npy", softmax)
    result = invoke("score", "pred", "truth", "--ignore", "nan")
    assert result.exit_code == 3
    assert "Error: SEG225 pred/a.npy holds NaN or infinity 144 times, first at (0, 6, 0)" in result.stderr


def miou_of(seen):
    """The mIoU of the labels of some pixels, by hand: the mean of the shares of pixels in both of those in either."""
    pred, truth = P[seen], T[seen]
    shares = [((pred == c) & (truth == c)).sum() / ((pred == c) | (truth == c)).sum() for c in range(3)]
    return round(float(np.mean(shares)), 4)


def test_a_declared_value_is_ignored_or_noticed(save, scored, monkeypatch):
    """As GDAL declares it; without --ignore nodata its pixels are a class, with it they are not."""
    from dataclasses import replace

    from segeval import io

    truth = T.copy()
    truth[5] = 9
    save("truth/a.png", truth)
    save("pred/a.png", P)
    read = io.read
    monkeypatch.setattr(io, "read", lambda file, *rest: replace(read(file, *rest), nodata=9.0))
    assert "SEG295" in scored()[1]
    assert scored("--ignore", "nodata") == (miou_of(ROWS != 5), [])
    assert scored("--ignore", "9") == (miou_of(ROWS != 5), [])


def test_ids_translated_by_a_table_or_a_shift(save, scored, tmp_path):
    """The mIoU is that of equal ids, 0.8217; ids of --ignore stay what they are."""
    truth = np.where(T == 0, 255, T - 1).astype(np.uint8)
    save("truth/a.png", T)
    save("pred/a.png", P + 1)
    assert scored("--map", "pred:shift:-1", "--num-classes", "3") == (0.8217, [])
    assert scored("--map", "gt:shift:+1") == (0.8217, [])
    (tmp_path / "table.csv").write_text("from,to\n1,0\n2, 1\n3,2\n")
    assert scored("--map", "pred:table.csv", "--num-classes", "3") == (0.8217, [])
    (tmp_path / "table.json").write_text('{"0": 10, "1": 20, "2": 700}')
    (tmp_path / "back.csv").write_text("1,10\n2,20\n3,700\n")
    assert scored("--map", "gt:table.json", "--map", "pred:back.csv") == (0.8217, [])
    save("truth/a.png", truth)
    given = ("--map", "gt:shift:1", "--ignore", "255", "--map", "pred:shift:-1")
    assert scored(*given) == (miou_of(T != 0), [])


def test_translations_are_recorded(save, invoke, tmp_path):
    save("truth/a.png", T)
    save("pred/a.png", P + 1)
    (tmp_path / "table.csv").write_text("2,1\n0,0\n1,2\n")
    result = invoke("score", "pred", "truth", "--map", "gt:table.csv", "--map", "pred:shift:-1", "--format", "json")
    assert json.loads(result.stdout)["options"]["map"] == {"gt": [[0, 0], [1, 2], [2, 1]], "pred": "shift:-1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pred", "--map is 'pred'"),
        ("truth:shift:1", "--map is 'truth:shift:1'"),
        ("pred:shift:one", "as in pred:shift:-1"),
        ("pred:shift:0", "--map has 'shift:0'"),
        ("pred:nowhere.csv", "nowhere.csv"),
        ("pred:bad.csv", "has the row '1,two'"),
        ("pred:twice.csv", "has an id twice"),
        ("pred:empty.csv", "has no rows"),
        ("pred:list.json", "is not an object of ids"),
        ("pred:long.csv", "is not valid CSV"),
    ],
)
def test_translations_that_cannot_be_used(save, invoke, tmp_path, text, said):
    save("truth/a.png", T)
    save("pred/a.png", P)
    for name, content in (
        ("bad.csv", "0,1\n1,two\n"),
        ("twice.csv", "1,2\n1,3\n"),
        ("empty.csv", "a,b\n"),
        ("list.json", "[1]"),
        ("long.csv", "1" * 131_073 + ",2\n"),  # one more than a cell may hold
    ):
        (tmp_path / name).write_text(content)
    result = invoke("score", "pred", "truth", "--map", text)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_an_id_without_a_row_is_an_error(save, invoke, tmp_path):
    save("truth/a.png", T)
    save("pred/a.png", P)
    (tmp_path / "table.csv").write_text("0,0\n1,1\n")
    result = invoke("score", "pred", "truth", "--map", "pred:table.csv")
    assert result.exit_code == 3
    assert "SEG296 pred/a.png holds ids that --map has no row for: 2" in result.stderr


def test_an_option_without_effect_is_an_error_where_it_was_typed(save, invoke, tmp_path):
    """2, after the result; a note from a configuration, or where it has an effect on some images."""
    save("truth/a.png", T)
    save("pred/a.png", P)
    for options in (["--threshold", "0.3"], ["--logits"], ["--threshold", "0.5"]):
        result = invoke("score", "pred", "truth", *options)
        assert result.exit_code == 2
        assert f"Error: SEG117 {options[0]} had no effect on any image" in result.stderr
        assert "miou_dataset" in result.stdout
    (tmp_path / "segeval.toml").write_text("[data]\nlogits = true\n")
    result = invoke("score", "pred", "truth")
    assert (result.exit_code, "SEG297 --logits had no effect on 1 of 1 image" in result.stderr) == (0, True)
    (tmp_path / "segeval.toml").unlink()
    save("truth/b.png", T)
    save("pred/b.npy", (np.arange(3)[:, None, None] == P) * 4.0 - 1)
    result = invoke("score", "pred", "truth", "--logits")
    assert (result.exit_code, "SEG297 --logits had no effect on 1 of 2 images" in result.stderr) == (0, True)


def test_one_array_of_several(save, scored, tmp_path, invoke):
    """Named for each side, of files in folders and of two files."""
    (tmp_path / "pred").mkdir()
    np.savez(tmp_path / "pred/a.npz", seg=P, extra=P * 0)
    (tmp_path / "truth").mkdir()
    np.savez(tmp_path / "truth/a.npz", extra=P * 0, mask=T)
    options = ("--pred-array", "seg", "--gt-array", "mask")
    assert scored(*options) == (0.8217, [])
    result = invoke("score", "pred/a.npz", "truth/a.npz", *options, "--format", "json")
    document = json.loads(result.stdout)
    assert (document["options"]["pred_array"], document["options"]["gt_array"]) == ("seg", "mask")
    assert round(document["summary"]["miou_dataset"], 4) == 0.8217
    result = invoke("score", "pred", "truth", "--gt-array", "mask")
    assert (result.exit_code, "--pred-array" in result.stderr) == (3, True)


@pytest.mark.parametrize(("steps", "refused"), [((2.0, 0.5), True), ((1.0, 0.504), False), ((1.0, 0.52), True)])
def test_pixels_of_another_size_are_refused(tmp_path, invoke, steps, refused):
    """Where both files say how large a pixel is: here 1 × 0.5 µm beside others, as ImageJ writes them."""
    for side, (y, x), array in (("pred", steps, P), ("truth", (1.0, 0.5), T)):
        (tmp_path / side).mkdir()
        metadata = {"unit": "um", "axes": "YX"}
        tifffile.imwrite(tmp_path / side / "a.tif", array, imagej=True, resolution=(1 / x, 1 / y), metadata=metadata)
    result = invoke("score", "pred", "truth")
    assert (result.exit_code, "SEG298" in result.stderr) == ((3, True) if refused else (0, False))
    if refused:
        assert "but one of truth/a.tif is 1 x 0.5" in result.stderr
    result = invoke("score", "pred", "truth", "--ignore-geometry")
    assert result.exit_code == (0 if refused else 2)


@pytest.mark.parametrize(
    ("mask", "code"),
    [
        (np.where(T == 2, 255, T), "SEG282"),
        (np.where(T == 2, 65535, T.astype(np.uint16)), "SEG282"),
        ((np.arange(3)[:, None, None] == T).astype(np.uint8), "SEG288"),
        (T, None),
        (T // 2 * 255, None),
        (np.arange(256, dtype=np.uint16).repeat(9).reshape(32, -1), None),
    ],
)
def test_weight_maps_notice_void_and_one_hot(save, invoke, mask, code):
    """As `score` does; 255 is a cell where cells are counted so far, and the foreground of a binary mask."""
    save("masks/a.npy", mask)
    result = invoke("weightmap", "masks", "-o", "out", "--labels", "instances")
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.stderr.splitlines() if line.startswith("Note: ")] == (
        [code] if code else []
    )
    if code == "SEG282":
        assert f"Hint: if it is void, give --ignore {mask.max()}" in result.stderr
        assert invoke("weightmap", "masks", "-o", "out2", "--labels", "instances", "--ignore", mask.max()).stderr == ""


@pytest.mark.parametrize(
    ("pred", "truth", "options", "code"),
    [
        (P + 10, T, [], "SEG246"),
        (P, T, [], None),
        (P + 1, (T > 0) * 1, ["--binary"], "SEG247"),
        (P, (T > 0) * 1, ["--binary"], None),
        (P * 0.4, T, [], "SEG248"),
        (P * 0.4, (T > 0) * 1, [], None),
        (P, (T > 0) * 1, ["--probability"], "SEG249"),
        (P * 100, (T > 0) * 1, ["--probability"], None),
        ((P > 0) * 1, T, ["--binary", "--truth-threshold", "0.5"], "SEG249"),
        ((P > 0) * 1, np.where(T == 2, 255, T), ["--binary"], "SEG282"),
        ((P > 0) * 1, np.where(T == 2, 255, T), ["--binary", "--ignore", "255"], None),
        ((P > 0) * 1, np.where(T == 2, -1, T), ["--binary"], "SEG282"),
        ((P > 0) * 1, (T > 0) * 255, ["--num-classes", "3", "--ignore", "255"], "SEG284"),
    ],
)
def test_what_is_read_as_something_else_is_noticed(save, scored, pred, truth, options, code):
    """And nothing is said of the same files where they are what they are read as."""
    for side, array in (("pred", pred), ("truth", truth)):
        array = np.asarray(array)
        save(f"{side}/a.npy", array if array.dtype.kind == "f" or array.min() < 0 else array.astype(np.uint8))
    assert (code in scored(*options)[1]) if code else (scored(*options)[1] == [])


def test_one_hot_of_a_value_that_is_ignored_is_refused(save, invoke):
    save("pred/a.npy", (np.arange(3)[:, None, None] == P) * 255)
    save("truth/a.npy", (np.arange(3)[:, None, None] == T) * 255)
    result = invoke("score", "pred", "truth", "--one-hot", "--ignore", "255")
    assert (result.exit_code, "255 for yes, and --ignore leaves that out" in result.stderr) == (3, True)


def test_images_are_no_channels(save, invoke):
    """(16, 24) has no channels, and (H, W, C) has them last; the number of classes says what is meant."""
    for shape, said in (((16, 24), "not a channel for each"), ((16, 24, 3), "are its channels last")):
        for side in ("pred", "truth"):
            save(f"{side}/a.npy", np.ones(shape, np.uint8))
        result = invoke("score", "pred", "truth", "--multilabel")
        assert (result.exit_code, said in result.stderr) == (3, True)


@pytest.mark.parametrize("pattern", ["{class}/{id}.png", "{id}_{class}.png", "{id}/mask.{class}.png"])
@pytest.mark.parametrize("both", [True, False], ids=["both", "truth"])
def test_a_file_for_each_class(save, scored, invoke, pattern, both):
    """A folder or a suffix a class: IoU .75 and .7778 of the two, as of one-hot channels; b has no file of cyst."""
    for id_, pred, truth in (("a", P, T), ("b", np.minimum(P, 1), np.minimum(T, 1))):
        for c, name in ((1, "tumour"), (2, "cyst")):
            if (truth == c).any():
                save("truth/" + pattern.format_map({"class": name, "id": id_}), (truth == c).astype(np.uint8) * 255)
            if both:
                save("pred/" + pattern.format_map({"class": name, "id": id_}), (pred == c).astype(np.uint8))
        if not both:
            save(f"pred/{id_}.npy", np.stack([pred == 1, pred == 2]).astype(np.uint8))
    options = ["--multilabel", "--classes", "tumour,cyst", "--gt-pattern", pattern]
    options += ["--pred-pattern", pattern] if both else []
    ious = [((c == P) & (c == T)).sum() / ((c == P) | (c == T)).sum() for c in (1, 2)]
    merged = ((P > 0) & (T > 0)).sum() / ((P > 0) | (T > 0)).sum()
    inside = ((P == 1) & (T == 1)).sum() + ((P > 0) & (T > 0)).sum()
    either = ((P == 1) | (T == 1)).sum() + ((P > 0) | (T > 0)).sum()
    assert merged < 1
    assert scored(*options) == (round((inside / either + ious[1]) / 2, 4), ["SEG260"])
    assert invoke("check", "pred", "truth", *options).exit_code == 0


def test_files_of_classes_need_their_names(save, invoke):
    for name in ("tumour", "cyst", "thumbs"):
        for side in ("pred", "truth"):
            save(f"{side}/{name}/a.png", T)
    options = ["--pred-pattern", "{class}/{id}.png", "--gt-pattern", "{class}/{id}.png"]
    for more, said in (
        ([], "give --multilabel and --classes NAMES"),
        (["--multilabel", "--classes", "tumour,cyst"], "has files of no class: thumbs"),
    ):
        result = invoke("score", "pred", "truth", *options, *more)
        assert (result.exit_code, said in result.stderr) == (3, True)


def test_a_folder_of_a_class_is_no_pattern(save, scored):
    """`*` and braces in its name are letters: IoU .75 and .7778, and nothing is in both."""
    for c, name in ((1, "a*"), (2, "{id}")):
        for side, labels in (("pred", P), ("truth", T)):
            save(f"{side}/{name}/a.png", (labels == c).astype(np.uint8))
            save(f"{side}/{name}/ab.png", (labels == c).astype(np.uint8))
    options = ["--pred-pattern", "{class}/{id}.png", "--gt-pattern", "{class}/{id}.png"]
    assert scored("--multilabel", "--classes", "a*,{id}", *options) == (round((0.75 + 7 / 9) / 2, 4), [])


def test_grey_files_of_classes(save, scored):
    """Probabilities in 8 bits: above one half is yes."""
    for c, name in ((1, "tumour"), (2, "cyst")):
        save(f"pred/{name}/a.png", np.where(c == P, 200, 100).astype(np.uint8))
    save("truth/a.npy", np.stack([T == 1, T == 2]))
    options = ["--multilabel", "--classes", "tumour,cyst", "--pred-pattern", "{class}/{id}.png"]
    assert scored(*options, "--probability") == (round((0.75 + 7 / 9) / 2, 4), [])


def test_a_known_table_and_map(save, scored, invoke, tmp_path):
    """Cityscapes ids beside train ids: road 7 is 0, car 26 is 13; one of six pixels is void, one of five wrong."""
    save("truth/a.png", np.array([[7, 7, 26, 26, 26, 3]], np.uint8))
    save("pred/a.png", np.array([[0, 13, 13, 13, 13, 13]], np.uint8))
    miou, codes = scored("--classes", "cityscapes", "--map", "gt:cityscapes-ids-to-trainids")
    assert (miou, codes) == (round((1 / 2 + 3 / 4) / 2, 4), [])
    document = json.loads(
        invoke(
            "score",
            "pred",
            "truth",
            "--classes",
            "cityscapes-ids",
            "--map",
            "pred:cityscapes-trainids-to-ids",
            "--format",
            "json",
        ).stdout
    )
    assert round(document["summary"]["miou_dataset"], 4) == miou
    assert [group["name"] for group in document["groups"] if group["iou"] is not None] == ["flat", "vehicle"]
    assert ["*", 255] not in document["options"]["map"]["pred"]


def test_grey_truth_of_a_known_table(save, scored):
    """Kvasir's masks are JPEG: values near 0 and 255, parted at 128; those of 0 and 1 are labels."""
    save("pred/a.png", np.array([[0, 1, 1, 0]], np.uint8))
    for name, truth in (("grey", [[3, 254, 128, 127]]), ("labels", [[0, 1, 1, 0]])):
        save("truth/a.png", np.array(truth, np.uint8))
        assert scored("--classes", "polyp") == (1.0, []), name


def test_the_note_about_ids_names_an_option_that_cures_it(save, scored, invoke):
    save("truth/a.png", np.array([[1, 2, 3, 4, 5, 6]], np.uint8))
    save("pred/a.png", np.array([[0, 1, 2, 3, 4, 5]], np.uint8))
    said = invoke("score", "pred", "truth", "--num-classes", "7").stderr
    assert "SEG253" in said
    option = said.split("--map ")[1].split()[0]
    assert scored("--num-classes", "7", "--map", option) == (1.0, [])
    save("pred/a.png", np.array([[11, 11, 13, 17, 19, 20]], np.uint8))
    save("truth/a.png", np.array([[2, 2, 4, 5, 6, 7]], np.uint8))
    said = invoke("score", "pred", "truth", "--num-classes", "19").stderr
    assert "SEG254" in said
    option = said.split("--map ")[1].split()[0]
    assert scored("--num-classes", "19", "--map", option) == (1.0, [])


def test_regions_that_overlap_are_scored(save, invoke, tmp_path):
    """Dice of BraTS: WT 2·4/10, TC 2·3/7, ET 2·1/4, by hand; their mean; and so again from the stored run."""
    save("truth/a.png", np.array([[0, 1, 2, 4, 4, 2, 0]], np.uint8))
    save("pred/a.png", np.array([[0, 4, 2, 4, 1, 0, 1]], np.uint8))
    document = json.loads(
        invoke("score", "pred", "truth", "--classes", "brats", "--format", "json", "-o", "out").stdout
    )
    found = {group["name"]: group["dice"] for group in document["groups"]}
    wanted = {"WT": 0.8, "TC": 6 / 7, "ET": 0.5}
    assert found == pytest.approx(wanted)
    mean = sum(wanted.values()) / 3
    result = invoke(
        "gate", "out", "-r", f"group_mdice_dataset >= {mean - 1e-9}", "-r", f"group_mdice_dataset <= {mean + 1e-9}"
    )
    assert result.exit_code == 0, result.output
