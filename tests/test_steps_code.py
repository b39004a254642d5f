"""The code beside the graph, and the picture at an error: which line makes a value, in which round, and what failed."""

import ast
import math
import sys

import numpy as np
import pytest

import nn
from autograd import Chain, Value, array, log, scope, sum as total
from autograd.tape import wengert_list
from viz import Diagram, draw, source, steps

pytestmark = pytest.mark.unmeasured


def square(z):
    return z * z


def looped(x, w):
    y = x
    for k in range(3):
        if k != 1:
            y = y * w
        while y > 100.0:
            y = y / 10.0
    y = y + total([a * 2.0 for a in (x, w)])
    z = square(y)
    return z.tanh()


class Line(nn.Module):
    def __init__(self):
        self.w, self.b = Value(2.0, "w"), Value(1.0, "b")

    def __call__(self, x):
        return self.w * x + self.b


def texts(shown):
    """Of every computed value its operation and the lines at work, as text and round."""
    code, nodes = shown.data["code"], shown.data["nodes"]
    for (_, row, *_), places in zip(nodes, code["at"], strict=True):
        if row is not None:
            told = [(code["parts"][part]["lines"][line].strip(), rounds) for part, line, _, rounds in places]
            yield shown.data["rows"][row]["name"], told


def test_every_value_has_the_line_that_made_it_the_call_it_came_from_and_the_round():
    found = list(texts(steps(looped, 5.0, 30.0)))
    assert [(name, told) for name, told in found if name in ("multiply", "divide") and told[0][1]] == [
        ("multiply", [("y = y * w", [[1, 3]])]),
        ("divide", [("y = y / 10.0", [[1, 3], [1, 1]])]),
        ("multiply", [("y = y * w", [[3, 3]])]),
        ("divide", [("y = y / 10.0", [[3, 3], [1, 1]])]),
        ("multiply", [("y = y + total([a * 2.0 for a in (x, w)])", [[1, 2]])]),
        ("multiply", [("y = y + total([a * 2.0 for a in (x, w)])", [[2, 2]])]),
    ]
    assert ("multiply", [("return z * z", []), ("z = square(y)", [])]) in found
    assert found[-1] == ("tanh", [("return z.tanh()", [])])


def in_one_line(x, w):
    ys = [a * w for a in x]
    d = {(k, b): a + b for k, a in enumerate(x[:2]) for b in ys if b.data > 2.0}
    for a in [*d.values()]: w = w - a  # noqa: E701  # fmt: skip
    while w.data < 0.0: w = w / -2.0  # noqa: E701  # fmt: skip
    for _ in range(2):
        w = w.log() if w.data > 5.0 else w + total([b.sin() for b in ys[:2]])
    return total(w.tanh() for _ in range(2))


def test_comprehensions_and_loops_of_one_line_tell_their_rounds():
    told = {name: [] for name in ("multiply", "add", "subtract", "divide", "sin", "tanh")}
    for name, stack in texts(steps(in_one_line, [1.0, 2.0, 3.0], 2.0)):
        if name in told:
            told[name].append(stack[0][1])
    assert {name: sorted(rounds) for name, rounds in told.items()} == {
        "multiply": [[[1, 3]], [[2, 3]], [[3, 3]]],
        "add": [[[1, 2], [2, 3]], [[1, 2], [3, 3]], [[2, 2]], [[2, 2], [2, 3]], [[2, 2], [3, 3]]],
        "subtract": [[[k, 4]] for k in range(1, 5)],
        "divide": [[[1, 1]]],
        "sin": [[[2, 2], [1, 2]], [[2, 2], [2, 2]]],
        "tanh": [[[1, 2]], [[2, 2]]],
    }


def test_a_comprehension_is_a_line_of_its_function_and_no_call():
    stacks = [stack for _, stack in texts(steps(in_one_line, [1.0, 2.0, 3.0], 2.0))]
    assert {len(stack) for stack in stacks if "[a * w" in stack[0][0]} == {1}


def test_the_part_of_the_line_that_was_at_work_is_its_own_expression():
    code = steps(looped, 5.0, 30.0).data["code"]
    for places in code["at"]:
        for part, line, span, _ in places:
            if span:
                text = code["parts"][part]["lines"][line][slice(*span)]
                ast.parse(text, mode="eval")


