"""Pictures that can be read: type of 9 pixels or more at a width of 1,000, long chains in rows, every letter in its font."""

import io
import math
import re
from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest

import nn
from autograd import Value, array, constant, dot, exp, named, scope, sin, sum as total, tanh
from tests.pictures import SVG, box, network, neuron, parsed
from viz import draw
from viz.picture import formats, graphviz as engines, layout
from viz.picture.diagram import LEGIBLE
from viz.picture.scene import narrower

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def mlp(*sizes):
    out = nn.cross_entropy(nn.MLP(4, sizes, "tanh", rng=0)(np.linspace(-1, 1, 4)), 1)
    out.backward()
    return out


def chain(n):
    v = Value(0.7, "x")
    for k in range(n):
        v = (sin(v), tanh(v), exp(v) * 0.3)[k % 3]
    v.backward()
    return v


def recurrence(n):
    W, U, b = array([[0.5, -0.25], [1.0, 0.75]], "W"), array([[0.1, 0.2], [0.3, 0.4]], "U"), array([0.1, -0.1], "b")
    x, h = array(np.linspace(-1, 1, 2 * n).reshape(n, 2), "x", "input"), constant([0.0, 0.0])
    for k in range(n):
        with scope(f"cell{k + 1}", "h = tanh(W·x + U·h + b)"):
            h = named(f"h{k + 1}", tanh(W @ x[k] + U @ h + b))
    with scope("loss"):
        out = named("L", dot(h, h))
    out.backward()
    return out


def convolution():
    k, x = array([0.5, -1.0, 0.25], "k"), array(np.linspace(-1, 1, 12), "x", "input")
    with scope("conv", "c = k ∗ x"):
        c = named("c", array([dot(k, x[i : i + 3]) for i in range(10)]))
    with scope("pool"):
        out = named("y", total(tanh(c)) / 10.0)
    out.backward()
    return out


def broad_and_deep():
    rng = np.random.default_rng(0)
    h = array(rng.normal(size=20), "x")
    for _ in range(6):
        h = tanh(h * 0.5) + h
    return total(h)


LEGIBLES = {
    "10 values": neuron,
    "39 values": network,
    "69 values": lambda: mlp(5, 3),
    "160 values": lambda: mlp(12, 5),
    "440 values": lambda: mlp(16, 16, 3),
    "1,000 values": lambda: mlp(30, 20, 8),
    "2,700 values": lambda: mlp(40, 40, 20),
    "a chain of 30": lambda: chain(30),
    "a chain of 100": lambda: chain(100),
    "a recurrence": lambda: recurrence(6),
    "a longer recurrence": lambda: recurrence(12),
    "a convolution": convolution,
    "broad and deep": broad_and_deep,
    "20,000 values": lambda: mlp(150, 100, 10),
}


@pytest.mark.parametrize("name", [pytest.param(k, marks=[pytest.mark.slow] * k.startswith("20")) for k in LEGIBLES])
def test_the_type_of_what_auto_chooses_has_9_pixels_or_more_at_a_width_of_1000(name):
    diagram = draw(LEGIBLES[name]())
    root, _ = parsed(diagram)
    wide = float(root.get("viewBox").split()[2])
    smallest = min(float(e.get("font-size")) for e in root.iter() if e.get("font-size"))
    shown = smallest * min(1000.0, float(root.get("width"))) / wide
    assert shown == pytest.approx(diagram.smallest, rel=1e-2)
    assert shown >= LEGIBLE


def test_of_a_graph_without_scopes_that_is_too_wide_fewer_values_are_shown_and_the_caption_counts_them():
    diagram = draw(broad_and_deep())
    assert diagram.scene.shown < 120 < diagram.scene.total
    assert f"{diagram.scene.shown} of {diagram.scene.total} values shown" in diagram.svg
    assert draw(broad_and_deep(), max_nodes=1000).scene.shown == diagram.scene.total  # as was asked for


def test_what_is_asked_for_is_drawn_however_wide_it_is():
    assert draw(network(), detail="values").scene.shown == 39
    assert draw(network(), detail="values").smallest < LEGIBLE
    assert draw(chain(30), direction="down").direction == "down"


def test_a_matrix_has_fewer_columns_where_there_is_little_room():
    scene = draw(mlp(40, 40, 20), detail="stages", direction="down").scene
    wide, narrow = ({c.name: c.grids[0] for c in s.cards}["w2"] for s in (scene, narrower(scene)))
    assert [len(row) for row in wide.cells] == [6] * 6
    assert narrow.cells[0] == [*wide.cells[0][:2], "…", wide.cells[0][-1]]
    assert [row[-1] for row in narrow.nodes] == [row[-1] for row in wide.nodes]
    assert narrow.nodes[0][2] is None


