"""Scopes of the page of steps: they open and close in place, and a graph opens as far as it can be read."""

import math

import pytest

import viz
from autograd import Value, scope
from tests.lessons import gradients
from tests.pictures import network, neuron
from viz import steps

pytestmark = pytest.mark.unmeasured


# --- two levels -------------------------------------------------------------------------------------------------------


def test_values_and_stages_change_places_at_the_same_step(opened):
    out = network()
    lesson = opened(steps(out, detail="stages"))
    lesson.page.evaluate("window.same = true")
    lesson.press("b", "ArrowRight", "ArrowRight", "ArrowRight")
    assert "f4" in lesson.title
    lesson.page.click("text=Show values")
    assert lesson.title.startswith("Backward through x5[")
    assert lesson.page.locator("#picture > svg:visible").count() == 1
    lesson.press("End")
    order, bars = gradients(out)
    cards = {card["k"]: card["id"] for card in lesson.page.evaluate("page.cards")}
    for k, v in enumerate(order):
        if v.role != "constant":
            text = lesson.page.evaluate(f"element('{cards[k]}').querySelectorAll('text')[2].textContent")
            assert math.isclose(
                float(text.removeprefix("∂ ").replace("−", "-").replace("e−", "e-")), bars[v], rel_tol=2e-3
            )
    lesson.page.click("text=Show stages")
    assert lesson.count == "backward 6/6"
    lesson.press("Home")
    assert lesson.count == "forward 0/6"
    assert lesson.page.evaluate("window.same")


def test_a_graph_without_scopes_has_one_level(opened):
    assert opened(steps(neuron())).page.is_hidden("#level")


# --- scopes in place --------------------------------------------------------------------------------------------------


def turn(lesson, name, to="Open"):
    lesson.page.get_by_role("button", name=f"{to} {name}", exact=True).focus()
    lesson.press("Enter")


def overlaps(lesson):
    """The pairs of cards and stages that stand one over the other."""
    return lesson.page.evaluate("""() => {
      const at = [...page.cards.map(card => card.id), ...opened].map(id => [id, boxOf(id)]), apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
      return at.flatMap(([id, a], k) => at.slice(k + 1).filter(([other, b]) => other.split(".")[0] !== id.split(".")[0] && !apart(a, b)).map(([other]) => [id, other]));
    }""")


def test_a_scope_opens_and_closes_in_place_and_the_others_stay_folded(opened):
    out = network()
    lesson = opened(steps(out, detail="stages"))
    places = "page.cards.map(({ id }) => { const { x, y, width, height } = boxOf(id); return [x, y, width, height]; }).flat()"
    lines = "page.wires.map(({ id }) => element(id).querySelector('path').getTotalLength())"
    lesson.page.wait_for_selector(".toggle")
    before, long = lesson.page.evaluate(places), lesson.page.evaluate(lines)
    lesson.press("b", "ArrowRight", "ArrowRight", "ArrowRight")
    title = lesson.title
    turn(lesson, "f4")
    assert lesson.count == "backward 5/8"
    assert lesson.title.startswith("Backward through x5[0]")
    assert lesson.page.evaluate("page.cards.filter(card => card.k !== undefined).length") == 15
    assert lesson.page.evaluate("page.cards.filter(card => card.ks).length") == 10
    assert lesson.page.evaluate("[...opened].length") == 1
    turn(lesson, "f4", "Close")
    assert (lesson.title, lesson.count) == (title, "backward 3/6")
    assert lesson.page.evaluate(places) == pytest.approx(before)
    assert lesson.page.evaluate(lines) == pytest.approx(long, rel=1e-3)


@pytest.mark.slow
def test_open_scopes_show_what_python_computed_and_nothing_stands_over_anything(opened):
    out = network()
    lesson = opened(steps(out, detail="stages"))
    for name in ("f4", "f1", "f6"):
        turn(lesson, name)
        assert overlaps(lesson) == []
    lesson.press("End")
    order, bars = gradients(out)
    for card in lesson.page.evaluate("page.cards"):
        if "k" in card and (v := order[card["k"]]).role != "constant":
            texts = lesson.page.evaluate(
                f"[...element('{card['id']}').querySelectorAll('text')].map(t => t.textContent)"
            )
            assert texts[1:] == [viz.numbers.number(v.data), f"∂ {viz.numbers.number(bars[v])}"]
    first = lesson.page.evaluate("value[last]")
    lesson.set("W2[0,0]", "1.5")
    assert lesson.page.evaluate("value[last]") != first
    turn(lesson, "f1", "Close")
    lesson.page.click("text=Show values")
    lesson.page.click("text=Show stages")
    assert lesson.page.evaluate("page.cards.filter(card => card.ks).length") == 9
    assert lesson.page.get_by_role("button", name="Close f4", exact=True).count() == 1
    assert overlaps(lesson) == []


