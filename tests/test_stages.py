"""Pictures stage by stage: vectors and their gradients, and Jacobians that are named only where the name is true."""

import re
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd import (
    Chain,
    Value,
    array,
    constant,
    dot,
    grads,
    jacobian,
    named,
    scope,
    sigmoid,
    softmax,
    sum as total,
    take,
    tanh,
    values,
)
from autograd.tape import wengert_list
from nn import gpt
from tests.pictures import SVG, box, network, neuron, parsed, texts
from viz import draw
from viz.numbers import number, width
from viz.picture import graphviz as engines, jacobians, layout
from viz.picture.diagram import LEGIBLE
from viz.picture.selection import keys, sequence, visits
from viz.picture.stages import scene

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def mlp(sizes=(3, 2), activation="tanh", backward=True):
    model = nn.MLP(2, sizes, activation, rng=0)
    out = nn.cross_entropy(model([0.5, -1.0]), 1)
    if backward:
        out.backward()
    return out


def recurrent():
    """A cell that is entered again and again, with other scopes between."""
    w, u, v = Value(0.5, "w"), Value(-0.3, "u"), Value(1.2, "v")
    h, outs = Value(0.0, "h0", "input"), []
    for k in range(3):
        x = Value(0.1 * k + 0.2, f"x[{k}]", "input")
        with scope("cell", "h = tanh(w·x + u·h)"):
            h = (w * x + u * h).tanh()
        with scope("out"):
            outs.append((v * h).sigmoid())
        with scope("mix"):
            h = h + 0.1 * outs[-1]
    out = total(outs)
    out.backward()
    return out


def residual():
    W = array(np.arange(9.0).reshape(3, 3) / 10, "W")
    x = array([1.0, 2.0, 3.0], "x", "input")
    with scope("a"):
        a = named("a", W @ x)
    with scope("b"):
        b = named("b", tanh(a))
    with scope("c", "c = x + b"):
        c = named("c", x + b)
    with scope("split"):
        return [named("p", total(c)), named("q", dot(c, c))]


STAGED = {"network": network, "mlp": mlp, "recurrent": recurrent, "residual": residual, "neuron": neuron}


def panels(diagram):
    return {card.name: card for card in diagram.scene.cards}


def numbers(grid):
    return [text for row in grid.cells for text in row]


def labels(diagram):
    return dict(wire.lines[:2] for wire in diagram.scene.wires if wire.quotient)


def flows(diagram):
    return {wire.quotient: wire.flow for wire in diagram.scene.wires if wire.flow}


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


# --- Jacobians --------------------------------------------------------------------------------------------------------


def test_the_product_of_the_jacobians_is_the_gradient():
    rng = np.random.default_rng(0)
    W1, w10, W2, w20 = (
        array(rng.normal(size=s), n) for s, n in (((4, 3), "W1"), (4, "w10"), ((2, 4), "W2"), (2, "w20"))
    )
    chain = nn.lecture_chain(W1, w10, W2, w20, 1)
    x = array([0.3, -1.0, 2.0], "x", "input")
    out = chain(x)
    out.backward()
    product, stages = np.eye(1), chain.stages
    for stage in reversed(stages):
        outputs = np.ravel(np.asarray(stage.output, dtype=object)).tolist()
        inside = [v for v in wengert_list(outputs) if v.scope == stage.name]
        local = jacobians.local(inside, outputs)
        product = product @ np.array([local[v] for v in stage.input]).T
    np.testing.assert_allclose(product[0], grads(x), rtol=1e-13)


def test_a_local_jacobian_is_the_one_of_autograd():
    rng = np.random.default_rng(1)
    x, W = array(rng.normal(size=3), "x"), array(rng.normal(size=(3, 3)), "W")
    a = tanh(W @ x) * x
    out = list(softmax(a))
    inside = [v for v in wengert_list(out) if v.op is not None]
    local = jacobians.local(inside, out)
    np.testing.assert_allclose(np.array([local[v] for v in x]).T, jacobian(out, x), rtol=1e-12)
    expected = np.asarray(jacobian(out, W)).reshape(3, 9)
    np.testing.assert_allclose(np.array([local[v] for v in W.ravel()]).T, expected, rtol=1e-12)


