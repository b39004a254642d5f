"""The controls of the live page: a reader plays, steps, travels in time, zooms into a unit and changes a weight."""

import re

import numpy as np
import pytest

import nn
import viz
from autograd import sum
from tests.live import cells, iris, iris_page, iris_tab, opened, until

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["iris", "iris_page", "iris_tab", "opened"]


# --- a reader at the controls -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_keys_alone_play_step_rewind_and_travel(iris):
    page = iris
    page.keyboard.press("s")
    page.keyboard.press("s")
    assert page.evaluate("live.epoch") == 2
    page.keyboard.press("Space")
    until(page, "live.epoch > 10")
    page.keyboard.press("Space")
    until(page, "document.getElementById('play').textContent === 'Play'")
    page.click("#rewind")
    page.keyboard.press("s")  # with a button focused, too
    page.keyboard.press("s")
    page.focus("#lr")
    page.keyboard.press("s")  # which is text there
    assert page.evaluate("live.epoch") == 2
    page.focus("#losses")
    page.keyboard.press("Home")
    assert page.evaluate("live.epoch") == 0
    page.keyboard.press("ArrowRight")
    assert page.evaluate("live.epoch") == 1
    page.focus("#map")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#example") == "1"
    page.focus("#picture")
    page.keyboard.press("r")
    assert page.evaluate("live.epoch") == 0


def test_a_number_that_a_control_does_not_take_is_refused_in_words_that_stay(iris):
    iris.click("#play")
    iris.fill("#lr", "-1")
    iris.press("#lr", "Enter")
    iris.wait_for_timeout(400)  # longer than the numbers stand
    assert iris.inner_text("#stopped") == "a learning rate is a finite number above 0; got -1"
    assert (iris.input_value("#lr"), iris.inner_text("#play")) == ("1", "Play")
    iris.fill("#lr", "0.5")
    iris.press("#lr", "Enter")
    until(iris, "document.getElementById('stopped').hidden")
    assert iris.evaluate("setting.lr") == 0.5
    for wrong in ("live.example(150)", "live.example(-1)", "live.theta = [1]", "live.set({seed: 1.5})"):
        message = iris.evaluate(f"(() => {{ try {{ {wrong}; }} catch (error) {{ return error.message; }} }})()")
        assert re.search("whole number|finite numbers", message)


def test_travel_in_time_comes_back_to_the_parameters_of_that_epoch(iris):
    page = iris
    page.evaluate("live.set({batch: 32}); live.step(15)")
    third = page.evaluate("live.theta")
    assert page.evaluate("live.epoch") == 3
    page.evaluate("live.step(35)")
    tenth = page.evaluate("live.theta")
    page.evaluate("live.travel(3)")
    assert page.evaluate("live.theta") == third
    page.evaluate("live.step(35)")  # the order of the batches comes again
    assert page.evaluate("live.theta") == tenth


def test_another_optimiser_begins_without_a_memory_also_after_travel(iris):
    page = iris
    page.evaluate("live.set({optimizer: 'momentum', lr: 0.1}); live.step(6)")
    page.evaluate("live.set({optimizer: 'Adam'}); live.step(1)")
    moved = page.evaluate("Array.from(lastStep).map(Math.abs)")
    assert moved == pytest.approx([0.1] * len(moved), rel=1e-3)  # the first step of Adam is the learning rate
    page.evaluate("live.travel(3); live.step(1)")
    moved = page.evaluate("Array.from(lastStep).map(Math.abs)")
    assert moved == pytest.approx([0.1] * len(moved), rel=1e-3)
    page.evaluate("live.rewind(); live.step(1)")
    assert max(page.evaluate("Array.from(state.memory[2])")) == 1


def test_the_update_line_is_true(iris):
    page = iris
    page.select_option("#weight", label="w1[0,1]")
    before = page.evaluate("live.theta[1]")
    page.evaluate("live.step(1)")
    until(page, "document.querySelector('#update p').textContent.startsWith('The last')")
    after = page.evaluate("live.theta[1]")
    line = page.locator("#update p").last.inner_text()
    name, w, gradient, result = (
        line.replace("−", "-").replace("- 1 · ", "|").replace(" ← ", "|").replace(" = ", "|").split("|")
    )
    assert name == "w1[0,1]"
    assert float(w) == pytest.approx(before, rel=1e-3)
    assert float(result) == pytest.approx(after, rel=1e-3)
    assert float(gradient.strip("()")) == pytest.approx(before - after, rel=1e-3)


