"""The curves of the live page: what is painted is within its axes, and a number that is shown is on its curve."""

import math

import numpy as np
import pytest

import nn
import viz
from autograd import assign
from tests.live import flowers, opened, until

pytestmark = pytest.mark.unmeasured
__all__ = ["opened"]

# What is painted on one canvas: the ends of its lines, its circles, and the words with their places.
PAINTED = """id => {
  const found = { lines: [], circles: [], words: [] }, own = c => c.canvas.id === id, brush = CanvasRenderingContext2D.prototype;
  const old = { lineTo: brush.lineTo, arc: brush.arc, fillText: brush.fillText };
  brush.lineTo = function (x, y) { if (own(this)) found.lines.push([x, y]); old.lineTo.call(this, x, y); };
  brush.arc = function (x, y, ...more) { if (own(this)) found.circles.push([x, y, more[0]]); old.arc.call(this, x, y, ...more); };
  brush.fillText = function (text, ...more) { if (own(this)) found.words.push(text); old.fillText.call(this, text, ...more); };
  try { repaint(); paint(performance.now() + 1e6); } finally { Object.assign(brush, old); }
  const it = document.getElementById(id);
  return { ...found, frame: [PLOT.left, PLOT.top, it.clientWidth - PLOT.right, it.clientHeight - PLOT.bottom] };
}"""


def test_the_curve_of_a_descent_that_diverges_reaches_the_loss_that_is_told(opened):
    X, Y = flowers()
    model = nn.MLP(4, [5, 3], activation="relu", rng=0)
    page = opened(viz.live(model, X, nn.one_hot(Y, 3), nn.mse, nn.SGD(model.parameters(), lr=1000)))
    page.evaluate("live.step(10)")
    until(page, "stopped !== ''")
    assert page.evaluate("live.epoch") == 3
    assert page.evaluate("live.loss") > 1e100
    painted = page.evaluate(PAINTED, "losses")
    *_, last, (_, cursor) = painted["lines"]  # the last line is that of the epoch
    assert cursor == painted["frame"][3]
    (dot,) = painted["circles"]
    assert dot[:2] == pytest.approx(last)
    assert dot[1] > painted["frame"][1] + 2, "below the upper edge"
    top = next(word for word in painted["words"] if "e" in word and word not in ("epoch", "loss (logarithmic)"))
    assert math.isfinite(float(top))
    assert float(top) > page.evaluate("live.loss")


@pytest.mark.slow
def test_an_axis_up_to_the_largest_number_is_written_as_a_number(opened):
    X, Y = flowers()
    model = nn.MLP(4, [5, 3], activation="relu", rng=0)
    page = opened(viz.live(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1)))
    page.evaluate("live.step(2); state.losses[0] = 1e308; state.losses[1] = 1e-323")
    words = page.evaluate(PAINTED, "losses")["words"]
    assert "∞" not in words
    assert words.count("0") == 1  # that of the epochs


def test_before_the_first_step_the_loss_is_on_its_axis(opened):
    x = np.linspace(-3, 3, 20)
    model = nn.MLP(1, [3, 1], activation="tanh", rng=0)
    page = opened(viz.live(model, x[:, None], 3 * np.sin(x), nn.mse, nn.SGD(model.parameters(), lr=0.1)))
    page.wait_for_timeout(100)
    assert page.evaluate("live.loss") > 1.1
    painted = page.evaluate(PAINTED, "losses")
    (dot,) = painted["circles"]
    assert painted["frame"][1] + 2 < dot[1] < painted["frame"][3] - 2
    assert painted["lines"][0] == pytest.approx(dot[:2])


RED = """() => {
  let rings = 0; const brush = CanvasRenderingContext2D.prototype, old = brush.stroke;
  brush.stroke = function (...path) { rings += this.strokeStyle === palette.bad && this.canvas.id === "map"; old.apply(this, path); };
  try { repaint(); paint(performance.now() + 1e6); } finally { brush.stroke = old; }
  return [rings, palette.bad];
}"""


@pytest.mark.parametrize(("weight", "wrong"), [(10.0, 0), (-10.0, 4)])
def test_the_examples_that_the_network_gets_wrong_have_a_red_ring_and_no_others(weight, wrong, opened):
    model = nn.MLP(2, [1])
    assign(model.parameters(), [weight, 0.0, -weight / 2])
    data = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 0, 1, 1]
    page = opened(viz.live(model, *data, nn.binary_cross_entropy_with_logits, nn.SGD(model.parameters(), lr=0.1)))
    page.wait_for_timeout(100)
    rings, _ = page.evaluate(RED)
    assert rings == wrong


def test_a_step_by_all_examples_is_not_called_the_next_one_of_a_minibatch(opened):
    X, Y = flowers()
    model = nn.MLP(4, [3, 3], rng=0)
    page = opened(viz.live(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1)))
    assert page.evaluate("updateLines()[0]") == "The next step, by the mean gradient of all examples:"
    page.evaluate("live.set({ batch: 10 })")
    assert (
        page.evaluate("updateLines()[0]") == "A step, by the mean gradient of all examples, not of the next minibatch:"
    )