class Named:
    def __init__(self, name, data):
        self.name, self.data = name, np.asarray(data, dtype=float)
        self.values = self.data


W = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
X = np.array([7.0, 8.0])


@pytest.mark.parametrize(
    ("J", "operand", "name"),
    [
        (np.eye(3), None, "I"),
        (-np.eye(2), None, "−I"),
        (np.zeros((2, 3)), None, "0"),
        ([[0.25]], None, "0.25"),
        (np.diag([0.5, 0.25]), None, "diag(0.5, 0.25)"),
        (np.diag([1.0, 2.0, 3.0, 4.0, 5.0]), None, "diag(1, 2, …, 5)"),
        (W, Named("W", W), "W"),
        (W.T, Named("W", W), "W transposed"),
        (np.kron(np.eye(3), X), Named("x", X), "x in each row"),
        ([X], Named("x", X), "x as a row"),
        (X[:, None], Named("x", X), "x"),
        (5.0 * np.eye(2), Named("s", [5.0]), "diag(5, 5)"),
        ([[1.0, 2.0, 3.0]], None, "[1, 2, 3]"),
        ([[1.0], [2.0]], None, "column [1, 2]"),
        (np.ones((5, 6)), None, "1 in each place"),
        (np.eye(4)[[2, 0, 3, 1]], None, "a permutation"),
        (np.eye(4)[[2, 2, 3]], None, "a choice"),
        (np.eye(3)[[2, 2, 0]], None, "a choice"),
        (np.arange(30.0).reshape(5, 6), None, "5×6 matrix"),
        (W, None, "3×2 matrix"),
    ],
)
def test_a_jacobian_is_named_where_the_name_is_true_in_every_entry(J, operand, name):
    J = np.asarray(J, dtype=float)
    operands = [operand] if operand else []
    assert jacobians.label(J, [], operands, 3) == name
    if J.size > 1 and name not in ("[1, 2, 3]", "column [1, 2]") and "matrix" not in name:
        for k in range(J.size) if "…" not in name else (1, 5, 23):
            wrong = J.copy()
            wrong.flat[k] = np.nextafter(wrong.flat[k], 9.0)
            assert jacobians.label(wrong, [], operands, 17) != name


def test_a_jacobian_of_more_than_64_numbers_is_told_by_its_rows_and_columns():
    assert jacobians.text(np.ones((13, 5)), 4) == "13×5 matrix"
    assert jacobians.text(np.arange(64.0).reshape(32, 2), 4).startswith("0, 1; 2, 3; ")


@pytest.mark.parametrize(("by", "name"), [(X, "x as a row"), ([X], "x in each row")])
def test_a_vector_is_the_row_by_a_vector_and_stands_in_each_row_by_a_matrix(by, name):
    assert jacobians.label(np.array([X]), [Named("w", by)], [Named("x", X)], 3) == name


def test_the_operand_itself_is_no_name_of_a_jacobian_by_it():
    x = Named("x", X)
    assert jacobians.label(X[:, None], [x], [x], 3) == "column [7, 8]"


def test_an_adjoint_of_0_passes_nothing_on_to_a_derivative_that_does_not_exist():
    x = array([0.0, 4.0], "x")
    out = [x[0].sqrt() * 0.0 + x[1], x[1].sqrt()]
    inside = [v for v in wengert_list(out) if v.op is not None]
    local = jacobians.local(inside, out)
    np.testing.assert_array_equal(local[x[1]], [1.0, 0.25])
    assert local[x[0]][1] == 0.0


def test_minus_one_before_a_function_stands_in_brackets():
    x = array([1.0, 2.0], "x")
    with scope("f"):
        h = named("h", sigmoid(-x))
    assert labels(draw(named("L", total(h)), detail="stages"))["∂h/∂x"] == "= diag(σ′)·(−I)"


def layers(activation="tanh"):
    """Two layers without names or formulas of their own."""
    model = nn.MLP(3, [4, 2], activation, rng=0)
    out = nn.cross_entropy(model([0.5, -1.0, 0.25]), 1)
    out.backward()
    return out


