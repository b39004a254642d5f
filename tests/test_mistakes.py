"""Mistakes of a reader are known by the number that was typed, and numbers near 0 are judged by what they are a sum of."""

import math

import numpy as np
import pytest

import viz
from autograd import Value, array, named, sum as total
from tests.lessons import DS, UP, gradients, lecture_example, logistic, slope, unit
from viz import steps

pytestmark = pytest.mark.unmeasured


def layer():
    """L = Σ (W·x)²: rows and columns can be swapped."""
    W, x = array([[1.0, 2.0], [-3.0, 0.5]], "W"), array([0.7, -1.2], "x")
    h = named("h", W @ x)
    return W, x, h, named("L", total(h * h))


# What a reader types who makes the mistake, worked out by hand. f = (x + y)·x·w at 2, −5, 4: through s = x + y comes
# x·w = 8, and directly comes s·w = −12. In the unit a = 0.3, ∂L/∂y = UP = 2·(σ(a) − 0.25), and σ′(a) = DS.
A = 0.3
H = np.array([[1.0, 2.0], [-3.0, 0.5]]) @ [0.7, -1.2]
SEEDED = [
    ("no accumulation", "f", "x", 8.0),
    ("forgotten branch", "f", "x", -12.0),
    ("sign", "f", "x", 4.0),
    ("double count", "f", "x", -16.0),
    ("product of paths", "f", "x", -96.0),
    ("sum for product", "L", "w", UP * DS + 2.0),
    ("upstream forgotten", "L", "a", DS),
    ("local forgotten", "L", "w", UP * DS),
    ("wrong argument", "L", "a", UP * slope(logistic(A))),
    ("wrong argument", "L", "w", UP * A * (1 - A) * 2.0),
    ("wrong operand", "L", "w", UP * DS * 0.5),
    ("transposed", "layer", "x[0]", 2 * (H[0] * 1.0 + H[1] * 2.0)),
    ("transposed", "layer", "W[0,1]", 2 * H[1] * 0.7),
]


GRAPHS = {"f": lambda: lecture_example()[-1], "L": lambda: unit()[-1], "layer": lambda: layer()[-1]}


def judged(lesson, name, typed):
    """The mistake that the page recognises in a gradient."""
    return lesson.page.evaluate("([name, x]) => verdict({ k: nodes.find(n => n.name === name).k }, x)", [name, typed])


@pytest.mark.parametrize("graph", GRAPHS)
def test_mistakes_are_named_by_the_number_that_was_typed(graph, opened):
    lesson = opened(steps(GRAPHS[graph]()))
    for kind, where, name, typed in SEEDED:
        if where == graph:
            for shown in (typed, float(f"{typed:.3g}")):
                good, words, found = judged(lesson, name, shown)
                assert (good, found) == (False, kind), (kind, name, shown, words)
                assert words.endswith(".")


def test_at_least_ten_kinds_of_mistakes_are_seeded():
    assert len({kind for kind, *_ in SEEDED} | {"stale"}) >= 10


def test_a_gradient_of_the_numbers_before_a_change_is_stale(opened):
    *_, out = unit()
    lesson = opened(steps(out))
    lesson.set("x", "1.5")
    assert judged(lesson, "w", UP * DS * 2.0)[2] == "stale"


def test_a_gradient_that_was_passed_on_before_all_paths_were_in_is_stale(opened):
    x = Value(3.0, "x")
    h = named("h", x * 2.0)
    out = named("L", h * h.tanh() + h.sin())
    lesson = opened(steps(out))
    _, bars = gradients(out)
    early = math.cos(6.0)  # what reaches h first
    assert abs(bars[h] - early) > 0.1
    assert judged(lesson, "x", 2 * early)[2] in ("stale", "forgotten branch")


def test_a_right_gradient_is_no_mistake(opened):
    for make in GRAPHS.values():
        out = make()
        lesson = opened(steps(out))
        order, bars = gradients(out)
        for v in order:
            if v.name and v.role != "constant" and v is not out:
                assert judged(lesson, v.name, bars[v])[0], v.name


def test_a_number_may_have_a_comma_or_be_a_fraction_or_be_rounded(opened):
    x = Value(0.125, "x")
    lesson = opened(steps(named("L", x * x)))
    right, wrong = ["0,25", "1/4", "0.2499", "2.5e-1"], ["−0,25", "25", "0.26"]
    judge = "texts => texts.filter(text => verdict({ k: 0 }, evaluated(text))[0])"
    assert lesson.page.evaluate(judge, right + wrong) == right


# --- numbers near 0 -----------------------------------------------------------------------------------------------------


def tiny():
    """A gradient of 2e-13, and one that is 0 but for rounding: 0.1 + 0.2 − 0.3."""
    x, u = Value(1e-13, "x"), Value(1.0, "u")
    return named("L", x * x + (u * 0.1 + u * 0.2 - u * 0.3))


def test_zero_is_no_answer_for_a_gradient_that_is_small_and_is_one_for_a_sum_that_is_rounded(opened):
    lesson = opened(steps(tiny(), predict="all"))
    _, bars = gradients(tiny())
    small, rounded = (next(bars[v] for v in bars if v.name == name) for name in ("x", "u"))
    assert small == 2e-13
    assert 0 < abs(rounded) < 1e-16
    assert [judged(lesson, name, typed)[0] for name, typed in [("x", 0), ("x", 2e-13), ("u", 0), ("u", 1e-13)]] == [
        False,
        True,
        True,
        False,
    ]
    page = lesson.page
    for name in ("x", "u"):
        page.evaluate("name => choose(asked.findIndex(q => nodes[q.k].name === name))", name)
        page.evaluate("if (!asked[current].solved) { asked[current].factors = true; pose(); }")
        page.fill("#answer", "0")
        page.press("#answer", "Enter")
    page.click("#handin")
    marks = {answer.question: answer.right for answer in viz.check(page.input_value("#handed"), tiny())}
    assert (marks["∂L/∂x"], marks["∂L/∂u"]) == (False, True)
