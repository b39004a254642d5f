"""Stepping through a graph: what the page computes and says, in a real Chromium."""

import math

import numpy as np
import pytest

from autograd import Value, array, constant, named, scope, sum
from autograd.tape import wengert_list
from tests.lessons import gradients
from tests.pictures import GRAPHS, everything, network, neuron
from viz import draw, steps
from viz.numbers import exact, few, number
from viz.picture import colours, stages

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- stepping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["neuron", "network"])
def test_the_page_steps_through_every_value_and_back_with_the_numbers_put_in(name, opened):
    out = GRAPHS[name]()
    order, bars = gradients(out)
    lesson, computed = opened(steps(out)), [v for v in order if v.op is not None]
    assert lesson.title == "Start"
    for v in computed:
        lesson.press("ArrowRight")
        assert lesson.title == f"Forward: compute {v.name}"
        (line,) = lesson.told
        assert line.startswith(f"{v.name} = ")
        assert line.endswith(f" = {number(v.data)}")
        assert number(v.parents[0].data) in line
    lesson.press("ArrowRight")
    assert lesson.told == [f"∂{out.name}/∂{out.name} = 1"]
    for v in reversed(computed):
        lesson.press("ArrowRight")
        lines = lesson.told
        assert len(lines) == sum(p.role != "constant" for p in v.parents), "a line for every edge"
        for p, d, line in zip(v.parents, v.partials, lines, strict=True):
            assert line.startswith(f"∂{out.name}/∂{p.name} += ∂{out.name}/∂{v.name} · ∂")
            assert f"/∂{p.name} " in line.partition(" · ")[2]  # the local derivative is that of the operation
            assert number(d).removeprefix("−") in line
            assert f" = {number(bars[v] * d)}" in line
    assert lesson.count == f"backward {len(computed)}/{len(computed)}"
    shown = {c["id"]: c["k"] for c in lesson.shown.data["cards"]}
    for key, k in shown.items():
        text = lesson.page.evaluate(f"element('{key}').querySelectorAll('text')[2].textContent")
        assert text == f"∂ {number(bars[order[k]])}"


def test_partial_sums_grow_until_the_last_path_has_come_in(opened):
    x = Value(3.0, "x")
    lesson = opened(steps(x * x + x * 2.0))
    lesson.press("End")
    totals = []
    for step in range(4, 8):
        lesson.go(step)
        totals += [line.rpartition("total ")[2] for line in lesson.told if "∂x +=" in line]
    assert totals[-1] == "8"
    assert len(totals) == 3


def test_a_square_adds_both_of_its_edges(opened):
    x = Value(3.0, "x")
    y = x * x
    y.name = "y"
    lesson = opened(steps(y))
    lesson.press("End")
    assert [line.rpartition("total ")[2] for line in lesson.told] == ["3, 1 of 2 in", "6"]


def test_stages_are_stepped_through_with_their_vectors_and_jacobians(opened):
    lesson = opened(steps(network(), detail="stages"))
    lesson.press("ArrowRight")
    assert lesson.told[0].startswith("x2 = W1·x = [")
    lesson.press("b", "ArrowRight", "ArrowRight", "ArrowRight")
    assert lesson.title == "Backward through f4: gradients of W2 and x4"
    first, second = lesson.told
    assert "∂L/∂W2 = ∂L/∂x5 · ∂x5/∂W2 = [" in first + second
    assert "x4 in each row" in first + second
    assert "· W2 = [" in first + second


def test_keys_buttons_clicks_and_addresses_lead_to_a_step(opened):
    lesson = opened(steps(neuron()))
    lesson.press("End")
    assert lesson.count == "backward 5/5"
    lesson.press("Home")
    assert lesson.count == "forward 0/5"
    lesson.press("b")
    assert lesson.count == "backward 0/5"
    lesson.press("ArrowLeft")
    assert lesson.count == "forward 5/5"
    for button, count in (("start", "0/5"), ("step", "1/5"), ("step", "2/5"), ("back", "1/5"), ("end", "backward 5/5")):
        lesson.page.click(f"#{button}")
        assert lesson.count.endswith(count)
    lesson.press("Home")
    order = wengert_list([neuron()])
    k = next(k for k, v in enumerate(order) if v.name == "n")
    lesson.page.click(f"svg g[id$='-n{k}'] rect")
    assert lesson.title == "Forward: compute n"
    lesson.page.evaluate("location.hash = '#step=3'")
    lesson.page.wait_for_selector("#count:text-is('forward 3/5')")
    lesson.page.fill("#seek", "2")
    assert lesson.count == "forward 2/5"


