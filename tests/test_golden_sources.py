"""What is written for a program, or a row, is kept as a file: whoever changes it reads the difference."""

from __future__ import annotations

import pytest

from tests import golden


@pytest.mark.parametrize("name", golden.PROGRAMS)
def test_the_code_of_a_program_is_its_golden_file(name):
    assert golden.text(golden.PROGRAMS[name]()) == (golden.FILES / f"{name}.txt").read_text(encoding="utf-8")


def test_what_the_rows_write_is_their_golden_file():
    assert golden.rows() == (golden.FILES / "rows.txt").read_text(encoding="utf-8")


def test_every_golden_file_belongs_to_a_program():
    assert {path.stem for path in golden.FILES.iterdir()} == {*golden.PROGRAMS, "rows"}
