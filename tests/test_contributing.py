"""The guide for contributors: each of its paragraphs is true, for its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograd import ops

GUIDE = (Path(__file__).parents[1] / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
PARAGRAPHS = dict(re.findall(r"^## An? (\w+)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))


def test_there_is_a_paragraph_for_each_thing_one_adds():
    assert list(PARAGRAPHS) == ["operation", "language", "layer", "picture"]


@pytest.mark.parametrize("name", PARAGRAPHS)
def test_the_example_runs_as_it_stands(name):
    (code,) = re.findall(r"```python\n(.*?)```", PARAGRAPHS[name], re.DOTALL)
    try:
        exec(compile(code, f"<how to add a {name}>", "exec"), {"__name__": "example"})
    finally:
        ops.TABLE.pop("bell", None)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:autograd|nn|viz|tests)/[\w/.]+)`", GUIDE))))
def test_every_file_it_names_exists(path):
    assert (Path(__file__).parents[1] / path).exists()
