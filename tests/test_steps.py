"""Stepping through a graph: what the page computes and says, in a real Chromium, and the animation without a script."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest

import nn
from autograd import Chain, Op, Value, array, constant, grad, named, ops, scope, sigmoid, softmax, sum
from autograd.languages.javascript import value_and_partials
from autograd.tape import wengert_list
from tests.lessons import gradients, lecture_example
from tests.pictures import GRAPHS, everything, network, neuron
from tests.processes import run
from tests.test_stages import mlp
from viz import draw, parsed, steps
from viz.numbers import exact, few, number
from viz.page.facts import gathered, level
from viz.picture import colours, stages
from viz.picture.scene import Note

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- the table in JavaScript ------------------------------------------------------------------------------------------


def points(op):
    """Operands inside the row's domain and at its special points."""
    rng = np.random.default_rng(0)
    n = op.arity or (6 if op.vectors == 2 else 4)
    inside = op.samples or ((-3.0, 3.0),) * n
    inside = inside if len(inside) == n else inside * n
    if op.leading:
        return [[float(i), *rng.uniform(-3.0, 3.0, n - 1).tolist()] for i in [*range(n - 1)] * 2]
    drawn = [[float(rng.uniform(low, high)) for low, high in inside] for _ in range(20)]
    special = [[x] * n for x in (0.0, 1.0, -1.0, 20.0, -20.0, 700.0, -700.0, 1e-9)]
    return drawn + special


def expected(op, x):
    try:
        y = float(op.value(*x))
        d = [float(v) for v in op.local(y, *x)]
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return [y, *d] if all(map(math.isfinite, [y, *d])) else None


def rows():
    for name in sorted(ops.BUILT_IN):
        op = ops.TABLE[name]
        yield from ((op.at(c) for c in range(3)) if op.indexed else (op,))


def test_every_row_computes_in_the_page_what_it_computes_in_python(page):
    for op in rows():
        inputs = [(x, expected(op, x)) for x in points(op)]
        inputs = [(x, y) for x, y in inputs if y is not None]
        assert len(inputs) >= 4, op
        f, d = value_and_partials(op, len(inputs[0][0]))
        script = f"(xs) => {{ const f = {f}, d = {d}; return xs.map(x => [f(...x), ...d(f(...x), ...x)]); }}"
        found = page.evaluate(script, [x for x, _ in inputs])
        np.testing.assert_allclose(
            np.array(found, dtype=float), [y for _, y in inputs], rtol=1e-12, atol=1e-300, err_msg=op.label
        )


def test_a_row_of_the_users_computes_there_too(page):
    swish = Op("steps_swish", lambda x: x * sigmoid(x), (lambda y, x: sigmoid(x) + y * sigmoid(-x),))
    f, d = value_and_partials(swish, 1)
    y, slope = page.evaluate(f"() => {{ const y = ({f})(0.7); return [y, ({d})(y, 0.7)[0]]; }}")
    v = Value(0.7)
    out = swish(v)
    out.backward()
    assert (y, slope) == (pytest.approx(out.data, rel=1e-12), pytest.approx(v.grad, rel=1e-12))


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


def test_a_screen_reader_hears_what_happens():
    html = steps(neuron()).html
    assert 'role="toolbar"' in html
    assert 'role="status" aria-live="polite"' in html
    for control in re.findall(r"<(?:input|select|button)[^>]*>(?:[^<]*)", html):
        assert "aria-label" in control or re.search(r">[\s◂]*\w", control), control


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


def test_steps_take_what_a_chain_or_a_module_of_one_output_gave():
    chain = Chain(double=lambda x: 2.0 * x, out=lambda x: x.tanh())
    y = chain(Value(0.5, "x"))
    assert steps(chain).html == steps([y]).html == steps(y).html


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


# --- what if ----------------------------------------------------------------------------------------------------------


