"""The class tables and id maps that come with the program, against facts from elsewhere."""

import numpy as np
import pytest

from segeval.data.class_selection import choose
from segeval.data.class_tables import id_maps, known, names
from segeval.data.translation import Translation, translations
from segeval.errors import BadClassTable, BadOption


def test_every_table_is_sound_and_names_its_sources():
    assert len(names()) == 55
    for name in names():
        found = known(name)
        assert found.sources
        assert found.table.scored.classes
        assert {id_ for _, ids in found.table.regions for id_ in ids} <= set(found.table.ids)
        assert found.background is None or found.background in found.table.scored.ids
        assert not (found.shared_colors and found.table.colors)


@pytest.mark.parametrize(
    ("name", "number", "void", "some"),
    [
        ("cityscapes", 19, {255}, {0: "road", 7: "traffic sign", 18: "bicycle"}),
        ("cityscapes-ids", 19, {0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30}, {7: "road", 33: "bicycle"}),
        ("voc", 21, {255}, {0: "background", 1: "aeroplane", 20: "tvmonitor"}),
        ("ade20k", 150, {0}, {1: "wall", 74: "kitchen island", 150: "flag"}),
        ("coco", 80, {0}, {1: "person", 13: "stop sign", 90: "toothbrush"}),
        ("camvid-11", 11, {11}, {0: "Sky", 10: "Bicyclist"}),
        ("mapillary-vistas", 65, {65}, {0: "Bird", 64: "Ego Vehicle"}),
        ("totalsegmentator", 118, set(), {0: "background", 1: "spleen", 117: "costal_cartilages"}),
    ],
)
def test_names_and_void_of_well_known_tables(name, number, void, some):
    """From the data sets' pages."""
    table = known(name).table
    assert (len(table.scored.ids), set(table.ignore)) == (number, void)
    assert {info.id: info.name for info in table.classes if info.id in some} == some


def test_voc_has_the_colours_of_its_formula():
    """Bits 0, 1, 2 of an id are the highest of red, green, blue, bits 3, 4, 5 the next; 255 is the border."""

    def formula(id_):
        return tuple(sum(((id_ >> 3 * bit + channel) & 1) << 7 - bit for bit in range(3)) for channel in range(3))

    assert known("voc").table.colors == {formula(id_): id_ for id_ in [*range(21), 255]}


def test_enhancing_tumour_is_never_guessed():
    """4 until 2022, 3 from 2023 on; 4 is the resection cavity in 2024."""
    ids = {name: dict(known(name).table.regions)["ET"] for name in names() if name.startswith("brats")}
    assert ids == {"brats": (4,), "brats2023": (3,), "brats2024-gli": (3,), "brats-nnunet": (3,)}
    assert {name: {info.name: info.id for info in known(name).table.classes} for name in ("acdc", "amos", "btcv")}[
        "acdc"
    ] == {"background": 0, "RV": 1, "MYO": 2, "LV": 3}
    with pytest.raises(BadOption, match="no class table called 'camvid'") as caught:
        choose(classes="camvid")
    assert caught.value.hint.startswith("say which: camvid-32, camvid-11")


def test_a_name_chooses_ids_void_colours_groups_and_regions():
    choice = choose(classes="cityscapes", ignore=[254])
    assert (choice.ignore, choice.scored.ids) == ({254, 255}, tuple(range(19)))
    assert choice.scored.groups["human"] == [11, 12]
    assert choice.colors[(128, 64, 128)] == 0
    assert choose(classes="kits23").scored.groups == {"kidney_and_mass": [1, 2, 3], "mass": [2, 3], "tumor": [2]}
    assert choose(classes="isprs-potsdam").colors[(0, 0, 0)] == 255  # eroded borders


def test_colours_that_several_classes_share_are_refused():
    with pytest.raises(BadClassTable, match="several classes of cityscapes-ids share a colour"):
        choose(colors="cityscapes-ids")
    assert choose(classes="ade20k").colors == {}
    assert choose(colors="voc").palette


@pytest.mark.parametrize("name", ["cityscape", "Cityscapes", "coco-panoptics"])
def test_a_name_alone_that_is_nearly_a_table_is_an_error(name):
    with pytest.raises(BadOption, match="there is no class table called"):
        choose(classes=name)


def test_other_names_stay_names():
    assert [info.name for info in choose(classes="lesion").table.classes] == ["lesion"]
    assert [info.name for info in choose(classes="voc,coco").table.classes] == ["voc", "coco"]


def test_channels_do_not_exclude_each_other_and_have_no_groups():
    assert choose(classes="bdd100k", multilabel=True).scored.groups == {}
    assert choose(classes="brats", multilabel=True).scored.groups == {}


def test_every_map_leads_from_a_table_to_a_table():
    for found in id_maps().values():
        for name, ids in ((found.source, found.pairs), (found.target, found.pairs.values())):
            if name in names():
                table = known(name).table
                assert set(ids) <= {*table.ids, *table.ignore, 0}, found.name


@pytest.mark.parametrize(
    ("name", "ids", "wanted"),
    [
        ("cityscapes-ids-to-trainids", [0, 7, 29, 33, 99], [255, 0, 255, 18, 255]),
        ("ade20k-shift", [0, 1, 150], [255, 0, 149]),
        ("coco-ids-to-80", [1, 13, 90], [0, 11, 79]),
        ("brats-4-to-3", [0, 1, 2, 4], [0, 1, 2, 3]),
        ("btcv-to-synapse-8", [0, 8, 13], [0, 1, 0]),
        ("totalsegmentator-2.0-ribs", [5, 92, 94], [5, 107, 92]),
    ],
)
def test_known_maps(name, ids, wanted):
    """By hand: all others become void or background, or stay, as the map says."""
    (found,) = translations([f"gt:{name}"]).values()
    assert found.of(np.array(ids, np.uint8), {200}, "a.png").tolist() == wanted
    assert Translation.from_record(found.recorded()) == found


def test_an_ignored_id_with_a_row_is_translated():
    """It is the id of a class before, and another after."""
    found = Translation(None, {0: 255, 1: 0}, 7)
    assert found.of(np.array([0, 1, 9, 255]), {0, 255}, "a.png").tolist() == [255, 0, 7, 255]


def test_a_map_that_is_no_name_and_no_file():
    with pytest.raises(BadOption, match="neither an id map nor a file") as caught:
        translations(["pred:ade20k-shfit"])
    assert "did you mean 'ade20k-shift'" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "rest"),
    [
        ("m.csv", "from,to\n7,0\n8,1\n*,255\n", 255),
        ("m.json", '{"7": 0, "8": 1, "*": "same"}', "same"),
        ("m.toml", '7 = 0\n8 = 1\n"*" = 254\n', 254),
    ],
)
def test_all_other_ids_in_a_file(tmp_path, name, text, rest):
    (tmp_path / name).write_text(text)
    assert Translation.parse(str(tmp_path / name)) == Translation(None, {7: 0, 8: 1}, rest)


@pytest.mark.parametrize("text", ["1,2\n*,3\n*,4\n", "*,3\n", "same,1\n1,same\n"])
def test_maps_that_say_nothing_or_too_much(tmp_path, text):
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(BadOption, match="--map"):
        Translation.parse(str(tmp_path / "m.csv"))
