"""Pictures stage by stage: which stages stand there, and what their panels and captions say."""

import re

import numpy as np
import pytest

import nn
from autograd import Chain, Value, array, constant, dot, named, scope, softmax, sum as total, take, tanh, values
from autograd.tape import wengert_list
from nn import gpt
from tests.pictures import network, parsed, texts
from tests.staged import labels, mlp, panels, recurrent, residual, torn
from viz import draw
from viz.numbers import number
from viz.picture import graphviz as engines
from viz.picture.diagram import LEGIBLE
from viz.picture.selection import keys, sequence, visits

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def numbers(grid):
    return [text for row in grid.cells for text in row]


# --- the chain of the lecture -----------------------------------------------------------------------------------------


def test_the_chain_is_six_boxes_an_input_and_four_parameters():
    shown = panels(draw(network(), detail="stages"))
    assert list(shown) == ["x", "W1", "f1", "w10", "f2", "f3", "W2", "f4", "w20", "f5", "f6"]
    assert [card.kind for card in shown.values()].count("parameter") == 4
    assert shown["f1"].formula == "x2 = W1·x"
    assert shown["W2"].formula == "3×3"


def test_the_edges_answer_the_lectures_quiz():
    named_ = labels(draw(network(), detail="stages"))
    assert named_["∂x2/∂x"] == "= W1"
    assert named_["∂x2/∂W1"] == "= x in each row"
    assert named_["∂x3/∂x2"] == named_["∂x3/∂w10"] == "= I"
    assert named_["∂x4/∂x3"].startswith("= diag(")
    assert named_["∂x5/∂x4"] == "= W2"
    assert named_["∂x5/∂W2"] == "= x4 in each row"
    assert named_["∂x6/∂x5"] == named_["∂x6/∂w20"] == "= I"
    assert re.fullmatch(r"= \[[−0-9., ]+\]", named_["∂L/∂x6"])


def test_every_panel_shows_its_numbers_and_their_gradients():
    out = network()
    nodes = {v.name: v for v in wengert_list([out])}
    for panel in draw(out, detail="stages").scene.cards:
        for value, slope in zip(panel.grids[::2], panel.grids[1::2], strict=True):
            places = [k for k in nodes if k and k.partition("[")[0] == value.heading]
            places.sort(key=lambda k: [int(n) for n in re.findall(r"\d+", k.partition("[")[2])])
            assert numbers(value) == [number(nodes[k].data, 3) for k in places]
            assert numbers(slope) == [number(nodes[k].grad, 3) for k in places]
            assert slope.heading == f"∂L/∂{value.heading}"


def test_the_picture_holds_what_the_panels_say():
    diagram = draw(network(), detail="stages")
    _, groups = parsed(diagram)
    for panel in diagram.scene.cards:
        written = texts(groups[panel.id])
        assert written[:2] == [panel.name, panel.formula] or (written[0], panel.formula) == (panel.name, "")
        for grid in panel.grids:
            assert grid.heading in written
            assert all(text in written for text in numbers(grid))
    for wire in diagram.scene.wires:
        for line in wire.lines:
            assert line.removeprefix("◂ ") in texts(parsed(diagram)[0])
            assert line in diagram.dot


def test_before_a_backward_pass_no_gradient_is_shown_as_zero():
    diagram = draw(network(backward=False), detail="stages")
    slopes = [text for panel in diagram.scene.cards for grid in panel.grids[1::2] for text in numbers(grid)]
    assert set(slopes) == {"–"}
    assert all(shade is None for panel in diagram.scene.cards for grid in panel.grids[1::2] for shade in grid.shades[0])


# --- which stages -----------------------------------------------------------------------------------------------------


def test_auto_is_values_up_to_max_nodes_and_then_stages_if_there_are_scopes():
    out = mlp((2,))
    count = len(wengert_list([out]))
    assert not draw(out, max_nodes=count).scene.staged
    assert draw(out, max_nodes=count - 1).scene.staged
    assert not draw(out, max_nodes=count - 1, detail="values").scene.staged
    assert draw(network()).scene.staged  # 39 values, in a picture too wide to be read
    long = Value(1.0)
    for _ in range(50):
        long = long + 1.0
    assert not draw(long, max_nodes=20).scene.staged


