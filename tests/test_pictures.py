"""Pictures: every number of the graph is in them, at the right place, and nothing else is."""

import re

import numpy as np
import pytest

import autograd as ag
from autograd import Value, array, named, scope
from autograd.tape import wengert_list
from tests.pictures import SVG, direction, graph, network, neuron, parsed, texts, written
from viz import draw, table
from viz.numbers import number
from viz.picture import colours

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["direction", "graph"]


# --- what the picture says --------------------------------------------------------------------------------------------


def test_every_card_prints_its_nodes_value_and_gradient(graph):
    _, groups = parsed(draw(graph, detail="values"))
    for k, v in enumerate(wengert_list(ag.nesting.flat(graph))):
        lines = texts(groups[f"n{k}"])
        if v.role == "constant":
            assert lines == [f"{v.name} = {number(v.data)}" if v.name else number(v.data)]
        else:
            assert lines[1:] == [number(v.data), "∂ " + ("–" if v.grad is None else number(v.grad))]
            assert (v.name or "") in lines[0]
            assert v.op is None or (v.op.symbol or v.op.name) in lines[0] or (v.op.name == "dot" and "·" in lines[0])


def test_every_edge_carries_two_numbers_that_multiply_in_the_picture_and_in_the_dot_text(graph):
    diagram = draw(graph, detail="values")
    order = wengert_list(ag.nesting.flat(graph))
    ids = {v: f"n{k}" for k, v in enumerate(order)}
    edges = [(v, p, d) for v in order for p, d in zip(v.parents, v.partials, strict=True) if p.role != "constant"]
    flow = {(v, p): [] if v.grad is None else [f"◂ {number(d * v.grad if v.grad else 0.0)}"] for v, p, d in edges}
    expected = sorted((ids[p], ids[v], "\\n".join([f"×{number(d)}", *flow[v, p]])) for v, p, d in edges)
    found = re.findall(r'(n\d+) -> (n\d+) \[id=\w+ label="?([^"]+?)"? weight', diagram.dot)
    found += re.findall(r'(n\d+) -> (n\d+) \[label="?([^"]+?)"? id', diagram.dot)
    assert sorted(found) == expected
    drawn = [text for _, words in written(parsed(diagram)[1]) for text in words]
    locals_ = sorted(text for text in drawn if text.startswith("×"))
    wanted = [f"×{number(d)}" for *_, d in edges]
    assert locals_ == sorted(wanted if len(wanted) <= 16 else (text for text in wanted if text != "×1"))
    flows = [text for text in drawn if not text.startswith("×")]
    every = [words[2:] for two in flow.values() for words in two]
    assert not set(flows) - set(every)
    assert len(edges) > 16 or len(flows) == sum(v.grad is not None for v, *_ in edges)


def test_what_the_edges_of_a_node_add_sums_to_its_gradient():
    out = network()
    diagram = draw(out, detail="values")
    added = {}
    for wire in diagram.scene.wires:
        assert wire.flow == number(float(wire.title.split("adds ")[1].split()[0].replace("−", "-")))
        added[wire.tail] = added.get(wire.tail, 0.0) + float(wire.title.split("adds ")[1].split()[0].replace("−", "-"))
    for k, v in enumerate(wengert_list([out])[:-1]):
        assert added[f"n{k}"] == pytest.approx(v.grad, rel=1e-12)


def test_an_edges_colour_is_the_sign_and_its_width_the_size_of_what_it_adds():
    _, groups = parsed(draw(neuron(), theme="light"))
    by_tail = {"x1": ("#4393C3", "2.3"), "w1": ("#D6604D", "2.04"), "w2": ("#818B98", "0.9")}
    names = {v.name: k for k, v in enumerate(wengert_list([neuron()]))}
    for wire in draw(neuron()).scene.wires:
        for name, (colour, thick) in by_tail.items():
            if wire.tail == f"n{names[name]}":
                line = groups[wire.id].find(f"{SVG}path")
                assert (line.get("stroke"), line.get("stroke-width")) == (colour, thick)


