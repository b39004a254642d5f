"""What notebooks make of pictures, tables and pages: JupyterLab, Notebook, marimo, VS Code, and documents by nbconvert."""

import base64
import re
from html import escape
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from autograd import Value, named
from tests.pictures import network, neuron
from viz import draw, explain, latex, steps, table

WIDTHS = (500, 900, 1600)  # pixels of a column


def wide(page, selector):
    return page.evaluate("s => document.querySelector(s).getBoundingClientRect().width", selector)


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", WIDTHS)
@pytest.mark.parametrize("direction", ["right", pytest.param("down", marks=pytest.mark.slow)])
def test_a_picture_fits_its_column_as_a_part_of_the_page_and_is_never_wider_than_1000_pixels(page, column, direction):
    picture = draw(network(), direction=direction)
    svg = picture._repr_mimebundle_()[0]["image/svg+xml"]
    page.set_content(f'<div style="width:{column}px">{svg}</div>')  # as VS Code does
    assert wide(page, "svg") == pytest.approx(min(column, picture.size[0], 1000), abs=1)
    assert page.evaluate("document.querySelector('svg').clientHeight") == pytest.approx(
        wide(page, "svg") * picture.size[1] / picture.size[0], abs=2
    )


@pytest.mark.parametrize("column", [w for w in WIDTHS if w >= 840])
@pytest.mark.parametrize("graph", [neuron, network], ids=["small", "large"])
def test_a_picture_fits_its_column_as_an_image_without_any_style(page, column, graph):
    picture = draw(graph(), direction="right")
    svg = picture._repr_mimebundle_()[0]["image/svg+xml"]
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    page.set_content(f'<div style="width:{column}px"><img src="{source}"></div>')  # as JupyterLab does
    page.wait_for_function("document.querySelector('img').complete")
    natural = picture.size[0]
    assert wide(page, "img") == pytest.approx(natural if natural <= 840 else column, abs=1)


def test_marimo_is_given_a_picture_as_one_image():
    picture = draw(neuron())
    mime, address = picture._mime_()
    kind, _, data = address.partition(";base64,")
    assert (mime, kind) == ("image/svg+xml", "data:image/svg+xml")
    assert base64.b64decode(data).decode() == picture.svg


# --- the page of steps ------------------------------------------------------------------------------------------------


def shown(lesson):
    mime, html = lesson._mime_()
    assert mime == "text/html"
    assert html == lesson._repr_mimebundle_()["text/html"], "marimo and Jupyter show the same"
    return html


def test_where_the_frame_is_stripped_a_note_and_the_picture_remain_and_no_hole(page):
    html = re.sub(r"<iframe.*?</iframe>", "", shown(steps(neuron())))
    page.set_content(html)
    page.wait_for_function("document.querySelector('img').complete")
    assert "Trust this notebook" in page.inner_text("body")
    picture = page.evaluate("document.querySelector('img').getBoundingClientRect().bottom")
    assert (
        100 < picture == pytest.approx(page.evaluate("document.body.firstChild.getBoundingClientRect().bottom"), abs=8)
    )


def test_the_picture_under_the_frame_gives_no_answers_away():
    x = Value(2.0, "x")
    y = x * x
    assert "<img" in shown(steps(y))
    assert "<img" not in shown(steps(y, predict=x))


def test_the_frame_covers_what_is_under_it(page):
    page.set_content(f'<div style="width:900px">{shown(steps(network()))}</div>')
    assert page.evaluate("document.querySelector('iframe').parentNode.parentNode.offsetHeight") < 660
    assert page.evaluate("document.elementFromPoint(100, 40).tagName") == "IFRAME"


def themed(frame, theme):
    frame.wait_for_selector(f"html[style*='color-scheme: {theme}']", state="attached")
    paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[theme]
    assert frame.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert frame.evaluate("getComputedStyle(document.querySelector('#picture rect')).fill") == paper


