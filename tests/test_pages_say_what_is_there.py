"""What a page says of itself is true where it says it."""

import pytest

import nn
import viz
from autograd import array, named, scope, sum as total
from tests.lessons import Lesson
from tests.live import flowers

pytestmark = pytest.mark.unmeasured
PLUS = "Press + at the corner of a stage"


def staged():
    W, x = array([[1.0, 2.0], [-3.0, 0.5]], "W"), array([0.7, -1.2], "x")
    with scope("layer"):
        h = named("h", W @ x)
    with scope("loss"):
        return named("L", total(h * h))


def test_the_sign_that_opens_a_stage_is_spoken_of_where_there_is_one(page, tmp_path):
    lesson = Lesson(page, viz.steps(staged()), tmp_path)
    assert page.locator(".toggle:visible").count() == 0
    assert PLUS not in page.inner_text("#notes")
    page.click("#level")
    assert page.locator(".toggle:visible").count() > 0
    assert PLUS in page.inner_text("#notes")
    page.click("#level")
    assert PLUS not in page.inner_text("#notes")
    assert all(PLUS not in text for text in lesson.shown.notes)


@pytest.mark.slow
def test_the_live_page_speaks_of_no_sign_and_its_bars_are_on_one_scale(page, tmp_path):
    X, Y = flowers()
    model = nn.MLP(4, [5, 3], activation="relu", rng=0)
    shown = viz.live(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), lr=0.1))
    page.goto(shown.save(tmp_path / "learning.html").as_uri())
    page.wait_for_timeout(200)
    assert page.inner_text("#graphnotes") == ""
    bars = page.evaluate("""[...document.querySelectorAll('#sizes span:not(:first-child)')].map(it => {
      const style = getComputedStyle(it);
      return [it.clientWidth, it.clientHeight, parseFloat(style.backgroundSize.split(' ')[1]), parseFloat(style.backgroundImage.match(/([0-9.]+)%, rgba/)[1])];
    })""")
    assert len({width for width, *_ in bars}) == 1
    assert all(0 < thick < high / 3 for _, high, thick, _ in bars), "below the words, and not behind them"
    sizes = page.evaluate(
        "[...arrays.values()].map(ks => ks.reduce((a, k) => a + Math.abs(gradientNow()[k]), 0) / ks.length)"
    )
    assert [share for *_, share in bars] == [pytest.approx(100 * size / max(sizes), abs=0.6) for size in sizes]