def test_a_network_is_drawn_as_layers_as_neurons_or_as_values():
    out = mlp((3, 2))
    layers, neurons = (panels(draw(out, detail="stages", direction="right", depth=d)) for d in (1, 2))
    assert list(layers) == ["x", "w1", "layer1", "b1", "w2", "layer2", "b2", "L"]
    cards = draw(out, detail="stages", depth=2).scene.cards
    assert [card.name for card in cards if card.kind == "operation"] == [
        "neuron1",
        "neuron2",
        "neuron3",
        "neuron1",
        "neuron2",
    ]
    assert [grid.heading for grid in neurons["neuron3"].grids][::2] == ["w1[2]", "b1[2]", "neuron3"]
    lanes = [lane.name for lane in draw(out, detail="stages", depth=2).scene.lanes]
    assert lanes == ["x", "layer1", "layer2", ""]
    assert draw(out, detail="stages", depth=3).svg == draw(out, detail="stages", depth=2).svg


def positions(w):
    """Two positions, each of two stages, with weights of their own or the same ones."""
    outs = []
    for k, W in enumerate(w):
        with scope(f"pos{k + 1}"):
            with scope("hidden"):
                h = named("h", tanh(W @ constant([0.5, k - 1.0], "x")))
            with scope("out"):
                outs.append(named(f"y{k + 1}", dot(h, h)))
    L = named("L", total(outs))
    L.backward()
    return L


def test_scopes_that_share_parameters_stand_side_by_side_without_them():
    W, V = (array([[0.5, -1.0], [0.3, 0.8]], name) for name in "WV")
    apart, shared = (draw(positions(w), detail="stages", depth=2).scene for w in ((W, V), (W, W)))
    assert [lane.name for lane in apart.lanes] == ["pos1", "pos2", ""]
    assert any(grid.heading == "W" for card in apart.cards for grid in card.grids)
    assert not shared.lanes
    assert not any(grid.heading == "W" for card in shared.cards for grid in card.grids)
    cards = {(card.name, card.formula): card for card in shared.cards if card.kind == "operation"}
    assert set(cards) == {(name, f"pos{k}") for k in (1, 2) for name in ("hidden", "out")}
    assert cards["hidden", "pos1"].column == cards["hidden", "pos2"].column < cards["out", "pos1"].column
    assert "The scopes share parameters, which are not drawn: W." in map(str, shared.notes)
    assert "share" not in " ".join(map(str, apart.notes))


@pytest.mark.parametrize("depth", [2, 3])
def test_two_positions_of_a_gpt_go_left_to_right_with_their_heads_in_order_and_can_be_read(depth):
    L = gpt.loss(gpt.parameters(), gpt.tokens("a"))
    L.backward()
    diagram = draw(L, depth=depth)
    assert diagram.direction == "right"
    assert diagram.smallest >= LEGIBLE
    cards = {(card.name, card.formula): card for card in diagram.scene.cards}
    middle = engines.arrange(diagram.scene, "right").cards
    parts = (
        ["embed", "project", "head1", "mix", "dense", "logits", "loss"] if depth == 3 else ["embed", "dense", "loss"]
    )
    for k in ("pos1", "pos2"):
        way = [cards[name, k].column for name in parts]
        assert way == sorted(set(way))
    assert all(middle[cards[name, "pos1"].id][1] < middle[cards[name, "pos2"].id][1] for name in parts)
    if depth == 3:
        heads = [cards[f"head{h}", k] for k in ("pos1", "pos2") for h in (1, 2, 3, 4)]
        high = [middle[card.id][1] for card in heads]
        assert len({card.column for card in heads}) == 1
        assert high == sorted(high)
    (z,) = cards["logits", "pos2"].grids
    slopes = [v.grad for row in z.nodes for v in row if v is not None]
    assert [np.sign(shade) for row in z.shades for shade in row if shade is not None] == list(np.sign(slopes))