def test_another_number_in_a_leaf_moves_everything_as_python_does(opened):
    out = network()
    lesson = opened(steps(out))
    lesson.set("W1[0,1]", "0.75")
    lesson.set("x[1]", "−2.5")
    again = network()
    leaves = {v.name: v for v in wengert_list([again]) if v.op is None}
    rng = np.random.default_rng(3)
    W1, w10 = array(rng.normal(size=(3, 2)), "W1"), array(rng.normal(size=3), "w10")
    W2, w20 = array(rng.normal(size=(3, 3)), "W2"), array(rng.normal(size=3), "w20")
    W1[0, 1].data = 0.75
    assert leaves["W1[0,0]"].data == W1[0, 0].data
    x = array([0.5, -2.5], "x", "input")
    chain = nn.lecture_chain(W1, w10, W2, w20, 2)
    moved = chain(x)
    _, bars = gradients(moved)
    found = {n[0]: k for k, n in enumerate(lesson.shown.data["nodes"])}
    numbers = lesson.page.evaluate("value")
    slopes = lesson.page.evaluate("adjoints[adjoints.length - 1]")
    for v, bar in bars.items():
        k = found[v.name]
        assert numbers[k] == pytest.approx(v.data, rel=1e-12)
        assert slopes[k] == pytest.approx(bar, rel=1e-12)
    assert re.fullmatch(
        r"L \S+ → \S+, a change of [+−]\S+; the gradient promised [+−]\S+", lesson.page.inner_text("#said")
    )
    lesson.page.click("#reset")
    assert lesson.page.evaluate("value")[found["L"]] == pytest.approx(out.data, rel=1e-12)


def test_a_number_out_of_a_domain_changes_nothing_and_says_why(opened):
    x = Value(2.0, "x")
    lesson = opened(steps(x.log() * 3.0))
    lesson.set("x", "-1")
    assert lesson.page.inner_text("#said") == "log is defined for x > 0; got −1 from x. The numbers stay as they were."
    assert lesson.page.evaluate("leaves[0]") == 2.0
    lesson.set("x", "two")
    assert lesson.page.inner_text("#said") == "“two” is neither a number nor a name in the picture."


def test_stages_follow_too_and_their_jacobians_are_named_as_python_names_them(opened):
    def stages(first):
        x, k = array([first, 0.0, -1.0], "x", "input"), constant([2.0, 3.0, -1.0], "k")
        W, b = array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.5], [0.25, 0.0, -1.0]], "W"), array([0.1, -0.2, 0.0], "b")
        with scope("f1", "y = W·x"):
            y = named("y", W @ x)
        with scope("f2", "z = y·x"):
            z = named("z", y * x)
        with scope("f3"):
            u = named("u", sigmoid(z + b))
        with scope("f4", "v = k·u"):
            v = named("v", k * u)
        with scope("f5"):
            return named("L", sum(v * v))

    def labels():
        lesson.press("End")
        both = "[...svg.querySelectorAll(':scope > [id$=-label]')].map(g => [...g.querySelectorAll('text')].slice(0, 2).map(t => t.textContent).join('\\n'))"
        return sorted(lesson.page.evaluate(both))

    def drawn(first):
        L = stages(first)
        L.backward()
        return sorted("\n".join(wire.lines[:2]) for wire in draw(L, detail="stages").scene.wires if wire.lines)

    lesson = opened(steps(stages(0.0), detail="stages"))
    assert labels() == drawn(0.0)
    lesson.set("x[0]", "3")
    assert labels() == drawn(3.0) != drawn(0.0)
    lesson.go(1)
    assert lesson.told == ["y = W·x = [[1, 0, 2], [0, 1, 0.5], [0.25, 0, −1]]·[3, 0, −1]", "y = [1, −0.5, 1.75]"]
    lesson.go(3)
    assert lesson.told[0] == "u = σ(z + b) = σ([3, 0, −1.75] + [0.1, −0.2, 0])"
    lesson.page.click("#reset")
    assert labels() == drawn(0.0)


def test_a_long_diagonal_is_shortened_in_the_page_as_in_the_picture(opened):
    def graph(first):
        x = array([first, 0.2, 0.3, 0.4, 0.5], "x", "input")
        with scope("f1", "u = x·x"):
            u = named("u", x * x)
        with scope("f2"):
            return named("L", sum(u * u))

    lesson = opened(steps(graph(0.1), detail="stages"))
    lesson.set("x[0]", "2")
    lesson.go(1)
    label = "[...svg.querySelectorAll('[id$=-label] text')].map(t => t.textContent).find(t => t.includes('diag'))"
    derivatives = [wire.derivative for wire in draw(graph(2.0), detail="stages").scene.wires]
    assert lesson.page.evaluate(label) == f"= {derivatives[0]}"
    assert derivatives[0] == "diag(4, 0.4, …, 1)"


