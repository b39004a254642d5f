"""A page in which a network learns: in a real Chromium, offline, it computes what Python computes."""

import itertools
import json
import math
import os
import re
from pathlib import Path

import numpy as np
import pytest

import nn
import viz
from autograd import Op, Value, array, assign, log, named, relu, scope, sin, sum, tanh, wengert_list, zero_grad
from tests.conftest import SIZE
from viz import __main__ as job
from viz.names import names
from viz.page import assembly
from viz.page.example_graphs import _differences, places
from viz.page.units import stages, units

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


@pytest.fixture
def opened(page, tmp_path):
    """A function that opens a page in which a network learns, in place of the one before."""

    def open_(shown):
        page.goto(shown.save(tmp_path / "learning.html").as_uri())
        return page

    return open_


def until(page, true):
    """Wait for an expression to be true. (The page's own policy forbids Playwright's way to ask.)"""
    for _ in range(200):
        if page.evaluate(true):
            return
        page.wait_for_timeout(25)
    raise AssertionError(true)


def flowers():
    X, Y = nn.datasets.iris()
    return (X - X.mean(axis=0)) / X.std(axis=0), Y


def moons():
    return nn.datasets.two_moons(40, noise=0.2, seed=1)


DATA = {"flowers": flowers, "moons": moons}
RULES = {
    "SGD": lambda p: nn.SGD(p, lr=0.3),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "Adam": lambda p: nn.Adam(p, lr=0.02, weight_decay=1e-3),
}
NETWORKS = {  # activation, and whether softmax and cross-entropy or one logit
    "relu": ("relu", nn.cross_entropy),
    "tanh": ("tanh", nn.cross_entropy),
    "sigmoid and mse": ("sigmoid", lambda y_hat, y: nn.mse(y_hat, y)),
}


def network(name, X, Y):
    activation, loss = NETWORKS[name]
    return nn.MLP(X.shape[1], [4, int(Y.max()) + 1], activation=activation, rng=3), loss


def table(model, loss, x, y):
    """The graph of one example as Python has it: name → [value, gradient]."""
    out = loss(model(array(x, "x", "input")), y)
    order = wengert_list([out])
    zero_grad(order)
    out.backward()
    found = {name: [v.data, v.grad if v.role != "constant" else None] for v, name in names(order).items()}
    zero_grad(order)
    return found


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, (value, gradient) in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-9, abs=1e-12), name
        if gradient is None:
            assert found[name][1] is None, name
        else:
            assert found[name][1] == pytest.approx(gradient, rel=1e-8, abs=1e-12), name


EACH = list(itertools.product(NETWORKS, RULES, DATA))


@pytest.mark.parametrize(
    ("name", "rule", "data"), [pytest.param(*e, marks=[pytest.mark.slow] * (k % 9 != 0)) for k, e in enumerate(EACH)]
)
def test_after_100_steps_the_page_has_the_parameters_of_fit(name, rule, data, opened):
    X, Y = DATA[data]()
    model, loss = network(name, X, Y)
    page = opened(viz.live(model, X, Y, loss, RULES[rule](model.parameters())))
    targets = nn.one_hot(Y, int(Y.max()) + 1)
    for k in (0, len(X) - 1):
        assert_same(page.evaluate(f"live.example({k})"), table(model, loss, X[k], targets[k]))
    page.evaluate("live.step(100)")
    history = nn.fit(model, X, Y, loss, RULES[rule](model.parameters()), 100, progress=False)
    at = dict(zip(page.evaluate("live.names"), page.evaluate("live.theta"), strict=True))
    for v, label in names(model.parameters()).items():
        assert at[label] == pytest.approx(v.data, rel=1e-10, abs=1e-10), label
    np.testing.assert_allclose(page.evaluate("live.losses"), history.loss, rtol=1e-10)
    for k in (0, len(X) - 1):
        assert_same(page.evaluate(f"live.example({k})"), table(model, loss, X[k], targets[k]))


@pytest.mark.parametrize("batch_size", [7, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 16))])
def test_minibatches_come_in_the_order_of_numpy(batch_size, opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    page = opened(viz.live(model, X, Y, loss, nn.Adam(model.parameters(), 0.01), batch_size=batch_size, seed=5))
    history = nn.fit(
        model, X, Y, loss, nn.Adam(model.parameters(), 0.01), 30, batch_size=batch_size, seed=5, progress=False
    )
    page.evaluate(f"live.step({30 * -(-len(X) // batch_size)})")
    np.testing.assert_allclose(page.evaluate("live.theta"), [v.data for v in model.parameters()], rtol=1e-10)
    np.testing.assert_allclose(page.evaluate("live.losses"), history.loss, rtol=1e-10)


def test_the_optimiser_goes_on_from_what_it_remembers(opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    descent = nn.SGD(model.parameters(), 0.05, momentum=0.9)
    nn.fit(model, X, Y, loss, descent, 10, progress=False)
    page = opened(viz.live(model, X, Y, loss, descent))
    page.evaluate("live.step(20)")
    nn.fit(model, X, Y, loss, descent, 20, progress=False)
    np.testing.assert_allclose(page.evaluate("live.theta"), [v.data for v in model.parameters()], rtol=1e-10)


@pytest.mark.parametrize(
    "loss", [pytest.param(nn.mse, marks=pytest.mark.slow), nn.hinge, nn.binary_cross_entropy_with_logits]
)
def test_one_output_is_learnt_by_every_loss_of_one_output(loss, opened):
    X, Y = moons()
    Y = 2 * Y - 1 if loss is nn.hinge else Y
    model = nn.MLP(2, [5, 1], "tanh", rng=0)
    page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.1)))
    for k in (0, 1, 2, 3):
        assert_same(page.evaluate(f"live.example({k})"), table(model, loss, X[k], float(Y[k])))
    page.evaluate("live.step(50)")
    nn.fit(model, X, Y, loss, nn.SGD(model.parameters(), 0.1), 50, progress=False)
    np.testing.assert_allclose(page.evaluate("live.theta"), [v.data for v in model.parameters()], rtol=1e-10)
    assert page.evaluate("judge() || judged.accuracy") == pytest.approx(nn.accuracy(model, X, Y))
    for k in (0, 1, 2, 3):
        assert_same(page.evaluate(f"live.example({k})"), table(model, loss, X[k], float(Y[k])))