def test_a_prediction_of_the_next_weight_is_judged(iris):
    page = iris
    before, slope = page.evaluate("live.theta[0]"), page.evaluate("gradientNow()[0]")
    page.fill("#guess", f"{before - slope:.4f}")
    page.click("#step")
    assert page.inner_text("#verdict").startswith("Right: ")
    page.fill("#guess", f"{page.evaluate('live.theta[0] + 5 * gradientNow()[0]'):.4f}")
    page.click("#step")
    assert "A step goes against the gradient." in page.inner_text("#verdict")
    assert page.input_value("#guess") == ""


@pytest.mark.slow
@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_in_slow_motion_the_three_acts_play_and_then_a_step_is_taken(motion, iris):
    iris.emulate_media(reduced_motion=motion)
    iris.evaluate(
        "titles = []; new MutationObserver(() => titles.push($('told').textContent.match(/^\\w*/)[0])).observe($('told'), {childList: true})"
    )
    iris.select_option("#speed", "0")
    iris.click("#play")
    for _ in range(600):
        if iris.evaluate("live.epoch") >= 1:
            break
        iris.wait_for_timeout(50)
    iris.click("#play")
    assert iris.evaluate("live.epoch === 1 && acting === null")
    seen = list(dict.fromkeys(iris.evaluate("titles")))
    assert [title for title in seen if title in ("Forward", "Backward", "Update")] == ["Forward", "Backward", "Update"]
    iris.emulate_media(reduced_motion="reduce")


def test_one_example_takes_a_step_by_its_own_gradient(iris):
    page = iris
    page.evaluate("choose(60)")
    before, found = page.evaluate("live.theta"), page.evaluate("live.example(60)")
    page.click("#one")
    until(page, "state.steps === 1")
    for name, a, b in zip(page.evaluate("live.names"), before, page.evaluate("live.theta"), strict=True):
        assert b == pytest.approx(a - found[name][1], rel=1e-12), name


def test_a_weight_that_is_dragged_moves_and_the_tangent_is_its_gradient(iris):
    page = iris
    page.select_option("#weight", label="w2[0,1]")
    page.evaluate("setWeight(weight, 0.75)")
    k = page.evaluate("live.names").index("w2[0,1]")
    assert page.evaluate("live.theta")[k] == 0.75
    low, middle, high = page.evaluate(
        f"[-1e-5, 0, 1e-5].map(e => {{ const t = Float64Array.from(live.theta); t[{k}] += e; return meanLoss(t); }})"
    )
    assert page.evaluate("along.slope") == pytest.approx((high - low) / 2e-5, rel=1e-4)
    assert page.evaluate("along.loss") == middle
    page.check("#freeze")
    page.evaluate("live.step(5)")
    assert page.evaluate("live.theta")[k] == 0.75


# --- one zoom of three levels -----------------------------------------------------------------------------------------


def test_by_keys_alone_the_zoom_leads_from_the_network_to_a_unit_and_to_its_values_and_back(iris):
    iris.evaluate("choose(3)")
    iris.focus("#net")
    iris.keyboard.press("ArrowRight")  # the first unit is chosen
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        iris.keyboard.press(key)
    until(iris, "!document.getElementById('inside').hidden")
    assert iris.evaluate("live.level") == "one unit"
    theta, example = (
        iris.evaluate(e)
        for e in ("Object.fromEntries(live.names.map((n, k) => [n, live.theta[k]]))", "live.example(3)")
    )
    k = iris.evaluate("net[unitChosen].name").removeprefix("layer1/neuron")
    row = int(k) - 1
    *weights, bias, total, output = cells(iris)
    assert [(r[0], r[1]) for r in weights] == [(f"x[{j}]", f"w1[{row},{j}]") for j in range(4)]
    for r, j in zip(weights, range(4), strict=True):
        w, x = theta[f"w1[{row},{j}]"], example[f"x[{j}]"][0]
        assert [float(t) for t in r[2:5]] == pytest.approx([w, x, w * x], rel=1e-3)
    assert float(total[4]) == pytest.approx(sum(float(r[4]) for r in [*weights, bias]), abs=2e-3)
    assert float(output[4]) == pytest.approx(1 / (1 + np.exp(-float(total[4]))), rel=1e-3)
    iris.keyboard.press("+")
    until(iris, "document.querySelectorAll('.card').length > 0")
    assert iris.evaluate("live.level") == "its values"
    iris.keyboard.press("Escape")
    iris.keyboard.press("Escape")
    until(iris, "document.getElementById('inside').hidden")
    assert iris.evaluate("live.level") == "the network"
    assert iris.evaluate("document.activeElement.id") == "net"