@pytest.mark.parametrize("make", [lambda x: x * x + 1.0, lambda x: x - x * 2.0 + x * math.inf])
def test_values_that_are_infinite_or_nan_are_stepped_through_as_python_computes_them(make, opened):
    y = make(Value(1e200, "x"))
    y.name = "y"
    lesson = opened(steps(y))
    lesson.press("End")
    assert lesson.page.evaluate("String(value[value.length - 1])") == str(y.data).replace("inf", "Infinity").replace(
        "nan", "NaN"
    )


def test_what_if_refuses_what_backward_refuses_and_overflows_where_python_does(opened):
    x, y = Value(4.0, "x"), Value(2.0, "y")
    lesson = opened(steps(x.sqrt() * y))
    lesson.set("x", "0")
    assert "sqrt has no derivative here; its operand is 0 from x" in lesson.page.inner_text("#said")
    assert lesson.page.evaluate("leaves[0]") == 4.0
    lesson = opened(steps(x * y / x))
    lesson.set("x", "1e308")
    lesson.set("y", "1e10")
    assert lesson.page.evaluate("String(value[2])") == "Infinity"
    lesson.set("x", "0")
    assert "divide is defined for a divisor other than 0" in lesson.page.inner_text("#said")


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


def test_tooltips_tell_nothing_that_is_not_known_yet(opened):
    x, *_, out = lecture_example()
    lesson = opened(steps(out, predict=[x]))
    titles = "[...document.querySelectorAll('#picture g title')].map(t => t.textContent).join(' | ')"
    lesson.press("Home")
    assert "−24" not in lesson.page.evaluate(titles)
    lesson.press("End")
    text = lesson.page.evaluate(titles)
    assert "x: value 2, gradient to be predicted" in text
    assert "y: value −5, gradient 8" in text
    lesson.set("y", "1")
    assert "y: value 1, gradient 8" in lesson.page.evaluate(titles)


# --- predict ----------------------------------------------------------------------------------------------------------


def test_gradients_are_blank_until_they_are_predicted_and_mistakes_are_named(opened):
    x, y, w, out = lecture_example()
    lesson = opened(steps(out, predict=[x, y, w]))
    lesson.press("End")
    key = {n[0]: c["id"] for c in lesson.shown.data["cards"] for n in [lesson.shown.data["nodes"][c["k"]]]}
    strip = f"element('{key['x']}').querySelectorAll('text')[2].textContent"
    assert lesson.page.evaluate(strip) == "∂ ?"
    assert not any("∂f/∂x +=" in line and " = −12" in line for line in lesson.told)
    assert lesson.answer("∂f/∂x", "8") == (
        "That is the path through s alone. A gradient is the sum over all paths: each path adds to it (+=), none replaces it (=)."
    )
    assert lesson.answer("∂f/∂x", "4") == "The sign is wrong."
    assert lesson.answer("∂f/∂w", "1") == "A local derivative is missing: the factor is v1, not 1."
    assert lesson.answer("∂f/∂x", "100") == "Not yet. Multiply along each path, and add the paths."
    assert lesson.answer("∂f/∂x", "w*x + w*s").startswith("Right: −4")
    assert lesson.page.evaluate(strip) == "∂ −4"
    assert lesson.answer("∂f/∂y", "x·w").startswith("Right: 8")
    assert lesson.answer("∂f/∂w", "−6") == "Right: −6. All questions are answered."


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("8", "Right"), ("8.03", "Right"), ("7.97", "Right"), ("8.045", "Close"), ("8.05", "Close"), ("7.95", "Close"), ("8.39", "Close"), ("7.61", "Close"),
        ("8.41", "Not yet"), ("7.59", "Not yet"), ("16", "That is twice"), ("0", "Not yet"), ("-8.03", "The sign"), ("-8.05", "Not yet"),
    ],
)  # fmt: skip
def test_an_answer_is_right_within_half_a_percent_and_close_within_five(answer, verdict, opened):
    _, y, _, out = lecture_example()
    assert opened(steps(out, predict=[y])).answer("∂f/∂y", answer).startswith(verdict)


def test_an_answer_of_zero_is_right_where_the_gradient_is_zero(opened):
    x, y = Value(2.0, "x"), Value(0.0, "y")
    lesson = opened(steps(named("f", x * y), predict=[x]))
    assert lesson.answer("∂f/∂x", "0.001").startswith("Not yet")
    assert lesson.answer("∂f/∂x", "1e-13").startswith("Right: 0.")


def test_a_factor_of_an_edge_is_predicted_too(opened):
    *_, w, out = lecture_example()
    lesson = opened(steps(out, predict=[(w, out)]))
    question = "∂(v1 · w)/∂w"
    assert "v1" in lesson.answer(question, "1")
    assert lesson.answer(question, "s * x").startswith("Right: −6")


