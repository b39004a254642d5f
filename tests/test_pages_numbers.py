"""The numbers of a page are those of Python, for changed leaves and in the Jacobians of stages too, or are refused."""

import itertools
import math
import random

import numpy as np
import pytest

from autograd import (
    Op,
    Value,
    absolute,
    array,
    constant,
    cos,
    dot,
    exp,
    leaky_relu,
    log,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    named,
    relu,
    scope,
    sigmoid,
    sin,
    softmax,
    sqrt,
    step,
    sum as total,
    tan,
    tanh,
    where,
)
from autograd.guards import fixed
from autograd.refusals import ERRORS
from autograd.tape import reverse_sweep, wengert_list
from tests.lessons import Lesson
from tests.test_zeros import HERE_ONLY, STAYS
from viz import draw, steps

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- what if, at special points ---------------------------------------------------------------------------------------


OWN = Op("page_pole", lambda x: 1 / (x - 1), (lambda y, x: -y * y,))
GRAPHS = {
    **{name: lambda x, y, f=f: f(x) * y for name, f in HERE_ONLY.items()},
    **{name: lambda x, y, f=f: f(x) + y * f(y * x) for name, (f, _) in STAYS.items()},
    "a factor": lambda x, y: y * sqrt(x),
    "two factors": lambda x, y: sqrt(x) * sqrt(y) + x,
    "a condition": lambda x, y: where(x, sqrt(y), y * y + x),
    "a step": lambda x, y: where(step(x - y), sqrt(y), x * y),
    "a root of a square": lambda x, y: sqrt(x * x + y * y),
    "a square of it": lambda x, y: (sqrt(x * x + y * y) * 2) ** 2,
    "a power": lambda x, y: x**y + y,
    "a fixed power": lambda x, y: absolute(x) ** 0.5 * y,
    "a negative power": lambda x, y: x**-1 * y**3,
    "a logarithm": lambda x, y: x * log(y),
    "a quotient": lambda x, y: (x - y) / (x + y),
    "a maximum": lambda x, y: maximum(x, sqrt(y)) * minimum(y, x * 2),
    "an exponential": lambda x, y: exp(x) * y - exp(-y),
    "an angle": lambda x, y: sin(x * 10) + cos(y) * tan(x),
    "an overflow": lambda x, y: step(y) * (x * 1e308 * 10.0) + x,
    "two overflows": lambda x, y: x * 1e308 * 10.0 - y * 1e308 * 10.0,
    "an underflow": lambda x, y: 1e-200 * (1e-200 * log(x * 1e-307)) + y * y,
    "an infinite factor": lambda x, y: tanh(x * math.inf) * y + relu(y * -math.inf),
    "constants": lambda x, y: sqrt(constant(0.0)) * (x - y) + (sqrt(constant(0.0)) + x) ** 2,
    "a pole": lambda x, y: OWN(x) * y,
    "a vector": lambda x, y: logsumexp([x, y, 2.0]) - log_softmax([x * y, y])[1],
    "a network": lambda x, y: total(softmax([tanh(x), leaky_relu(y), sigmoid(x * y)])) * dot([x, y], [y, x]),
    "a mask on both sides": lambda x, y: (c := constant(0.0)) * sqrt(x + c) + y,
    "a residue": lambda x, y: sqrt((x + 1e8) - 1e8 - x + y * y) * (x - y),
}
POINTS = [0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 1e-9, -1e-9, 30.0, -30.0, 800.0, -800.0, 1e200, 1e308, math.pi]

ASK = """(many) => many.map(given => {
  const data = leaves.slice();
  for (const [k, x] of given) data[k] = x;
  try { compute(data); return [value.map(String), adjoints.at(-1).map(String)]; } catch (error) { return error.message; }
})"""


def in_python(out, given):
    """Every value and every adjoint of the same graph on other leaves, or None where it is refused."""
    again = {}
    try:
        for k, v in enumerate(order := wengert_list([out])):
            if v.op is None:
                again[v] = Value(given.get(k, v.data), v.name, v.role)
            else:
                again[v] = v.op.apply(*(again[p] for p in v.parents))
        bar = reverse_sweep(wengert_list([again[out]]), {again[out]: 1.0})
    except ERRORS:
        return None
    # What is computed from constants alone has no adjoint that counts.
    return [again[v].data for v in order], [None if fixed(v) else bar[again[v]] for v in order]


def answers(page, out, given):
    """What the page says of each of several choices of leaves: a refusal, or every value and every adjoint."""
    return page.evaluate(ASK, [list(map(list, leaves.items())) for leaves in given])


def agree(expected, found):
    """Whether the numbers of the page are those of Python."""
    pairs = (
        (x, y) for numbers, texts in zip(expected, found, strict=True) for x, y in zip(numbers, texts, strict=True)
    )
    read = ((x, float(y.replace("Infinity", "inf"))) for x, y in pairs if x is not None and y != "null")
    return all(y == pytest.approx(x, rel=1e-8, abs=1e-300, nan_ok=True) for x, y in read)


