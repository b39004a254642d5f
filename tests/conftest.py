"""Fixtures of several files."""

import shutil
import sys

import pytest

from autograd import Op, ops

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
collect_ignore = ["data"]  # a user's script is read by type checkers there, and never run
SIZE = {"width": 1400, "height": 900}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Take the tracer off what is marked `unmeasured`; pytest-cov's own `no_cover` does nothing in a worker of xdist.

    There it has two measurements running, and the one goes on where the other pauses. Where every test is asked for the
    lines that it executes, as by tests/mutants.py, it stays on in files marked so as a whole.
    """
    tracer = sys.gettrace()
    alone = any(mark.name == "unmeasured" for mark in item.own_markers)
    if alone or (item.get_closest_marker("unmeasured") and not item.config.getoption("cov_context", None)):
        sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(tracer)


@pytest.fixture(scope="module")
def chromium():
    """An installed Chromium. It ends with the module: while Playwright runs, no other event loop can in this thread."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def tab(chromium):
    """A page without a network and what has gone wrong on it; to open one takes longer than most tests do."""
    context = chromium.new_context(offline=True, viewport=SIZE)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith("file:") or wrong.append(request.url))
    yield page, wrong
    context.close()


@pytest.fixture
def page(tab):
    """A page that may not use the network, as if new; what goes wrong on it fails the test."""
    page, wrong = tab
    yield page
    page.goto("about:blank")
    page.set_viewport_size(SIZE)
    page.emulate_media(color_scheme="null", reduced_motion="null")
    found = wrong.copy()
    wrong.clear()
    assert found == []


@pytest.fixture
def row():
    """Rows made by a test, taken out of the table afterwards."""
    made = []

    def make(name, *args, **kwargs):
        made.append(Op(name, *args, **kwargs))
        return made[-1]

    yield make
    for op in made:
        ops.TABLE.pop(op.name)