def test_a_curve_is_fitted_by_a_plain_function_of_parameters(opened):
    a, b, c = Value(1.0, "a"), Value(1.2, "b"), Value(0.2, "c")
    X = np.linspace(-3, 3, 30)[:, None]
    Y = 1.5 * np.sin(1.3 * X[:, 0]) + 0.1
    wave = lambda x: a * sin(b * x[0]) + c  # noqa: E731
    page = opened(viz.live(wave, X, Y, nn.mse, nn.SGD([a, b, c], 0.1)))
    assert_same(page.evaluate("live.example(4)"), table(wave, nn.mse, X[4], Y[4]))
    page.evaluate("live.step(400)")
    nn.fit(wave, X, Y, nn.mse, nn.SGD([a, b, c], 0.1), 400, progress=False)
    assert dict(zip(page.evaluate("live.names"), page.evaluate("live.theta"), strict=True)) == pytest.approx(
        {"a": a.data, "b": b.data, "c": c.data}, rel=1e-10
    )
    assert page.evaluate("live.loss") < 1e-4
    assert_same(page.evaluate("live.example(4)"), table(wave, nn.mse, X[4], Y[4]))


class Siamese(nn.Module):
    """One layer that sees two halves of a row: its weights occur twice in the graph."""

    def __init__(self):
        self.layer = nn.Layer(2, 3, "tanh", rng=0)

    def __call__(self, x):
        with scope("first"):
            p = self.layer(x[:2])
        with scope("second"):
            q = self.layer(x[2:])
        with scope("distance"):
            return sum((p - q) ** 2)


def test_a_module_of_ones_own_learns_too(opened):
    X = np.random.default_rng(0).normal(size=(20, 4))
    Y = ((X[:, :2] - X[:, 2:]) ** 2).sum(axis=1) / 4
    model = Siamese()
    page = opened(viz.live(model, X, Y, nn.mse, nn.Adam(model.parameters(), 0.01)))
    page.evaluate("live.step(60)")
    nn.fit(model, X, Y, nn.mse, nn.Adam(model.parameters(), 0.01), 60, progress=False)
    at = dict(zip(page.evaluate("live.names"), page.evaluate("live.theta"), strict=True))
    for v, label in names(model.parameters()).items():
        assert at[label] == pytest.approx(v.data, rel=1e-10)
    assert_same(page.evaluate("live.example(7)"), table(model, nn.mse, X[7], Y[7]))


# --- what stops it ----------------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_stops_it_and_the_last_good_parameters_stand(opened):
    w = Value(1.0, "w")
    X, Y = np.array([[1.0], [2.0], [-0.5]]), np.array([0.0, -9.0, 1.0])
    model = lambda x: log(w * x[0] + 1.5)  # noqa: E731
    page = opened(viz.live(model, X, Y, nn.mse, nn.SGD([w], 0.01)))
    page.evaluate("live.step(3)")
    (good,) = page.evaluate("live.theta")
    assert 0 < good < 1
    page.evaluate("live.set({lr: 2}); live.step(5)")
    stopped = page.evaluate("live.stopped")
    assert stopped.startswith(
        "Stopped after step 3: the loss of example 0 is not finite, from log is defined for x > 0"
    )
    assert "from v2" in stopped
    assert page.evaluate("live.theta") == [good]
    assert np.isfinite(page.evaluate("live.loss"))
    assert page.evaluate("[live.epoch, live.losses.length, state.steps]") == [3, 3, 3]
    page.wait_for_timeout(200)
    assert page.inner_text("#stopped") == stopped
    page.evaluate("live.set({lr: 0.01}); live.step(1)")
    nn.fit(model, X, Y, nn.mse, nn.SGD([w], 0.01), 4, progress=False)
    assert page.evaluate("live.theta") == [pytest.approx(w.data, rel=1e-12)]
    assert page.evaluate("live.stopped") == ""


def test_after_a_stop_the_epochs_and_the_order_of_the_batches_go_on_from_the_last_good_step(opened):
    w = Value(1.0, "w")
    X, Y = np.linspace(-1, 1, 7)[:, None], np.linspace(-1, 1, 7) ** 2
    page = opened(viz.live(lambda x: w * x[0], X, Y, nn.mse, nn.SGD([w], 0.1), batch_size=3, seed=4))
    for broken in ("live.set({lr: 1e200})", "live.theta = [1e200]"):
        page.evaluate("live.set({seed: 4, lr: 0.1}); live.step(4)")
        good = page.evaluate("live.theta")
        page.evaluate(f"{broken}; live.step(9)")
        assert page.evaluate("live.stopped") != ""
        assert page.evaluate("live.epoch === live.losses.length")
        page.evaluate("live.theta = good; live.set({lr: 0.1})".replace("good", str(good)))
        page.evaluate("live.step(9 - state.epoch * 3 - Math.ceil(state.at / 3))")
        w.data = 1.0
        nn.fit(lambda x: w * x[0], X, Y, nn.mse, nn.SGD([w], 0.1), 3, batch_size=3, seed=4, progress=False)
        assert page.evaluate("live.theta") == [pytest.approx(w.data, rel=1e-12)]