def compared(page, out, tmp_path):
    """What the page and Python say, at every pair of the points."""
    places = {v.name: k for k, v in enumerate(wengert_list([out])) if v.name}
    given = [
        {places[n]: x for n, x in zip("xy", point, strict=True) if n in places}
        for point in itertools.product(POINTS, repeat=2)
    ]
    Lesson(page, steps(out), tmp_path)
    yield from (
        (leaves, in_python(out, leaves), found) for leaves, found in zip(given, answers(page, out, given), strict=True)
    )


UNARY = [
    sqrt,
    exp,
    log,
    tanh,
    relu,
    step,
    absolute,
    sin,
    sigmoid,
    lambda v: v**2,
    lambda v: v**0.5,
    lambda v: v**-1,
    lambda v: 0.0 * v,
]
BINARY = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b, maximum, minimum, lambda a, b: where(a, b, a),
    lambda a, b: where(step(b), sqrt(a), b), lambda a, b: logsumexp([a, b]), lambda a, b: dot([a, b], [b, 1.0]), lambda a, b: sqrt(a * a + b * b),
]  # fmt: skip


def at_random(seed, size=7):
    """A graph of x and y of so many operations at random, at a point where all of them have a value and a derivative."""
    draw = random.Random(seed)
    while True:
        x, y = Value(round(draw.uniform(-3, 3), 1), "x"), Value(round(draw.uniform(-3, 3), 1), "y")
        found = [x, y, constant(0.0), constant(2.0)]
        try:
            for _ in range(size):
                a, b = draw.choice(found[-4:]), draw.choice(found)
                found.append(draw.choice(UNARY)(a) if draw.random() < 0.5 else draw.choice(BINARY)(a, b))
            out = found[-1] + x * y
            reverse_sweep(wengert_list([out]), {out: 1.0})
        except ERRORS:
            continue
        return out


COMPARED = [  # all of them by `-m slow`, a few in every run
    pytest.param(name, marks=[pytest.mark.slow] * (k % 5 != 0)) for k, name in enumerate([*GRAPHS, *range(8)])
]


@pytest.mark.parametrize("name", COMPARED)
def test_after_what_if_the_page_has_pythons_answer_or_a_refusal(name, page, tmp_path):
    out = GRAPHS[name](Value(0.7, "x"), Value(1.3, "y")) if name in GRAPHS else at_random(name)
    kept = 0
    for leaves, expected, found in compared(page, out, tmp_path):
        if isinstance(found, str):  # in words that name the operand
            assert found.count("; got ") + found.count("; its operand is ") == 1
            kept += expected is None
            continue
        assert expected is not None, (leaves, found)
        assert agree(expected, found), (leaves, expected, found)
        kept += 1
    assert kept >= len(POINTS) ** 2 - 1  # it refuses no more than Python, but for what may overflow


def test_what_is_computed_from_constants_alone_takes_no_missing_derivative(page, tmp_path):
    x, c = Value(2.0, "x"), constant(0.0, "c")
    out = sqrt(c * 2.0) * x + x
    Lesson(page, steps(out), tmp_path)
    page.evaluate("compute(leaves.map((v, k) => nodes[k].name === 'x' ? 3 : v))")
    assert "NaN" not in page.evaluate("adjoints.at(-1).map(String)")


def test_nan_is_refused_by_no_domain_of_the_page_as_by_none_of_python(page, tmp_path):
    x, y = Value(2.0, "x"), Value(1.0, "y")
    lesson = Lesson(page, steps(log(x * math.inf - math.inf) * y), tmp_path)
    lesson.set("y", "3")
    assert "→" in page.inner_text("#said")
    assert page.evaluate("String(value.at(-1))") == "NaN"


def test_a_page_opens_with_whatever_python_computed(page, tmp_path):
    """Of a row of the reader's own the page cannot know whether it may overflow: only after What if it refuses that."""
    cube = Op("page_cube", lambda x: x * x * x, (lambda y, x: 3 * x * x,))
    lesson = Lesson(page, steps(cube(Value(1e200, "x")) * 0.5), tmp_path)
    assert page.evaluate("String(value.at(-1))") == "Infinity"
    lesson.set("x", "2e200")
    assert page.inner_text("#said") == "page_cube has no value here; got 2e200 from x. The numbers stay as they were."
    lesson.set("x", "2")
    assert page.evaluate("value.at(-1)") == 4
    page.click("#reset")
    assert page.evaluate("String(value.at(-1))") == "Infinity"


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (exp, "710", "exp is beyond the largest number here; got 710 from x"), (log, "0", "log is defined for x > 0; got 0 from x"),
        (lambda v: v**3, "1e200", "power is beyond the largest number here; got 1e200 from x and 3 from 3"),
        (lambda v: 1.0 / v, "0", "divide is defined for a divisor other than 0; got 1 from 1 and 0 from x"),
        (lambda v: v**-1, "0", "and 0 under an exponent ≥ 0; got 0 from x and −1 from (−1)"),
        (lambda v: sqrt(v) ** 2, "0", "sqrt has no derivative here; its operand is 0 from x, and the gradient that reaches it is 0 at this point only: 0 · ∞ has no value"),
        (lambda v: sqrt(v) * 2, "0", "sqrt has no derivative here; its operand is 0 from x"),
    ],
)  # fmt: skip
def test_a_refusal_of_the_page_names_the_operation_and_its_operand(f, x, words, page, tmp_path):
    lesson = Lesson(page, steps(f(Value(1.0, "x"))), tmp_path)
    lesson.set("x", x)
    assert page.inner_text("#said").endswith(f"{words}. The numbers stay as they were.")