def test_before_a_backward_pass_no_gradient_is_shown_as_zero():
    diagram = draw(neuron(backward=False), theme="light")
    assert texts(parsed(diagram)[0]).count("∂ –") == 10
    for colour in ("#D6604D", "#4393C3", "#F4A582"):
        assert colour not in diagram.svg


def test_the_tooltip_of_a_card_says_what_its_row_of_the_table_says(graph):
    titles = [card.title for card in draw(graph, detail="values").scene.cards]
    rows = table(graph).rows
    assert len({row.node for row in rows}) == len(rows)
    for row in rows:
        (title,) = (
            t for t in titles if t.startswith((f"{row.node} = {row.expression}", f"{row.node}, {row.expression}"))
        )
        assert title.endswith(f": value {row.value!r}, gradient {row.adjoint!r}")


def test_a_nameless_value_shows_the_number_that_the_table_calls_it_only_in_a_large_graph():
    x = Value(2.0, "x")
    small, v = draw(x.exp() * x), x
    for _ in range(60):
        v = v.sin()
    assert [(card.glyph, card.name) for card in small.scene.cards] == [("", "x"), ("exp", ""), ("×", "y")]
    assert {card.name for card in draw(v).scene.cards} == {row.node for row in table(v).rows}
    assert draw(v).scene.cards[-1].title.startswith("y = sin(v59): value ")


def test_a_nameless_output_is_y_unless_another_value_is():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    assert draw(x.exp()).scene.cards[-1].name == "y"
    assert draw(y.exp()).scene.cards[-1].name == "output"
    with scope("f"):
        out = y * x
    out.backward()
    stages = draw(out, detail="stages").scene
    assert [wire.flow for wire in stages.wires if wire.flow] == []
    assert [card.grids[1].heading for card in stages.cards] == ["∂output/∂y", "∂output/∂output", "∂output/∂x"]
    assert [card.name for card in draw([x.exp(), x.sin()]).scene.cards] == ["x", "", ""]


def test_a_named_constant_shows_its_name_and_edges_of_constants_carry_no_number_and_no_colour():
    r, pi = Value(2.0, "r"), ag.constant(3.14159265, "π")
    A = pi * r**2
    A.backward()
    diagram = draw(A, theme="light")
    _, groups = parsed(diagram)
    constants = {card.id: card for card in diagram.scene.cards if card.kind == "constant"}
    assert sorted(card.lines[0] for card in constants.values()) == ["2", "π = 3.142"]
    quiet = [wire for wire in diagram.scene.wires if wire.tail in constants]
    assert len(quiet) == 2
    for wire in quiet:
        assert (wire.lines, wire.title) == ([], "")
        line = groups[wire.id].find(f"{SVG}path")
        assert (line.get("stroke"), line.get("stroke-dasharray")) == ("#818B98", None)


def test_a_dot_is_named_by_its_vectors_or_is_a_dot_alone():
    W, x = array(np.ones((2, 3)), "W"), array([1.0, 2.0, 3.0], "x", "input")
    marks = [card.glyph for card in draw(W @ x).scene.cards if card.glyph]
    assert marks == ["W[0]·x", "W[1]·x"]
    assert [card.glyph for card in draw(ag.dot(W[0], [*W[:, 0].tolist(), x[1]])).scene.cards if card.glyph] == ["·"]
    assert [card.glyph for card in draw(ag.dot(x[1:], W[0, :2])).scene.cards if card.glyph] == ["·"]


def test_a_value_that_is_not_finite_is_marked_and_so_is_an_edge_that_carries_it():
    x = Value(0.0, "x")
    y = x * float("inf") + 1.0
    assert colours.PALETTE["broken"][0] in draw(y, theme="light").svg
    z = Value(4.0, "z") * 2.0
    z.backward(float("inf"))
    _, groups = parsed(draw(z, theme="light"))
    assert groups["e0"].find(f"{SVG}path").get("stroke") == colours.PALETTE["infinite"][0]


