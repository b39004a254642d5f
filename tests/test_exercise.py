"""Exercises of the page: fading questions, mistakes known by their numbers, and what is handed in and checked."""

import math
import re
from base64 import b64decode, b64encode

import numpy as np
import pytest

import viz
from autograd import Value, array, named, scope, sigmoid, sum as total
from tests.test_steps import Lesson, gradients, lecture_example
from viz import steps

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def opened(page, tmp_path):
    (tmp_path / "new.html").write_text("<!doctype html>", encoding="utf-8")
    page.goto((tmp_path / "new.html").as_uri())
    page.evaluate("sessionStorage.clear()")  # what other tests have tried
    return lambda shown: Lesson(page, shown, tmp_path)


def unit():
    """L = (σ(w·x + b) − t)²."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x", role="input"), Value(-0.7, "b")
    a = named("a", w * x + b)
    y = named("y", sigmoid(a))
    return w, x, b, a, y, named("L", (y - 0.25) ** 2)


def layer():
    """L = Σ (W·x)²: rows and columns can be swapped."""
    W, x = array([[1.0, 2.0], [-3.0, 0.5]], "W"), array([0.7, -1.2], "x")
    h = named("h", W @ x)
    return W, x, h, named("L", total(h * h))


def s(z):
    return 1 / (1 + math.exp(-z))


# --- mistakes ---------------------------------------------------------------------------------------------------------

# What a reader types who makes the mistake, worked out by hand. f = (x + y)·x·w at 2, −5, 4: through s = x + y comes
# x·w = 8, and directly comes s·w = −12. In the unit a = 0.3, and ∂L/∂y = 2·(σ(a) − 0.25).
A, UP = 0.3, 2 * (s(0.3) - 0.25)
DS = s(A) * (1 - s(A))
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
    ("wrong argument", "L", "a", UP * s(s(A)) * (1 - s(s(A)))),
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


# --- an exercise ------------------------------------------------------------------------------------------------------


def test_an_exercise_fades_from_worked_examples_to_blanks_in_the_order_of_the_sweep():
    *_, out = unit()
    asked = steps(out, predict="all").data["asked"]
    modes = [q["mode"] for q in asked]
    assert modes == sorted(modes, key=["worked", "asked", "blank"].index)
    assert set(modes) == {"worked", "asked", "blank"}
    order, _ = gradients(out)
    place = {v: k for k, v in enumerate(order)}
    seen = {place[out]}
    for q in asked:  # what it is computed from is known by then
        assert {place[v] for v in order if order[q["k"]] in v.parents} <= seen
        seen.add(q["k"])


def test_a_large_exercise_asks_twelve_questions():
    x = Value(0.5, "x")
    for _ in range(40):
        x = x.sin()
    assert len(steps(x, predict="all").data["asked"]) == 12


def test_the_file_holds_no_gradient_in_plain():
    *_, out = unit()
    _, bars = gradients(out)
    for predict in ("all", [v for v in bars if v.op is None and v.role != "constant"]):
        shown = steps(out, predict=predict)
        for v, bar in bars.items():
            if v.role != "constant" and v is not out:
                assert viz.draw(out).scene  # the picture itself has them
                assert not re.search(rf"[>\s\"]{re.escape(viz.numbers.number(bar))}[<\s\"]", shown.html), v


def test_the_file_holds_no_jacobian_that_is_a_gradient_and_the_page_shows_it_all_the_same(opened):
    x = array([0.37, -1.21, 2.3], "x", "input")
    with scope("f"):
        h = named("h", x * x)
    with scope("g"):
        out = named("L", (h * h * 0.29).sum())
    _, bars = gradients(out)
    lesson = opened(steps(out, predict="all", detail="stages"))
    for v in h:
        assert not re.search(rf"(?<![\d.]){re.escape(viz.numbers.number(bars[v], 3))}(?!\d)", lesson.shown.html)
    (wire,) = [wire for wire in viz.draw(out, detail="stages").scene.wires if wire.quotient == "∂L/∂h"]
    lesson.go(lesson.page.evaluate("seed + 1"))
    label = lesson.page.get_by_text(f"= {wire.derivative}", exact=True)
    assert label.is_hidden()
    assert lesson.told[0] == "∂L/∂h = ∂L/∂L · ∂L/∂h = ?"
    lesson.page.evaluate("for (const q of asked) q.solved = true; show()")
    label.wait_for(state="visible")
    assert lesson.told[0] == f"∂L/∂h = ∂L/∂L · ∂L/∂h = 1 · {wire.derivative} = {wire.derivative}"


def tick(lesson, *texts):
    for label in lesson.page.locator("#ticks label").all():
        label.locator("input").set_checked(label.inner_text().strip() in texts)
    lesson.page.click("#check")
    return lesson.page.inner_text("#verdict")


def test_factors_are_asked_before_how_much_and_the_verdict_stays_until_the_reader_goes_on(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    while lesson.page.evaluate("asked[current].mode") == "worked":
        assert "Worked example" in lesson.page.inner_text("#verdict")
        lesson.page.click("#goon")
    name = lesson.page.evaluate("nodes[asked[current].k].name")
    assert name == "a"
    assert lesson.page.is_hidden("#answer")
    assert lesson.told == ["∂L/∂a += ?"]
    assert lesson.title == "Backward through y: gradient of a"
    assert "does not belong" in tick(lesson, "∂L/∂y · ∂σ(a)/∂a", "∂σ(a)/∂a")
    tries = lesson.page.evaluate("asked[current].tries.length")
    assert tick(lesson) == "Tick the products first."
    assert lesson.page.evaluate("asked[current].tries.length") == tries
    assert "missing" in tick(lesson, "∂σ(a)/∂a")
    assert tick(lesson, "∂L/∂y · ∂σ(a)/∂a") == "Right. How much is it?"
    lesson.page.fill("#answer", str(DS))
    lesson.page.press("#answer", "Enter")
    assert "upstream gradient is missing" in lesson.page.inner_text("#verdict")
    lesson.page.fill("#answer", str(UP * DS))
    lesson.page.press("#answer", "Enter")
    assert lesson.page.inner_text("#verdict").startswith("Right: ")
    mine, right = lesson.page.locator("#beside div").all_inner_texts()
    assert "You wrote" in mine
    assert str(DS) in mine
    assert "∂L/∂a = ∂L/∂y · ∂σ(a)/∂a" in right
    lesson.press("ArrowLeft", "ArrowRight")
    assert lesson.page.inner_text("#verdict").startswith("Right: ")
    assert "1 of" in lesson.page.inner_text("#score")
    assert "0 at the first try" in lesson.page.inner_text("#score")
    lesson.page.click("#goon")
    assert lesson.page.inner_text("#verdict") == ""


def test_no_choice_is_a_derivative_by_a_plain_number(opened):
    x, t = Value(3.0, "x"), Value(1.5, "t", role="constant")
    page = opened(steps(named("L", (x * 2.0 - t) ** 2), predict="all")).page
    found = " ".join(page.evaluate("asked.flatMap(q => choices({ ...q, mode: 'asked' })).map(([text]) => text)"))
    assert re.search(r"/∂t\b", found)
    assert not re.search(r"/∂[−\d]", found)


def solved(lesson, answers):
    """Work through an exercise, with these answers in place of the right ones; returns what is handed in."""
    page = lesson.page
    for _ in range(20):
        if page.evaluate("asked.every(q => q.solved || q.tries.length > 2)"):
            break
        q = page.evaluate(
            "({ name: nodes[asked[current].k].name, mode: asked[current].mode, right: truth(asked[current]) })"
        )
        if q["mode"] != "worked":
            if page.is_hidden("#answer"):
                page.evaluate("asked[current].factors = true; pose()")
            for text in [*answers.get(q["name"], []), repr(q["right"])]:
                page.fill("#answer", text)
                page.press("#answer", "Enter")
        if page.is_visible("#goon"):
            page.click("#goon")
    page.click("#handin")
    assert page.inner_text("#copythis label") == "Copy this text and send it to your teacher:"
    return page.input_value("#handed")


def test_what_is_handed_in_is_checked_from_the_graph_alone(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    text = solved(lesson, {"a": ["12", "w*x"]})
    assert "∂L/∂a: answered, 3 tries" in text
    assert f"{UP * DS:.4}" not in text
    marks = viz.check("Anna\n" + "\n".join(f"> {line}" for line in text.splitlines()), unit()[-1])
    assert all(answer.right for answer in marks)
    assert {answer.question: answer.tries for answer in marks}["∂L/∂a"] == 3
    assert str(marks).endswith(f"{len(marks)} of {len(marks)} right, {len(marks) - 1} at the first try")


def test_what_is_handed_in_of_a_function_is_checked_by_the_function_and_its_arguments(opened):
    lesson = opened(steps(power, 1.5, 3, predict="all"))
    lesson.page.click("#handin")
    text = lesson.page.input_value("#handed")
    assert {answer.question.partition("/")[2] for answer in viz.check(text, power, 1.5, 3)} == {"∂v1", "∂x"}
    with pytest.raises(ValueError, match="another graph"):
        viz.check(text, power, 1.25, 3)


def power(x, n):
    y = x
    for _ in range(n - 1):
        y = y * x
    return y


def test_a_wrong_answer_and_one_that_was_shown_are_not_right(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    page = lesson.page
    page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    page.fill("#answer", "123")
    page.press("#answer", "Enter")
    page.evaluate("choose(asked.findIndex(q => q.mode === 'asked'))")
    page.click("#tell")
    page.click("#handin")
    marks = viz.check(page.input_value("#handed"), out)
    assert marks.right == 0
    assert [str(answer).split()[0] for answer in marks if answer.tries or answer.shown] == ["shown", "wrong"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not the text that Hand in gave"),
        ("[[eyJncmFwaCI6]]", "not the text that Hand in gave"),
        (None, "another graph"),
    ],
)
def test_a_text_that_belongs_to_nothing_is_refused(text, words, opened):
    *_, out = unit()
    if text is None:
        lesson = opened(steps(out, predict="all"))
        lesson.page.click("#handin")
        text, out = lesson.page.input_value("#handed"), lecture_example()[-1]
    with pytest.raises(ValueError, match=words):
        viz.check(text, out)


def test_a_number_may_have_a_comma_or_be_a_fraction_or_be_rounded(opened):
    x = Value(0.125, "x")
    lesson = opened(steps(named("L", x * x)))
    right, wrong = ["0,25", "1/4", "0.2499", "2.5e-1"], ["−0,25", "25", "0.26"]
    judge = "texts => texts.filter(text => verdict({ k: 0 }, evaluated(text))[0])"
    assert lesson.page.evaluate(judge, right + wrong) == right


def test_a_wrong_choice_of_factors_is_a_try_here_and_there(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    lesson.page.evaluate("choose(asked.findIndex(q => q.mode === 'asked'))")
    tick(lesson, "∂σ(a)/∂a")
    tick(lesson, "∂L/∂y · ∂σ(a)/∂a")
    lesson.page.fill("#answer", repr(UP * DS))
    lesson.page.press("#answer", "Enter")
    assert "∂L/∂a = ∂σ(a)/∂a: One product is missing" in lesson.page.inner_text("#beside")
    assert "1 of 5 right, 0 at the first try" in lesson.page.inner_text("#score")
    lesson.page.click("#handin")
    marks = viz.check(lesson.page.input_value("#handed"), out)
    assert str(marks).endswith("1 of 5 right, 0 at the first try")


def altered(text, old, new):
    """The text with another word in what its block holds, as someone would write it who reads base64."""
    words, _, block = text.partition("[[")
    body = b64decode(block.replace("\n", "").removesuffix("]]")).decode()
    assert old in body
    return f"{words}[[{b64encode(body.replace(old, new, 1).encode()).decode()}]]"


def test_a_text_that_was_altered_by_hand_is_refused(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    lesson.page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    lesson.page.fill("#answer", "123")
    lesson.page.press("#answer", "Enter")
    lesson.page.click("#handin")
    text = lesson.page.input_value("#handed")
    assert [len(viz.check(given, out)) for given in (text, text.replace("\n", "\r\n> "))] == [5, 5]
    for wrong in (
        altered(text, "[123]", "[0.5]"),
        altered(text, "false", "true"),
        text.replace("1 try", "0 tries"),
        text.replace("5 questions", "4 questions"),
    ):
        with pytest.raises(ValueError, match="altered after Hand in"):
            viz.check(wrong, out)


def test_an_exercise_has_no_what_if_for_its_answers_are_those_of_pythons_numbers(opened):
    *_, out = unit()
    assert opened(steps(out, predict="all")).page.is_hidden("#if")


# --- what was tried stays known -----------------------------------------------------------------------------------------


def test_tries_survive_predict_pressed_twice_and_a_page_that_is_loaded_again(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    page = lesson.page
    page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    name = page.evaluate("nodes[asked[current].k].name")
    for typed in ("123", "w*x"):
        page.fill("#answer", typed)
        page.press("#answer", "Enter")

    def tries():
        page.click("#handin")
        return {answer.question: answer.tries for answer in viz.check(page.input_value("#handed"), out)}

    before = tries()
    assert before[f"∂L/∂{name}"] == 2
    page.click("#quiz")
    lesson.press("End")
    assert page.is_hidden("#quizzed")
    assert page.locator("#picture text").filter(has_text="∂ ?").count() == 5  # still blank
    page.click("#quiz")
    assert tries() == before
    page.reload()
    assert tries() == before
    page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    page.fill("#answer", "7")
    page.press("#answer", "Enter")
    assert sum(tries().values()) == 3


def test_an_answer_that_was_right_or_shown_is_still_so_after_the_page_is_loaded_again(opened):
    *_, out = unit()
    lesson = opened(steps(out, predict="all"))
    page = lesson.page
    page.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    page.fill("#answer", repr(page.evaluate("truth(asked[current])")))
    page.press("#answer", "Enter")
    page.evaluate("choose(asked.findIndex(q => q.mode === 'asked'))")
    page.click("#tell")
    page.reload()
    assert "Score: 1 of 5 right, 1 at the first try." in page.inner_text("#score")
    page.click("#handin")
    assert [str(a).split()[0] for a in viz.check(page.input_value("#handed"), out)].count("shown") == 1


def test_where_nothing_may_be_kept_an_exercise_works_all_the_same(page):
    *_, out = unit()
    page.set_content(steps(out, predict="all")._framed)
    frame = page.frames[-1]
    frame.wait_for_selector("#told h1")
    frame.evaluate("choose(asked.findIndex(q => q.mode === 'blank'))")
    frame.fill("#answer", "123")
    frame.press("#answer", "Enter")
    assert frame.evaluate("asked[current].tries.length") == 1
    with pytest.raises(Exception, match="sandboxed"):
        frame.evaluate("sessionStorage.length")


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