def test_the_lines_are_those_of_the_function_without_its_indentation_and_with_their_numbers():
    part = steps(looped, 5.0, 30.0).data["code"]["parts"][0]
    assert part["name"] == "looped"
    assert part["lines"][0] == "def looped(x, w):"
    assert part["first"] == looped.__code__.co_firstlineno


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: (Line(), 3.0), "return self.w * x + self.b"),
        (lambda: (Line().__call__, 3.0), "return self.w * x + self.b"),
        (lambda: (Chain(square, lambda z: z + 1.0), 3.0), "return z * z"),
        (lambda: (scope("f1")(square), 3.0), "return z * z"),
        (lambda: (nn.MLP(2, [2, 1], rng=0), [1.0, 2.0]), "x = layer(x)"),
    ],
    ids=["module", "bound", "chain", "scoped", "library"],
)
def test_modules_bound_methods_chains_and_scopes_have_their_lines(make, line):
    f, x = make()
    assert any(line in text for _, told in texts(steps(f, x)) for text, _ in told)


def test_the_lecture_stands_beside_its_six_boxes():
    W = array(np.eye(2), "W1")
    b = array([0.0, 0.0], "b")
    shown = steps(nn.lecture_chain(W, b, W, b, 0), [0.5, -1.0], detail="stages")
    code = shown.data["code"]
    for k, group in enumerate(shown.data["groups"], 1):
        part, line, *_ = code["at"][group["nodes"][-1]][0]
        assert f'_function("f{k}"' in code["parts"][part]["lines"][line]


def test_floats_become_leaves_of_the_parameters_names_and_whole_numbers_stay():
    def f(x, W, n):
        for _ in range(n):
            x = x * 2.0
        return x + W.sum()

    names = {
        name for name, row, _, _, role in steps(f, 1.0, np.ones(2), 3).data["nodes"] if row is None and role == "input"
    }
    assert names == {"x", "W[0]", "W[1]"}


def test_a_function_of_whole_numbers_alone_is_refused_with_what_to_write():
    with pytest.raises(TypeError, match=r"plain number 9.*such as 3\.0"):
        steps(square, 3)


def test_a_value_or_a_chain_that_was_called_has_no_code():
    chain = Chain(square)
    chain(2.0)
    assert steps(chain).data["code"] is None
    assert steps(Value(2.0).exp()).data["code"] is None


def test_a_function_without_source_is_shown_as_its_value():
    space = {}
    exec("def f(x):\n    return (x * x).exp()", space)
    assert steps(space["f"], 3.0).data["code"] is None
    with pytest.raises(OverflowError) as caught:
        draw(space["f"], 1e3)
    assert [card.kind for card in caught.value.picture.scene.cards].count("failed") == 1


CELL = "ipykernel_1/2.py"


def test_a_cell_of_a_notebook_has_its_lines_too():
    import linecache

    text = "def f(x):\n    y = x * x\n    return y + 1.0\n"
    linecache.cache[CELL] = len(text), None, text.splitlines(keepends=True), CELL
    space = {}
    exec(compile(text, CELL, "exec"), space)
    assert [told[0][0] for _, told in texts(steps(space["f"], 3.0))] == ["y = x * x", "return y + 1.0"]


def test_the_tracer_that_was_there_is_back_after_a_run_and_after_an_error():
    before, mine = sys.gettrace(), lambda *_: None
    try:
        sys.settrace(mine)
        steps(square, 2.0)
        assert sys.gettrace() is mine
        with pytest.raises(ValueError, match="log"):
            steps(lambda x: log(x), -1.0)
        assert sys.gettrace() is mine
    finally:
        sys.settrace(before)


# --- the pane ---------------------------------------------------------------------------------------------------------


def test_the_current_line_is_marked_forward_and_back_and_a_click_leads_to_its_step(opened):
    lesson = opened(steps(looped, 5.0, 30.0))
    current = lesson.page.locator("[data-code] [aria-current=step]")
    assert current.count() == 0
    lesson.press("ArrowRight")
    assert current.inner_text().strip() == "y = y * w"
    assert lesson.page.inner_text("#round") == f"line {looped.__code__.co_firstlineno + 4}, round 1 of 3"
    lesson.press("End")
    assert "y = y * w" in current.inner_text()
    lesson.press("b", "ArrowRight")
    assert current.inner_text().strip() == "return z.tanh()"
    lesson.page.click("[data-line]:has-text('return z * z')")
    assert lesson.count == "backward 2/10"
    assert "called from line" in lesson.page.inner_text("#round")
    lesson.press("Home")
    lesson.page.click("[data-line]:has-text('y = y * w')")
    assert lesson.count == "forward 1/10"
    lesson.page.click("[data-line]:has-text('y = y * w')")
    assert lesson.page.inner_text("#round").endswith("round 3 of 3")