def test_the_cards_of_a_unit_show_the_numbers_of_the_graph_after_every_step(iris):
    iris.evaluate("choose(60); live.zoom(2, 6)")
    for _ in range(2):
        iris.evaluate("live.step(2)")
        found = iris.evaluate("live.example(60)")
        until(iris, "graphVersion === version")
        cards = iris.evaluate(
            "[...document.querySelectorAll('.card')].map(c => [...c.children].map(e => e.textContent))"
        )
        assert len(cards) == 4 + 4 + 1 + 3  # inputs, weights, a bias; the dot, the sum and σ
        for name, value, slope, *_ in cards:
            of = found[name.partition(" = ")[0]]
            assert float(value.replace("−", "-")) == pytest.approx(of[0], rel=1e-3)
            assert float(slope.removeprefix("∂ ").replace("−", "-")) == pytest.approx(of[1], rel=1e-3)


WIRES = """[...document.querySelectorAll('.wired path')].map(path => {
  const { left, top } = path.ownerSVGElement.getBoundingClientRect(), ns = path.getAttribute("d").match(/[-\\d.]+/g).map(Number);
  const at = (x, y) => [...document.querySelectorAll('.card')].find(card => {
    const r = card.getBoundingClientRect(); return r.left - 1 <= x && x <= r.right + 1 && r.top - 1 <= y && y <= r.bottom + 1;
  })?.firstChild.textContent.split(" = ")[0];
  const [x, y, ...rest] = ns, end = path.getAttribute("d").includes("V") ? [x, rest[0]] : rest.slice(4, 6);
  return [at(x + left, y + top), at(end[0] + left, end[1] + top)];
})"""


def test_wires_lead_from_each_card_of_a_unit_to_those_that_it_feeds(iris):
    iris.evaluate("choose(60); live.zoom(2, 6)")
    until(iris, "document.querySelectorAll('.wired path').length > 0")
    feeds = iris.evaluate("graphOfChosen().nodes.map(n => [n.name, n.parents.map(p => graphOfChosen().nodes[p].name)])")
    cards = [text.partition(" = ")[0] for text in iris.locator(".card > i").all_inner_texts()]
    expected = [(p, name) for name, parents in feeds for p in parents if name in cards and p in cards]
    found = [tuple(pair) for pair in iris.evaluate(WIRES)]
    assert sorted(found) == sorted(expected)
    assert len(found) == 8 + 2 + 1  # into the dot, the sum, σ
    for scheme in ("dark", "light"):
        iris.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        ink, stroke = (
            iris.evaluate(f"getComputedStyle(document.querySelector('{of}')).{key}")
            for of, key in (("body", "color"), (".wired path", "stroke"))
        )
        assert stroke == ink


@pytest.mark.slow
def test_wires_stay_at_their_cards_where_the_list_is_longer_than_its_frame(opened):
    model = nn.MLP(12, [2, 1], rng=0)
    X = np.random.default_rng(0).normal(size=(8, 12))
    page = opened(viz.live(model, X, X[:, 0], nn.mse, nn.SGD(model.parameters(), 0.1)))
    page.evaluate("live.zoom(2, 12)")
    until(page, "document.querySelectorAll('.wired path').length === 12 * 2 + 3")
    page.evaluate("$('within').scrollTop = 200")
    page.wait_for_timeout(500)  # until nothing moves
    found = page.evaluate(WIRES)
    assert all(a and b for a, b in found), found