def test_a_number_beyond_the_largest_is_named_with_its_formula_and_a_long_one_is_cut(opened):
    w = array(np.full(9, 1e200), "w")
    page = opened(viz.live(lambda x: w @ x, np.full((2, 9), 1e200), [0.0, 0.0], nn.mse, nn.SGD(w.tolist(), 0.1)))
    page.evaluate("live.step(1)")
    sum_of = "w[0] · x[0] + w[1] · x[1] + w[2] · x[2] + … + w[8] · x[8]"
    assert f"example 0 is not finite, from v1 = {sum_of}. " in page.evaluate("live.stopped")


def test_a_step_to_infinity_is_not_taken(opened):
    w = Value(1.0, "w")
    page = opened(viz.live(lambda x: w * x[0], [[1e3]], [-1e3], nn.mse, nn.SGD([w], 1e3)))
    page.evaluate("live.play()")
    until(page, "live.stopped !== ''")
    assert np.isfinite(page.evaluate("live.theta")).all()
    assert np.isfinite(page.evaluate("live.loss"))
    assert page.inner_text("#play") == "Play"


# --- a reader at the controls -----------------------------------------------------------------------------------------


IRIS = nn.MLP(4, [5, 3], rng=0)


@pytest.fixture(scope="module")
def iris_page():
    return viz.live(IRIS, *flowers(), nn.cross_entropy, nn.SGD(IRIS.parameters(), 1.0))


@pytest.fixture(scope="module")
def iris_tab(chromium, iris_page, tmp_path_factory):
    """One page for many tests: to open one takes longer than most of them do."""
    context = chromium.new_context(offline=True, viewport=SIZE, reduced_motion="reduce")
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(iris_page.save(tmp_path_factory.mktemp("iris") / "learning.html").as_uri())
    yield page, wrong
    context.close()


AS_NEW = """live.pause(); live.set({lr: 1, batch: 0, optimizer: "SGD", seed: 0}); for (let k = 0; k < P; k++) freeze(k, false);
choose(0); pickWeight(0); chooseUnit(null); live.zoom(0); document.getElementById("speed").value = 1; document.activeElement.blur();"""


@pytest.fixture
def iris(iris_tab):
    """The page of the flowers, with everything as at first; what goes wrong on it fails the test."""
    page, wrong = iris_tab
    page.evaluate(AS_NEW)
    yield page
    found = wrong.copy()
    wrong.clear()
    assert found == []


@pytest.mark.slow
def test_nothing_that_is_changed_during_play_breaks_it(iris_page, opened):
    page = opened(iris_page)
    page.select_option("#speed", "10")
    page.click("#play")
    rng = np.random.default_rng(0)
    for _ in range(40):
        page.evaluate(
            "changes => { live.set(changes); live.play(); }",
            [
                {"lr": float(10 ** rng.uniform(-3, 0))}, {"batch": int(rng.integers(0, 200))}, {"seed": int(rng.integers(0, 99))},
                {"optimizer": str(rng.choice(["SGD", "momentum", "Adam"]))},
            ][rng.integers(4)],
        )  # fmt: skip
        page.evaluate(
            ["live.rewind()", "live.travel(3)", "choose(20)", "setWeight(2, 0.5)", "pickWeight(11)"][rng.integers(5)]
        )
        page.evaluate("live.play()")
        page.wait_for_timeout(20)
        assert np.isfinite(page.evaluate("live.theta")).all()
        assert page.evaluate("live.epoch === live.losses.length && live.losses.every(Number.isFinite)")
    assert page.evaluate("live.stopped") == ""
    page.evaluate("live.set({seed: 0}); live.set({lr: 1, batch: 0, optimizer: 'SGD'}); live.step(3)")
    again = page.evaluate("live.theta")
    page.reload()
    page.evaluate("live.step(3)")
    assert page.evaluate("live.theta") == again


def demo():
    """Micrograd's network: 2-16-16-1 on 100 points, by the margin loss."""
    X, Y = nn.datasets.two_moons(100)
    model = nn.MLP(2, [16, 16, 1], "relu", rng=0)
    return viz.live(model, X, 2 * Y - 1, nn.hinge, nn.SGD(model.parameters(), 0.1))


@pytest.mark.slow
def test_the_demo_plays_ten_steps_a_frame_at_20_frames_a_second_or_more(opened):
    page = opened(demo())
    page.select_option("#speed", "10")
    page.evaluate("live.play()")
    until(page, "frames.length >= 20 && live.fps >= 20 && live.epoch >= 10 * frames.length")  # in the last second


def deep(outputs, loss):
    X, Y = nn.datasets.two_moons(100)
    model = nn.MLP(2, [16, 16, outputs], "relu", rng=0)
    return viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.1))


