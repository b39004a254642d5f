"""The notebooks run from top to bottom, and reproduce what is committed."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBERED = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
QUICK = "2_f1_to_f6"  # the others take a minute and a half together, and run in `.ci/run`


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def printed(cell):
    """What a cell prints and shows as text; addresses and timings are no part of it."""
    texts = []
    for output in cell["outputs"]:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        texts.append("".join(text))
    return "".join(texts)


def solution(nbformat, cell):
    """The cell that tries the solution folded in a Markdown cell, if there is one."""
    folded = cell["source"].startswith("<details>") and re.findall(r"```python\n(.*?)```", cell["source"], re.DOTALL)
    return nbformat.v4.new_code_cell(folded[-1]) if folded else None


@pytest.mark.skipif(not (ROOT / "notebooks").exists(), reason="the notebooks are in a checkout")
def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.slow] * (p.stem != QUICK)) for p in NOTEBOOKS],
    ids=lambda path: path.stem,
)
def test_a_notebook_reproduces_what_it_prints(path, monkeypatch):
    """Executed in a kernel of its own: no error, every assert holds, every text is the committed one, every solution right."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, as_version=4)
    committed = [printed(cell) for cell in code(read(path))]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # other tests run on the other cores
    tried = [solution(nbformat, cell) for cell in notebook["cells"]]
    notebook["cells"] = [each for pair in zip(notebook["cells"], tried, strict=True) for each in pair if each]
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert {printed(cell) for cell in tried if cell} <= {"Right.\n"}
    for before, cell in zip(committed, (c for c in code(notebook) if c not in tried), strict=True):
        if "timing" not in cell["metadata"].get("tags", ()):
            assert printed(cell) == before, cell["source"]


@NUMBERED
def test_a_notebook_is_committed_with_its_outputs_and_without_an_error_or_a_warning(path):
    cells = code(read(path))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert outputs
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert path.stat().st_size < 3_000_000


@NUMBERED
def test_a_picture_stands_before_every_page_of_steps(path):
    """Where a viewer drops the page, the picture is what remains."""
    sources = ["".join(cell["source"]) for cell in code(read(path))]
    for before, source in pairwise(sources):
        if source.startswith("viz.steps("):
            (drawn,) = re.findall(r"viz\.draw\((\w+)", before)
            assert source.startswith(f"viz.steps({drawn}")


@NUMBERED
def test_every_picture_of_a_notebook_is_readable_on_github_and_fits_the_column_of_a_small_window(path):
    for cell in code(read(path)):
        for output in cell["outputs"]:
            svg = "".join(output.get("data", {}).get("image/svg+xml", ""))
            if svg:
                root = ElementTree.fromstring(svg)
                assert root.get("width") == "100%" or float(root.get("width")) <= 840, cell["source"]
                bare = re.sub(r"<style>.*?</style>", "", svg)
                assert 'fill="#FFFFFF"' in bare
                assert " style=" not in bare
                assert "image/png" not in output["data"], "a picture is stored once"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


@NUMBERED
def test_a_page_of_steps_in_a_notebook_is_a_sandboxed_frame(path):
    for cell in code(read(path)):
        for output in cell["outputs"]:
            html = "".join(output.get("data", {}).get("text/html", ""))
            if "srcdoc" in html:
                tags = Tags()
                tags.feed(html)
                (frame,) = [attributes for tag, attributes in tags.found if tag == "iframe"]
                assert frame["sandbox"] == "allow-scripts"
