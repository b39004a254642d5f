"""Exercises of the page: fading questions, and what is handed in and checked."""

import re
from base64 import b64decode, b64encode

import pytest

import viz
from autograd import Value, array, named, scope
from tests.lessons import DS, UP, gradients, lecture_example, unit
from viz import steps

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def opened(opened, page, tmp_path):
    """The same, and what other tests have tried is forgotten."""
    (tmp_path / "new.html").write_text("<!doctype html>", encoding="utf-8")
    page.goto((tmp_path / "new.html").as_uri())
    page.evaluate("sessionStorage.clear()")
    return opened


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