def test_wires_that_arrive_at_one_side_of_a_stage_have_tips_of_their_own_and_stay_on_it():
    diagram = draw(recurrence(4), detail="stages")
    places, tips = engines.arrange(diagram.scene, diagram.direction), defaultdict(list)
    assert sum(card.name == "W" for card in diagram.scene.cards) == 1
    boxes = {card.id: card.size for card in diagram.scene.cards}
    for wire in diagram.scene.wires:
        (x, y), (u, v), (wide, high) = places.wires[wire.id][-1], places.cards[wire.head], boxes[wire.head]
        assert abs(x - u) <= wide / 2 + 1
        assert abs(y - v) <= high / 2 + 1
        tips[wire.head].append((x, y))
    assert max(map(len, tips.values())) >= 5
    near = [math.dist(a, b) for found in tips.values() for a, b in combinations(found, 2)]
    assert min(near) > 8


def test_of_a_long_recurrence_only_what_can_be_read_is_laid_out(monkeypatch):
    laid_out, engine = [], engines.render
    monkeypatch.setattr(
        engines, "render", lambda dot, seconds: laid_out.append(dot.count("->")) or engine(dot, seconds)
    )
    diagram = draw(recurrence(40))
    assert diagram.smallest >= LEGIBLE
    assert max(laid_out) < 80  # of 200 wires: to lay them out takes many seconds


def test_the_leaves_of_a_tree_stand_in_the_order_of_the_expression():
    x = [Value(0.1 * k + 0.1, f"x{k}") for k in range(8)]
    diagram = draw(((x[0] - x[1]) * (x[2] + x[3])).tanh() - (x[4] * x[5] + x[6] / x[7]).exp())
    places = engines.arrange(diagram.scene, diagram.direction)
    across = [
        places.cards[card.id][diagram.direction == "right"] for card in diagram.scene.cards if card.kind == "parameter"
    ]
    assert across == sorted(across)


# --- rows ---------------------------------------------------------------------------------------------------------------


def test_a_long_chain_is_folded_into_rows_and_every_wire_still_joins_its_cards():
    diagram = draw(chain(40))
    root, groups = parsed(diagram)
    left, top, wide, high = map(float, root.get("viewBox").split())
    assert 4 / 3 * wide <= 1030
    assert high < 1.6 * wide
    boxes = {card.id: box(groups[card.id].find(f"{SVG}rect")) for card in diagram.scene.cards}
    for k, (a, b, c, d) in enumerate(boxes.values()):
        assert left <= a < c <= left + wide
        assert top <= b < d <= top + high
        assert all(a >= r or c <= p or b >= s or d <= q for p, q, r, s in list(boxes.values())[:k])
    rows = {round(b) for key, (_, b, _, d) in boxes.items() if d - b > 30}
    assert len(rows) >= 4
    for wire in diagram.scene.wires:
        line, head = groups[wire.id].findall(f"{SVG}path")
        points = [tuple(map(float, p.split(","))) for p in re.findall(r"-?[\d.]+,-?[\d.]+", line.get("d"))]
        assert len(points) % 3 == 1
        (tip,) = re.findall(r"^M(-?[\d.]+),(-?[\d.]+)", head.get("d"))
        for (x, y), key in ((points[0], wire.tail), (tuple(map(float, tip)), wire.head)):
            a, b, c, d = boxes[key]
            assert a - 2 <= x <= c + 2
            assert b - 2 <= y <= d + 2


def test_a_chain_that_is_a_little_too_long_has_two_rows_and_no_narrow_column():
    wide, high = draw(chain(8)).size
    assert 2 * high < wide <= 1000
    assert draw(neuron()).size[0] > draw(neuron()).size[1]


def test_a_graph_that_hangs_together_is_not_folded():
    scene = draw(broad_and_deep(), detail="values", max_nodes=1000, direction="right").scene
    assert layout.folded(scene, engines.arrange(scene, "right"), 700) is None


# --- letters ------------------------------------------------------------------------------------------------------------


def test_a_letter_that_our_font_lacks_changes_no_other_letter_of_its_line():
    image = pytest.importorskip("matplotlib.image")
    pytest.importorskip("resvg_py")

    def drawn(text):
        words = f'<text x="5" y="30" font-size="30" fill="#000">{text}</text>'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40" font-family="{formats.FONT}">{words}</svg>'
        return image.imread(io.BytesIO(formats.png(svg)))

    alone, beside = drawn("Ωη"), drawn("Ωη∗語")
    used = int(np.flatnonzero(alone[:, :, 3].any(axis=0)).max())
    np.testing.assert_array_equal(alone[:, :used], beside[:, :used])
    assert beside[:, used + 4 :, 3].any()


def test_the_png_of_a_notebook_is_at_most_2000_pixels_wide_and_a_saved_one_twice_the_size():
    diagram = draw(network(), detail="stages", direction="right")
    assert diagram.size[0] > 1100
    assert int.from_bytes(diagram.png[16:20]) == 2 * diagram.size[0]
    assert int.from_bytes(formats.png(diagram.svg, 2000)[16:20]) == 2000
