"""A page in which a network learns, as a widget: Python hears what is learnt in JupyterLab and marimo, and moves it."""

import importlib.util
import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import nn
import viz
from autograd import Value
from tests.test_jupyterlab import ROOT, _started, jupyterlab

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
WITHOUT = importlib.util.find_spec("anywidget") is None
needs_anywidget = pytest.mark.skipif(WITHOUT, reason="needs anywidget")

PAGE = """import nn, viz
from autograd import Value
w, b = Value(0.5, "w"), Value(0.0, "b")
page = viz.live(lambda x: w * x[0] + b, [[1.0], [2.0]], [2.0, 4.0], nn.mse, nn.SGD([w, b], 0.05))
"""


def made(**more):
    w, b = Value(0.5, "w"), Value(0.0, "b")
    return (w, b), viz.live(lambda x: w * x[0] + b, [[1.0], [2.0]], [2.0, 4.0], nn.mse, nn.SGD([b, w], 0.05), **more)


def test_without_anywidget_a_page_is_a_frame_and_its_parameters_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    _, page = made()
    assert set(page._repr_mimebundle_()) == {"text/html", "text/plain"}
    assert page._mime_() == ("text/html", page._repr_mimebundle_()["text/html"])
    with pytest.raises(ImportError, match="pip install anywidget"):
        page.parameters  # noqa: B018


@needs_anywidget
def test_parameters_are_in_the_order_of_the_optimiser_and_come_into_the_model_on_request():
    (w, b), page = made()
    assert "application/vnd.jupyter.widget-view+json" in page._repr_mimebundle_()
    assert page.parameters.tolist() == [0.0, 0.5]
    page.parameters = [3.0, 2.0]
    assert page.parameters.tolist() == [3.0, 2.0]
    assert (w.data, b.data) == (0.5, 0.0)
    page.adopt()
    assert (w.data, b.data) == (2.0, 3.0)
    for wrong in ([1.0], [1.0, np.nan], [[1.0], [2.0]]):
        with pytest.raises(ValueError, match="2 parameters"):
            page.parameters = wrong


def test_a_page_in_a_frame_tells_its_parameters_once_it_is_asked_and_takes_others(page, tmp_path):
    _, shown = made()
    shown.save(tmp_path / "page.html")
    (tmp_path / "host.html").write_text('<iframe src="page.html" style="width:900px;height:600px"></iframe>')
    page.goto((tmp_path / "host.html").as_uri())
    page.evaluate("heard = []; addEventListener('message', ({data}) => heard.push(data.theta)); 0")
    frame = page.frames[1]
    frame.evaluate("live.step(1)")
    page.wait_for_timeout(400)
    assert page.evaluate("heard.length") == 0
    page.evaluate("document.querySelector('iframe').contentWindow.postMessage({theta: [7, 8]}, '*')")
    frame.wait_for_function("() => live.theta[0] === 7")
    assert frame.evaluate("live.theta") == [7, 8]
    frame.evaluate("live.step(3)")
    page.wait_for_function("() => heard.length")
    assert page.evaluate("heard.at(-1)") == frame.evaluate("live.theta")


def test_a_page_of_a_theme_of_its_own_does_not_follow_the_notebook(page, tmp_path):
    for theme, scheme in (("dark", "dark"), ("auto", "light")):
        made(theme=theme)[1].save(tmp_path / "page.html")
        (tmp_path / "host.html").write_text('<iframe src="page.html" style="width:900px;height:600px"></iframe>')
        page.goto((tmp_path / "host.html").as_uri())
        page.evaluate("document.querySelector('iframe').contentWindow.postMessage({ink: 'rgb(0, 0, 0)'}, '*')")
        page.wait_for_timeout(200)
        assert page.frames[1].evaluate("getComputedStyle(document.documentElement).colorScheme") == scheme


@pytest.mark.slow  # the server alone takes ten seconds
@needs_anywidget
def test_in_jupyterlab_parameters_follow_the_page_and_move_it(tmp_path, chromium):
    pytest.importorskip("jupyterlab")
    sources = [PAGE + "page", "before = page.parameters.tolist(); page.parameters = [5.0, 6.0]; before"]
    cells = [
        {"cell_type": "code", "source": s, "metadata": {}, "outputs": [], "execution_count": None} for s in sources
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": spec}, "nbformat": 4, "nbformat_minor": 4}
    (tmp_path / "lesson.ipynb").write_text(json.dumps(notebook))
    with jupyterlab(tmp_path) as address:
        page = chromium.new_page(viewport={"width": 1500, "height": 1200})
        wrong = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}/lab/tree/lesson.ipynb?reset")
        page.wait_for_selector("text=/Python 3.*Idle/i", timeout=60_000)
        page.click(".jp-Notebook .jp-CodeCell >> nth=0")
        page.keyboard.press("Shift+Enter")
        frame = _frame(page)
        frame.evaluate("live.step(20)")
        learnt = frame.evaluate("live.theta")
        page.wait_for_timeout(1500)
        page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".jp-OutputArea-executeResult >> nth=1", timeout=20_000)
        told = json.loads(page.inner_text(".jp-CodeCell >> nth=1 >> .jp-OutputArea-output"))
        assert told == learnt
        frame.wait_for_function("() => live.theta[0] === 5")
        assert frame.evaluate("live.theta") == [5, 6]
        assert wrong == []  # a widget's own `style`, say, would be taken for another widget
        page.close()


MARIMO = f"""import marimo
app = marimo.App()
@app.cell
def _():
    import marimo as mo
{"".join("    " + line for line in PAGE.splitlines(keepends=True))}    page
    return mo, page
@app.cell
def _(mo):
    ask = mo.ui.button(label="ask", value=0, on_click=lambda n: n + 1)
    ask
    return (ask,)
@app.cell
def _(ask, mo, page):
    told = page.parameters.tolist()
    if ask.value:
        page.parameters = [5.0, 6.0]
    mo.md(f"told {{ask.value}}: {{told}} end")
    return
if __name__ == "__main__":
    app.run()
"""


@pytest.mark.slow  # as JupyterLab's
@needs_anywidget
def test_in_marimo_parameters_follow_the_page_and_move_it(tmp_path, chromium):
    pytest.importorskip("marimo")
    (tmp_path / "app.py").write_text(MARIMO)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", "app.py", "--headless", "--no-token", f"--port={port}"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=log) as server,
    ):
        try:
            page = chromium.new_page(viewport={"width": 1500, "height": 1200})
            page.goto(_started(f"http://127.0.0.1:{port}", server, "/health"))
            frame = _frame(page)
            frame.evaluate("live.step(20)")
            learnt = frame.evaluate("live.theta")
            page.wait_for_timeout(1500)
            page.click("text=ask")
            page.wait_for_selector("text=/told 1:/")
            told = page.inner_text("text=/told 1:/")
            assert json.loads(told.partition(": ")[2].removesuffix(" end")) == learnt
            frame.wait_for_function("() => live.theta[0] === 5")
            assert frame.evaluate("live.theta") == [5, 6]
            page.close()
        finally:
            server.terminate()
            server.wait(20)


def _frame(page):
    """The page in its frame, however deep that stands."""
    for _ in range(400):
        for frame in page.frames:
            if frame.url == "about:srcdoc" and frame.query_selector("#play"):
                return frame
        page.wait_for_timeout(100)
    raise TimeoutError("no frame with the page")
