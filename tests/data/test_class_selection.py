"""The classes that the options name."""

import os

import pytest

from segeval.data.class_selection import choose, load_table
from segeval.errors import BadClassTable, BadOption, UsageError


def names(choice):
    return [info.name for info in choice.table.classes]


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_nothing_given_means_the_ids_that_are_found():
    choice = choose(ignore=[255])
    assert (choice.table, choice.scored, choice.channels) == (None, None, None)
    assert (choice.ignore, choice.binary, dict(choice.colors)) == (frozenset({255}), False, {})


def test_number_of_classes():
    choice = choose(num_classes=3, ignore=[2, 255])
    assert (choice.table.ids, choice.channels, choice.scored.ids) == ((0, 1, 2), (0, 1, 2), (0, 1))
    assert choice.ignore == {2, 255}


def test_names_get_the_ids_from_0():
    choice = choose(classes="road, car,sky")
    assert (names(choice), choice.channels) == (["road", "car", "sky"], (0, 1, 2))
    assert names(choose(classes=["road", "a,b"])) == ["road", "a,b"]


def test_many_names_are_no_file_name():
    """Together they are longer than any file name can be."""
    many = [f"class of things {n}" for n in range(150)]
    assert names(choose(classes=",".join(many))) == many


def test_binary_is_background_and_foreground():
    choice = choose(binary=True)
    assert (names(choice), choice.channels, choice.binary) == (["background", "foreground"], (0, 1), True)
    assert names(choose(binary=True, classes="sky,ship")) == ["sky", "ship"]
    assert choose(binary=True, num_classes=2).table.ids == (0, 1)


def test_binary_takes_no_class_file_with_other_ids(tmp_path):
    path = write(tmp_path, "classes.csv", "id,name\n0,sky\n7,ship\n")
    with pytest.raises(BadOption, match="--binary has the classes 0 and 1, and no others"):
        choose(binary=True, classes=path)


def test_file_of_classes_keeps_ignored_ids_as_channels(tmp_path):
    path = write(tmp_path, "classes.csv", "id,name,ignore\n0,road,\n7,car,\n255,void,yes\n")
    choice = choose(classes=path)
    assert (choice.channels, choice.scored.ids, choice.ignore) == ((0, 7, 255), (0, 7), {255})


def test_colours_are_classes_where_no_others_are_named(tmp_path):
    path = write(tmp_path, "colors.csv", "id,name,color\n3,road,#804080\n9,car,0 0 142\n")
    choice = choose(colors=path)
    assert choice.table.ids == (3, 9)
    assert dict(choice.colors) == {(128, 64, 128): 3, (0, 0, 142): 9}
    other = choose(colors=path, num_classes=12)
    assert (len(other.table.ids), dict(other.colors)) == (12, {(128, 64, 128): 3, (0, 0, 142): 9})


def test_colours_of_the_class_file_count_without_a_colour_table(tmp_path):
    path = write(tmp_path, "classes.csv", "id,color\n3,#804080\n9,\n")
    assert dict(choose(classes=path).colors) == {(128, 64, 128): 3}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"num_classes": 3, "classes": "a,b"}, "--num-classes and --classes exclude each other"),
        ({"num_classes": 3, "binary": True}, "--binary has the classes 0 and 1, and no others"),
        ({"classes": "a,b,c", "binary": True}, "--binary has the classes 0 and 1, and no others"),
        ({"num_classes": 0}, "--num-classes is 0"),
        ({"num_classes": -1}, "--num-classes is -1"),
        ({"num_classes": 65537}, "--num-classes is 65537"),
        ({"num_classes": 2, "ignore": [0, 1]}, "--ignore leaves no class"),
        ({"multilabel": True, "binary": True}, "--multilabel and --binary exclude each other"),
        ({"multilabel": True, "num_classes": 3, "ignore": [1]}, "neither can be ignored"),
        ({"multilabel": True, "num_classes": 3, "ignore": [0, 7]}, "neither can be ignored"),
        ({"multilabel": True, "num_classes": 1}, "--multilabel has only one class"),
    ],
)
def test_options_that_contradict_each_other(options, reason):
    with pytest.raises(BadOption, match=reason) as caught:
        choose(**options)
    assert (caught.value.code, caught.value.exit_code) == ("SEG101", 2)


@pytest.mark.parametrize("classes", ["a,a", "a,,b", "", " , ", "a, a"])
def test_names_are_distinct_and_not_empty(classes):
    with pytest.raises(BadClassTable, match="--classes") as caught:
        choose(classes=classes)
    assert caught.value.code == "SEG104"