SMALL = {
    "the demo": demo,
    "two outputs": lambda: deep(2, nn.cross_entropy),
    "two pictures": lambda: deep(1, nn.binary_cross_entropy_with_logits),
}


@pytest.mark.parametrize("of", SMALL)
def test_a_page_is_small_and_asks_nobody(of):
    page = SMALL[of]().html
    assert len(page.encode()) <= 200_000
    assert "default-src 'none'" in page
    assert not any(
        word in page for word in ("unsafe-eval", "innerHTML", "eval(", "new Function", "fetch(", "XMLHttp", "https://")
    )


def test_no_text_of_a_script_looks_like_a_comment():
    for path in sorted((Path(assembly.__file__).parent / "script").rglob("*.js")):
        for line in path.read_text(encoding="utf-8").splitlines():
            code = re.sub(r" +// .*$", "", line)
            assert all(code.count(quote) % 2 == 0 for quote in ('"', "`")), f"{path.name}: {line}"


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


def test_the_parameters_come_back_to_python(opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    descent = nn.SGD(model.parameters(), 0.3)
    page = opened(viz.live(model, X, Y, loss, descent))
    page.evaluate("live.step(25)")
    page.click("#copy")
    exec(page.input_value("#python"), {"assign": assign, "model": model})
    np.testing.assert_array_equal([v.data for v in model.parameters()], page.evaluate("live.theta"))


def test_the_badges_name_the_units_that_diagnose_names(opened):
    X, Y = moons()
    model = nn.MLP(2, [6, 1], "relu", rng=0)
    model.layers[0].b[1].data = model.layers[0].b[4].data = -50.0
    loss = nn.binary_cross_entropy_with_logits
    page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.1)))
    page.wait_for_timeout(200)
    found = [f for f in nn.diagnose(model, X, Y, loss) if f.kind == "dead"]
    assert (
        page.evaluate("live.troubles")
        == [name for f in found for name in f.where]
        == ["layer1/neuron2", "layer1/neuron5"]
    )
    assert "dead" in page.inner_text("#findings")


WIDE = pytest.param(1920, marks=pytest.mark.slow)


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [390, pytest.param(768, marks=pytest.mark.slow), 1280, WIDE])
def test_the_page_is_never_wider_than_the_screen(width, scheme, iris_page, opened, page):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    opened(iris_page)
    page.wait_for_timeout(100)
    room, x = (
        page.locator("#picture").bounding_box(),
        page.locator("#picture text >> text=/^x$/ >> nth=0").bounding_box(),
    )
    assert room["x"] < x["x"] < room["x"] + room["width"]  # the inputs are in view
    page.click("#forward")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("graphOfChosen().now") == page.evaluate("graphOfChosen().seed") - 1  # at once


AXE = os.environ.get("CHAINRULE_AXE")  # the path of axe.min.js, from the npm package axe-core