def test_play_plays_to_the_end_and_pauses(opened):
    lesson = opened(steps(Value(2.0, "x").exp()))
    lesson.page.select_option("#speed", "300")
    lesson.page.click("#told")
    lesson.press("Space")
    assert lesson.page.inner_text("#play") == "Pause"
    lesson.page.wait_for_selector("#count:text-is('backward 1/1')")
    lesson.page.wait_for_selector("#play:text-is('Play')")


def test_what_is_not_computed_yet_is_empty_and_what_moves_is_marked(opened):
    lesson = opened(steps(neuron()))
    assert lesson.page.evaluate("document.querySelectorAll('.future').length") == 5
    lesson.press("ArrowRight")
    assert lesson.page.evaluate("document.querySelectorAll('.future').length") == 4
    assert lesson.page.evaluate("document.querySelectorAll('.now').length") == 1
    assert lesson.page.evaluate("document.querySelectorAll('.flow').length") == 0
    lesson.press("b", "ArrowRight")
    assert lesson.page.evaluate("document.querySelectorAll('.flow').length") == 1
    assert lesson.page.evaluate("document.querySelectorAll('.quiet').length") == 8


def test_zoom_and_fit_move_the_frame(opened):
    lesson = opened(steps(neuron()))

    def frame():
        return [float(x) for x in lesson.page.evaluate("svg.getAttribute('viewBox')").split()]

    whole, scale = frame(), lesson.page.evaluate("svg.getScreenCTM().a")
    lesson.page.click("#in")
    assert lesson.page.evaluate("svg.getScreenCTM().a") == pytest.approx(1.25 * scale)
    lesson.page.mouse.move(700, 500)
    lesson.page.mouse.wheel(0, -200)
    assert frame()[2] < 0.8 * whole[2]
    before = frame()
    lesson.page.mouse.down()
    lesson.page.mouse.move(760, 520)
    lesson.page.mouse.up()
    assert frame()[0] < before[0]
    lesson.page.click("#fit")
    assert frame() == whole


@pytest.mark.slow
@pytest.mark.parametrize("detail", ["values", "stages"])
def test_a_large_graph_begins_where_it_can_be_read_and_the_view_goes_along(detail, opened):
    """What a step is about lies within the picture, at letters of a readable size; Fit shows all of it.

    Where the operands stand too far apart for that, the picture is as much smaller as they need, and then large again.
    """
    lesson = opened(steps(network(), detail=detail))
    lesson.page.set_viewport_size({"width": 800, "height": 560})
    lesson.page.emulate_media(reduced_motion="reduce")
    lesson.page.reload()
    outside = """() => {
        const frame = document.querySelector("#picture").getBoundingClientRect(), ks = now ? steps[now - 1].group?.nodes ?? [last] : [];
        return ks.map(k => element(cardOf.get(k)).getBoundingClientRect()).filter(card =>
            card.left < frame.left || card.right > frame.right || card.top < frame.top || card.bottom > frame.bottom).length;
    }"""
    needed = """() => {
        const ks = now ? steps[now - 1].group?.nodes ?? [last] : steps[0].group.nodes, all = ks.flatMap(k => [k, ...nodes[k].parents]);
        return Math.min(...["width", "height"].map((side, axis) => { const [low, high] = extent(all, axis); return space()[side] / (high - low); }));
    }"""
    views = set()
    for _ in range(int(lesson.page.get_attribute("#seek", "max")) + 1):
        assert lesson.page.evaluate(outside) == 0, lesson.title
        assert lesson.page.evaluate("svg.getScreenCTM().a") > 0.99 * min(0.9, lesson.page.evaluate(needed))
        views.add(lesson.page.evaluate("view.join()"))
        lesson.press("ArrowRight")
    assert len(views) > 1
    lesson.page.click("#fit")
    assert lesson.page.evaluate("view.join() === whole.join()")


