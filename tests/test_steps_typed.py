"""What a reader types into the page of steps: another number for a leaf, or an answer."""

import math
import re

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, named, scope, sigmoid, sum
from autograd.tape import wengert_list
from tests.lessons import gradients, lecture_example
from tests.pictures import network
from viz import draw, parsed, steps

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- what if ----------------------------------------------------------------------------------------------------------


def test_another_number_in_a_leaf_moves_everything_as_python_does(opened):
    out = network()
    lesson = opened(steps(out))
    lesson.set("W1[0,1]", "0.75")
    lesson.set("x[1]", "−2.5")
    again = network()
    leaves = {v.name: v for v in wengert_list([again]) if v.op is None}
    rng = np.random.default_rng(3)
    W1, w10 = array(rng.normal(size=(3, 2)), "W1"), array(rng.normal(size=3), "w10")
    W2, w20 = array(rng.normal(size=(3, 3)), "W2"), array(rng.normal(size=3), "w20")
    W1[0, 1].data = 0.75
    assert leaves["W1[0,0]"].data == W1[0, 0].data
    x = array([0.5, -2.5], "x", "input")
    chain = nn.lecture_chain(W1, w10, W2, w20, 2)
    moved = chain(x)
    _, bars = gradients(moved)
    found = {n[0]: k for k, n in enumerate(lesson.shown.data["nodes"])}
    numbers = lesson.page.evaluate("value")
    slopes = lesson.page.evaluate("adjoints[adjoints.length - 1]")
    for v, bar in bars.items():
        k = found[v.name]
        assert numbers[k] == pytest.approx(v.data, rel=1e-12)
        assert slopes[k] == pytest.approx(bar, rel=1e-12)
    assert re.fullmatch(
        r"L \S+ → \S+, a change of [+−]\S+; the gradient promised [+−]\S+", lesson.page.inner_text("#said")
    )
    lesson.page.click("#reset")
    assert lesson.page.evaluate("value")[found["L"]] == pytest.approx(out.data, rel=1e-12)


def test_a_number_out_of_a_domain_changes_nothing_and_says_why(opened):
    x = Value(2.0, "x")
    lesson = opened(steps(x.log() * 3.0))
    lesson.set("x", "-1")
    assert lesson.page.inner_text("#said") == "log is defined for x > 0; got −1 from x. The numbers stay as they were."
    assert lesson.page.evaluate("leaves[0]") == 2.0
    lesson.set("x", "two")
    assert lesson.page.inner_text("#said") == "“two” is neither a number nor a name in the picture."


def test_stages_follow_too_and_their_jacobians_are_named_as_python_names_them(opened):
    def stages(first):
        x, k = array([first, 0.0, -1.0], "x", "input"), constant([2.0, 3.0, -1.0], "k")
        W, b = array([[1.0, 0.0, 2.0], [0.0, 1.0, 0.5], [0.25, 0.0, -1.0]], "W"), array([0.1, -0.2, 0.0], "b")
        with scope("f1", "y = W·x"):
            y = named("y", W @ x)
        with scope("f2", "z = y·x"):
            z = named("z", y * x)
        with scope("f3"):
            u = named("u", sigmoid(z + b))
        with scope("f4", "v = k·u"):
            v = named("v", k * u)
        with scope("f5"):
            return named("L", sum(v * v))

    def labels():
        lesson.press("End")
        both = "[...svg.querySelectorAll(':scope > [id$=-label]')].map(g => [...g.querySelectorAll('text')].slice(0, 2).map(t => t.textContent).join('\\n'))"
        return sorted(lesson.page.evaluate(both))

    def drawn(first):
        L = stages(first)
        L.backward()
        return sorted("\n".join(wire.lines[:2]) for wire in draw(L, detail="stages").scene.wires if wire.lines)

    lesson = opened(steps(stages(0.0), detail="stages"))
    assert labels() == drawn(0.0)
    lesson.set("x[0]", "3")
    assert labels() == drawn(3.0) != drawn(0.0)
    lesson.go(1)
    assert lesson.told == ["y = W·x = [[1, 0, 2], [0, 1, 0.5], [0.25, 0, −1]]·[3, 0, −1]", "y = [1, −0.5, 1.75]"]
    lesson.go(3)
    assert lesson.told[0] == "u = σ(z + b) = σ([3, 0, −1.75] + [0.1, −0.2, 0])"
    lesson.page.click("#reset")
    assert labels() == drawn(0.0)