def test_jacobians_are_named_by_the_structure_of_a_layer():
    named_ = labels(draw(layers("relu"), detail="stages"))
    assert named_["∂layer1/∂x"] == "= diag(relu′)·w1"
    assert named_["∂layer1/∂w1"] == "= diag(relu′)·(x in each row)"
    assert named_["∂layer1/∂b1"].startswith("= diag(relu′) = diag(")
    assert named_["∂layer2/∂w2"] == "= layer1 in each row"


def test_a_softmax_a_convolution_and_a_pick_have_jacobians_with_a_name():
    x, k, K = array(np.linspace(-1, 1, 6), "x", "input"), array([0.5, -1.0], "k"), array([[1.0, 2.0], [3.0, 4.0]], "K")
    X = array(np.linspace(-1, 1, 9).reshape(3, 3), "X", "input")
    with scope("conv"):
        c = named("c", array([dot(k, x[i : i + 2]) for i in range(5)]))
    with scope("pick"):
        a = named("a", [0.0 + v for v in (c[3], c[0], c[4], c[2], c[1])])
    with scope("soft"):
        p = named("p", softmax(a))
    with scope("plane"):
        q = named("q", array([[dot(K.ravel(), X[i : i + 2, j : j + 2].ravel()) for j in range(2)] for i in range(2)]))
    with scope("end"):
        out = named("L", dot(p, p) + total(q))
    out.backward()
    named_ = labels(draw(out, detail="stages"))
    assert named_["∂c/∂k"] == "= windows of x"
    assert named_["∂c/∂x"] == "= band of k"
    assert named_["∂a/∂c"] == "= a permutation"
    assert named_["∂p/∂a"] == "= diag(p) − p·pᵀ"
    assert named_["∂q/∂K"] == "= windows of X"
    assert named_["∂q/∂X"] == "= band of K"
    assert named_["∂L/∂q"] == "= [1, 1, 1, 1]"


def test_what_flows_back_to_a_stage_is_a_product_with_the_jacobian():
    assert flows(draw(network(), detail="stages")) == {
        "∂x2/∂x": "∂L/∂x = W1ᵀ·∂L/∂x2",
        "∂x2/∂W1": "∂L/∂W1 = ∂L/∂x2·xᵀ",
        "∂x3/∂x2": "∂L/∂x2 = ∂L/∂x3",
        "∂x3/∂w10": "∂L/∂w10 = ∂L/∂x3",
        "∂x4/∂x3": "∂L/∂x3 = σ′ ⊙ ∂L/∂x4",
        "∂x5/∂x4": "∂L/∂x4 = W2ᵀ·∂L/∂x5",
        "∂x5/∂W2": "∂L/∂W2 = ∂L/∂x5·x4ᵀ",
        "∂x6/∂x5": "∂L/∂x5 = ∂L/∂x6",
        "∂x6/∂w20": "∂L/∂w20 = ∂L/∂x6",
    }
    assert not flows(draw(network(backward=False), detail="stages"))


@pytest.mark.parametrize("make", [network, layers, lambda: torn(), lambda: residual()[1]])
def test_every_product_that_flows_back_is_the_gradient_or_its_part(make):
    """The written line, computed with the numbers of the graph."""
    out = make()
    if out.grad is None:
        out.backward()
    scene = draw(out, detail="stages").scene
    arrays, bars, added = {}, {}, {}
    for panel in scene.cards:
        for x in panel.stage.vectors:
            arrays[x.name] = x.data
            bars[x.name] = np.array([v.grad for v in x.members]).reshape(x.values.shape)
    for wire in scene.wires:
        for x in wire.by:
            arrays[x.name] = x.data
            sums = [sum(u.partials[k] * u.grad for u, k in wire.edges if u.parents[k] is v) for v in x.members]
            added[wire.id] = np.array(sums).reshape(x.values.shape)
    written = [wire for wire in scene.wires if wire.flow]
    assert len(written) >= 3
    for wire in written:
        left, sign, right = re.fullmatch(r"(\S+) (\+?=) (.+)", wire.flow).groups()
        head = next(panel for panel in scene.cards if panel.id == wire.head)
        slopes = np.array([v.partials[0] for v in head.stage.values])
        g = bars[head.stage.symbol]
        for prime in ("tanh′", "relu′", "σ′"):
            if prime in right:
                g, right = slopes * g, re.sub(rf"\(?{prime} ⊙ (\S+?)\)?(?=·|$)", r"\1", right)
        slope = f"∂{out.name or scene.cards[-1].name}/∂{head.stage.symbol}"
        assert slope in right
        first, _, second = right.partition("·")
        if not second:
            value = g
        elif first == slope:
            value = np.outer(g, arrays[second.removesuffix("ᵀ")]).reshape(added[wire.id].shape)
        else:
            matrix = arrays[first.removesuffix("ᵀ")]
            value = (matrix.T if first.endswith("ᵀ") else matrix) @ g
        np.testing.assert_allclose(value, added[wire.id], rtol=1e-12, atol=1e-15)
        if sign == "=" and left.partition("/∂")[2] in bars:
            np.testing.assert_allclose(value, bars[left.partition("/∂")[2]], rtol=1e-12, atol=1e-15)


