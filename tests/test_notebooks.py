"""The notebooks run from top to bottom and reproduce what is committed; their exercises accept what is right alone."""

import importlib
import json
import math
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import Value, minimum, record, relu, sigmoid

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBERED = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
QUICK = "2_f1_to_f6"  # the others take a minute and a half together, and run in `.ci/run`
pytestmark = pytest.mark.skipif(not NOTEBOOKS, reason="the notebooks are in a checkout")


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def shown(output, kind):
    return "".join(output.get("data", {}).get(kind, ""))


def printed(cell):
    """What a cell prints and shows, as text and in pictures; places, addresses and timings are no part of it."""
    texts = ["".join(output.get("text", "")) or shown(output, "text/plain") for output in cell["outputs"]]
    pictures = filter(None, (shown(output, "image/svg+xml") for output in cell["outputs"]))
    return "".join(texts) + " ".join(
        text for svg in pictures for text in sorted(ElementTree.fromstring(svg).itertext())
    )


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] * (p.stem != QUICK)) for p in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_reproduces_what_it_shows_and_its_folded_solutions_are_right(path, monkeypatch):
    """Executed in a kernel of its own, solutions and all: no error, and every text is the committed one."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, as_version=4)
    committed = [printed(cell) for cell in code(read(path))]
    cells = list(notebook.cells)
    for cell in cells:
        if solved := re.findall(r"```python\n(.*?)```", source(cell) * ("<details>" in source(cell)), re.DOTALL):
            solution = nbformat.v4.new_code_cell("\n".join(solved), metadata={"tags": ["solution"]})
            notebook.cells.insert(notebook.cells.index(cell) + 1, solution)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # other tests run on the other cores
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    for before, cell in zip(committed, code({"cells": cells}), strict=True):
        if "timing" not in cell["metadata"].get("tags", ()):
            assert printed(cell) == before, cell["source"]
    for cell in notebook.cells:
        if "solution" in cell["metadata"].get("tags", ()):
            assert printed(cell) == "Right.\n" * cell["source"].count("check("), cell["source"]


@pytest.mark.slow
@pytest.mark.parametrize("stem", ["6_from_scalars_to_speed", "7_a_gpt_from_scalars"])
def test_without_a_c_compiler_a_notebook_says_so_and_goes_on(stem, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CC", "no-such-compiler")
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    assert "needs a C compiler" in "".join(map(printed, code(notebook)))


@NUMBERED
def test_a_notebook_is_committed_with_its_outputs_and_without_an_error_or_a_warning(path):
    cells = code(read(path))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert outputs
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert path.stat().st_size < 2_000_000


@NUMBERED
def test_a_notebook_begins_with_what_one_will_be_able_to_do_its_time_and_what_is_assumed(path):
    first = source(read(path)["cells"][0])
    hidden = "If JupyterLab shows no\npictures, run the cells"  # untrusted, it drops SVG
    for said in ("**After this notebook you can**\n\n- ", "**Time:** about ", "**You need:** ", hidden):
        assert said in first, said


@NUMBERED
def test_a_picture_stands_before_every_page_of_steps(path):
    """Where a viewer drops the page, the picture is what remains."""
    sources = [source(cell) for cell in code(read(path))]
    for before, after in pairwise(sources):
        if after.startswith("viz.steps("):
            assert "viz.draw(" in before
            (stepped,) = re.findall(r"^viz\.steps\((\w+)", after)
            assert re.search(rf"\b{stepped}\b", before)


@NUMBERED
def test_every_picture_of_a_notebook_is_stored_once_is_readable_on_github_and_fits_a_small_window(path):
    for cell in code(read(path)):
        for output in cell["outputs"]:
            if svg := shown(output, "image/svg+xml"):
                root = ElementTree.fromstring(svg)
                assert root.get("width") == "100%" or float(root.get("width")) <= 840, cell["source"]
                bare = re.sub(r"<style>.*?</style>", "", svg)
                assert 'fill="#FFFFFF"' in bare
                assert " style=" not in bare
                assert "image/png" not in output["data"]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@NUMBERED
def test_a_page_in_a_notebook_is_a_sandboxed_frame_and_one_of_them_learns_at_most(path):
    for cell in code(read(path)):
        for output in cell["outputs"]:
            html = shown(output, "text/html")
            if "srcdoc" in html:
                tags = Tags()
                tags.feed(html)
                (frame,) = [attributes for tag, attributes in tags.found if tag == "iframe"]
                assert frame["sandbox"] == "allow-scripts"
    assert sum("viz.live(" in source(cell) for cell in code(read(path))) <= 1


# --- the exercises -------------------------------------------------------------------------------------------------------


def entropy_factors():
    return (
        lambda p, y: -y / p + (1 - y) / (1 - p),
        lambda p: p * (1 - p),
        lambda x: x,
        lambda p, y, x: (p - y) * x,
    )


def softmax(a):
    return np.exp(a) / np.exp(a).sum()


# fmt: off
ANSWERS = {
    "1.1": (1, -2.5), "1.2": (-4, 3, 1, -1), "1.3": (12, -6, 6), "1.4": (3, 27), "1.5": (lambda e: e, lambda e: 0),
    "1.6": (math.e,), "1.7": (2, -3), "1.8": (math.log(3),), "1.9": (0.2,), "1.10": (sigmoid,),
    "2.1": (43,), "2.2": (0,), "2.3": ("down",), "2.4": (lambda W, d: W.T @ d,), "2.5": (np.eye(3),),
    "2.6": ([[0, 0], [1, 2], [0, 0]],), "2.7": (lambda z: np.diag(z * (1 - z)),), "2.8": (1000, [1, -1, 0]),
    "2.9": (math.log(3),),
    "3.1": (-0.5, 1, 1), "3.2": (2.5, -1, -1, -1), "3.3": (math.log(9), lambda g: 1 - g), "3.4": (2, -2 + math.log(4)),
    "3.5": (-0.125, 0), "3.6": entropy_factors(), "3.7": (1.8, 1 / 9), "3.8": (5, 22),
    "3.9": (lambda w0, w1, w2: -w0 / w2,), "3.10": (1, 6.25),
    "4.1": (lambda d, K: K * (d + 1),), "4.2": (-0.125, -0.5, 0), "4.3": (lambda a, b: a - b,), "4.4": (0, 0.5),
    "4.5": (0.7, -2.4), "4.6": (1, 0.6),
    "5.1": (-1.5, 1, 1, 1), "5.2": (0.5, -1, 1), "5.3": (-0.4,), "5.4": (lambda M1, M2, K: M2 * K,), "5.5": ("b", "a"),
    "5.6": (5,), "5.7": ("the best η of each", "more starts"), "5.8": (-0.7,), "5.9": (314,), "5.10": (83,),
    "6.1": (0,), "6.2": (lambda D, x: sum(np.outer(D[:, n], x[:, n]) for n in range(7)),), "6.3": (150,), "6.4": (5,),
    "6.5": ("grow",), "6.6": (lambda a, b, c: 0.5 * a + 0.3 * b + 0.2 * c,), "6.7": (softmax,),
    "6.8": (lambda L: minimum(L, 1.0),), "6.9": (3,),
    "7.1": (math.log(27),), "7.2": (lambda n: (n + 1) * (n + 2) / 2,), "7.3": (1, 32),
    "7.4": (lambda a: (a == a.max()).astype(float),),
    "8.1": (1024,), "8.2": (lambda x: 6 * x,), "8.3": (lambda x: x[0] ** 2 + x[0] * x[1] + 2 * x[1] ** 2,),
    "8.4": (4, -2), "8.5": (6,), "8.6": (1,), "8.7": (165, 99), "8.8": (lambda x, e: 12 * x * e + 4 * e**2,),
    "8.9": (lambda x: relu(2 * x) - relu(x) * 2 + relu(x),),
}
# fmt: on


def given(number):
    """What a notebook hands to the exercise beside the answer."""
    a, b = Value(1.0), Value(2.0)
    return {
        "1.10": {"Own": Value},
        "2.6": {"x4": np.array([1.0, 2.0])},
        "6.9": {"program": record(lambda x: a * x + b, 1.0)},
        "8.5": {"f": lambda x: x[0] ** 2 + 3 * x[1] ** 2, "x": np.zeros(2)},
    }.get(number, {})


def wrong(answer):
    """An answer of the same kind that is another."""
    if callable(answer):
        return lambda *a: wrong(answer(*a))
    if isinstance(answer, str):
        return answer[::-1] + "?"
    return 2 * (np.array(answer) if isinstance(answer, list) else answer) + 1.5


@pytest.fixture(scope="module")
def exercises():
    sys.path.insert(0, str(ROOT / "notebooks"))  # as in a notebook, whose folder is the first place to look
    yield vars(importlib.import_module("exercises"))
    sys.path.remove(str(ROOT / "notebooks"))


def test_every_exercise_has_an_answer_here(exercises):
    assert list(exercises["EXERCISES"]) == list(ANSWERS)


@pytest.mark.parametrize("number", ANSWERS)
def test_an_exercise_accepts_the_right_answer_and_gives_a_hint_for_another_and_for_none(number, exercises, capsys):
    check, right = exercises["check"], ANSWERS[number]
    check(number, *right, **given(number))
    assert capsys.readouterr().out == "Right.\n"
    another = [lambda x: x * x] if number == "8.9" else [wrong(answer) for answer in right]
    check(number, *another, **given(number))
    assert re.fullmatch(r"Not yet\. \S.{10,}[.?]\n", capsys.readouterr().out)
    check(number, *[...] * len(right), **given(number))
    assert "in place of the dots" in capsys.readouterr().out


def test_an_answer_is_judged_by_the_size_of_the_right_one(exercises):
    near = exercises["near"]
    assert not near(0, 1e-12)
    assert near(1.00001e-12, 1e-12)
    assert not near([1.0, 0.0], [1.0, 1e-12])
    assert near(1e-10, 0)
    assert not near(1e-3, 0)
    assert near([1e-5, 1.0], [0.0, 1.0])
    assert not near([0.5], 0.5)


def test_too_few_answers_are_counted_and_named(exercises, capsys):
    exercises["check"]("1.4", 3)
    assert capsys.readouterr().out == "Exercise 1.4 asks for 2 answers: paths, slope.\n"


def test_an_answer_that_fails_gives_its_error_and_no_traceback_which_would_show_the_solution(exercises, capsys):
    exercises["check"]("1.5", lambda e: 1 / 0, lambda e: 0)
    assert capsys.readouterr().out == "Your answer cannot be tried. ZeroDivisionError: division by zero\n"


@NUMBERED
def test_the_exercises_of_a_notebook_are_unanswered_in_order_and_each_has_its_solution_folded_below(path, exercises):
    cells, asked = read(path)["cells"], []
    for cell, below in pairwise(cells):
        if cell["cell_type"] == "code" and (found := re.findall(r'check\(\s*"([\d.]+)"', source(cell))):
            asked += found
            assert "in place of the dots" in printed(cell)
            assert source(below).startswith("<details><summary>Solution")
            assert source(below).count("<details>") == source(below).count("</details>")
    chapter = path.stem.partition("_")[0]
    assert asked == [number for number in exercises["EXERCISES"] if number.partition(".")[0] == chapter]
