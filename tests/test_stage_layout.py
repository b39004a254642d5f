"""The layout of pictures stage by stage: panels, labels and arrows have their places and cover nothing."""

from itertools import pairwise

import numpy as np
import pytest

import nn
from tests.pictures import SVG, box, network, neuron, parsed
from tests.staged import mlp, recurrent, residual
from viz import draw
from viz.numbers import width
from viz.picture import graphviz as engines, layout
from viz.picture.stages import scene

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

STAGED = {"network": network, "mlp": mlp, "recurrent": recurrent, "residual": residual, "neuron": neuron}


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


def test_two_lanes_stand_far_enough_apart_for_the_jacobians_between_them():
    model = nn.MLP(4, [5, 3], "tanh", rng=0)
    loss = nn.cross_entropy(model([5.1, 3.5, 1.4, 0.2]), 0)
    assert "no room for" not in draw(loss, detail="stages", depth=2, direction="right").svg