def test_the_view_stays_where_the_reader_has_put_it_while_the_step_is_in_view(opened):
    lesson = opened(steps(network(), detail="stages"))
    lesson.page.emulate_media(reduced_motion="reduce")
    place = "() => { const box = element(cardOf.get(steps[0].group.nodes[0])).getBoundingClientRect(); return [box.x, box.y]; }"
    for choose in ("#out", "#in", "#fit"):
        lesson.press("ArrowRight")
        lesson.page.click(choose)
        lesson.press("Home", "ArrowRight")
        before = lesson.page.evaluate(place)
        lesson.press("Home", "ArrowRight")
        assert lesson.page.evaluate(place) == pytest.approx(before, abs=1)


def test_a_page_that_becomes_narrow_begins_anew_at_a_size_that_can_be_read(opened):
    lesson = opened(steps(network()))
    lesson.page.set_viewport_size({"width": 375, "height": 667})
    lesson.page.wait_for_function("() => svg.getScreenCTM().a > 0.9")  # the page hears of its size with the next frame
    lesson.press("ArrowRight")
    assert lesson.page.evaluate("svg.getScreenCTM().a") > 0.9
    lesson.page.click("#more")
    lesson.page.click("#fit")
    lesson.page.set_viewport_size({"width": 500, "height": 667})
    assert lesson.page.evaluate("view.join() === whole.join()")


def test_formulas_take_numbers_under_powers_and_transposes_and_in_brackets(opened):
    a, b, k = Value(-2.0, "a"), Value(-3.0, "b"), constant([2.0, 3.0], "k")
    with scope("f1", "c = a² − b·a"):
        c = named("c", a * a - b * a)
    with scope("f2", "y = k·c"):
        y = named("y", k * c)
    lesson = opened(steps(named("L", sum(y * y)), detail="stages"))
    lesson.press("ArrowRight")
    assert lesson.told[0] == "c = a² − b·a = (−2)² − (−3)·(−2)"
    lesson.press("ArrowRight")
    assert lesson.told[0] == "y = k·c = [2, 3]·(−2)"


def test_a_stage_whose_outputs_come_from_one_another_is_no_product(opened):
    w, x, h, hs = Value(0.5, "w"), array([1.0, 2.0, 3.0], "x", "input"), 0.1, []
    with scope("rnn"):
        for k in range(3):
            h = (w * h + x[k] * 0.3).tanh()
            h.name = f"h[{k}]"
            hs.append(h)
    with scope("loss"):
        out = hs[0] * hs[0] + hs[1] * hs[1] + hs[2] * hs[2]
    out.name = "L"
    lesson = opened(steps(out, detail="stages"))
    lesson.press("End")
    assert any(line.startswith("∂L/∂w = what rnn passes on = ") for line in lesson.told)


def test_a_step_of_many_operands_is_a_step(opened):
    lesson = opened(steps(array(np.linspace(0, 1, 900), "x").sum()))
    assert repr(lesson.shown) == "<1 step forward and 1 back through a graph of 901 values>"
    lesson.press("End")
    assert len(lesson.told) == 900


def test_the_edge_of_a_constant_has_no_derivative(opened):
    lesson = opened(steps(Value(-3.0, "x") ** 2))
    for key in ("End", "Home"):
        lesson.press(key)
        assert "nan" not in lesson.page.inner_text("body")
        assert "nan" not in lesson.page.evaluate("document.querySelector('#picture svg').textContent")
    lesson.press("End")
    found = lesson.page.evaluate("[...document.querySelectorAll('#picture g[id$=label] text')].map(t => t.textContent)")
    assert found == ["×−6", "−6"]