def test_no_control_of_the_zoom_is_empty_or_breaks_it(iris):
    chosen = "$('unitname').selectedOptions[0].textContent"
    assert iris.evaluate(chosen) == "none"
    assert iris.locator("#what").is_visible()
    iris.evaluate("live.zoom(1)")
    assert iris.evaluate(chosen) == "layer1/neuron1"
    until(iris, "document.getElementById('what').closest('label').hidden")  # there are no lines
    iris.select_option("#weight", label="b2[0]")
    iris.wait_for_timeout(300)
    assert (iris.evaluate(chosen), iris.evaluate("live.level")) == ("layer1/neuron1", "one unit")


def test_a_unit_that_is_zoomed_into_is_announced(iris):
    iris.select_option("#unitname", label="layer2/neuron1")
    until(iris, "document.querySelector('#said').innerText.startsWith('layer2/neuron1 = ')")
    iris.locator("#depth").press("ArrowRight")
    assert iris.get_attribute("#depth", "aria-valuetext") == "one unit"


def test_a_unit_is_described_with_its_weights_its_bias_and_its_output(iris):
    page = iris
    page.evaluate("choose(3); unitChosen = 4; repaint()")
    page.wait_for_timeout(200)
    theta = dict(zip(page.evaluate("live.names"), page.evaluate("live.theta"), strict=True))
    example = page.evaluate("live.example(3)")
    name, sum_of, output = re.fullmatch(
        r"(.*) = sigmoid\((.*)\) = (\S+) in example 3", page.inner_text("#unit")
    ).groups()
    *terms, bias = sum_of.replace("−", "-").split(" + ")
    assert (name, len(terms)) == ("layer1/neuron1", 4)
    for k, term in enumerate(terms):
        factor, operand = term.split("·")
        assert operand == f"x[{k}]"
        assert float(factor.strip("()")) == pytest.approx(theta[f"w1[0,{k}]"], rel=5e-3)
    assert float(bias.strip("()")) == pytest.approx(theta["b1[0]"], abs=1e-3)
    a = np.dot([theta[f"w1[0,{k}]"] for k in range(4)], [example[f"x[{k}]"][0] for k in range(4)]) + theta["b1[0]"]
    assert float(output) == pytest.approx(1 / (1 + np.exp(-a)), rel=1e-3)


# --- the three acts ---------------------------------------------------------------------------------------------------


def test_numbers_travel_along_the_wires_and_stay_away_where_nothing_may_move(iris):
    iris.click("#backward")
    assert iris.evaluate("flying.length") == 0
    assert iris.evaluate("graphOfChosen().now === graphOfChosen().steps.length")
    iris.emulate_media(reduced_motion="no-preference")
    iris.click("#backward")
    until(iris, "flying.length > 0 && flying[0][0].hasAttribute('x')")
    (text,) = set(iris.locator("#picture .flight.back").all_text_contents())
    sent = [float(x) for x in text.removeprefix("◂ [").rstrip("]").replace("−", "-").split(", ")]
    found = iris.evaluate("live.example(0)")
    into_last = iris.evaluate("graphOfChosen().nodes.at(-1).parents.map(p => graphOfChosen().nodes[p].name)")
    assert sent == pytest.approx([found[name][1] for name in into_last], rel=5e-3)
    iris.emulate_media(reduced_motion="reduce")
    iris.evaluate("live.pause()")
    assert iris.locator(".flight").count() == 0


def test_an_update_shows_before_the_change_and_after(iris):
    iris.select_option("#weight", label="b2[0]")
    k = iris.evaluate("weight")
    before = iris.evaluate("live.theta")[k]
    iris.click("#updateact")
    after = iris.evaluate("live.theta")[k]
    assert iris.evaluate("live.epoch") == 1
    seen = {}
    for which in ("before", "change", "after"):
        iris.click(f"#{which}")
        assert which in iris.inner_text("#told h1")
        seen[which] = iris.evaluate(
            "graphOfChosen().texts(graphOfChosen().nodes.find(n => n.name === 'b2[0]').k).textContent"
        )
        assert iris.get_attribute(f"#{which}", "aria-pressed") == "true"
    assert [float(x.replace("−", "-")) for x in seen.values()] == pytest.approx(
        [before, after - before, after], rel=5e-3
    )
    iris.evaluate("live.step(1)")
    until(iris, "document.getElementById('sides').hidden")
    assert iris.locator(".changed").count() == 0