@pytest.mark.slow
@pytest.mark.skipif(not AXE, reason="needs CHAINRULE_AXE, the path of axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("of", ["flowers", "convolution"])
def test_axe_finds_nothing_serious_at_any_level(of, width, scheme, iris_page, chromium, tmp_path):
    shown = iris_page if of == "flowers" else convolved()
    size = {"width": width, "height": 900}
    context = chromium.new_context(
        offline=True, viewport=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(shown.save(tmp_path / "learning.html").as_uri())
    page.evaluate("live.step(20)")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    for level in (0, 1, 2):
        page.evaluate(f"live.zoom({level}, 2)")
        page.click("#updateact")
        page.wait_for_timeout(300)
        found = page.evaluate("axe.run()")["violations"]
        assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    context.close()


def test_names_from_outside_are_text(opened):
    w = named("<img src=x onerror=alert(1)>", Value(1.0))
    X, Y = [[1.0, 2.0], [2.0, 1.0]], [0, 1]
    strange = ["</script><b>", "{css}"]
    shown = viz.live(lambda x: w * x[0] - x[1], X, Y, nn.mse, nn.SGD([w], 0.1), columns=strange, classes=strange)
    page = opened(shown)
    page.evaluate("live.step(1)")
    assert page.locator("img, #legend b, #across b").count() == 0
    assert strange[0] in page.inner_text("#legend")


def test_in_a_notebook_it_is_a_frame_in_a_sandbox_over_a_note(iris_page):
    html = iris_page._repr_mimebundle_()["text/html"]
    assert 'sandbox="allow-scripts"' in html
    assert "Trust this notebook" in html


def test_the_command_writes_the_page_of_the_main_job(tmp_path, monkeypatch, capsys, page):
    monkeypatch.chdir(tmp_path)
    assert job.main(["--live"]) == 0
    assert job.main(["--live", "-o", "flowers.html", "--seed", "4"]) == 0
    assert capsys.readouterr().out.splitlines() == ["wrote learning.html", "wrote flowers.html"]
    page.goto((tmp_path / "flowers.html").as_uri())
    assert page.locator("#legend span").all_inner_texts() == ["setosa", "versicolor", "virginica"]
    X, Y = flowers()
    page.evaluate("live.step(200)")
    assert page.evaluate("live.theta") == pytest.approx([v.data for v in job._train(X, Y, 4).parameters()], rel=1e-9)


@pytest.mark.parametrize(
    "words", [["--live", "-o", "page.pdf"], ["--live", "--latex"], ["w*x", "w=1", "x=2", "--live"]]
)
def test_a_wrong_command_for_the_page_is_one_line_and_exit_code_2(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        job.main(words)
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- one zoom of three levels -----------------------------------------------------------------------------------------


def cells(page):
    rows = page.evaluate(
        "[...document.querySelectorAll('#within tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    return [[cell.replace("−", "-") for cell in row] for row in rows]


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


def test_the_tints_of_a_graph_are_on_a_scale_that_decays_slowly(opened):
    w = Value(100.0, "w")
    page = opened(viz.live(lambda x: w * x[0], [[1.0]], [0.0], nn.mse, nn.SGD([w], 0.9)))
    strongest = """(() => { // the smallest gradient of which the tint is full: that of 0.95² of the scale
      let low = 1e-9, high = 1e9;
      for (let k = 0; k < 80; k++) { const x = Math.sqrt(low * high); if (graphOfChosen().tint(x).includes(" 100%")) high = x; else low = x; }
      return high / .95 ** 2;
    })()"""
    assert page.evaluate(strongest) == pytest.approx(1e4)
    for k in (1, 2):  # the largest gradient, that of x, is 100, and then 1
        page.evaluate("live.step(1)")
        until(page, "graphVersion === version")
        assert page.evaluate(strongest) == pytest.approx(1e4 * 0.9**k)
    page.evaluate("choose(0)")  # what the reader chooses is measured by itself
    assert page.evaluate(strongest) == pytest.approx(1)
    page.evaluate("live.rewind()")
    until(page, "graphVersion === version")
    assert page.evaluate(strongest) == pytest.approx(1e4)


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


# --- models without layers --------------------------------------------------------------------------------------------


def convolution():
    k, b, v = array([0.5, -0.2, 0.1], "k"), Value(0.1, "b"), array([0.3, -0.2], "v")

    def model(x):
        with scope("convolution"):
            h = [tanh(k[0] * x[i] + k[1] * x[i + 1] + k[2] * x[i + 2] + b) for i in range(2)]
        with scope("end"):
            return v[0] * h[0] * h[1] + v[1]

    return model, [*k, b, *v]


CONVOLVED = np.random.default_rng(0).normal(size=(12, 4))


def convolved():
    model, parameters = convolution()
    return viz.live(model, CONVOLVED, CONVOLVED[:, 0], nn.mse, nn.SGD(parameters, 0.1))


def test_a_model_without_layers_shows_its_stages_with_maps_and_values(opened):
    X, page = CONVOLVED, opened(convolved())
    assert page.evaluate("net.map(s => [s.name, s.layer, s.size, s.own.map(k => names[k])])") == [
        ["x", 0, 4, []],
        ["convolution", 1, 2, ["k[0]", "k[1]", "k[2]", "b"]],
        ["end", 2, 1, ["v[0]", "v[1]"]],
    ]
    page.evaluate("live.step(3); choose(5)")
    assert page.inner_text("#h-net") == "Stages of the model"
    at = page.evaluate("net[1].own")
    theta = np.array(page.evaluate("live.theta"))
    h = [np.tanh(X[5, i : i + 3] @ theta[at[:3]] + theta[at[3]]) for i in (0, 1)]
    assert page.evaluate("judge() || [outputOf(1, 0), outputOf(1, 1)]") == pytest.approx(h, rel=1e-12)
    page.evaluate("live.zoom(1, 1)")
    until(page, "!document.getElementById('inside').hidden")
    assert [row[0] for row in cells(page)] == ["k[0]", "k[1]", "k[2]", "b", "0", "1"]
    page.evaluate("live.zoom(2, 2)")
    until(page, "document.querySelectorAll('.card').length > 0")
    (last,) = page.locator(".card").all_inner_texts()[-1:]
    assert float(last.splitlines()[1].replace("−", "-")) == pytest.approx(page.evaluate("outputOf(2)"), rel=1e-3)


def test_without_scopes_the_stages_are_the_operations():
    x, w = array([1.0, 2.0], "x", "input"), Value(2.0, "w")
    found = stages(x.tolist(), [tanh(w * x[0]) + relu(x[1])])
    assert [(s.name, s.layer, [t.name for t in s.sources]) for s in found] == [
        ("x", 0, []), ("×", 1, ["x"]), ("tanh", 2, ["×"]), ("relu", 1, ["x"]), ("+", 3, ["tanh", "relu"])
    ]  # fmt: skip
    assert [s.own for s in found] == [[], [w], [], [], []]


def test_above_40_stages_the_parameters_are_bars(opened):
    w = Value(0.5, "w")

    def long(x):
        y = x[0]
        for _ in range(21):
            y = tanh(w * y)
        return y

    page = opened(viz.live(long, [[1.0]], [0.5], nn.mse, nn.SGD([w], 0.1)))
    assert page.evaluate("[net.length, $('h-net').textContent, $('zoom').hidden]") == [0, "Parameters", True]


# --- what a page is written in short ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "a", "a\nb\nc", "b\na\nb\n\nc", "x\ny"])
def test_a_text_is_known_by_what_differs_from_another(text):
    first = "a\nb\nc"
    parts = [first.split("\n")[slice(*p)] if isinstance(p, list) else [p] for p in _differences(text, first)]
    assert "\n".join(line for part in parts for line in part) == text


def test_the_second_picture_has_ids_of_its_own_and_the_numbers_of_its_examples(opened):
    page = opened(deep(1, nn.binary_cross_entropy_with_logits))
    ids = page.evaluate("[...document.querySelectorAll('#picture [id]')].map(e => e.id)")
    assert len(set(ids)) == len(ids)
    assert page.locator("#picture svg").count() == 2
    labels = page.evaluate("page.labels")
    for k in (labels.index(0), labels.index(1)):
        page.evaluate(f"choose({k})")
        text = "graphOfChosen().texts(graphOfChosen().nodes.length - 1)"
        assert page.evaluate(f"{text}.closest('.graph').hidden") is False
        shown = float(page.evaluate(f"{text}.textContent").replace("−", "-"))
        assert shown == pytest.approx(page.evaluate(f"losses(state.theta)[{k}]"), rel=5e-3)


def test_places_are_runs_and_numbers_of_their_own():
    a, b, c, d = (Value(float(k)) for k in range(4))
    assert places([a, b, d, c], {a: 4, b: 5, c: 6}) == [[4, 2], [3.0], [6, 1]]


def test_an_own_parameter_that_the_loss_does_not_take_comes_back_as_it_was(opened):
    w, unused = Value(1.0, "w"), Value(7.0, "unused")
    page = opened(viz.live(lambda x: w * x[0], [[1.0]], [2.0], nn.mse, nn.SGD([unused, w], 0.1)))
    page.evaluate("live.step(1)")
    assert page.evaluate("live.python") == f"assign(optimizer.parameters, [7.0, {page.evaluate('live.theta[0]')}])"


# --- scenes of the lecture --------------------------------------------------------------------------------------------


def test_two_hidden_units_learn_exclusive_or_and_one_layer_does_not(opened):
    X, Y = nn.datasets.xor()
    loss = nn.binary_cross_entropy_with_logits
    for sizes, right in (([2, 1], 1.0), ([1], 0.75)):
        model = nn.MLP(2, sizes, "tanh", rng=1)
        page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.5)))
        page.evaluate("live.step(1000)")
        accuracy = page.evaluate("judge() || judged.accuracy")
        assert accuracy == 1.0 if right == 1.0 else accuracy <= right


HARDLY = "The loss hardly falls any more"


def exclusive_or(lr=0.5):
    model = nn.MLP(2, [3, 1], activation="tanh", rng=0)
    return viz.live(model, *nn.datasets.xor(), nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=lr))