def test_a_name_that_is_no_text_is_shown_as_text():
    x, y = Value(2.0, "x"), Value(3.0, "3")
    x.name = 3
    out = named("out", x * y)
    assert [card.name for card in draw(out).scene.cards] == ["3", "3", "out"]
    assert [row.node for row in table(out).rows] == ["3#1", "3#2", "out"]
    x.data = 5.0
    assert "3 changed after this graph was computed" in draw(out).svg


def test_the_tooltip_of_a_card_gives_its_whole_scope():
    with scope("layer"), scope("neuron"):
        out = Value(1.0, "x").exp()
    assert "y = exp(x) in layer/neuron: value 2.718281828459045, gradient None" in draw(out).svg


def test_the_tooltip_has_a_name_to_its_last_letter_and_negative_numbers_as_python_writes_them():
    name = "a_name_that_is_far_too_long_to_stand_on_a_card_" * 3
    x = Value(-2.0, name)
    (x * 3.0).backward()
    card = draw(x * 3.0).scene.cards[0]
    assert name not in card.name
    assert card.title == f"{name}, parameter: value -2.0, gradient 3.0"


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_a_picture_says_in_words_how_large_it_is_and_what_comes_out(detail):
    root, _ = parsed(diagram := draw(network(), detail=detail))
    description = root.find(f"{SVG}desc")
    assert description.get("id") in root.get("aria-labelledby").split()
    assert description.text.startswith(f"{len(diagram.scene.wires)} edges. Output: ")
    assert number(network().data, 4 if detail == "values" else 3) in description.text


def test_a_chain_is_drawn_as_it_was_called_last():
    chain = ag.Chain(double=lambda x: 2.0 * x, out=lambda x: x.tanh())
    with pytest.raises(ValueError, match=r"Chain\(double, out\) was not called yet"):
        draw(chain)
    y = chain(Value(0.5, "x"))
    assert draw(chain).svg == draw(y).svg
    assert str(table(chain)) == str(table(y))


def test_a_square_has_two_edges():
    x = Value(3.0, "x")
    assert [(w.tail, w.head, w.lines) for w in draw(x * x).scene.wires] == [("n0", "n1", ["×3"])] * 2


def test_lanes_are_the_outermost_scopes_with_their_formulas(direction):
    diagram = draw(network(), detail="values", direction=direction)
    assert [lane.name for lane in diagram.scene.lanes] == ["x", "f1", "f2", "f3", "f4", "f5", "f6"]
    words = texts(parsed(diagram)[0])
    assert "x2 = W1·x" in words
    assert "L = −log softmax(x6)_c" in words


def test_nested_scopes_share_the_lane_of_the_outermost():
    x = Value(1.0, "x")
    with scope("layer", "a formula"):
        with scope("neuron1"):
            a = x * 2
        with scope("neuron2"):
            b = x * 3
    lanes = draw(a + b).scene.lanes
    assert [(lane.name, lane.formula) for lane in lanes] == [("layer", "a formula"), ("", "")]


def test_scopes_that_take_values_from_each_other_have_no_lanes_and_the_caption_says_so():
    x = Value(1.0, "x")
    with scope("A"):
        a = x * 2
    with scope("B"):
        b = a + 1
    with scope("A"):
        c = b * a
    diagram = draw(c)
    assert not diagram.scene.lanes
    assert "no lanes" in diagram.svg


def test_the_values_nearest_to_the_output_are_shown_and_the_caption_counts_the_rest():
    v = Value(1.0, "x")
    for _ in range(300):
        v = v.tanh()
    diagram = draw(v, max_nodes=50)
    assert "50 of 301 values shown" in diagram.svg
    assert "… 251 more" in texts(parsed(diagram)[0])
    assert sum(card.kind != "stub" for card in diagram.scene.cards) == 50


def test_a_value_with_more_operands_than_there_is_room_shows_as_many_as_fit():
    total = ag.sum(list(array(np.ones(300), "x")))
    cards = draw(total, max_nodes=40).scene.cards
    assert len(cards) == 41
    assert cards[-2].value == "… 261 more"