def test_the_page_itself_offers_to_predict_the_leaves(opened):
    *_, out = lecture_example()
    lesson = opened(steps(out))
    lesson.page.click("#quiz")
    assert lesson.page.evaluate("[...document.querySelectorAll('#item option')].map(o => o.text)") == [
        "∂f/∂x",
        "∂f/∂y",
        "∂f/∂w",
    ]
    lesson.page.click("#tell")
    assert lesson.page.inner_text("#verdict") == "∂f/∂x = −4."
    lesson.page.click("#quiz")
    assert lesson.page.is_hidden("#quizzed")


@pytest.fixture(scope="module")
def evaluated(tab, tmp_path_factory):
    """What the page makes of an answer, or says against it."""
    *_, out = lecture_example()
    page, _ = tab
    page.goto(steps(out).save(tmp_path_factory.mktemp("answers") / "lesson.html").as_uri())
    script = "(text) => { try { return evaluated(text); } catch (error) { return error.message; } }"
    return lambda text: page.evaluate(script, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("-2 ** 2", -4), ("2 ^ 3 ^ 2", 512), ("1e3 - .5", 999.5), ("x*w - s", 11),
        ("exp(0) + sigmoid(0)", 1.5), ("−x", -2), ("8 / 4 / 2", 1), ("max", None), ("2 +", None), ("(1", None),
        ("fetch(1)", None), ("x y", None), ("", None), ("a.constructor", None), ("constructor(2)", None),
        ("(" * 500, None), ("-" * 50_000 + "1", None),
    ],
)  # fmt: skip
def test_an_answer_is_a_number_or_an_expression_of_names_and_nothing_else(text, value, evaluated):
    found = evaluated(text)
    if value is None:
        assert isinstance(found, str)
    else:
        assert found == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2x", "2*x"), ("2(x - w)", "2*(x - w)"), ("xsw", "x*s*w"), ("(x + 1) (w)·s", "(x + 1)*(w)*s"),
        ("exp(2x)w + 1", "exp(2*x)*w + 1"), ("−2 x/3w", "-2*x/3*w"),
    ],
)  # fmt: skip
def test_a_product_without_its_sign_is_written_with_it(text, written, evaluated):
    assert evaluated(text) == f"Write {written}: a product needs its *."
    assert isinstance(evaluated(written), float | int)


@pytest.mark.parametrize(
    "text", ["2 + 3 * x", "-x ** 2", "2 ** 3 ** x", "x / w / 2", "exp(x) - sigmoid(w)", "relu(-x) + abs(w - 9) * sin(1)", "(x - w) * -x"]
)  # fmt: skip
def test_the_page_evaluates_an_expression_as_python_does(text, evaluated):
    x, _, w, _ = lecture_example()
    numbers = {name: v.data for name, v in (("x", x), ("w", w)) if re.search(rf"\b{name}\b", text)}
    assert evaluated(text) == pytest.approx(parsed(text, numbers).data, rel=1e-12)


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


# --- the facts of the page --------------------------------------------------------------------------------------------


def reworded(scene):
    """The same scene with other words wherever the page needs none of them, and other ids in the same order."""
    ids = {card.id: f"card{card.id}" for card in scene.cards}
    words = {"glyph": "?", "value": "?", "gradient": "?", "title": "?"}
    panel = {"title": "?"}
    cards = []
    for card in scene.cards:
        new = replace(card, id=ids[card.id], **(panel if scene.staged else words))
        if scene.staged:
            new = replace(
                new, grids=[replace(g, heading="?", cells=[["?"] * len(r) for r in g.cells]) for g in new.grids]
            )
        cards.append(new)
    wires = [replace(w, tail=ids[w.tail], head=ids[w.head], quotient="?", title="?") for w in scene.wires]
    if not scene.staged:
        wires = [replace(w, derivative="?") for w in wires]
    return replace(scene, cards=cards, wires=wires, notes=[Note(note.kind, "?") for note in scene.notes])