def test_numbers_that_were_0_or_1_at_the_start_find_room_on_their_edges(opened):
    page = opened(exclusive_or())  # at the first example, (0, 0), every unit gives 0 and has the slope 1
    page.evaluate("live.step(50)")
    outside = """[...document.querySelectorAll("#picture [id$=-label]")].filter(label => { const ground = label.querySelector("rect").getBBox();
      return [...label.querySelectorAll("text")].some(it => it.getBBox().width > ground.width); }).map(label => label.textContent)"""
    assert page.evaluate("document.querySelectorAll('#picture [id$=-label]').length") > 12
    assert page.evaluate(outside) == []


def findings(page, steps):
    """What the page finds after some more steps."""
    page.evaluate(f"live.step({steps})")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.inner_text("#findings")


def test_a_loss_that_hardly_falls_is_told_with_the_examples_that_are_wrong_and_not_where_it_learns(opened):
    page = opened(exclusive_or())
    assert findings(page, 200) == ""
    words = ": the gradient is small, as on a plateau or at a local minimum. Try New seed, a larger learning rate, or more units."
    assert findings(page, 600) == f"{HARDLY}, and 2 of 4 examples are wrong{words}"
    page.evaluate("live.travel(150)")
    assert findings(page, 0) == ""
    for seed in (1, 2):
        page.click("#newseed")
        assert findings(page, 0) == ""
        assert findings(page, 600).startswith(HARDLY) is (seed == 1)
    assert page.inner_text("#accuracy") == ", 100 % right"


def test_a_loss_that_falls_slowly_because_of_the_learning_rate_is_on_no_plateau(opened):
    assert findings(opened(exclusive_or(1e-5)), 300) == ""


def test_whether_a_loss_hardly_falls_does_not_flicker(opened):
    page = opened(exclusive_or())
    found = page.evaluate("[...Array(5000).keys()].map(() => { step(); judge(); return plateau().length; })")
    assert [there for there, _ in itertools.groupby(found)] == [0, 1, 0]  # it leaves the plateau in the end


def test_a_curve_at_a_local_minimum_is_told_without_a_count_and_a_fitted_one_is_not(opened):
    x = np.linspace(-3, 3, 40)
    for start, stuck in ((9.0, True), (1.0, False)):
        b = Value(start, "b")
        page = opened(viz.live(lambda x, b=b: sin(b * x[0]), x[:, None], np.sin(1.3 * x), nn.mse, nn.SGD([b], lr=0.05)))
        assert findings(page, 300).startswith(f"{HARDLY}: the gradient is small") is stuck
        assert ("If this loss is too large, try New seed" in page.inner_text("#findings")) is stuck


def test_a_dead_relu_stays_dead_and_a_leaky_one_recovers(opened):
    X = np.linspace(-1, 1, 20)[:, None]
    Y = 2 * np.maximum(0, X[:, 0])
    for activation in ("relu", "leaky_relu"):
        model = nn.MLP(1, [1, 1], activation, rng=0)
        model.layers[0].w[0, 0].data, model.layers[0].b[0].data, model.layers[1].w[0, 0].data = 1.0, -2.0, 1.0
        page = opened(viz.live(model, X, Y, nn.mse, nn.SGD(model.parameters(), 0.5)))
        page.evaluate("live.step(2000)")
        page.wait_for_timeout(200)
        bias = dict(zip(page.evaluate("live.names"), page.evaluate("live.theta"), strict=True))["b1[0]"]
        if activation == "relu":
            assert (page.evaluate("live.troubles"), bias) == (["layer1/neuron1"], -2.0)
            assert page.evaluate("live.loss") > 0.2
        else:
            assert page.evaluate("live.troubles") == []
            assert page.evaluate("live.loss") < 1e-4


