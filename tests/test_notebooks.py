"""The notebooks run from top to bottom, reproduce what is committed, and work in a real JupyterLab."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NUMBERED = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


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


def test_there_are_notebooks():
    assert NOTEBOOKS


@NUMBERED
def test_a_notebook_reproduces_what_it_prints(path):
    """Executed in a kernel of its own: no error, every assert holds, and every text is the committed one."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    notebook = nbformat.read(path, as_version=4)
    committed = [printed(cell) for cell in code(read(path))]
    os.environ["PYTHONPATH"] = str(ROOT)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    for before, cell in zip(committed, code(notebook), strict=True):
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
def test_every_picture_of_a_notebook_is_readable_on_github_and_at_most_1000_pixels_wide(path):
    for cell in code(read(path)):
        for output in cell["outputs"]:
            svg = "".join(output.get("data", {}).get("image/svg+xml", ""))
            if svg:
                root = ElementTree.fromstring(svg)
                assert float(root.get("width")) <= 1001, cell["source"]
                bare = re.sub(r"<style>.*?</style>", "", svg)
                assert 'fill="#FFFFFF"' in bare
                assert " style=" not in bare
                assert "image/png" in output["data"], "what is left where SVG is dropped"


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


# --- in JupyterLab ----------------------------------------------------------------------------------------------------


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on a copy of notebook 2 without its outputs; its address."""
    pytest.importorskip("jupyterlab")
    notebook = read(ROOT / "notebooks" / "2_f1_to_f6.ipynb")
    for cell in code(notebook):
        cell["outputs"], cell["execution_count"] = [], None
    (tmp_path / "lesson.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}", "--ServerApp.token=",
        f"--ServerApp.root_dir={tmp_path}", "--allow-root", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    homes = {name: str(tmp_path / name) for name in names}
    settings = tmp_path / "JUPYTERLAB_SETTINGS_DIR/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}')  # all cells are in the page, seen or not
    env = os.environ | homes | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    with (
        (tmp_path / "server.log").open("w") as log,
        subprocess.Popen(command, env=env, stdout=log, stderr=log) as server,
    ):
        try:
            yield _started(f"http://127.0.0.1:{port}", server)
        finally:
            server.terminate()
            server.wait(20)


def _started(address, server):
    for _ in range(300):
        assert server.poll() is None, "JupyterLab ended"
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2)
            return address
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("JupyterLab does not answer")


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")
def test_notebook_2_runs_in_jupyterlab_with_its_pictures_and_its_page_of_steps(lab):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{lab}/lab/tree/lesson.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector("text=/Python 3.*Idle/i", timeout=60_000)
        page.click("text='Run'")
        page.click("text='Run All Cells'")
        cells = code(read(ROOT / "notebooks" / "2_f1_to_f6.ipynb"))
        expected = sum(
            not cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in cells
        )  # folded: no prompt
        page.wait_for_function(
            "n => [...document.querySelectorAll('.jp-InputPrompt')].filter(p => /\\[\\d+\\]/.test(p.textContent)).length >= n",
            arg=expected,
            timeout=120_000,
        )
        assert not page.query_selector_all("[data-mime-type='application/vnd.jupyter.stderr']")
        assert not page.query_selector_all(".jp-RenderedText[data-mime-type*='error']")
        assert page.query_selector_all(".jp-RenderedSVG img, .jp-RenderedSVG svg")
        page.wait_for_selector("iframe[srcdoc]")
        frame = next(f for f in page.frames if f.query_selector("#told"))
        frame.click("#step")
        assert frame.inner_text("#told h1").startswith("Forward")
        assert wrong == []
        browser.close()
