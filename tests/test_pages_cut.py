"""A page that shows a part of a graph has the numbers of the whole graph."""

import numpy as np
import pytest

import nn
from autograd import Value, array, named, scope, sin, sum as total, tanh
from autograd.tape import reverse_sweep, wengert_list
from tests.lessons import Lesson
from tests.test_pages_numbers import agree, answers, in_python
from viz import steps
from viz.numbers import number
from viz.page.animation import _moments
from viz.picture.paint import GRADIENT

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


@pytest.fixture
def small(monkeypatch):
    """Pages of at most 40 steps, so that small graphs are cut: the layout of 200 cards takes seconds."""
    monkeypatch.setattr("viz.page.steps.MOST_STEPS", 40)


def doubled(times=50):
    x = Value(1.0, "x")
    y = x
    for _ in range(times):
        y = y + x
    return x, named("y", y)


def cells(scopes=24):
    """A recurrence of more stages than a page shows, whose weight and first value go into every one of them."""
    w, x, h = Value(0.9, "w"), array([0.5, -1.0], "x", "input"), array([0.1, 0.2], "h0", "input")
    first = h
    for k in range(scopes):
        with scope(f"cell{k}"):
            h = named(f"h{k}", w * h + 0.01 * x * first)
    with scope("loss"):
        return named("L", total(h * h) + w * first[0])


def stretched():
    """A long detour beside a short cut: what is shown is computed from what is not, and the other way round."""
    x, w = Value(0.3, "x"), Value(0.5, "w")
    y = named("short", x * w)
    z = y
    for _ in range(30):
        z = sin(z) * w + 0.1
    return named("out", z + y * named("early", tanh(y)) + x)


@pytest.mark.slow
def test_a_cut_page_tells_the_gradient_of_the_whole_graph(page, tmp_path):
    x, y = doubled(500)
    lesson = Lesson(page, steps(y, predict=[x]), tmp_path)
    assert "200 of 501 values shown: those nearest to the output. The page computes all of them." in page.inner_text(
        "#notes"
    )
    assert lesson.answer("∂y/∂x", "198").startswith("You left out the path through")
    assert lesson.answer("∂y/∂x", "501") == "Right: 501. All questions are answered."
    lesson.go(1000)
    assert lesson.told[-1] == "∂y/∂x += 302 through what is not shown   total 501"
    lesson.set("x", "2")
    assert page.evaluate("value.at(-1)") == 1002
    assert page.evaluate("adjoints.at(-1)[0]") == 501


@pytest.mark.parametrize("make", [lambda: doubled()[1], cells, stretched])
def test_every_number_of_a_cut_page_is_that_of_the_whole_graph(make, page, tmp_path, small):
    out = make()
    order = wengert_list([out])
    shown = steps(out)
    lesson = Lesson(page, shown, tmp_path)
    assert shown.picture.scene.shown < len(order)
    assert any(group["aside"] for group in shown.data["groups"])
    free = [k for k, v in enumerate(order) if v.op is None and v.role != "constant"]
    for given in ({}, {k: 0.25 + 0.125 * i for i, k in enumerate(free)}):
        (found,) = answers(page, out, [given])
        assert agree(in_python(out, given), found)
    page.evaluate("compute(nodes.map(n => n.data), false)")
    lesson.press("End")
    for card in shown.data["cards"] if shown.data["level"] == "values" else ():
        v, texts = order[card["k"]], f"[...element('{card['id']}').querySelectorAll('text')].map(t => t.textContent)"
        if v.role != "constant":
            _, value, slope = page.evaluate(texts)
            expected = reverse_sweep(order, {out: 1.0})[v]
            assert (value, slope) == (number(v.data), f"∂ {number(expected)}")


@pytest.mark.parametrize("make", [lambda: doubled()[1], cells, stretched])
def test_on_a_cut_page_nothing_is_computed_from_what_is_not_or_passed_on_before_it_is_whole(
    make, page, tmp_path, small
):
    Lesson(page, steps(make()), tmp_path)
    script = """() => {
      const order = steps.flatMap(({ way, group }) => way === "forward" ? [...group.nodes, ...group.aside].sort((a, b) => a - b) : []);
      const done = new Set(nodes.filter(n => n.row === null).map(n => n.k)), wrong = [];
      for (const k of order) { if (!nodes[k].parents.every(p => done.has(p))) wrong.push(k); done.add(k); }
      const whole = adjoints.at(-1);
      edges.flat().forEach(e => { if (e.from !== whole[e.k]) wrong.push(e); });
      return [order.length, nodes.filter(n => n.row !== null).length, wrong.length];
    }"""
    computed, every, wrong = page.evaluate(script)
    assert (computed, wrong) == (every, 0)


def test_the_lines_of_a_cut_page_add_up(page, tmp_path, small):
    """What shown values and those behind them add to a gradient is its total at the end."""
    _, y = doubled()
    lesson = Lesson(page, steps(y), tmp_path)
    added = 0.0
    lesson.press("b")
    for _ in range(len(lesson.shown.data["groups"])):
        lesson.press("ArrowRight")
        for line in lesson.told:
            if line.startswith("∂y/∂x += "):
                number_added = line.rpartition("   total ")[0].rpartition("= ")[2].partition(" through")[0]
                added += float(number_added)
                assert float(line.rpartition("total ")[2].partition(", ")[0]) == added
    assert added == 51


def test_the_animation_of_a_cut_graph_shows_a_gradient_when_its_sum_is_whole(small):
    shown = steps(stretched())
    facts = shown.data
    back = {part: step for step, part, shapes in _moments(facts) if shapes == GRADIENT}
    (card, short), *_ = ((c["id"], c["k"]) for c in facts["cards"] if facts["nodes"][c["k"]][0] == "short")
    passes = [g["nodes"] + g["aside"] for g in reversed(facts["groups"])]
    *_, last = (step for step, ks in enumerate(passes) if any(short in facts["nodes"][k][2] for k in ks))
    assert short not in {
        p for k in facts["groups"][-1 - last]["nodes"] for p in facts["nodes"][k][2]
    }  # nothing shown takes it last
    assert back[card] == len(passes) + 2 + last


@pytest.mark.slow
@pytest.mark.parametrize("detail", ["values", "stages"])
def test_a_page_up_to_the_largest_holds_every_value(detail, page, tmp_path):
    model = nn.MLP(8, [48, 48, 1], "tanh", rng=0)
    out = nn.mse(model(np.linspace(-1, 1, 8)), 1.0)
    order = wengert_list([out])
    Lesson(page, steps(out, detail=detail), tmp_path)
    found = page.evaluate("[value.map(String), adjoints.at(-1).map(String)]")
    assert len(found[0]) == len(order)
    assert agree(in_python(out, {}), found)