def test_a_wire_ends_at_the_border_of_the_scope_that_has_opened(opened):
    lesson = opened(steps(network(), detail="stages"))
    turn(lesson, "f4")
    apart = lesson.page.evaluate("""() => folded.wires.flatMap(({ id, edges: [[k, slot]] }) => {
      const line = element(id).querySelector("path"), tip = element(id).querySelectorAll("path")[1].getAttribute("d").match(/-?[\\d.]+/g).slice(0, 2).map(Number), start = line.getPointAtLength(0);
      const boxOfNode = n => boxOf(folded.cards.find(card => card.ks.includes(n)).id), far = ([x, y], b) => Math.max(Math.abs(x - b.x - b.width / 2) - b.width / 2, Math.abs(y - b.y - b.height / 2) - b.height / 2);
      return [far([start.x, start.y], boxOfNode(nodes[k].parents[slot])), far(tip, boxOfNode(k))];
    })""")
    assert max(map(abs, apart)) < 2


def test_an_answer_survives_a_scope_that_opens(opened):
    out = network()
    lesson = opened(steps(out, predict="all", detail="stages"))
    lesson.page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    lesson.page.fill("#answer", "123")
    lesson.page.press("#answer", "Enter")
    turn(lesson, "f2")
    assert lesson.page.evaluate("asked[current].tries.length") == 1
    _, bars = gradients(out)
    assert not any(f">∂ {viz.numbers.number(x)}<" in lesson.shown.html for x in bars.values())


def wide(w1, w2, b1, b2, v1, v2, c, x):
    h1 = (w1 * x + b1).tanh()
    h2 = (w2 * x + b2).tanh()
    return (v1 * h1 + v2 * h2 + c - 0.5) ** 2 + 0.01 * (w1**2 + w2**2)


def descent(w, b):
    for _ in range(2):
        w = w - 0.1 * (w * 2.0 + b - 1.0) * 2.0
    return (w * 2.0 + b - 1.0) ** 2


@pytest.mark.parametrize(
    ("f", "args", "opens_whole"),
    [(wide, (0.5, -0.3, 0.1, 0.2, 1.0, -1.0, 0.05, 2.0), True), (descent, (0.5, 0.1), False)],
)
def test_beside_its_code_a_graph_opens_whole_if_it_can_be_read_and_each_step_is_in_view_with_its_operands(
    f, args, opens_whole, opened
):
    lesson = opened(steps(f, *args))
    page = lesson.page
    page.set_viewport_size({"width": 1300, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    outside = """ks => { const room = space(); return ks.filter(k => { const { left, right, top, bottom } = element(cardOf.get(k)).getBoundingClientRect();
      return left < room.left || right > room.right || top < room.top || bottom > room.bottom; }).map(k => nodes[k].name); }"""
    assert (page.evaluate(f"({outside})([...cardOf.keys()])") == []) is opens_whole
    if opens_whole:
        assert 10 * page.evaluate("svg.getScreenCTM().a") >= 9  # pixels of a number
    for step in [*range(1, lesson.page.evaluate("steps.length") + 1), 3, 1]:
        page.evaluate(f"go({step})")
        shown = (
            "steps[now - 1].way === 'seed' ? [last] : steps[now - 1].group.nodes.flatMap(k => [k, ...nodes[k].parents])"
        )
        assert page.evaluate(f"({outside})({shown})") == [], step


def test_what_the_keyboard_reaches_comes_into_view(opened):
    lesson = opened(steps(network(), detail="stages"))
    lesson.page.set_viewport_size({"width": 900, "height": 450})
    button = lesson.page.get_by_role("button", name="Open f6", exact=True)
    button.focus()
    box = button.bounding_box()
    assert 0 <= box["x"] <= 900 - box["width"]
    assert 0 <= box["y"] <= 450 - box["height"]


def test_a_long_graph_opens_the_scopes_that_are_small_enough(opened):
    x = Value(0.5, "x")
    for k in range(30):
        with scope(f"s{k}"):
            for _ in range(8):
                x = x.sin()
    lesson = opened(steps(x))
    assert lesson.page.is_hidden("#level")
    turn(lesson, "s3")
    assert lesson.page.evaluate("steps.length") == 2 * 30 + 1 + 2 * 7
