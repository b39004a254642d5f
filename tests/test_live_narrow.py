"""The live page on a narrow screen: what a reader has to see is within its frame."""

import numpy as np
import pytest

import nn
import viz
from tests.live import flowers, opened
from tests.test_live_curves import PAINTED

pytestmark = pytest.mark.unmeasured
__all__ = ["opened"]
HEADS = """[...document.querySelectorAll('#picture .graph:not([hidden]) title + rect + text')].map(it => {
  const at = it.getBoundingClientRect(), room = document.getElementById('picture').getBoundingClientRect();
  return [it.textContent, room.left <= at.left && at.right <= room.right];
})"""


@pytest.mark.slow
def test_the_names_of_the_parameters_are_in_the_frame_of_the_graph(opened, page):
    X, Y = flowers()
    model = nn.MLP(4, [5, 3], activation="relu", rng=0)
    page.set_viewport_size({"width": 390, "height": 900})
    opened(viz.live(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1)))
    page.wait_for_timeout(300)
    assert dict(page.evaluate(HEADS)) == dict.fromkeys(["x", "w1", "b1", "layer1", "w2", "b2", "layer2", "L"], True)
    page.evaluate("choose(149)")  # of another class, with a picture of its own
    assert all(dict(page.evaluate(HEADS)).values())
    page.evaluate("document.getElementById('picture').scrollLeft -= 120")
    page.wait_for_timeout(300)
    seen = dict(page.evaluate(HEADS))
    assert seen["w1"]
    assert seen["w2"]
    assert not seen["b1"], "its place at the edge is on the card of layer1"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_timeout(300)
    assert page.locator("#picture .graph:not([hidden]) .edge").count() == 0


def test_the_dot_of_one_weight_is_whole_also_on_an_axis(opened):
    x = np.linspace(-1, 1, 9)
    model = nn.MLP(1, [1], activation="tanh", rng=0)
    page = opened(viz.live(model, x[:, None], 0.5 * x, nn.mse, nn.SGD(model.parameters(), lr=0.1)))
    page.evaluate("live.theta = [0.5, 0]")
    page.wait_for_timeout(300)
    assert page.evaluate("live.loss") == 0
    painted = page.evaluate(PAINTED, "along")
    (dot,) = painted["circles"]
    assert dot[1] == painted["frame"][3], "on the axis"
    ink = page.evaluate(
        """([x, y]) => {
          const it = document.getElementById('along'), ratio = it.width / it.clientWidth;
          return Array.from(it.getContext('2d').getImageData(x * ratio, (y + 3) * ratio, 1, 1).data);
        }""",
        dot[:2],
    )
    assert ink == [0x1F, 0x23, 0x28, 255], "below the axis there is the other half"