def test_a_long_diagonal_is_shortened_in_the_page_as_in_the_picture(opened):
    def graph(first):
        x = array([first, 0.2, 0.3, 0.4, 0.5], "x", "input")
        with scope("f1", "u = x·x"):
            u = named("u", x * x)
        with scope("f2"):
            return named("L", sum(u * u))

    lesson = opened(steps(graph(0.1), detail="stages"))
    lesson.set("x[0]", "2")
    lesson.go(1)
    label = "[...svg.querySelectorAll('[id$=-label] text')].map(t => t.textContent).find(t => t.includes('diag'))"
    derivatives = [wire.derivative for wire in draw(graph(2.0), detail="stages").scene.wires]
    assert lesson.page.evaluate(label) == f"= {derivatives[0]}"
    assert derivatives[0] == "diag(4, 0.4, …, 1)"


@pytest.mark.parametrize("make", [lambda x: x * x + 1.0, lambda x: x - x * 2.0 + x * math.inf])
def test_values_that_are_infinite_or_nan_are_stepped_through_as_python_computes_them(make, opened):
    y = make(Value(1e200, "x"))
    y.name = "y"
    lesson = opened(steps(y))
    lesson.press("End")
    assert lesson.page.evaluate("String(value[value.length - 1])") == str(y.data).replace("inf", "Infinity").replace(
        "nan", "NaN"
    )


def test_what_if_refuses_what_backward_refuses_and_overflows_where_python_does(opened):
    x, y = Value(4.0, "x"), Value(2.0, "y")
    lesson = opened(steps(x.sqrt() * y))
    lesson.set("x", "0")
    assert "sqrt has no derivative here; its operand is 0 from x" in lesson.page.inner_text("#said")
    assert lesson.page.evaluate("leaves[0]") == 4.0
    lesson = opened(steps(x * y / x))
    lesson.set("x", "1e308")
    lesson.set("y", "1e10")
    assert lesson.page.evaluate("String(value[2])") == "Infinity"
    lesson.set("x", "0")
    assert "divide is defined for a divisor other than 0" in lesson.page.inner_text("#said")


def test_tooltips_tell_nothing_that_is_not_known_yet(opened):
    x, *_, out = lecture_example()
    lesson = opened(steps(out, predict=[x]))
    titles = "[...document.querySelectorAll('#picture g title')].map(t => t.textContent).join(' | ')"
    lesson.press("Home")
    assert "−24" not in lesson.page.evaluate(titles)
    lesson.press("End")
    text = lesson.page.evaluate(titles)
    assert "x: value 2, gradient to be predicted" in text
    assert "y: value −5, gradient 8" in text
    lesson.set("y", "1")
    assert "y: value 1, gradient 8" in lesson.page.evaluate(titles)


def test_after_what_if_the_product_that_flows_back_is_there_while_its_jacobian_has_the_same_name(opened):
    x, W = array([0.5, -1.0], "x", "input"), array([[1.0, 2.0], [3.0, 4.0]], "W")
    with scope("f1", "u = W·x"):
        u = named("u", W @ x)
    with scope("f2"):
        v = named("v", [sigmoid(u[0]), 3.0 * u[1]])
    with scope("f3"):
        L = named("L", sum([z * z for z in v]))
    lesson = opened(steps(L, detail="stages"))
    lesson.page.emulate_media(reduced_motion="reduce")  # a number on its way may hide the label that it passes
    seen = "[...svg.querySelectorAll(':scope > [id$=-label] path + text')].filter(t => getComputedStyle(t).visibility !== 'hidden').map(t => t.textContent).sort()"
    lesson.press("End")
    before = lesson.page.evaluate(seen)
    assert before == ["∂L/∂W = ∂L/∂u·xᵀ", "∂L/∂x = Wᵀ·∂L/∂u"]
    lesson.set("x[0]", "2")
    lesson.press("End")
    assert lesson.page.evaluate(seen) == before
    lesson.set("W[0,1]", "0")
    lesson.set("W[1,0]", "0")
    lesson.set("W[0,0]", "1")
    lesson.set("W[1,1]", "1")  # now ∂u/∂x is I
    lesson.press("End")
    assert lesson.page.evaluate(seen) == ["∂L/∂W = ∂L/∂u·xᵀ"]


# --- predict ----------------------------------------------------------------------------------------------------------


