"""Tables of text: their columns stand under each other, and they are saved by their suffix whole or not at all."""

import math
import os
import re

import pytest

from autograd import Value, named
from viz import explain, latex, table
from viz.text.tabular import amount, columns

# --- readable ---------------------------------------------------------------------------------------------------------


def test_columns_stand_under_each_other_beside_wide_letters_and_letters_that_are_put_on_others():
    a, b = Value(2.0, "損失"), Value(3.0, "y\u0302")
    lines = str(table(named("🙂", a * b) + Value(1.0, "e\u200b"))).splitlines()
    places = [columns(line[: re.search(r" (parameter|損失|🙂) ?", line).start()]) for line in lines[2:]]
    assert len(set(places)) == 1
    assert columns(lines[1].split("  ")[0]) == columns("損失")


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("w1", 2), ("ŷ", 1), ("y\u0302", 1), ("損失", 4), ("🙂", 2), ("👩\u200d🔬", 2), ("❤\ufe0f", 2)],
)
def test_the_columns_of_a_text_are_those_of_a_terminal(text, width):
    assert columns(text) == width


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1234567.0, "1,234,567"), (-1234567.8, "−1,234,568"), (123456789012345.0, "123,456,789,012,345"), (1e15, "1e15"), (2.5e9, "2,500,000,000"),
        (1.5e9 + 0.5, "1.500e9"), (12345.678, "12,346"), (999.0, "999"), (0.12345, "0.1235"), (1e-9, "1e−9"), (math.inf, "∞"), (None, "–"), (0.0, "0"),
    ],
)  # fmt: skip
def test_thousands_of_a_table_stand_apart(x, text):
    assert amount(x, 4) in (text, text.replace("1.500e9", "1.5e9"))


# --- saved ------------------------------------------------------------------------------------------------------------


def texts_of():
    """A thing of each kind that is text."""
    x = Value(3.0, "x<1>")
    y = named("損失", x * x)
    return [table(y), latex(y), latex(y, wrt=x), explain(y, x), explain(y)]


@pytest.mark.parametrize("thing", texts_of(), ids=lambda thing: type(thing).__name__)
def test_a_text_is_saved_by_its_suffix_whole_or_not_at_all(thing, tmp_path, monkeypatch):
    read = {}
    for suffix in (".txt", ".md", ".tex", ".HTML"):
        path = thing.save(tmp_path / f"saved{suffix}")
        read[suffix] = path.read_text(encoding="utf-8")
        assert read[suffix].endswith("\n")
    assert read[".txt"] == f"{thing}\n"
    assert read[".md"] == thing.markdown
    assert thing.latex in read[".tex"]
    assert read[".HTML"].startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in read[".HTML"]
    assert thing.html in read[".HTML"]
    assert "<1>" not in read[".HTML"]
    for wrong in ("saved.svg", "saved", "saved.txt.gz"):
        with pytest.raises(ValueError, match=r"is saved as \.txt, \.md, \.tex, \.html; got"):
            thing.save(tmp_path / wrong)
    assert len(list(tmp_path.iterdir())) == 4
    monkeypatch.setattr(os, "replace", lambda *_: exec("raise OSError('the disk is full')"))
    with pytest.raises(OSError, match="the disk is full"):
        latex(Value(1.0, "other")).save(tmp_path / "saved.txt")
    assert (tmp_path / "saved.txt").read_text(encoding="utf-8") == read[".txt"]