@pytest.mark.parametrize(("notebook", "screen"), [("dark", "light"), ("light", "dark")])
@pytest.mark.parametrize(
    "ink",
    [
        {"light": "rgba(0, 0, 0, 0.87)", "dark": "rgba(255, 255, 255, 0.9)"},
        {"light": "oklch(0.2 0.02 250)", "dark": "oklch(0.95 0 0)"},
    ],
    ids=["rgb", "oklch"],
)
def test_the_page_has_the_theme_of_the_notebook_and_not_of_the_screen(page, notebook, screen, ink):
    page.emulate_media(color_scheme=screen)
    page.set_content(f'<div style="color:{ink[notebook]}">{shown(steps(neuron()))}</div>')
    themed(page.frames[-1], notebook)
    page.evaluate("ink => { document.querySelector('div').style.color = ink; }", ink[screen])
    themed(page.frames[-1], screen)


def test_a_page_with_a_theme_of_its_own_does_not_ask_for_the_notebooks():
    assert "onload" in shown(steps(neuron()))
    assert "onload" not in shown(steps(neuron(), theme="dark"))


@pytest.mark.parametrize("message", ["dark", None, {}, {"ink": "url(x)"}, {"ink": 7}])
def test_a_message_that_names_no_colour_changes_nothing(page, message):
    page.set_content(shown(steps(neuron(), theme="auto")))
    themed(page.frames[-1], "light")
    page.evaluate("m => document.querySelector('iframe').contentWindow.postMessage(m, '*')", message)
    page.wait_for_timeout(50)
    themed(page.frames[-1], "light")


# --- documents by nbconvert ---------------------------------------------------------------------------------------------


class Found(HTMLParser):
    """The tags of a document, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def all(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def notebook():
    """A notebook with one output of each kind, and these."""
    v4 = pytest.importorskip("nbformat.v4")
    pytest.importorskip("nbconvert")
    formatter = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell().display_formatter
    a = Value(3.0, "a")
    y = named("y", a * a)
    y.backward()
    things = [draw(y), table(y), explain(y, a), latex(y, wrt=a), steps(y)]
    outputs = [v4.new_output("display_data", data) for data, _ in map(formatter.format, things)]
    return v4.new_notebook(cells=[v4.new_code_cell("", outputs=outputs)]), things


@pytest.mark.slow
def test_nbconvert_keeps_everything_in_html(notebook):
    from nbconvert import HTMLExporter

    written, (picture, trace, paths, formula, lesson) = notebook
    html, _ = HTMLExporter().from_notebook_node(written)
    found = Found(html)
    (frame,) = found.all("iframe")
    assert frame["srcdoc"] == lesson.html
    assert frame["sandbox"] == "allow-scripts"
    assert len(found.all("table")) == 2
    assert all("text-align:left" in cell["style"].replace(" ", "") for cell in found.all("td") + found.all("th"))
    images = [base64.b64decode(image["src"].partition(",")[2]) for image in found.all("img")]
    drawn, under = (ElementTree.fromstring(image) for image in images)
    assert drawn.get("viewBox") == ElementTree.fromstring(picture.svg).get("viewBox")
    assert under.get("viewBox") == ElementTree.fromstring(lesson.picture.svg).get("viewBox")
    for text in (*trace.cells[-1], *paths.cells[-1], *paths.notes, *formula.latex.splitlines()):
        assert escape(text, quote=False) in html


def test_nbconvert_keeps_everything_in_markdown_and_the_page_is_one_line(notebook):
    from nbconvert import MarkdownExporter

    written, (picture, trace, paths, formula, lesson) = notebook
    text, resources = MarkdownExporter().from_notebook_node(written)
    (svg,) = (data for name, data in resources["outputs"].items() if name.endswith(".svg"))
    assert ElementTree.fromstring(svg).get("viewBox") == ElementTree.fromstring(picture.svg).get("viewBox")
    assert re.search(r"!\[svg\]\(output_.*\.svg\)", text)
    assert trace._repr_html_() in text
    assert paths._repr_html_() in text
    assert formula.latex in text
    (line,) = (line for line in text.splitlines() if "srcdoc" in line)
    assert Found(line).all("iframe")[0]["srcdoc"] == lesson.html, "in Markdown an empty line would end the element"