def test_gradients_are_blank_until_they_are_predicted_and_mistakes_are_named(opened):
    x, y, w, out = lecture_example()
    lesson = opened(steps(out, predict=[x, y, w]))
    lesson.press("End")
    key = {n[0]: c["id"] for c in lesson.shown.data["cards"] for n in [lesson.shown.data["nodes"][c["k"]]]}
    strip = f"element('{key['x']}').querySelectorAll('text')[2].textContent"
    assert lesson.page.evaluate(strip) == "∂ ?"
    assert not any("∂f/∂x +=" in line and " = −12" in line for line in lesson.told)
    assert lesson.answer("∂f/∂x", "8") == (
        "That is the path through s alone. A gradient is the sum over all paths: each path adds to it (+=), none replaces it (=)."
    )
    assert lesson.answer("∂f/∂x", "4") == "The sign is wrong."
    assert lesson.answer("∂f/∂w", "1") == "A local derivative is missing: the factor is v1, not 1."
    assert lesson.answer("∂f/∂x", "100") == "Not yet. Multiply along each path, and add the paths."
    assert lesson.answer("∂f/∂x", "w*x + w*s").startswith("Right: −4")
    assert lesson.page.evaluate(strip) == "∂ −4"
    assert lesson.answer("∂f/∂y", "x·w").startswith("Right: 8")
    assert lesson.answer("∂f/∂w", "−6") == "Right: −6. All questions are answered."


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("8", "Right"), ("8.03", "Right"), ("7.97", "Right"), ("8.045", "Close"), ("8.05", "Close"), ("7.95", "Close"), ("8.39", "Close"), ("7.61", "Close"),
        ("8.41", "Not yet"), ("7.59", "Not yet"), ("16", "That is twice"), ("0", "Not yet"), ("-8.03", "The sign"), ("-8.05", "Not yet"),
    ],
)  # fmt: skip
def test_an_answer_is_right_within_half_a_percent_and_close_within_five(answer, verdict, opened):
    _, y, _, out = lecture_example()
    assert opened(steps(out, predict=[y])).answer("∂f/∂y", answer).startswith(verdict)


def test_an_answer_of_zero_is_right_where_the_gradient_is_zero(opened):
    x, y = Value(2.0, "x"), Value(0.0, "y")
    lesson = opened(steps(named("f", x * y), predict=[x]))
    assert lesson.answer("∂f/∂x", "0.001").startswith("Not yet")
    assert lesson.answer("∂f/∂x", "1e-13").startswith("Right: 0.")


def test_a_factor_of_an_edge_is_predicted_too(opened):
    *_, w, out = lecture_example()
    lesson = opened(steps(out, predict=[(w, out)]))
    question = "∂(v1 · w)/∂w"
    assert "v1" in lesson.answer(question, "1")
    assert lesson.answer(question, "s * x").startswith("Right: −6")


def test_the_page_itself_offers_to_predict_the_leaves(opened):
    *_, out = lecture_example()
    lesson = opened(steps(out))
    lesson.page.click("#quiz")
    assert lesson.page.evaluate("[...document.querySelectorAll('#item option')].map(o => o.text)") == [
        "∂f/∂x",
        "∂f/∂y",
        "∂f/∂w",
    ]
    lesson.page.click("#tell")
    assert lesson.page.inner_text("#verdict") == "∂f/∂x = −4."
    lesson.page.click("#quiz")
    assert lesson.page.is_hidden("#quizzed")


@pytest.fixture(scope="module")
def evaluated(tab, tmp_path_factory):
    """What the page makes of an answer, or says against it."""
    *_, out = lecture_example()
    page, _ = tab
    page.goto(steps(out).save(tmp_path_factory.mktemp("answers") / "lesson.html").as_uri())
    script = "(text) => { try { return evaluated(text); } catch (error) { return error.message; } }"
    return lambda text: page.evaluate(script, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("-2 ** 2", -4), ("2 ^ 3 ^ 2", 512), ("1e3 - .5", 999.5), ("x*w - s", 11),
        ("exp(0) + sigmoid(0)", 1.5), ("−x", -2), ("8 / 4 / 2", 1), ("max", None), ("2 +", None), ("(1", None),
        ("fetch(1)", None), ("x y", None), ("", None), ("a.constructor", None), ("constructor(2)", None),
        ("(" * 500, None), ("-" * 50_000 + "1", None),
    ],
)  # fmt: skip
def test_an_answer_is_a_number_or_an_expression_of_names_and_nothing_else(text, value, evaluated):
    found = evaluated(text)
    if value is None:
        assert isinstance(found, str)
    else:
        assert found == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2x", "2*x"), ("2(x - w)", "2*(x - w)"), ("xsw", "x*s*w"), ("(x + 1) (w)·s", "(x + 1)*(w)*s"),
        ("exp(2x)w + 1", "exp(2*x)*w + 1"), ("−2 x/3w", "-2*x/3*w"),
    ],
)  # fmt: skip
def test_a_product_without_its_sign_is_written_with_it(text, written, evaluated):
    assert evaluated(text) == f"Write {written}: a product needs its *."
    assert isinstance(evaluated(written), float | int)


@pytest.mark.parametrize(
    "text", ["2 + 3 * x", "-x ** 2", "2 ** 3 ** x", "x / w / 2", "exp(x) - sigmoid(w)", "relu(-x) + abs(w - 9) * sin(1)", "(x - w) * -x"]
)  # fmt: skip
def test_the_page_evaluates_an_expression_as_python_does(text, evaluated):
    x, _, w, _ = lecture_example()
    numbers = {name: v.data for name, v in (("x", x), ("w", w)) if re.search(rf"\b{name}\b", text)}
    assert evaluated(text) == pytest.approx(parsed(text, numbers).data, rel=1e-12)
