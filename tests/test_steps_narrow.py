"""The page of steps on a narrow screen: all of a small graph is in view, and no control lies on another."""

import pytest

from autograd import Value, array, named, sigmoid, sum as total, tanh
from tests.lessons import Lesson
from viz import steps

pytestmark = pytest.mark.unmeasured
CUT = """() => { const room = $("picture").getBoundingClientRect();
  return page.cards.filter(({ id }) => { const at = element(id).getBoundingClientRect(); return at.left < room.left || at.right > room.right; }).map(({ k }) => nodes[k].name); }"""


@pytest.fixture
def opened(page, tmp_path):
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(reduced_motion="reduce")
    return lambda out: Lesson(page, steps(out), tmp_path)


def two_branches():
    x, y = Value(0.5, "x"), Value(-1.2, "y")
    return named("f", sigmoid(x * y) + tanh(x) ** 2)


def matrix():
    W, x = array([[1.0, 2.0], [-3.0, 0.5]], "W"), array([0.7, -1.2], "x")
    h = named("h", W @ x)
    return named("L", total(h * h))


@pytest.mark.slow
@pytest.mark.parametrize("make", [two_branches, matrix])
def test_no_card_is_cut_at_a_side_where_over_half_of_the_room_is_empty(make, opened):
    lesson = opened(make())
    assert lesson.page.evaluate(CUT) == []
    lesson.press("End")
    assert lesson.page.evaluate(CUT) == []


def test_a_graph_too_wide_to_be_read_as_a_whole_shows_the_cards_of_its_step(opened):
    x = Value(0.5, "x")
    for _ in range(12):
        x = x.sin()
    lesson = opened(x)
    assert len(lesson.page.evaluate(CUT)) > 5
    assert lesson.page.evaluate("svg.getScreenCTM().a") > 0.9


@pytest.mark.parametrize("name", ["x", "hidden_input", "a name that is wider than the screen of a telephone is"])
def test_the_controls_of_what_if_keep_a_distance(name, opened):
    x = Value(0.5, name)
    page = opened(named("f", tanh(x) ** 2)).page
    page.click("#more")
    page.click("#if")
    boxes = [page.locator(it).bounding_box() for it in ("#leaf", "#number", "#slide", "#set")]
    for k, a in enumerate(boxes):
        assert a["x"] >= 0
        assert a["x"] + a["width"] <= 390
        for b in boxes[:k]:
            apart = a["x"] >= b["x"] + b["width"] + 4 or a["y"] >= b["y"] + b["height"] + 4
            assert apart, (a, b)