def test_neurons_that_are_asked_for_can_be_read_and_where_they_cannot_the_caption_says_so():
    few, many = (draw(mlp(sizes), detail="stages", depth=2) for sizes in ((5, 3), (16, 16, 3)))
    assert few.smallest >= LEGIBLE
    assert len(few.scene.cards) == 10
    assert not any(g.heading.startswith("∂") for card in few.scene.cards for g in card.grids)  # the shades tell them
    assert "too small to be read" not in few.svg
    assert many.smallest < LEGIBLE
    assert "In a column of 1,000 pixels the type of this picture is too small to be read." in many.svg


def test_the_sum_of_all_values_shown_is_said():
    assert repr(draw(network(), detail="stages")) == f"<Computation graph of {len(wengert_list([network()]))} values>"


def test_scopes_entered_again_are_shown_as_often_and_the_caption_says_so():
    diagram = draw(recurrent(), detail="stages")
    names = [card.name for card in diagram.scene.cards if card.kind in ("operation", "output")]
    assert names.count("cell") == names.count("out") == 3
    assert any("as often as it is entered" in note.text for note in diagram.scene.notes)


def test_a_recurrent_weight_is_one_card_with_a_wire_to_each_stage_that_takes_it():
    out = torn()
    scene = draw(out, detail="stages").scene
    cards = {card.name: card for card in scene.cards}
    assert {"U", "W", "b"} <= set(cards)
    assert not any("[" in name for name in cards)
    for name in ("U", "W", "b"):
        assert sorted(w.head for w in scene.wires if w.tail == cards[name].id) == sorted(
            cards[f"cell{k}"].id for k in range(3)
        )
    assert list(cards["U"].grids[0].cells) == [["0", "0.2"], ["0.4", "0.6"]]
    bars = {v.name: v.grad for v in wengert_list([out])}
    assert cards["U"].grids[1].cells == [[number(bars[f"U[{i},{j}]"], 3) for j in range(2)] for i in range(2)]


def test_two_arrays_of_one_name_stay_two_cards():
    x = array([1.0, 2.0], "x", "input")
    for k in range(2):
        w = array([0.5 + k, 1.5], "w")
        with scope(f"s{k}"):
            x = named("y", x * w)
    with scope("end"):
        out = total(x)
    names = [card.name for card in draw(out, detail="stages").scene.cards]
    assert names.count("w") == 2


def test_rows_that_parts_of_a_layer_take_alone_stay_inside_them():
    model = nn.MLP(2, [3, 1], rng=0)
    cards = draw(model([0.1, 0.2]), detail="stages", depth=2).scene.cards
    assert not [card for card in cards if card.kind == "parameter"]


def test_visits_of_a_scope_have_an_order():
    out = recurrent()
    order = [v for v in wengert_list([out]) if v.op is not None]
    parents = {v: v.parents for v in wengert_list([out])}
    key = keys(order, parents, 1)
    assert sequence(order, parents, key) == []
    again = visits(order, parents, key)
    lanes = sequence(order, parents, again)
    assert len(lanes) == 9
    assert [visit for name, visit in lanes if name == "cell"] == [0, 1, 2]


def test_scopes_that_no_visits_untangle_are_shown_value_by_value():
    a, b = Value(1.0, "a"), Value(2.0, "b")
    with scope("p"):
        a1 = a * 2.0
    with scope("q"):
        b1 = b * 3.0
        a2 = a1 + 1.0
    with scope("p"):
        b2 = b1 + 1.0
    diagram = draw([a2, b2], detail="stages")
    assert [card.name for card in diagram.scene.cards].count("p") == 2


def test_of_many_stages_those_nearest_to_the_output_are_shown_and_the_caption_counts_them():
    x = Value(1.0, "x")
    for k in range(30):
        with scope(f"f{k}"):
            x = (x * 0.5).tanh()
    diagram = draw(x, detail="stages", max_nodes=10)
    assert [card.name for card in diagram.scene.cards] == [f"f{k}" for k in range(20, 30)]
    assert "10 of 31 stages shown" in diagram.scene.notes[0].text


