"""The site: its pages run, and what Sphinx builds of them is complete, quiet, and needs no network."""

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import autograd
import nn
import viz
from autograd import ops

ROOT = Path(__file__).parents[1]
DOCS = ROOT / ".docs"
PAGES = sorted(
    path for path in DOCS.rglob("*.md") if "_build" not in path.parts and "```python" in path.read_text("utf-8")
)
NEEDED = ("sphinx", "myst_nb", "furo", "math_core")  # extra `docs`
KNOWN = {"www.sphinx-doc.org", "pradyunsg.me", "github.com", "pyodide.org"}  # Sphinx and its theme name their makers
WIDTHS, SCHEMES = (390, 768, 1280), ("light", "dark")
pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def run(*command):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS).with_suffix("")))
def test_the_blocks_of_a_page_run_in_their_order_and_print_what_stands_below_them(page):
    text = page.read_text(encoding="utf-8")
    if "nn.minimize(" in text:
        pytest.importorskip("scipy")
    done = run(DOCS / "blocks.py", page)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_block_that_prints_something_else_is_found(tmp_path):
    (tmp_path / "page.md").write_text("```python\n>>> x = 1\n```\n\n```python\n>>> x + 1\n3\n```\n")
    done = run(DOCS / "blocks.py", tmp_path / "page.md")
    assert done.returncode == 1
    assert "page.md, block 2" in done.stdout


# --- what is built ----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The anchors of a page, its links, what it loads, and its text."""

    def __init__(self, path):
        super().__init__()
        self.path, self.anchors, self.links, self.loaded, self.frames, self.words = path, set(), [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.update(filter(None, [found.get("id"), found.get("name")]))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical",):
            self.loaded.append(found["href"])
        elif tag in ("script", "img", "iframe", "source", "object", "embed", "video", "audio"):
            self.loaded += filter(None, [found.get("src"), found.get("data"), found.get("poster")])
        self.frames += [found] * (tag == "iframe")

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The site, built once from nothing with the command of .ci/run."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        pytest.skip(f"needs the extra docs: {', '.join(missing)}")
    out = tmp_path_factory.mktemp("site") / "html"
    done = run("-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", DOCS, out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out


@pytest.fixture(scope="module")
def pages(built):
    return {path.relative_to(built).as_posix(): Page(path) for path in sorted(built.rglob("*.html"))}


def resolved(page, link):
    """The file that a link of a page leads to, and the anchor in it."""
    parts = urlsplit(link)
    return (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path, unquote(parts.fragment)


def outside(link):
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


@pytest.mark.slow
def test_every_link_inside_the_site_leads_to_a_file_and_an_anchor_that_are_there(pages):
    by_path = {page.path.resolve(): page for page in pages.values()}
    broken, checked = [], 0
    for name, page in pages.items():
        for link in page.links + page.loaded:
            if not outside(link):
                path, anchor = resolved(page, link)
                checked += 1
                there = path.exists() and (not anchor or path not in by_path or anchor in by_path[path].anchors)
                broken += [] if there else [(name, link)]
    assert broken == []
    assert checked > 1000


@pytest.mark.slow
def test_nothing_is_loaded_from_outside_and_few_hosts_are_linked(pages, built):
    loaded = [(name, link) for name, page in pages.items() for link in page.loaded if outside(link)]
    assert [(name, link) for name, link in loaded if not link.startswith("data:")] == []  # a picture in its own address
    links = [link for page in pages.values() for link in page.links if outside(link)]
    hosts = {urlsplit(link).netloc for link in links if not link.startswith("data:")}
    assert hosts <= KNOWN
    styles = [path.read_text(encoding="utf-8") for path in built.rglob("*.css")]
    asked = re.findall(r"(?:@import|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)", "\n".join(styles))
    assert asked == []


@pytest.mark.slow
def test_the_reference_has_every_public_name_and_every_operation(pages):
    anchors = set().union(*(page.anchors for name, page in pages.items() if name.startswith("reference/")))
    for package in (autograd, nn, viz):
        names = {f"{package.__name__}.{name}" for name in package.__all__ if name != "datasets"}
        assert names - anchors == set()
    assert {"nn.datasets.iris", "autograd.Value.backward", "viz.Diagram.save"} <= anchors
    assert {f"operation-{name.replace('_', '-')}" for name in ops.BUILT_IN} - anchors == set()


@pytest.mark.slow
def test_every_operation_is_drawn_and_tells_its_domain_and_its_convention(pages):
    page = pages["reference/operations.html"]
    text = " ".join("".join(page.words).split())
    assert page.path.read_text(encoding="utf-8").count('<figure class="made">') == len(ops.BUILT_IN)
    for name in ops.BUILT_IN:
        for said in (ops.TABLE[name].domain, ops.TABLE[name].kink, ops.TABLE[name].instead):
            assert said in text, name


@pytest.mark.slow
def test_a_page_that_can_be_stepped_through_is_a_sandboxed_frame(pages):
    frames = [frame for page in pages.values() for frame in page.frames]
    committed = [path.read_text(encoding="utf-8").count(" srcdoc=") for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert sum("srcdoc" in frame for frame in frames) == sum(committed) > 0
    assert sum("src" in frame for frame in frames) >= 3
    assert {frame["sandbox"] for frame in frames} == {"allow-scripts"}


@pytest.fixture
def reader(built, chromium):
    """A reader without a network, and what has gone wrong for it."""
    context = chromium.new_context(offline=True)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or wrong.append(request.url))
    yield page
    context.close()
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen_and_none_has_an_error(width, scheme, reader, pages):
    reader.set_viewport_size({"width": width, "height": 900})
    reader.emulate_media(color_scheme=scheme)
    wide = {}
    for name, page in pages.items():
        if not name.startswith("made/"):
            reader.goto(page.path.as_uri())
            if (found := reader.evaluate("document.documentElement.scrollWidth")) > width:
                wide[name] = found
    assert wide == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guides/see.html", "notebooks/2_f1_to_f6.html"])
def test_a_page_in_a_frame_steps_when_it_is_clicked(name, reader, pages):
    reader.set_viewport_size({"width": 1280, "height": 900})
    reader.goto(pages[name].path.as_uri())
    reader.locator("iframe").first.scroll_into_view_if_needed()
    inside = reader.frame_locator("iframe").first
    before = inside.locator("#count").inner_text()
    inside.get_by_role("button", name="Next", exact=False).click()
    assert inside.locator("#count").inner_text() != before


PAPER = "getComputedStyle(document.querySelector('figure.made svg > rect')).fill"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("chosen", SCHEMES)
def test_a_picture_takes_the_theme_that_the_reader_chose_on_the_site(chosen, scheme, reader, pages):
    reader.emulate_media(color_scheme=scheme)
    reader.goto(pages["guides/see.html"].path.as_uri())
    assert reader.evaluate(PAPER) == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    reader.evaluate(f"document.body.dataset.theme = '{chosen}'")
    assert reader.evaluate(PAPER) == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[chosen]


@pytest.mark.slow
def test_a_formula_is_mathematics_of_the_browser(pages):
    found = [
        page.path.read_text(encoding="utf-8") for name, page in pages.items() if name.startswith(("guides", "note"))
    ]
    assert sum(text.count("<math") for text in found) > 300
    assert not any("mathjax" in text.lower() or "katex" in text.lower() for text in found)
