"""What the live page calls things: whose number it is, and one name for one thing at every level of the zoom."""

import pytest

import nn
import viz
from tests.live import flowers, opened, until

pytestmark = pytest.mark.unmeasured
__all__ = ["opened"]
COLUMNS = ["sepal length", "m/s", "petal length", "petal width"]


@pytest.fixture
def named(opened):
    X, Y = flowers()
    model = nn.MLP(4, [3, 3], activation="tanh", rng=0)
    page = opened(viz.live(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1), columns=COLUMNS))
    page.emulate_media(reduced_motion="reduce")
    return page


def within(page, level):
    page.evaluate(f"live.zoom({level}, 4)")
    until(page, f"built?.level === {level} && levelNow() === {level}")
    return page.inner_text("#within")


def test_a_unit_says_whose_its_numbers_are(named):
    named.evaluate("choose(7)")
    assert "The inputs are those of example 7. ∂loss/∂w is the mean over all 150 examples." in within(named, 1)
    shown = float(named.locator("#within tbody tr").first.locator("td").last.inner_text().replace("−", "-"))
    assert shown == pytest.approx(named.evaluate("gradientNow()[0]"), rel=1e-3)
    assert "∂ is the gradient of the loss of this example alone." in within(named, 2)
    card = named.locator(".card.parameter", has_text="w1[0,0]").locator("span").inner_text()
    of_example = named.evaluate("live.example(7)['w1[0,0]'][1]")
    assert float(card.lstrip("∂ ").replace("−", "-")) == pytest.approx(of_example, rel=1e-3)
    assert of_example != pytest.approx(named.evaluate("gradientNow()[0]"), rel=1e-2)


@pytest.mark.slow
def test_an_input_has_the_name_of_its_column_at_every_level_of_the_zoom(named):
    rows = within(named, 1)
    for column in COLUMNS:
        assert column in rows
        assert f"·{column}" in named.inner_text("#unit")
    assert "x[0]" not in named.inner_text("#unit")
    within(named, 2)
    for k, column in enumerate(COLUMNS):
        assert named.locator(".card.input", has_text=f"x[{k}]").locator("i").all_inner_texts() == [f"x[{k}]", column]
