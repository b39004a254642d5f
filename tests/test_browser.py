"""Pictures in a real Chromium: what is measured there, in both themes, with and without their style sheet."""

import re

import pytest

from autograd import array, named, scope
from nn import gpt
from tests.pictures import everything, network, neuron
from tests.staged import mlp, recurrent, torn
from tests.test_legible import chain, mlp as large, recurrence
from viz import draw

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def scripts():
    """Names in Greek, Chinese, emoji and letters over letters."""
    W, x = array([[1.0, -2.0], [0.5, 3.0]], "Ωμέγα"), array([0.3, 0.7], "語言", "input")
    with scope("層🙂", "ψ̂ = σ(Ω·語)"):
        y = named("ψ̂", (W @ x).tanh() if hasattr(W @ x, "tanh") else [v.tanh() for v in W @ x])
    out = named("损失", y[0] * y[1])
    out.backward()
    return out


def positions():
    L = gpt.loss(gpt.parameters(), gpt.tokens("a"))
    L.backward()
    return L


PICTURES = {
    "neuron": lambda: draw(neuron()),
    "everything": lambda: draw(everything()),
    "values to the right": lambda: draw(network(), detail="values", direction="right"),
    "values downwards": lambda: draw(network(), detail="values", direction="down"),
    "stages": lambda: draw(network(), detail="stages"),
    "before a backward pass": lambda: draw(network(backward=False), detail="stages"),
    "neurons": lambda: draw(mlp(), detail="stages", depth=2),
    "a cell entered again": lambda: draw(recurrent(), detail="stages"),
    "an array that many take": lambda: draw(torn(), detail="stages"),
    "a chain in rows": lambda: draw(chain(30)),
    "an unrolled recurrence": lambda: draw(recurrence(4)),
    "two positions of a GPT": lambda: draw(positions(), depth=3),
    "a large network": lambda: draw(large(30, 20, 8)),
    "dark": lambda: draw(network(), theme="dark"),
    "names in any script": lambda: draw(scripts(), detail="stages"),
    "values in any script": lambda: draw(scripts(), detail="values"),
}


OUTSIDE = r"""() => {
  const out = [];
  for (const card of document.querySelectorAll('svg g[id]')) {
    const box = card.querySelector('rect');
    if (/-(s\d+-\d+|e\d+-label)$/.test(card.id)) continue;
    if (!box || !card.querySelector('text')) continue;
    const b = box.getBBox();
    for (const t of card.querySelectorAll("text")) {
      if (!t.textContent) continue;
      const r = t.getBBox();
      if (r.x < b.x || r.y < b.y - 1 || r.x + r.width > b.x + b.width || r.y + r.height > b.y + b.height + 1)
        out.push(t.textContent);
    }
  }
  return out;
}"""


@pytest.mark.parametrize("name", PICTURES)
def test_every_line_of_text_lies_within_its_card(name, page, tmp_path):
    page.goto(PICTURES[name]().save(tmp_path / "picture.html").as_uri())
    assert page.evaluate("document.querySelectorAll('svg text').length") > 5
    assert page.evaluate(OUTSIDE) == []


OVER = r"""() => {
  const out = [], boxes = [];
  for (const label of document.querySelectorAll('svg g[id$=-label]')) {
    const b = label.querySelector('rect').getBBox();
    for (const t of label.querySelectorAll('text')) {
      const r = t.getBBox();
      if (r.x < b.x - 1 || r.x + r.width > b.x + b.width + 1) out.push(t.textContent);
      boxes.push([r.x, r.y + r.height * .2, r.x + r.width, r.y + r.height * .8, t.textContent]);
    }
  }
  boxes.forEach(([a, b, c, d, text], k) => boxes.slice(0, k).forEach(([p, q, r, s, other]) => { if (a < r && c > p && b < s && d > q) out.push(`${text} over ${other}`); }));
  return out;
}"""


@pytest.mark.parametrize("name", [name for name in PICTURES if "script" not in name])
def test_every_line_on_a_wire_lies_on_its_ground_and_over_no_other(name, page, tmp_path):
    page.goto(PICTURES[name]().save(tmp_path / "picture.html").as_uri())
    assert page.evaluate(OVER) == []


INK = """() => {
  const paper = document.querySelector('svg > rect');
  const text = [...document.querySelectorAll('svg text')].map(t => getComputedStyle(t).fill);
  return [getComputedStyle(paper).fill, ...new Set(text)];
}"""


def channels(colour):
    return [int(x) for x in re.findall(r"\d+", colour)][:3]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["neuron", "stages"])
def test_the_automatic_theme_follows_the_readers_screen(name, scheme, page, tmp_path):
    page.emulate_media(color_scheme=scheme)
    page.goto(PICTURES[name]().save(tmp_path / "picture.html").as_uri())
    paper, *inks = page.evaluate(INK)
    assert sum(channels(paper)) == (3 * 255 if scheme == "light" else sum((13, 17, 23)))
    assert len(inks) >= 2


@pytest.mark.parametrize("name", ["neuron", "values to the right", "stages"])
def test_without_style_sheet_and_classes_the_picture_is_the_light_one(name, page, tmp_path):
    """As GitHub and nbviewer show it, on any screen."""
    svg = PICTURES[name]().svg
    bare = re.sub(r"<style>.*?</style>|class=\"[^\"]*\"", "", svg)
    assert bare != svg
    page.emulate_media(color_scheme="dark")
    (tmp_path / "bare.html").write_text(f"<!doctype html><body>{bare}</body>")
    page.goto((tmp_path / "bare.html").as_uri())
    paper, *inks = page.evaluate(INK)
    assert channels(paper) == [255, 255, 255]
    assert all(sum(channels(ink)) < 400 for ink in inks)


def test_a_picture_within_an_img_is_painted(page, tmp_path):
    draw(network()).save(tmp_path / "picture.svg")
    (tmp_path / "page.html").write_text('<!doctype html><img src="picture.svg">')
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("document.images[0].naturalWidth") > 300
    shot = page.screenshot(clip={"x": 60, "y": 60, "width": 600, "height": 300})
    assert len(shot) > 5_000, "an empty picture would be small"


def test_two_pictures_on_one_page_keep_their_own_colours(page, tmp_path):
    light, dark = draw(neuron(), theme="light").svg, draw(neuron(), theme="dark").svg
    (tmp_path / "page.html").write_text(f"<!doctype html><body>{light}{dark}{draw(network()).svg}</body>")
    page.goto((tmp_path / "page.html").as_uri())
    papers = page.evaluate(
        "[...document.querySelectorAll('svg > rect:first-of-type')].map(r => getComputedStyle(r).fill)"
    )
    assert channels(papers[0]) == [255, 255, 255]
    assert channels(papers[1]) == [13, 17, 23]
