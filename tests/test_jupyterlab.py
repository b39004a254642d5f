"""A notebook in a real JupyterLab: it runs there, with its pictures and its page of steps."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from shutil import copytree

import pytest

from tests.test_notebooks import ROOT, code, read


@pytest.fixture
def lab(tmp_path):
    """JupyterLab on notebook 2, as it is committed and without its outputs; its address."""
    pytest.importorskip("jupyterlab")
    notebook = read(ROOT / "notebooks" / "2_f1_to_f6.ipynb")
    (tmp_path / "committed.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    copytree(ROOT / "notebooks" / "exercises", tmp_path / "exercises")
    for cell in code(notebook):
        cell["outputs"], cell["execution_count"] = [], None
    (tmp_path / "lesson.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    with jupyterlab(tmp_path) as address:
        yield address


@contextmanager
def jupyterlab(tmp_path):
    """JupyterLab on a folder; its address."""
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


def _started(address, server, asked="/api"):
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(address + asked, timeout=2)
            return address
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server does not answer")


@pytest.mark.slow  # the server alone takes ten seconds; tests/test_browser.py drives the same page in every run
def test_notebook_2_runs_in_jupyterlab_with_its_pictures_and_its_page_of_steps(lab, chromium):
    page = chromium.new_page(viewport={"width": 1500, "height": 1000})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{lab}/lab/tree/lesson.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.wait_for_selector("text=/Python 3.*Idle/i", timeout=60_000)
    page.click("text='Run'")
    page.click(".lm-Menu >> text='Run All Cells'")  # the palette, unseen, has it too
    cells = code(read(ROOT / "notebooks" / "2_f1_to_f6.ipynb"))
    page.wait_for_function(
        "n => [...document.querySelectorAll('.jp-InputPrompt')].filter(p => /\\[\\d+\\]/.test(p.textContent)).length >= n",
        arg=len(cells),
        timeout=120_000,
    )
    assert not page.query_selector_all("[data-mime-type='application/vnd.jupyter.stderr']")
    assert not page.query_selector_all(".jp-RenderedText[data-mime-type*='error']")
    assert page.query_selector_all(".jp-RenderedSVG img, .jp-RenderedSVG svg")
    page.wait_for_selector("iframe[srcdoc]")
    frame = next(f for f in page.frames if f.query_selector("#told"))
    frame.click("#step")
    assert frame.inner_text("#told h1").startswith("Forward")
    fits(page)
    dark = "html[style*='color-scheme: dark']"
    assert not frame.query_selector(dark)
    page.click("text='Settings'")
    page.hover(".lm-Menu >> text='Theme'")
    page.click(".lm-Menu >> text='JupyterLab Dark'")
    frame.wait_for_selector(dark, state="attached")
    assert wrong == []


def fits(page):
    """Every output is as wide as its column, in a window of 1280 pixels, and tables are set to the left."""
    page.set_viewport_size({"width": 1280, "height": 1000})
    wide = "[...document.querySelectorAll('.jp-OutputArea-output')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    page.wait_for_function(f"{wide}.every(e => e.dataset.mimeType.startsWith('text/plain'))")
    cells = "[...document.querySelectorAll('.jp-OutputArea-output td')].map(e => getComputedStyle(e).textAlign)"
    assert set(page.evaluate(cells)) <= {"left"}


@pytest.mark.slow
def test_an_untrusted_notebook_names_what_it_may_not_show_and_has_no_hole(lab, chromium):
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(f"{lab}/lab/tree/committed.ipynb?reset")
    outputs = [o for cell in code(read(ROOT / "notebooks" / "2_f1_to_f6.ipynb")) for o in cell["outputs"]]
    drawn = ["".join(o["data"]["text/plain"]) for o in outputs if "image/svg+xml" in o.get("data", {})]
    plotted = sum("image/png" in o.get("data", {}) for o in outputs)
    pages = [html for o in outputs if "srcdoc" in (html := "".join(o.get("data", {}).get("text/html", "")))]
    page.wait_for_selector(".jp-Notebook .jp-OutputArea-output", timeout=60_000)
    page.wait_for_function(f"document.querySelectorAll('.jp-RenderedImage img').length >= {plotted}")
    texts = [e.inner_text() for e in page.query_selector_all(".jp-RenderedText")]
    assert [text for text in texts if text.startswith("<Computation graph")] == drawn
    assert page.query_selector("iframe[srcdoc]") is None, "the notebook is trusted"
    fallen = [e for e in page.query_selector_all(".jp-RenderedHTML") if "Trust this notebook" in e.inner_text()]
    assert len(fallen) == len(pages)
    for element, html in zip(fallen, pages, strict=True):  # a lesson that asks has no picture
        seen = element.query_selector_all("p, img")
        assert [e.evaluate("e => e.tagName") for e in seen] == ["P", "IMG"][: 1 + ("<img" in html)]
        assert element.bounding_box()["height"] < sum(e.bounding_box()["height"] for e in seen) + 60
    fits(page)