def test_what_flows_back_along_a_wire_is_there_once_it_has_flown(opened):
    lesson = opened(steps(neuron()))
    lesson.page.emulate_media(reduced_motion="reduce")  # else the words give way to what flies
    shown = "[...document.querySelectorAll('#picture g[id$=label]')].map(g => [...g.querySelectorAll('text')].filter(t => getComputedStyle(t).visibility !== 'hidden').map(t => t.textContent))"
    diagram = draw(neuron())
    lesson.press("End")
    assert lesson.page.evaluate(shown) == [[line.removeprefix("◂ ") for line in w.lines] for w in diagram.scene.wires]
    half = lesson.page.evaluate("seed")
    lesson.go(half)
    assert lesson.page.evaluate(shown) == [w.lines[:1] for w in diagram.scene.wires]
    lesson.go(half + 1)
    assert [len(words) for words in lesson.page.evaluate(shown)].count(2) == 1


def test_a_stage_line_shows_what_this_stage_adds_and_the_total(opened):
    W = array([[0.5, -0.2], [0.1, 0.3]], "W")
    x = array([1.0, 2.0], "x", "input")
    with scope("a"):
        h = W @ x
        h[0].name, h[1].name = "h[0]", "h[1]"
    with scope("b"):
        L = (W @ h).sum()
    L.name = "L"
    _, bars = gradients(L)
    lesson = opened(steps(L, detail="stages"))
    lesson.press("End")
    (line,) = [text for text in lesson.told if text.startswith("∂L/∂W +=")]
    total = ", ".join(f"[{', '.join(number(bars[v], 3) for v in row)}]" for row in W)
    assert line.endswith(f"total [{total}]")
    assert f"= [{total}] " not in line


def test_everything_can_be_stepped_through(opened):
    y, *_ = everything()
    lesson = opened(steps(y))
    lesson.press("End", "Home")
    for _ in range(2 * len(lesson.shown.data["groups"]) + 1):
        lesson.press("ArrowRight")
    assert lesson.page.evaluate("now === steps.length")


# --- numbers and tints ------------------------------------------------------------------------------------------------


def test_the_page_writes_and_tints_as_the_picture_does(opened):
    page = opened(steps(neuron())).page
    rng = np.random.default_rng(0)
    drawn = [
        *(rng.normal(size=200) * 10.0 ** rng.integers(-12, 12, size=200)).tolist(),
        0.0,
        1.0,
        -12345.6,
        99999.5,
        99998.5,
    ]
    drawn += [
        0.001,
        -0.001,
        math.nextafter(0.001, 0),
        1e5,
        -1e5,
        math.nextafter(1e5, 0),
        1e-4,
        1e6,
    ]  # where the form changes
    drawn += [1.125, -1.0625, 2.5, 1.375, 12344.5, 0.0009765625, 2.0**-12, 100.5, 1e22 + 2**21, -0.375]  # ties
    for digits in (2, 3, 4, 17):
        found = page.evaluate(f"xs => xs.map(x => number(x, {digits}))", drawn)
        assert found == [number(x, digits) for x in drawn]
    assert page.evaluate("xs => xs.map(exact)", drawn) == [exact(x) for x in drawn]
    assert page.evaluate("[number(null), number(NaN), number(-Infinity)]") == ["–", "nan", "−∞"]
    shares = [-1.0, -0.3, -1e-9, 0.0, 1e-4, 0.5, 1.0]
    painted = """xs => xs.map(x => {
      const box = document.body.appendChild(document.createElement("i"));
      box.style.backgroundColor = tint(x, 1);
      const paint = document.createElement("canvas").getContext("2d", { colorSpace: "srgb" });
      paint.fillStyle = getComputedStyle(box).backgroundColor; paint.fillRect(0, 0, 1, 1);
      return [...paint.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    })"""
    for theme, scheme in enumerate(("light", "dark")):
        page.emulate_media(color_scheme=scheme)
        tints = [colours.PALETTE[colours.tint(x)][theme] for x in shares]
        drawn = [[int(tint[k : k + 2], 16) for k in (1, 3, 5)] for tint in tints]
        assert np.abs(np.subtract(page.evaluate(painted, shares), drawn)).max() <= 1
    for n in (6, 7, 40):
        assert page.evaluate(f"few([...Array({n}).keys()])") == list(few(range(n), stages.MOST, stages.FIRST))
