"""Tests of masks that are found again, and of photographs behind them."""

import numpy as np
import pytest
from PIL import Image

from segeval.errors import DamagedFile, OtherMasks
from segeval.evaluate.api import score
from segeval.io import photo
from segeval.io.files import MaskFile
from segeval.overlay.layers import Kind
from segeval.overlay.source import Masks, background, photographs
from segeval.run.results import Results


@pytest.fixture
def found(save, tmp_path):
    """Score two pairs; gives the results and the masks, found again."""
    for name, pred in (("a", [[0, 1, 2, 9]]), ("b", [[2, 2, 2, 2]])):
        save(f"pred/{name}.png", np.array(pred, np.uint8))
        save(f"truth/{name}.png", np.array([[0, 2, 2, 255]], np.uint8))

    def found(**options):
        run = score(tmp_path / "pred", tmp_path / "truth", ignore=[255], **options)
        run.to_json(tmp_path / "run.json")
        masks = Masks.found(run.document(), str(tmp_path / "pred"), str(tmp_path / "truth"), {})
        return Results.of(run), masks

    return found


@pytest.mark.parametrize("options", [{"num_classes": 3}, {}])
def test_masks_of_the_run(found, options):
    """Read with the options of the run, classes that it found among them."""
    results, masks = found(**options)
    assert masks.layers("a", results.rows).kinds.tolist() == [[Kind.RIGHT, Kind.CONFUSED, Kind.HIT, Kind.IGNORED]]
    assert [info.name for info in masks.options.classes.scored.classes][:3] == ["0", "1", "2"]


def test_other_masks_are_refused(found, save):
    """Another truth by its digest, another prediction by what was counted."""
    results, masks = found(num_classes=3)
    save("pred/a.png", np.array([[0, 2, 2, 9]], np.uint8))
    with pytest.raises(OtherMasks, match="the prediction of a is not"):
        masks.layers("a", results.rows)
    save("truth/b.png", np.array([[0, 2, 1, 255]], np.uint8))
    with pytest.raises(OtherMasks, match="truth/b.png is not the true mask"):
        masks.layers("b", results.rows)
    assert masks.layers("b").kinds.shape == (1, 4)


def test_a_missing_prediction_predicts_nothing(found, tmp_path):
    """Every object of its truth is missed."""
    (tmp_path / "pred/b.png").unlink()
    results, masks = found(num_classes=3, missing="worst")
    assert masks.layers("b", results.rows, background=None).kinds.tolist() == [[3, 3, 3, Kind.IGNORED]]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"num_classes": 3}, 0),
        ({"classes": ["Background", "cat", "dog"]}, 0),
        ({"classes": ["road", "cat", "dog"]}, None),
    ],
)
def test_what_stands_for_no_object(found, options, wanted):
    """Id 0, unless it has the name of something."""
    assert background(found(**options)[1]) == wanted


def test_photographs_are_turned_as_the_camera_was_held(tmp_path):
    """By EXIF: 6 is a quarter turn."""
    (tmp_path / "photos").mkdir()
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0] = 200
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "photos/a_cam.png", exif=exif)
    (file,) = photographs(str(tmp_path / "photos"), "{id}_cam.png").values()
    turned = photo.read(file)
    assert turned.shape == (3, 2, 3)
    assert turned[0, 1].tolist() == [200, 200, 200]
    again = photo.jpeg(turned, (6, 4))
    assert b"Exif" not in again
    assert again == photo.jpeg(turned, (6, 4))


def test_a_wide_photograph_is_stretched(tmp_path):
    """16-bit grey from its least to its most; what is no picture says so."""
    Image.fromarray(np.array([[1000, 2000], [3000, 1000]], np.uint16)).save(tmp_path / "a.png")
    shown = photo.read(MaskFile.at(str(tmp_path / "a.png"), "a.png"))
    assert shown[..., 0].tolist() == [[0, 128], [255, 0]]
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(DamagedFile, match="b.png"):
        photo.read(MaskFile.at(str(tmp_path / "b.png"), "b.png"))