def test_what_is_computed_outside_of_scopes_is_a_stage_of_its_own():
    with scope("a"):
        y = Value(2.0, "x") * 3.0
    z = (y + 1.0) * y
    assert list(panels(draw(z, detail="stages"))) == ["x", "a", "y"]
    assert list(panels(draw(named("z", z), detail="stages"))) == ["x", "a", "z"]


def test_a_leaf_alone_several_outputs_arrays_chains_and_modules_are_drawn():
    W = array(np.eye(2), "W")
    chain = Chain(f1=lambda x: W @ x, f2=tanh)
    model = nn.Layer(2, 3, rng=0)
    for thing in (Value(2.0, "x"), residual(), chain([1.0, 2.0]), model([1.0, 2.0]), list(W.ravel())):
        diagram = draw(thing, detail="stages")
        assert diagram.scene.staged
        assert texts(parsed(diagram)[0])


def test_constants_are_shown_if_they_have_a_name_and_never_with_a_gradient():
    with scope("a"):
        y = dot(array([1.0, 2.0], "w"), constant([3.0, 4.0], "data")) + 5.0
    y.backward()
    shown = panels(draw(y, detail="stages"))
    assert list(shown) == ["w", "a", "data"]
    assert [grid.heading for grid in shown["data"].grids] == ["data"]


def test_a_matrix_keeps_its_shape_and_a_large_one_its_ends():
    with scope("a"):
        y = total(array(np.arange(80.0).reshape(8, 10), "W"))
    grid = panels(draw(y, detail="stages"))["W"].grids[0]
    assert [row[0] for row in grid.cells] == ["0", "10", "20", "30", "…", "70"]
    assert grid.cells[0] == ["0", "1", "2", "3", "…", "9"]
    part = array(np.arange(4.0).reshape(2, 2), "V")
    with scope("b"):
        z = part[1, 0] * 2.0
    with scope("c"):
        u = total([z, part[0, 0], part[0, 1]])
    assert {"V[1,0]", "V[0]"} <= {card.name for card in draw(u, detail="stages", depth=1).scene.cards}


# --- more stages ------------------------------------------------------------------------------------------------------


def test_a_mnist_sized_network_is_four_panels():
    model = nn.MLP(64, [32, 10], "relu", rng=0)
    out = nn.cross_entropy(model(np.linspace(0, 1, 64)), 3)
    out.backward()
    diagram = draw(out)
    assert list(panels(diagram)) == ["x", "w1", "layer1", "b1", "w2", "layer2", "b2", "L"]
    assert labels(diagram)["∂layer1/∂w1"] == "= diag(relu′)·(x in each row)"
    assert values(model.layers[0].w).shape == (32, 64)


def test_an_element_alone_is_no_vector_and_a_row_that_is_looked_up_and_softmax_have_their_formulas():
    E, v = array([[1.0, 2.0], [3.0, 4.0]], "E"), array([0.5, -1.0], "v")
    i = Value(1.0, "i", "input")
    with scope("a"):
        e = named("e", take(E, i))
    with scope("b"):
        s = named("s", softmax(e * v))
    with scope("c"):
        L = named("L", s[1] * s[1])
    shown = panels(draw(L, detail="stages"))
    assert [shown[k].formula for k in "abc"] == ["e = take(E, i)", "s[1] = softmax(e · v)[1]", "L = s[1] · s[1]"]
    assert shown["b"].stage.symbol == "s[1]"


def test_two_outputs_without_names_have_gradients_that_belong_to_none_of_them():
    x = array([1.0, 2.0], "x")
    with scope("f"):
        a = x[0] * x[1]
    with scope("g"):
        b = x[0] + x[1]
    a.backward()
    assert panels(draw([a, b], detail="stages"))["x"].grids[1].heading == "∂ x"


def test_gradients_of_several_passes_are_told_array_by_array():
    W, x, b = array([[1.0, 2.0], [3.0, 4.0]], "W"), array([1.0, 2.0], "x"), Value(1.0, "b")
    out = total(W @ x) + b
    out.backward()
    out.backward()
    for detail in ("values", "stages"):
        (note,) = draw(out, detail=detail).scene.notes
        assert note.text.startswith(
            "∂ of W, x and b holds more than this graph's edges carry to it, such as several backward passes"
        )
