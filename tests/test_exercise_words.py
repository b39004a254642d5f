"""What an exercise says to the reader: true of the graph on the screen, and of the questions that there are."""

import re

import pytest

from autograd import Value, named, sigmoid
from tests.lessons import Lesson, logistic, unit
from viz import steps

pytestmark = pytest.mark.unmeasured


def chain():
    """f = x·σ(x·y): y reaches the output on one path, and x on two."""
    x, y = Value(1.2, "x"), Value(-0.5, "y")
    v1 = named("v1", x * y)
    return x, y, v1, named("f", x * named("v2", sigmoid(v1)))


@pytest.fixture
def opened(page, tmp_path):
    return lambda shown: Lesson(page, shown, tmp_path)


def test_a_worked_example_is_counted_among_the_worked_ones(opened):
    lesson = opened(steps(unit()[-1], predict="all"))
    worked = [q["mode"] for q in lesson.shown.data["asked"]].count("worked")
    assert worked > 1
    for k in range(worked):
        assert lesson.page.inner_text("#verdict").startswith(f"Worked example {k + 1} of {worked}: ")
        lesson.page.click("#goon")
    assert lesson.page.inner_text("#verdict") == ""


def test_after_the_last_question_there_is_nothing_to_go_on_to(opened):
    page = opened(steps(unit()[-1], predict="all")).page
    for _ in range(20):
        if page.is_visible("#tell"):
            page.click("#tell")
        if not page.is_visible("#goon"):
            break
        page.click("#goon")
    assert page.inner_text("#verdict").endswith("All questions are answered.")
    assert page.evaluate("asked.every(q => q.solved)")
    assert page.is_hidden("#goon")
    assert page.evaluate("document.activeElement.id") == "handin"
    page.select_option("#item", index=0)
    assert page.is_hidden("#goon")


@pytest.mark.parametrize(("text", "number"), [("1/0", "∞"), ("log(0)", "−∞"), ("-1/0", "−∞"), ("log(-1)", "nan")])
def test_an_answer_that_is_no_finite_number_is_told_so_and_is_no_try(text, number, opened):
    *_, v1, out = chain()
    lesson = opened(steps(out, predict=[v1]))
    assert lesson.answer("∂f/∂v1", text) == f"That is {number}, which is no finite number."
    assert lesson.page.evaluate("asked[0].tries") == []
    lesson.page.click("#quiz")
    lesson.set("x", text)
    assert lesson.page.inner_text("#said") == f"That is {number}, which is no finite number."


def test_a_function_in_the_place_of_its_derivative_is_recognised(opened):
    x, y, v1, out = chain()
    lesson = opened(steps(out, predict=[x, y, v1]))
    slope = logistic(-0.6) * (1 - logistic(-0.6))
    words = f"That takes σ(v1) where its derivative belongs: ∂σ(v1)/∂v1 = {slope:.4g}."
    assert lesson.answer("∂f/∂v1", "x·σ(v1)") == words
    assert lesson.answer("∂f/∂y", "x·σ(v1)·x") == words
    assert lesson.answer("∂f/∂v1", "σ(v1)") == "That is the value of v2, not a gradient."
    assert lesson.answer("∂f/∂v1", "-v2·x·(1 − v2)") == "The sign is wrong."
    assert lesson.answer("∂f/∂y", f"x·x·(-{slope})") == "The sign is wrong."
    assert re.match("One local derivative has the wrong sign: ", lesson.answer("∂f/∂x", f"v2 + x·y·(-{slope})"))


def test_paths_are_spoken_of_where_there_are_several(opened):
    x, y, v1, out = chain()
    lesson = opened(steps(out, predict=[x, y, (v1, out.parents[1])]))
    assert lesson.answer("∂f/∂x", "77") == "Not yet. Multiply along each path, and add the paths."
    assert lesson.answer("∂f/∂y", "77") == "Not yet. Multiply the upstream gradient by the local derivative."
    assert lesson.answer("∂σ(v1)/∂v1", "77") == "Not yet. Take the derivative of σ(v1) by v1."