@pytest.mark.parametrize("detail", ["values", "stages"])
@pytest.mark.parametrize("make", [network, lambda: everything()[0], lambda: Value(-3.0, "x") ** 2])
def test_the_page_reads_facts_and_no_words_of_the_picture(make, detail):
    out = make()
    scene, order = draw(out, detail=detail, max_nodes=12).scene, wengert_list([out])
    facts, functions = gathered(order, [], level(scene, order, 4, {}))
    again, same = gathered(order, [], level(reworded(scene), order, 4, {}))
    assert functions == same
    for shown in (*again["cards"], *(group for group in again["groups"] if "id" in group)):
        shown["id"] = shown["id"].removeprefix("card")
    assert again == facts


# --- the page as a document -------------------------------------------------------------------------------------------

PAYLOADS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", '"];}', "\\u003c", "a\u2028b", "{data}", "{script}",
    "' onload='alert(1)", "<!--", "]]>", "${alert(1)}", "`", "/*rows*/[]",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_that_look_like_code_are_only_text(payload, opened):
    x = Value(2.0, payload)
    with scope(payload, payload):
        y = x * 3.0
    y.name = payload + "y"
    for detail in ("values", "stages"):
        lesson = opened(steps(y, detail=detail))
        lesson.press("End")
        assert lesson.page.evaluate("typeof alerted") == "undefined"
        assert lesson.page.evaluate("document.scripts.length") == 2
        assert lesson.page.evaluate("nodes.some(n => n.name.length > 1)")


def test_the_page_runs_no_script_but_its_own_and_asks_for_nothing(opened):
    lesson = opened(steps(neuron()))
    html = lesson.shown.html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html).group(1)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    assert "script-src 'sha256-" in policy
    assert not re.search(r"https?://(?!www\.w3\.org)", html)


def test_in_a_sandboxed_frame_as_in_jupyter_it_works(page, tmp_path):
    bundle = steps(neuron())._repr_mimebundle_()
    assert bundle["text/plain"].startswith("<5 steps forward")
    assert "allow-same-origin" not in bundle["text/html"]
    (tmp_path / "notebook.html").write_text(f"<!doctype html><body>{bundle['text/html']}</body>", encoding="utf-8")
    page.goto((tmp_path / "notebook.html").as_uri())
    frame = page.frames[-1]
    frame.wait_for_selector("#told h1")
    frame.click("#step")
    assert frame.inner_text("#told h1") == "Forward: compute x1w1"


def test_a_head_of_attention_on_two_tokens_is_under_400_kb_with_all_of_its_scopes():
    X, W = array(np.ones((2, 2)), "x", "input"), [array(np.eye(2) + 0.1 * k, name) for k, name in enumerate("qkv")]
    with scope("project"):
        q, k, v = (named(name.upper(), X @ w) for name, w in zip("qkv", W, strict=True))
    with scope("scores", "S = Q·Kᵀ/√2"):
        s = named("S", q @ k.T / math.sqrt(2))
    with scope("mix"):
        y = named("Y", softmax(s) @ v)
    with scope("loss"):
        shown = steps(named("L", (y * y).sum()))
    assert len(shown.insides) == 4
    assert len(shown.html.encode()) < 400_000


def test_a_page_of_eighty_values_is_under_250_kb():
    out = mlp((4, 4, 3))
    assert 60 < len(wengert_list([out])) <= 80
    assert len(steps(out).html.encode()) < 250_000


def test_a_long_graph_goes_by_stages_and_says_so_or_shows_what_is_near_the_output(opened):
    model = nn.MLP(2, [24, 24, 24, 24, 1], "tanh", rng=0)
    lesson = opened(steps(nn.mse(model([0.5, -1.0]), 1.0)))
    assert lesson.shown.data["level"] == "stages"
    assert "More than 400 steps: here they go by stages." in lesson.page.inner_text("#notes")
    x = Value(0.5, "x")
    for _ in range(300):
        x = x.sin()
    lesson = opened(steps(x))
    assert lesson.shown.data["level"] == "values"
    assert "values shown" in lesson.page.inner_text("#notes")
    lesson.press("End")
    assert len(lesson.shown.data["groups"]) <= 200
    assert lesson.page.evaluate("value.length") == 301


def test_everything_can_be_stepped_through(opened):
    y, *_ = everything()
    lesson = opened(steps(y))
    lesson.press("End", "Home")
    for _ in range(2 * len(lesson.shown.data["groups"]) + 1):
        lesson.press("ArrowRight")
    assert lesson.page.evaluate("now === steps.length")


