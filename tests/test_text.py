"""Tests of how untrusted text is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segeval.text import clipped, columns, extent, folded, marked, safe_text, some, unmarked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.png", "plain name.png"),
        ("café_日本.png", "café_日本.png"),
        ("\x1b]0;p\x07", "\\x1b]0;p\\x07"),
        ("\n::error::x", "\\x0a::error::x"),
        ("a\tb\rc", "a\\x09b\\x0dc"),
        ("\x9b31m", "\\x9b31m"),  # the one-byte CSI of C1
        ("a\u202egnp.b", "a\\u202egnp.b"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041", "\\U000e0041"),  # a tag character
        ("\udcff.png", "\\xff.png"),  # the byte 0xff of a name that is not UTF-8
        ("\ud800", "\\ud800"),
        ("[/] </script> =cmd() -x", "[/] </script> =cmd() -x"),
        ("a##[set-output name=x]y ##vso[task] ###[z", "a#\\x23[set-output name=x]y #\\x23vso[task] ##\\x23[z"),
        ("## [x] #[x] ##", "## [x] #[x] ##"),
        ("é##[x", "é#\\x23[x"),
        ("::error::x", "\\x3a:error::x"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("\u3000::error::x", "\u3000\\x3a:error::x"),
        ("a::b", "a::b"),
        (":a::b", ":a::b"),
        (":::", "\\x3a::"),
        ("", ""),
    ],
)
def test_hidden_characters_become_visible(text, shown):
    """Controls, bidi, separators and undecodable bytes are spelled out; all else stays."""
    assert safe_text(text) == shown


any_text = st.text(st.characters(codec=None))


@given(any_text)
def test_twice_is_once(text):
    """Making safe text safe again changes nothing."""
    assert safe_text(safe_text(text)) == safe_text(text)


@given(any_text)
def test_nothing_hidden_is_left(text):
    """No control, format, surrogate or separator character comes out, and what comes out can be encoded."""
    shown = safe_text(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d", "e"], "a, b, c and 2 more"),
    ],
)
def test_some_counts_the_rest(names, shown):
    """Three names, and how many more."""
    assert some(names) == shown


@pytest.mark.parametrize(
    ("shape", "shown"), [((), "a single number"), ((5,), "5"), ((512, 640), "512 x 640"), ((1, 2, 3), "1 x 2 x 3")]
)
def test_extent(shape, shown):
    """Shapes as people write them."""
    assert extent(shape) == shown


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("::error::x", "'::error::x"),
        (" ::error::x", "' ::error::x"),
        ("'=x", "''=x"),
        ("'x", "'x"),
        ("''::", "'''::"),
        ("\n::x", "\\x0a::x"),
    ],
)
def test_cells_of_tables(text, cell):
    """An apostrophe before what somebody would obey, and before what would read as marked already."""
    assert marked(text) == cell
    assert unmarked(cell) == text.replace("\n", "\\x0a")


@given(st.text(st.sampled_from("'=:- a")))
def test_marked_text_reads_back(text):
    assert unmarked(marked(text)) == text
    assert not marked(text).lstrip().startswith(("=", "::", "-")) or text[0] == " "


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [("abcdefgh", 8, "abcdefgh"), ("abcdefgh", 6, "abc…gh"), ("abcdefgh", 5, "ab…gh"), ("日本語語", 5, "日…語")],
)
def test_a_clipped_text_keeps_its_ends(text, width, short):
    assert clipped(text, width) == short


def test_a_folded_text_breaks_where_it_may():
    """After blanks, or after underscores too; a word that is too long stays whole."""
    assert folded("mean squared_error of it", 13) == ["mean", "squared_error", "of it"]
    assert folded("mean_squared_error", 9, " _") == ["mean_", "squared_", "error"]
    assert folded("mean_squared_error", 13, " _") == ["mean_squared_", "error"]
    assert folded("", 5) == [""]


@given(st.text("a日 _"), st.integers(2, 12))
def test_nothing_is_lost_or_too_wide(text, width):
    assert columns(clipped(text, width)) <= width
    assert "".join(folded(text, width)).replace(" ", "") == text.replace(" ", "")


def test_many_classes():
    """The plural of what ends in s."""
    from segeval.text import counted

    assert [counted(n, "class") for n in (1, 50)] == ["1 class", "50 classes"]