def test_from_a_saturated_start_cross_entropy_learns_and_the_squared_error_hardly(opened):
    X, Y = np.array([[1.0], [0.5]]), np.array([0, 0])
    losses = {}
    for name, output, loss in (
        ("mse", "sigmoid", nn.mse),
        ("cross-entropy", "identity", nn.binary_cross_entropy_with_logits),
    ):
        unit = nn.Neuron(1, output, rng=0)
        unit.w[0].data, unit.b.data = 5.0, 5.0
        page = opened(viz.live(unit, X, Y, loss, nn.SGD(unit.parameters(), 0.5)))
        page.evaluate("live.step(40)")
        losses[name] = page.evaluate("live.losses")
    assert losses["mse"][-1] > 0.95 * losses["mse"][0]
    assert losses["cross-entropy"][-1] < 0.1 * losses["cross-entropy"][0]


def test_a_unit_reaches_the_posterior_of_two_gaussians(opened):
    X, Y, posterior = nn.datasets.two_gaussians(400, seed=2)
    unit = nn.Neuron(2, "identity", rng=0)
    page = opened(viz.live(unit, X, Y, nn.binary_cross_entropy_with_logits, nn.SGD(unit.parameters(), 1.0)))
    page.evaluate("live.step(400)")
    found = page.evaluate("judge() || Array.from(judged.out).map(a => 1 / (1 + Math.exp(-a)))")
    found = np.array(found).reshape(len(X), -1)[:, 0]
    assert abs(found - posterior).mean() < 0.05


# --- units ------------------------------------------------------------------------------------------------------------


def test_the_units_of_a_network_are_found_in_its_graph():
    model = nn.MLP(2, [3, 2], "tanh", rng=0)
    x = array([1.0, 2.0], "x", "input")
    found = units(x.tolist(), model(x).tolist())
    assert [(u.layer, u.activation, len(u.weights)) for u in found] == [
        (0, "input", 0), (0, "input", 0), *[(1, "tanh", 2)] * 3, *[(2, "add", 3)] * 2
    ]  # fmt: skip
    assert found[3].weights[1] == (found[1], model.layers[0].w[1, 1])
    assert found[3].bias is model.layers[0].b[1]


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


def test_a_softmax_after_the_last_layer_leaves_its_units():
    model = nn.MLP(2, [3, 2], output="softmax", rng=0)
    x = array([1.0, 2.0], "x", "input")
    assert [u.layer for u in units(x.tolist(), model(x).tolist())] == [0, 0, 1, 1, 1, 2, 2]


@pytest.mark.parametrize(
    ("after", "plain", "bias"),
    [
        (lambda a, b: a, True, False), (lambda a, b: a + b, True, True), (lambda a, b: b + a, True, True),
        (lambda a, b: tanh(a + b), True, True), (lambda a, b: tanh(a), True, False), (lambda a, b: a - b, False, False),
        (lambda a, b: a * b, False, False), (lambda a, b: 2 * tanh(a + b), False, True), (lambda a, b: tanh(tanh(a)), False, False),
        (lambda a, b: tanh(a) + b, False, False), (lambda a, b: a + 1.0, False, False),
    ],
)  # fmt: skip
def test_a_unit_is_plain_where_it_is_an_activation_of_a_sum_and_a_bias(after, plain, bias):
    x, w, b = array([1.0, 2.0], "x", "input"), array([0.5, 0.1], "w"), Value(0.0, "b")
    *_, unit = units(x.tolist(), [after(w @ x, b)])
    assert (unit.plain, unit.bias is b) == (plain, bias)


def test_a_unit_that_takes_a_sum_before_its_activation_is_not_plain():
    x, w, v = array([1.0, 2.0], "x", "input"), array([[0.5, 0.1]], "w"), array([2.0], "v")
    before = w @ x
    *_, second = units(x.tolist(), [v @ before + 0 * tanh(before[0])])
    assert not second.plain


def test_what_has_no_layers_has_no_units():
    x, w = array([1.0, 2.0], "x", "input"), Value(2.0, "w")
    assert units(x.tolist(), [tanh(w * x[0]) + relu(x[1])]) == []


# --- refusals ---------------------------------------------------------------------------------------------------------


def refused(X, Y, model=None, optimizer=None, loss=nn.mse, **more):
    model = model or nn.MLP(2, [2, 1], rng=0)
    optimizer = optimizer or nn.SGD(model.parameters(), 0.1)
    return lambda: viz.live(model, X, Y, loss, optimizer, **more)


ROW = [[1.0, 2.0]], [0.0]
SGD = nn.SGD([Value(1.0)], 0.1)


