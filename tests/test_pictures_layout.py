"""The layout of pictures: cards, lanes and numbers on wires have places of their own, with every engine."""

import os
import re
from itertools import pairwise

import numpy as np
import pytest

import autograd as ag
from autograd import Value, array, scope
from autograd.tape import wengert_list
from tests.pictures import SVG, box, direction, graph, network, neuron, parsed, texts, written
from viz import draw
from viz.numbers import width
from viz.picture import graphviz as engines, hosts, layout
from viz.picture.cards import scene

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["direction", "graph"]


# --- places -----------------------------------------------------------------------------------------------------------


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
            assert width(line, 9 if card.small else 10) < card.size[0]


# --- engines ----------------------------------------------------------------------------------------------------------


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
    wasmtime, tried = pytest.importorskip("wasmtime"), []

    def refuse_to_write(config, on):
        tried.append(on)
        raise wasmtime.WasmtimeError("failed to create cache directory")

    monkeypatch.setattr(wasmtime.Config, "cache", property(fset=refuse_to_write))
    monkeypatch.setattr(hosts, "_code", lambda: b"\0asm\1\0\0\0")  # an empty module
    engine, module = hosts._compiled.__wrapped__()
    assert tried == [True]
    assert wasmtime.Instance(wasmtime.Store(engine), module, [])


def test_long_skip_edges_still_give_a_picture():
    v = x = Value(0.5, "x")
    chain = [v]
    for k in range(240):
        v = v + chain[k // 2] if k % 3 == 0 else v.tanh()
        chain.append(v)
    assert x.name in texts(parsed(draw(v, max_nodes=1000))[0])


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