def test_after_two_backward_passes_no_product_is_said_to_be_the_whole_gradient():
    out = network()
    out.backward()
    found = flows(draw(out, detail="stages"))
    assert all("+=" in text for quotient, text in found.items() if quotient in ("∂x2/∂W1", "∂x6/∂w20"))


def test_a_quotient_with_a_bar_is_explained_in_the_caption_and_only_there():
    assert "What stands after a bar | is held fixed" in " ".join(map(str, draw(torn(), detail="stages").scene.notes))
    assert not draw(network(), detail="stages").scene.notes
    quotients = [wire.quotient for wire in draw(torn(), detail="stages").scene.wires]
    assert {"∂h1/∂x[1]", "∂h2/∂x[2]", "∂h2/∂W|h1"} <= set(quotients)  # h1 is not computed from x[2]


def test_a_layer_without_a_formula_says_what_it_computes():
    shown = panels(draw(layers(), detail="stages"))
    assert shown["layer1"].formula == "tanh(w1·x + b1)"
    assert shown["layer2"].formula == "w2·layer1 + b2"
    assert shown["L"].formula == "−ln softmax(layer2)[1]"
    x = array([1.0, 2.0], "x", "input")
    with scope("end"):
        out = named("L", total((x - 0.5) ** 2) + x[0])
    assert panels(draw(out, detail="stages"))["end"].formula == "L = Σ((x − 0.5) ** 2) + x[0]"
    assert panels(draw(residual(), detail="stages"))["split"].formula == "Σ, ·"  # two outputs, not computed alike


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


def torn():
    """A recurrence whose first cell takes only the first row of each matrix, and the first element of the bias."""
    U, W, b = array([[0.0, 0.2], [0.4, 0.6]], "U"), array([[0.1, 0.2], [0.3, -0.1]], "W"), array([0.0, 0.1], "b")
    x, h = array([[0.1, 0.3], [0.2, 0.5], [0.7, 0.9]], "x", "input"), array([0.1, 0.2], "h0", "input")
    with scope("cell0"):
        h = [tanh(W[0] @ x[0] + U[0] @ h + b[0]), constant(0.5)]
    for k in (1, 2):
        with scope(f"cell{k}"):
            h = named(f"h{k}", tanh(W @ x[k] + U @ h + b))
    with scope("loss"):
        out = named("L", dot(h, h))
    out.backward()
    return out


def test_a_jacobian_off_in_a_single_entry_is_no_softmaxs():
    p = np.array([0.2, 0.3, 0.5])
    J = np.diag(p) - np.outer(p, p)
    assert jacobians._softmax(J, p)
    for k in range(J.size):
        off = J.copy()
        off.flat[k] *= 1 + 1e-12
        assert not jacobians._softmax(off, p)


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


