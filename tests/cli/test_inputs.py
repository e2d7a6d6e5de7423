"""Files whose numbers are colours or greys, and not ids: read as what they are, or noticed."""

import json

import numpy as np
import pytest
from PIL import Image

T = np.zeros((32, 48), np.uint8)
T[4:14, 6:20], T[18:28, 24:40] = 1, 2
P = np.roll(T, 2, axis=1)  # IoU 0.9373, 0.75, 0.7778; of foreground in all 0.7647
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
