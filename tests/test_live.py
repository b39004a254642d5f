"""A page in which a network learns: in a real Chromium, offline, it computes what Python computes."""

import itertools

import numpy as np
import pytest

import nn
import viz
from autograd import Value, array, assign, log, scope, sin, sum, wengert_list, zero_grad
from tests.live import NETWORKS, exclusive_or, flowers, moons, network, opened, until
from viz.names import names

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["opened"]


# --- as Python does ---------------------------------------------------------------------------------------------------


DATA = {"flowers": flowers, "moons": moons}
RULES = {
    "SGD": lambda p: nn.SGD(p, lr=0.3),
    "momentum": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "Adam": lambda p: nn.Adam(p, lr=0.02, weight_decay=1e-3),
}


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


def test_validation_losses_are_those_of_fit(opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    held = X[:11] + 0.1, Y[:11]
    page = opened(viz.live(model, X, Y, loss, nn.SGD(model.parameters(), 0.3), validation=held))
    page.evaluate("live.step(20)")
    history = nn.fit(model, X, Y, loss, nn.SGD(model.parameters(), 0.3), 20, validation=held, progress=False)
    np.testing.assert_allclose(page.evaluate("state.heldLosses"), history.validation, rtol=1e-10)


def test_the_parameters_come_back_to_python(opened):
    X, Y = moons()
    model, loss = network("tanh", X, Y)
    descent = nn.SGD(model.parameters(), 0.3)
    page = opened(viz.live(model, X, Y, loss, descent))
    page.evaluate("live.step(25)")
    page.click("#copy")
    exec(page.input_value("#python"), {"assign": assign, "model": model})
    np.testing.assert_array_equal([v.data for v in model.parameters()], page.evaluate("live.theta"))


def test_an_own_parameter_that_the_loss_does_not_take_comes_back_as_it_was(opened):
    w, unused = Value(1.0, "w"), Value(7.0, "unused")
    page = opened(viz.live(lambda x: w * x[0], [[1.0]], [2.0], nn.mse, nn.SGD([unused, w], 0.1)))
    page.evaluate("live.step(1)")
    assert page.evaluate("live.python") == f"assign(optimizer.parameters, [7.0, {page.evaluate('live.theta[0]')}])"


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


@pytest.mark.slow
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