W = Value(1.0, "w")
TABLED = Op("tabled", lambda x: math.erf(x), (lambda y, x: math.exp(-x * x),))
REFUSALS = {
    "too many rows": (refused(np.zeros((5000, 2)), np.zeros(5000)), ValueError, r"2,000 examples .* X\[::3\]"),
    "too many numbers": (
        refused(np.zeros((2000, 2)), np.zeros(2000), nn.MLP(2, [200, 1], rng=0)), ValueError, "1,248 examples, or fewer units",
    ),
    "nan": (refused([[1.0, 2.0], [3.0, np.nan]], [0.0, 1.0]), ValueError, "X holds nan in row 1"),
    "nan as a target": (refused([[1.0, 2.0]], [np.nan]), ValueError, "Y holds nan in row 0"),
    "rows and targets": (refused([[1.0, 2.0]], [0.0, 1.0]), ValueError, "1 rows of X and 2 of Y"),
    "one column": (refused([1.0, 2.0], [0.0, 1.0]), ValueError, r"X\[:, None\]"),
    "text": (refused([["a", "b"]], [0.0]), TypeError, "rows of real numbers"),
    "classes that are no indices": (refused([[1.0, 2.0]], [0.5], nn.MLP(2, [3], rng=0)), ValueError, r"3 outputs: Y is class indices, Y\.astype\(int\)"),
    "a branch": (
        refused([[1.0, 2.0]], [0.0], lambda x: W * x[0] if x[0] > 0 else W, nn.SGD([W], 0.1)), TypeError, "where",
    ),
    "a row of Python": (refused([[1.0]], [0.0], lambda x: TABLED(W * x[0]), nn.SGD([W], 0.1)), TypeError, "the rules of tabled are Python"),
    "another optimiser": (refused(*ROW, optimizer=object()), TypeError, r"optimizer is nn\.SGD.*; got <object"),
    "an optimiser's name": (refused(*ROW, optimizer="sgd"), TypeError, r"optimizer is nn\.SGD.*; got 'sgd'"),
    "an optimiser's class": (refused(*ROW, optimizer=nn.SGD), TypeError, r"optimizer is nn\.SGD.*; got the class SGD"),
    "no targets": (lambda: viz.live(nn.MLP(2, [1]), ROW[0], nn.mse, SGD), TypeError, "Y is real numbers, a target or a class index for each row of X; got function"),
    "a loss's name": (refused(*ROW, loss="ce"), TypeError, r"loss is a function: nn\.cross_entropy, .*nn\.mse or your own; got 'ce'"),
    "a loss and an optimiser in each other's place": (refused(*ROW, loss=SGD, optimizer=nn.mse), TypeError, "loss is a function: .*; got <nn.optim.SGD"),
    "a loss of two numbers": (refused([[1.0, 2.0]], [[0.0, 1.0]], nn.MLP(2, [2], rng=0), loss=lambda a, y: a - y), TypeError, "the loss of an example is one Value"),
    "a loss of nothing": (refused(*ROW, loss=lambda a, y: None), TypeError, "is its return missing"),
    "a model's class": (refused(*ROW, nn.MLP, SGD), TypeError, "model is a Module, .*; got the class MLP"),
    "a model's output": (refused(*ROW, W * 2, SGD), TypeError, "model is a Module, .*; got Value"),
    "a model of plain numbers": (refused(*ROW, lambda x: 1.0, SGD), TypeError, "the model returned a plain number"),
    "a model without parameters": (refused(*ROW, lambda x: x[0], SGD), ValueError, "none of the optimiser's"),
    "a text of names": (refused(*ROW, columns="ab"), ValueError, "columns is a list of names for 2 inputs; got 'ab'"),
    "names of classes that there are not": (refused([[1.0, 2.0]], [0.5], classes=["a", "b"]), ValueError, "classes is a list of names for 0 classes"),
    "a theme": (refused(*ROW, theme="blue"), ValueError, "theme is one of"),
    "no digits": (refused(*ROW, digits=0), ValueError, "digits is a whole number from 2 on"),
    "other parameters": (refused([[1.0, 2.0]], [0.0], optimizer=nn.SGD([Value(1.0)], 0.1)), ValueError, "none of the optimiser's"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_what_a_page_cannot_learn_is_refused_in_words(what):
    make, error, words = REFUSALS[what]
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("validation", "error", "words"),
    [
        (5, TypeError, "a pair"),
        (([[1.0, np.inf]], [0.0]), ValueError, "validation: X holds inf"),
        (([[1.0]], [0.0]), ValueError, "validation: "),
    ],
)
def test_validation_data_that_do_not_fit_are_refused(validation, error, words):
    model = nn.MLP(2, [2, 1], rng=0)
    with pytest.raises(error, match=words):
        viz.live(model, [[1.0, 2.0]], [0.0], nn.mse, nn.SGD(model.parameters(), 0.1), validation=validation)


def test_validation_losses_are_those_of_fit(opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    held = X[:11] + 0.1, Y[:11]
    page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.3), validation=held))
    page.evaluate("live.step(20)")
    history = nn.fit(model, X, Y, loss, nn.SGD(model.parameters(), 0.3), 20, validation=held, progress=False)
    np.testing.assert_allclose(page.evaluate("state.heldLosses"), history.validation, rtol=1e-10)


def test_a_row_that_leaves_a_domain_is_refused_with_its_number():
    w = Value(1.0, "w")
    with pytest.raises(ValueError, match="row 1"):
        viz.live(lambda x: log(w * x[0]), [[1.0], [-1.0]], [0.0, 0.0], nn.mse, nn.SGD([w], 0.1))


def test_the_data_in_the_page_are_json_that_ends_no_script(iris_page):
    text = iris_page.html.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    assert json.loads(text)["names"][0] == "w1[0,0]"