def test_a_leaf_changed_after_the_forward_pass_is_named_in_the_caption():
    w, x, b = Value(2.0, "w"), Value(3.0, "x"), Value(1.0, "b")
    y = (w * x + b).tanh() * w
    assert "changed" not in draw(y).svg + str(table(y))
    w.data = 5.0
    for text in (draw(y).svg, str(table(y))):
        assert "w changed after this graph was computed" in text.replace("\n", " ")


def test_a_leaf_that_is_nan_is_not_taken_for_changed():
    x = Value(float("nan"), "x")
    assert draw(ag.maximum(x, 1.0) * x).scene.notes == []


@pytest.mark.parametrize(("terms", "edges", "shown"), [(5, 15, 15), (6, 18, 12), (40, 120, 80), (41, 123, 0)])
def test_derivatives_of_1_go_unwritten_above_16_edges_and_all_above_120_but_not_in_the_dot_text(terms, edges, shown):
    x = [Value(2.0 + k, f"x{k}") for k in range(terms)]
    diagram = draw(ag.sum([v * v for v in x]), max_nodes=1000)
    labels = written(parsed(diagram)[1])
    assert len(diagram.scene.wires) == edges
    assert len(labels) == shown
    assert len(re.findall(r"-> n\d+ \[[^\]]*label=", diagram.dot)) == edges
    assert bool(diagram.scene.notes) == (shown < edges)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [
        (0.0, 4, "0"), (-0.0, 4, "0"), (1.0, 4, "1"), (-0.94310, 4, "−0.9431"), (0.5, 3, "0.5"), (1e-3, 4, "0.001"),
        (9.99e-4, 4, "9.99e−4"), (1.234567e-5, 3, "1.23e−5"), (12345.6, 4, "12346"), (99999.0, 4, "99999"),
        (1e5, 4, "1e5"), (-1.5e300, 4, "−1.5e300"), (float("inf"), 4, "∞"), (float("-inf"), 4, "−∞"),
        (float("nan"), 4, "nan"), (1200.0, 4, "1200"), (5e-324, 4, "4.941e−324"), (None, 4, "–"),
    ],
)  # fmt: skip
def test_numbers_keep_their_significant_digits(x, digits, text):
    assert number(x, digits) == text


# --- several backward passes ------------------------------------------------------------------------------------------


def test_two_backward_passes_without_zero_grad_are_said_in_the_caption_and_under_the_table():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    y = x * x * w
    y.backward()
    assert not [note for note in draw(y).scene.notes if note.kind == "several"]
    assert "backward passes" not in str(table(y))
    y.backward()
    said = "∂ of x and w holds more than this graph's edges carry to it, such as several backward passes or one through another graph: zero_grad clears it."
    assert [note.text for note in draw(y).scene.notes if note.kind == "several"] == [said]
    assert str(table(y)).endswith(said)
    assert "several backward passes" in " ".join(texts(parsed(draw(y))[0]))
    ag.zero_grad(array([x, w]))
    y.backward()
    assert not draw(y).scene.notes


def test_a_gradient_that_another_graph_left_is_said():
    x = Value(3.0, "x")
    (x * x).backward()
    assert "∂ of x is that of a backward pass through another graph: zero_grad clears it." in [
        note.text for note in draw(x * 2.0).scene.notes
    ]
    y = x * 2.0
    y.backward()
    assert any("several backward passes" in note.text for note in draw(y).scene.notes)


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_one_backward_pass_is_never_taken_for_several(detail):
    """Whatever the seed, the depth, and how the rounding of its sums falls."""
    rng = np.random.default_rng(1)
    for seed in (1.0, -0.3, 0.0, 1e-200):
        W, x = array(rng.normal(size=(5, 5)) * 1e3, "W"), array(rng.normal(size=5), "x", "input")
        h = x
        for k in range(6):
            with scope(f"s{k}"):
                h = np.sin(W @ h) + h * 0.1
        with scope("end"):
            out = ag.sum(h * h)
        out.backward(seed)
        assert not [note for note in draw(out, detail=detail).scene.notes if note.kind == "several"]
    a = Value(2.0, "a")
    outs = [a * a, a.exp()]
    for out in outs:
        out.backward()
    assert not [note for note in draw(outs, detail=detail).scene.notes if note.kind == "several"]  # its edges show both