# --- the Jacobians of stages ------------------------------------------------------------------------------------------


def masked(number, f):
    x, k, y = Value(number, "x", "input"), constant(1.0, "k"), Value(2.0, "y", "input")
    with scope("f"):
        u = named("u", f(x, k))
    with scope("g"):
        return named("L", 0.0 * u + y)


@pytest.mark.parametrize(
    ("f", "label"),
    [
        (lambda x, k: cos(sqrt(x)) * k, "nan"), (lambda x, k: sqrt(x) ** 2 + k, "nan"), (lambda x, k: sqrt(x) + k, "nan"), (lambda x, k: where(0.0, sqrt(x), x) * k, "1"),
        (lambda x, k: 0.0 * sqrt(x) + 3 * x * k, "3"), (lambda x, k: step(x + 1) * sqrt(x + 1e-30) * 0.0 + k, "0"), (lambda x, k: x * math.inf * k, "∞"),
        (lambda x, k: step(x) * (1e308 * k * 10.0) + x, "1"),
    ],
)  # fmt: skip
def test_a_stage_has_the_jacobian_of_its_own_or_nan_where_there_is_none(f, label, page, tmp_path):
    """In the picture, and in the page after What if: 0 · ∞ inside of a stage is not 0."""
    (out := masked(0.0, f)).backward()
    drawn = {wire.quotient: wire.derivative for wire in draw(out, detail="stages").scene.wires if wire.quotient}
    assert drawn["∂u/∂x"] == label
    Lesson(page, steps(masked(1.0, f), detail="stages"), tmp_path)
    page.evaluate("compute(leaves.map((x, k) => nodes[k].name === 'x' ? 0 : x)); changed = true")
    found = page.evaluate(
        "page.groups.flatMap(g => g.sources.filter(s => !s.constant).map(s => [`∂${g.name}/∂${s.name}`, derivative(g, s)]))"
    )
    assert dict(found) == drawn


def of_arrays(f, shape, other):
    """A stage u = f(W, V) of two arrays of these shapes, and a last stage."""
    rng = np.random.default_rng(4)
    W, V = array(rng.normal(size=shape).round(2), "W"), array(rng.normal(size=other).round(2), "V")
    with scope("f"):
        u = f(W, V)
        u = named("u", u)
    with scope("g"):
        return named("L", total(u * u) if np.ndim(u) else u * u)


@pytest.mark.parametrize(
    ("f", "shape", "other", "by_w"),
    [
        (lambda W, V: total(W * V), (2, 3), (2, 3), "1×6 matrix"), (lambda W, V: total(W * V), (1, 3), (1, 3), "V"), (lambda W, V: total(W * V), (3,), (3,), "V as a row"),
        (lambda W, V: total(W * V), (3, 1), (3, 1), "V transposed"), (lambda W, V: W @ V, (1, 3), (3,), "V in each row"), (lambda W, V: W @ V, (2, 3), (3,), "V in each row"),
        (lambda W, V: W * V[0], (3,), (1,), "diag(0.66, 0.66, 0.66)"), (lambda W, V: array([W[0] + V[0], V[0] - W[1]]), (2,), (1,), "diag(1, −1)"),
        (lambda W, V: V - W, (3,), (3,), "−I"), (lambda W, V: V @ W, (3,), (2, 3), "V"), (lambda W, V: W @ V, (2,), (2, 3), "V transposed"),
    ],
)  # fmt: skip
def test_the_jacobian_of_a_stage_of_arrays_is_named_in_the_picture_and_in_the_page(
    f, shape, other, by_w, page, tmp_path
):
    shown = steps(out := of_arrays(f, shape, other), detail="stages")
    drawn = {wire.quotient: wire.derivative for wire in shown.picture.scene.wires}
    assert drawn["∂u/∂W"] == by_w
    Lesson(page, shown, tmp_path)
    page.evaluate("changed = true")
    found = page.evaluate(
        "page.groups.flatMap(g => g.sources.filter(s => !s.constant).map(s => [`∂${g.name}/∂${s.name}`, derivative(g, s)]))"
    )
    assert dict(found) == drawn
    assert out.grad is None