def test_grad_is_neither_read_nor_changed():
    out = network(backward=False)
    steps(out)
    assert all(v.grad is None for v in wengert_list([out]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: steps([Value(1.0), Value(2.0)]), TypeError, "one Value; got 2: take one of them, or their sum"),
        (lambda: steps(3.0), TypeError, "what is shown is the graph of a Value; got float"),
        (lambda: steps(Value(1.0) * 2, predict=[Value(3.0)]), ValueError, "no part of this graph"),
        (lambda: steps((x := Value(2.0, "x")).exp().log(), predict=[(x, x)]), ValueError, "no operand"),
        (lambda: steps(Value(0.0).sqrt()), (ValueError, ZeroDivisionError), "no derivative"),
        (lambda: steps(Value(1.0) * 2).save("lesson.png"), ValueError, r"saved as \.html.*or \.svg"),
        (lambda: steps(Value(1.0) * 2, detail="all"), ValueError, "detail is one of"),
        (lambda: steps(Value(1.0) * 2, direction="left"), ValueError, "direction is one of"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_what_is_to_be_predicted_is_the_operand_itself_not_another_of_the_same_number():
    a, b = Value(2.0, "a"), Value(2.0, "b")
    y = a / b
    (asked,) = steps(y, predict=[(b, y)]).data["asked"]
    assert asked["edge"] == 1


def test_a_leaf_that_has_changed_is_named():
    x = Value(2.0, "x")
    y = x * x
    x.data = 5.0
    with pytest.raises(ValueError, match=r"x.*changed"):
        steps(y)


# --- the animation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_the_animation_is_the_finished_picture_without_its_style_sheet(detail):
    shown = steps(network(), detail=detail)
    bare = re.sub(r"<style>@media \(prefers-reduced-motion.*?</style>", "", shown.svg)
    assert bare == shown.picture.svg
    assert "<script" not in shown.svg


def test_the_animation_plays_forward_and_then_back(page, tmp_path):
    page.goto(steps(neuron()).save(tmp_path / "lesson.svg").as_uri())
    script = """(t) => { for (const a of document.getAnimations()) { a.pause(); a.currentTime = t; }
      return [...document.querySelectorAll('g[id] text')].filter(e => getComputedStyle(e).opacity === '1').map(e => e.textContent); }"""
    start, middle, end = (page.evaluate(script, t) for t in (10, 4100, 8900))
    assert not any(text.startswith("∂ ") for text in start)
    assert len(start) < len(middle) < len(end)
    assert "∂ 1" in end
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_steps_of_a_graph_are_shown_inside_a_transform_too():
    assert grad(lambda x: steps(x * x) and x * x)(3.0) == 6.0


@pytest.mark.slow
def test_the_page_is_the_same_under_any_hash_seed():
    program = "from tests.pictures import network; import viz; s = viz.steps(network()); print(s.html, s.svg)"
    assert len({run(program, PYTHONHASHSEED=seed) for seed in ("0", "5")}) == 1


def test_the_data_of_the_page_are_json_without_markup():
    data = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', steps(network()).html, re.DOTALL
    ).group(1)
    assert "<" not in data
    assert json.loads(data)["nodes"]


def test_after_what_if_the_product_that_flows_back_is_there_while_its_jacobian_has_the_same_name(opened):
    x, W = array([0.5, -1.0], "x", "input"), array([[1.0, 2.0], [3.0, 4.0]], "W")
    with scope("f1", "u = W·x"):
        u = named("u", W @ x)
    with scope("f2"):
        v = named("v", [sigmoid(u[0]), 3.0 * u[1]])
    with scope("f3"):
        L = named("L", sum([z * z for z in v]))
    lesson = opened(steps(L, detail="stages"))
    lesson.page.emulate_media(reduced_motion="reduce")  # a number on its way may hide the label that it passes
    seen = "[...svg.querySelectorAll(':scope > [id$=-label] path + text')].filter(t => getComputedStyle(t).visibility !== 'hidden').map(t => t.textContent).sort()"
    lesson.press("End")
    before = lesson.page.evaluate(seen)
    assert before == ["∂L/∂W = ∂L/∂u·xᵀ", "∂L/∂x = Wᵀ·∂L/∂u"]
    lesson.set("x[0]", "2")
    lesson.press("End")
    assert lesson.page.evaluate(seen) == before
    lesson.set("W[0,1]", "0")
    lesson.set("W[1,0]", "0")
    lesson.set("W[0,0]", "1")
    lesson.set("W[1,1]", "1")  # now ∂u/∂x is I
    lesson.press("End")
    assert lesson.page.evaluate(seen) == ["∂L/∂W = ∂L/∂u·xᵀ"]