def test_multilabel_takes_no_colours_and_no_groups(tmp_path):
    """A colour stands for one class a pixel; counts of groups cannot be found from those of their classes."""
    coloured = write(tmp_path, "colours.csv", "id,name,color\n0,road,#804080\n3,sky,#000000\n")
    grouped = write(tmp_path, "groups.csv", "id,name,group\n0,road,flat\n3,sky,\n")
    with pytest.raises(BadOption, match="--multilabel and --colors"):
        choose(colors=coloured, multilabel=True)
    with pytest.raises(BadOption, match="groups"):
        choose(classes=grouped, multilabel=True)
    assert choose(classes=coloured, multilabel=True).table.ids == (0, 3)


def test_multilabel_ignores_values_not_classes():
    """Value 2 may be ignored though there is a class 2."""
    choice = choose(num_classes=3, ignore=[2, 255], multilabel=True)
    assert (choice.scored.ids, choice.ignore) == ((0, 1, 2), {2, 255})


def test_colour_table_without_colours_is_an_error(tmp_path):
    path = write(tmp_path, "classes.csv", "id,name\n0,road\n")
    with pytest.raises(BadClassTable, match="has no colours"):
        choose(colors=path)


@pytest.mark.parametrize("name", ["classes.xml", "classes", "classes.yaml", "classes.csv.gz"])
def test_other_suffixes_are_no_class_files(tmp_path, name):
    path = write(tmp_path, name, "id,name\n0,road\n")
    with pytest.raises(BadClassTable, match="is not a class file") as caught:
        load_table(path)
    assert ".csv, .json, .toml" in caught.value.hint


@pytest.mark.parametrize("option", ["classes", "colors"])
def test_absent_class_file_is_an_error_of_the_class_table(tmp_path, option):
    with pytest.raises(BadClassTable, match=r"absent\.csv: No such file") as caught:
        choose(**{option: str(tmp_path / "absent.csv")})
    assert caught.value.code == "SEG104"


@pytest.mark.parametrize("option", ["classes", "colors"])
def test_folder_in_place_of_a_class_file_is_an_error_of_the_class_table(tmp_path, option):
    os.mkdir(tmp_path / "classes.csv")
    with pytest.raises(BadClassTable, match=r"classes\.csv") as caught:
        choose(**{option: str(tmp_path / "classes.csv")})
    assert caught.value.code == "SEG104"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".toml"])
def test_class_file_that_is_not_utf8_is_an_error_of_the_class_table(tmp_path, suffix):
    path = tmp_path / f"classes{suffix}"
    path.write_bytes("id,name\n0,Straße\n".encode("latin-1"))
    with pytest.raises(BadClassTable, match="is not UTF-8") as caught:
        load_table(str(path))
    assert caught.value.code == "SEG104"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".csv", 'id,name,color\n0,road,#804080\n5,"car, small","0, 0, 142"\n'),
        (
            ".json",
            '[\n{"id": 0, "name": "road", "color": "#804080"},\n{"id": 5, "name": "car, small", "color": [0, 0, 142]}]',
        ),
        (
            ".toml",
            '[[classes]]\nid = 0\nname = "road"\ncolor = "#804080"\n'
            '[[classes]]\nid = 5\nname = "car, small"\ncolor = [0, 0, 142]\n',
        ),
    ],
)
def test_every_kind_of_file_with_either_line_end_with_or_without_mark(tmp_path, suffix, text, mark, newline):
    path = tmp_path / f"classes{suffix}"
    path.write_bytes((mark + text.replace("\n", newline)).encode())
    table = load_table(str(path))
    assert [(info.id, info.name, info.color) for info in table.classes] == [
        (0, "road", (128, 64, 128)),
        (5, "car, small", (0, 0, 142)),
    ]


def test_suffix_in_capitals_is_a_class_file_too(tmp_path):
    path = write(tmp_path, "CLASSES.CSV", "id,name\n4,road\n")
    assert choose(classes=path).table.ids == (4,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"binary": True, "ignore": [1]}, "neither can be ignored"),
        ({"binary": True, "ignore": [0]}, "neither can be ignored"),
        ({"ignore": ["void"]}, "--ignore is 'void'"),
        ({"ignore": [float("inf")]}, "--ignore is inf"),
        ({"ignore": ["9" * 400]}, "--ignore is '999"),
        ({"ignore": None}, "--ignore is None"),
        ({"classes": "clases.txt"}, "clases.txt: No such file"),
        ({"classes": "some/where"}, "there is no file some/where"),
    ],
)
def test_choices_that_cannot_be_meant(options, message):
    with pytest.raises(UsageError, match=message):
        choose(**options)