def test_without_code_there_is_no_pane(opened):
    lesson = opened(steps(Value(2.0).exp()))
    assert lesson.page.locator("[data-code]").count() == 0


# --- errors -----------------------------------------------------------------------------------------------------------


def leaves(domain):
    def f(x):
        h = x * 2.0 - 3.0
        k = h + x
        return domain(h) + k

    return f


@pytest.mark.parametrize("verb", [draw, steps])
@pytest.mark.parametrize(
    ("f", "args", "error", "what", "operands"),
    [
        (leaves(log), [1.0], ValueError, "log", 1),
        (leaves(lambda h: 1.0 / (h - h)), [1.0], ZeroDivisionError, "divide", 2),
        (leaves(lambda h: (h * 1e3).exp()), [3.0], OverflowError, "exp", 1),
        (lambda x: array(np.ones((2, 3)), "W") @ x, [[1.0, 2.0]], ValueError, "@ x", 8),
    ],
    ids=["domain", "divisor", "overflow", "shape"],
)
def test_an_error_carries_the_graph_up_to_the_operation_that_failed_in_red(verb, f, args, error, what, operands):
    with pytest.raises(error) as caught:
        verb(f, *args)
    picture = caught.value.picture
    assert isinstance(picture, Diagram)
    (red,) = [card for card in picture.scene.cards if card.kind == "failed"]
    assert what in red.name
    assert sum(wire.head == red.id for wire in picture.scene.wires) == operands
    words = " ".join(row[0] for row in red.grids[0].cells)
    assert words == " ".join(str(caught.value).split())
    assert "#D1242F" in picture.svg
    assert "error.picture" in caught.value.__notes__[0]


@pytest.mark.parametrize("verb", [draw, steps])
def test_a_number_taken_out_of_the_graph_is_refused_as_its_gradient_would_be_missing(verb):
    with pytest.raises(TypeError, match="use autograd's functions in place of those of math") as caught:
        verb(lambda x: math.sin(x) * x, 2.0)
    assert isinstance(caught.value.picture, Diagram)
    verb(lambda x: x if x > 1.0 else x * x, 2.0)  # a comparison loses no gradient


def test_what_was_computed_beside_the_failing_operation_is_in_the_picture_too():
    with pytest.raises(ValueError, match="log") as caught:
        draw(leaves(log), 1.0)
    assert {card.value for card in caught.value.picture.scene.cards if card.kind == "operation"} == {"2", "−1", "0"}


def test_a_derivative_that_does_not_exist_is_red_in_the_whole_graph():
    with pytest.raises(ZeroDivisionError, match="no derivative") as caught:
        steps(lambda x: x.sqrt() * 2.0, 0.0)
    cards = {card.id: card for card in caught.value.picture.scene.cards}
    (red,) = [card for card in cards.values() if card.kind == "failed"]
    (wire,) = [wire for wire in caught.value.picture.scene.wires if wire.head == red.id]
    assert (red.name, cards[wire.tail].glyph) == ("the derivative of sqrt", "√")
    assert len(cards) == 5


def test_an_error_that_is_no_operations_has_no_picture():
    def f(x):
        y = x * x
        return y + {}["missing"]

    with pytest.raises(KeyError) as caught:
        draw(f, 2.0)
    assert not hasattr(caught.value, "picture")


def test_ipython_shows_the_picture_of_an_error_that_nobody_catches_once():
    shell = (
        pytest.importorskip("IPython.testing.globalipapp").get_ipython()
        or pytest.importorskip("IPython.core.interactiveshell").InteractiveShell.instance()
    )
    from IPython.utils.capture import capture_output

    with capture_output() as seen:
        shell.run_cell(
            "import viz\nfrom autograd import log\nviz.draw(lambda x: log(x - 2.0), 1.0)", store_history=True
        )
    assert ["image/svg+xml" in output.data for output in seen.outputs] == [True]
    assert "log is defined for x > 0" in seen.stdout + seen.stderr


def test_drawing_a_function_is_drawing_what_it_gives():
    assert [card.value for card in draw(square, 3.0).scene.cards] == ["3", "9"]


def test_nothing_is_watched_once_a_run_is_over():
    watch = source.ran(square, [2.0], None)[1]
    assert watch.state == {}
    assert len(wengert_list([next(iter(watch.places))])) == 2


@pytest.mark.parametrize("shown", [draw, steps])
def test_an_option_without_its_name_is_not_taken_for_an_argument_in_silence(shown):
    with pytest.raises(TypeError, match="options have names: detail='stages'"):
        shown(Value(2.0, "x") * 3.0, "stages")