# --- the look ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["embedded", "built in"])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("name", STAGED)
def test_panels_lie_inside_the_picture_and_cover_neither_each_other_nor_a_label(
    name, direction, depth, engine, monkeypatch
):
    if engine == "built in":
        monkeypatch.setattr(engines, "arrange", layout.built_in)
    diagram = draw(STAGED[name](), detail="stages", direction=direction, depth=depth)
    root, groups = parsed(diagram)
    left, top, wide, high = map(float, root.get("viewBox").split())
    boxes = [box(groups[card.id].find(f"{SVG}rect")) for card in diagram.scene.cards]
    for k, (a, b, c, d) in enumerate(boxes):
        assert left <= a < c <= left + wide
        assert top <= b < d <= top + high
        assert all(a >= r or c <= p or b >= s or d <= q for p, q, r, s in boxes[:k])


@pytest.mark.parametrize("name", STAGED)
@pytest.mark.parametrize("depth", [1, 2])
def test_every_line_of_text_fits_its_panel_and_its_cell(name, depth):
    for card in scene(STAGED[name](), depth, 120, 4).cards:
        assert width(card.name, 12, bold=True) + width(card.formula, 9) < card.size[0]
        for grid in card.grids:
            assert all(width(row[j], 9) < grid.columns[j] for row in grid.cells for j in range(len(row)))
            assert width(grid.heading, 9) <= sum(grid.columns) + 1e-9


@pytest.mark.parametrize("direction", ["right", "down"])
def test_a_parameter_stands_beside_its_stage_and_the_stages_in_a_line(direction):
    diagram = draw(network(), detail="stages", direction=direction)
    _, groups = parsed(diagram)
    along, across = (0, 1) if direction == "right" else (1, 0)
    boxes = {card.name: box(groups[card.id].find(f"{SVG}rect")) for card in diagram.scene.cards}
    middle = {name: ((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for name, b in boxes.items()}
    stages = [f"f{k}" for k in range(1, 7)]
    assert all(middle[a][along] < middle[b][along] for a, b in pairwise(["x", *stages]))
    assert np.ptp([middle[name][across] for name in stages]) < 1.0
    for parameter, stage in (("W1", "f1"), ("w10", "f2"), ("W2", "f4"), ("w20", "f5")):
        assert abs(middle[parameter][along] - middle[stage][along]) < 1.0


def test_weight_and_bias_stand_on_either_side_of_their_layer():
    diagram = draw(mlp(), detail="stages", direction="down")
    _, groups = parsed(diagram)
    x = {card.name: box(groups[card.id].find(f"{SVG}rect"))[0] for card in diagram.scene.cards}
    assert (x["w1"] - x["layer1"]) * (x["b1"] - x["layer1"]) < 0


def test_every_arrow_ends_at_the_panel_it_points_to():
    diagram = draw(mlp(), detail="stages", direction="down")
    places = engines.arrange(diagram.scene, "down")
    cards = {card.id: card for card in diagram.scene.cards}
    for wire in diagram.scene.wires:
        (x, y), head = places.wires[wire.id][-1], cards[wire.head]
        u, v = places.cards[wire.head]
        assert abs(x - u) <= head.size[0] / 2 + 2
        assert abs(y - v) <= head.size[1] / 2 + 2
        (x, y), tail = places.wires[wire.id][0], cards[wire.tail]
        u, v = places.cards[wire.tail]
        assert abs(x - u) <= tail.size[0] / 2 + 2
        assert abs(y - v) <= tail.size[1] / 2 + 2


def test_a_mnist_sized_network_is_four_panels():
    model = nn.MLP(64, [32, 10], "relu", rng=0)
    out = nn.cross_entropy(model(np.linspace(0, 1, 64)), 3)
    out.backward()
    diagram = draw(out)
    assert list(panels(diagram)) == ["x", "w1", "layer1", "b1", "w2", "layer2", "b2", "L"]
    assert labels(diagram)["∂layer1/∂w1"] == "= diag(relu′)·(x in each row)"
    assert values(model.layers[0].w).shape == (32, 64)


def test_two_lanes_stand_far_enough_apart_for_the_jacobians_between_them():
    model = nn.MLP(4, [5, 3], "tanh", rng=0)
    loss = nn.cross_entropy(model([5.1, 3.5, 1.4, 0.2]), 0)
    assert "no room for" not in draw(loss, detail="stages", depth=2, direction="right").svg


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
