"""A gradient explained: the paths, listed or only counted, are all there are, and they sum to the gradient."""

import math
import re
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import autograd as ag
from autograd import Value, array, constant, gradients, named, scope, where
from autograd.tape import wengert_list
from tests.pictures import PAYLOADS, network
from viz import Explanation, explain
from viz.text.tabular import counted

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def every_path(node, leaf):
    """(names, partials) of every path from the leaf to the node, followed one by one."""
    if node is leaf:
        return [([leaf], [])]
    found = []
    for p, d in zip(node.parents, node.partials, strict=True):
        found += [([*nodes, node], [*partials, d]) for nodes, partials in every_path(p, leaf)]
    return found


def product(partials):
    return 0.0 if 0.0 in partials else math.prod(partials)


def recursion(node):
    """The nodes that a recursion along every path visits."""
    return 1 + sum(recursion(p) for p in node.parents)


OPERATIONS = {
    "+": lambda a, b, c: a + b,
    "·": lambda a, b, c: a * b,
    "Σ": lambda a, b, c: ag.sum([a, b, c]),
    "max": lambda a, b, c: ag.maximum(a, b),
    "sin": lambda a, b, c: a.sin(),
    "2·": lambda a, b, c: 2.0 * a,
}


@st.composite
def graphs(draw):
    """(output, a node that takes a gradient) of a random graph."""
    nodes = [Value(draw(st.sampled_from([-1.5, 0.0, 0.5, 2.0])), f"x{k}") for k in range(3)]
    for _ in range(draw(st.integers(0, 8))):
        k = st.integers(0, len(nodes) - 1)
        nodes.append(OPERATIONS[draw(st.sampled_from(sorted(OPERATIONS)))](nodes[draw(k)], nodes[draw(k)], nodes[-1]))
    order = [v for v in wengert_list(nodes[-1:]) if v.role != "constant"]
    return nodes[-1], draw(st.sampled_from(order))


# --- on random graphs -------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(graphs(), st.integers(1, 12))
def test_the_paths_are_those_that_following_each_finds(graph, top):
    out, v = graph
    paths = every_path(out, v)
    told = explain(out, v, top=top)
    assert told.count == len(paths)
    assert told.remainder.count == len(paths) - len(told.paths)
    assert len(told.paths) == min(top, len(paths))
    products = sorted((product(partials) for _, partials in paths), key=abs, reverse=True)
    np.testing.assert_allclose([abs(p.product) for p in told.paths], np.abs(products[:top]), rtol=1e-12)
    assert told.visits.naive == recursion(out)
    assert told.visits.nodes == len(wengert_list([out]))
    assert told.visits.edges == sum(len(w.parents) for w in wengert_list([out]))


@settings(deadline=None)
@given(graphs(), st.integers(1, 12))
def test_the_products_sum_to_the_gradient(graph, top):
    out, v = graph
    told = explain(out, v, top=top)
    (slope,) = gradients(out, [v])
    scale = sum(abs(product(partials)) for _, partials in every_path(out, v))
    assert told.total == pytest.approx(slope.data, abs=1e-12 * scale)
    assert sum(p.product for p in told.paths) + told.remainder.sum == pytest.approx(told.total, abs=1e-12 * scale)
    for path in told.paths:
        assert path.product == pytest.approx(product(path.partials), rel=1e-12)
        if told.total:
            assert path.share == path.product / told.total


@settings(deadline=None)
@given(graphs())
def test_each_listed_path_is_a_path_of_the_graph(graph):
    out, v = graph
    for k, w in enumerate(wengert_list([out])):
        named(f"n{k}", w)
    found = sorted(([w.name for w in nodes], partials) for nodes, partials in every_path(out, v))
    told = explain(out, v, top=len(found))
    assert sorted((list(p.nodes), list(p.partials)) for p in told.paths) == found


# --- on the lecture's network -----------------------------------------------------------------------------------------


def test_a_hidden_weight_collects_one_path_for_each_output_unit():
    out = network()
    nodes = {v.name: v for v in wengert_list([out])}
    told = explain(out, nodes["W1[0,1]"])
    assert isinstance(told, Explanation)
    assert (told.count, told.remainder.count, told.remainder.sum) == (3, 0, 0.0)
    assert {p.nodes[4] for p in told.paths} == {"x5[0]", "x5[1]", "x5[2]"}
    for path in told.paths:
        k = path.nodes[4][3]
        assert path.nodes == ("W1[0,1]", "x2[0]", "x3[0]", "x4[0]", f"x5[{k}]", f"x6[{k}]", "L")
        sigma = nodes["x4[0]"].data
        expected = [nodes["x[1]"].data, 1, sigma * (1 - sigma), nodes[f"W2[{k},0]"].data, 1, nodes[f"x6[{k}]"].grad]
        assert path.partials == pytest.approx(expected)
    assert told.total == pytest.approx(nodes["W1[0,1]"].grad, rel=1e-14)
    assert sum(p.share for p in told.paths) == pytest.approx(1)


def test_its_text_is_aligned_and_says_what_was_left_out_and_what_following_every_path_costs():
    out = network()
    told = explain(out, next(v for v in wengert_list([out]) if v.name == "x[0]"), top=2)
    lines = str(told).splitlines()
    assert lines[2].split("  ")[0] == "x[0] → x2[0] → x3[0] → x4[0] → x5[0] → x6[0] → L"
    assert re.search(r"  2\.041 · 1 · 0\.1439 · 3\.323 · 1 · 0\.9712  += 0\.9475 +90\.7 %$", lines[2])
    assert lines[4].startswith("7 more paths")
    assert lines[5].split("  ")[0] == "∂L/∂x[0]"
    assert "sum of 9 paths" in lines[5]
    assert len({line.index("=") for line in lines[2:6]}) == 1
    assert lines[6].endswith("would visit 91 nodes; one reverse sweep visits 39 nodes and 48 edges, each once.")
    assert repr(told) == str(told)


def test_an_interior_node_and_the_output_itself_have_paths_too():
    x = Value(3.0, "x")
    square = x * x
    out = square.sin() + square
    assert explain(out, square).count == 2
    told = explain(out, x)
    assert (told.count, told.total) == (4, gradients(out, [x])[0].data)
    assert [tuple(p) for p in explain(out, out).paths] == [(("y",), (), 1.0, 1.0)]


def test_of_a_path_of_more_than_twelve_values_the_first_three_factors_and_the_last_two_are_told():
    x = v = Value(1.0, "x")
    for k in range(2, 15):
        v = named(f"n{k}", v * float(k))
    row = str(explain(v, x)).splitlines()[2]
    assert row.split("  ")[0] == "x → n2 → n3 → … → n13 → n14"
    assert re.search(r"  2 · 3 · 4 · … · 13 · 14  +=", row)


# --- zeros, infinities, missing derivatives -----------------------------------------------------------------------------


def test_a_partial_that_stays_0_makes_a_product_0_beside_an_infinite_or_missing_one():
    x = Value(0.0, "x")
    told = explain(where(0.0, x.sqrt(), x) + x, x)
    assert [p.product for p in told.paths] == [1.0, 1.0, 0.0]
    assert math.isnan(told.paths[2].partials[0])
    assert told.total == 2.0
    assert told.cautions == ()


def test_a_partial_that_is_0_at_this_point_only_has_no_product_with_a_missing_one():
    x = Value(0.0, "x")
    told = explain(x.sqrt() * x + x, x)
    assert sorted(str(p.product) for p in told.paths) == ["0.0", "1.0", "nan"]
    assert math.isnan(told.total)
    assert "0 · ∞ has no value" in told.cautions[0]


def test_a_missing_derivative_is_said():
    x, y = Value(0.0, "x"), Value(2.0, "y")
    out = x.sqrt() * y
    told = explain(out, x)
    assert math.isnan(told.total)
    assert math.isnan(told.paths[0].product)
    assert told.paths[0].share is None
    assert "sqrt has no derivative here: its operand is 0.0 from x" in str(told)
    assert re.search(r"nan · 2 +  = nan +  –", str(told))
    assert explain(out, y).cautions == ()
    assert explain(out, y).total == 0.0


def test_paths_with_an_infinite_partial_come_first():
    x = Value(2.0, "x")
    told = explain(ag.sum([x, x * float("inf"), x * 3.0]), x)
    assert [p.product for p in told.paths] == [math.inf, 3.0, 1.0]
    assert told.total == math.inf
    assert {p.share for p in told.paths} == {None}


def test_products_beyond_floats_on_the_way_are_still_put_in_order():
    x = Value(1.0, "x")
    small, large = x, x
    for k in range(3):
        small, large = small * (1e200 if k else 1e-200), large * (1e150 if k else 1e-300)
    told = explain(small * 1e-300 + large * 1e-100, x, top=1)
    assert told.remainder.count == 1
    assert told.paths[0].product == pytest.approx(1e-100)


def test_shares_are_left_out_where_the_gradient_is_0():
    x = Value(2.0, "x")
    told = explain(x - x, x)
    assert ([p.product for p in told.paths], told.total) == ([1.0, -1.0], 0.0)
    assert {p.share for p in told.paths} == {None}


def test_what_is_left_is_summed_without_the_digits_that_large_paths_would_take():
    x = Value(1.0, "x")
    told = explain(ag.sum([x * 1e20, x * -1e20, x * 1e-3, x * 1e-3]), x, top=2)
    assert told.remainder.sum == 2e-3


# --- many paths, long paths -----------------------------------------------------------------------------------------------


def test_more_paths_than_could_be_followed_are_counted_to_the_last_one():
    x = v = Value(1.0, "x")
    for _ in range(60):
        v = v + v
    start = time.perf_counter()
    told = explain(v, x, top=3)
    text = str(told)
    assert time.perf_counter() - start < 1
    assert (told.count, told.total) == (2**60, 2.0**60)
    assert (told.remainder.count, told.remainder.sum) == (2**60 - 3, 2.0**60 - 3)
    assert told.visits == (2**61 - 1, 61, 120)
    for words in (
        "1,152,921,504,606,846,973 more paths",
        "would visit 2,305,843,009,213,693,951 nodes",
        "61 nodes and 120",
    ):
        assert words in text


def test_a_number_is_written_out_up_to_twenty_four_digits():
    assert counted(10**23, "path") == "100,000,000,000,000,000,000,000 paths"
    assert counted(10**24, "path") == "1e24 paths"
    assert counted(1, "path") == "1 path"


def test_numbers_too_long_to_read_are_rounded():
    x = v = Value(1.0, "x")
    for _ in range(15_000):  # Python writes no whole number of more than 4,300 digits
        v = v + v * 1e-9
    told = explain(v, x, top=2)
    assert told.count == 2**15_000
    assert "2.818e4515 paths" in str(told)
    assert told.total == pytest.approx(math.exp(1.5e-5))
    assert told.remainder.sum == pytest.approx(told.total - 1 - 1e-9, rel=1e-9)


@pytest.mark.parametrize("times", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_depth_costs_no_recursion(times):
    x = v = Value(1.0, "x")
    depth = times * sys.getrecursionlimit()
    for _ in range(depth):
        v = v.sin()
    told = explain(v, x)
    assert told.count == 1
    assert len(told.paths[0].partials) == depth
    assert re.search(r"x → v1 → v2 → … → v\d+ → y  ", str(told))
    assert len(str(told)) < 1000


# --- for notebooks, and refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_that_look_like_markup_are_only_text(payload):
    x = Value(1.0, payload)
    with scope(payload):
        told = explain(named(payload, x.exp() * x), x)
    assert set(re.findall(r"<(/?\w+)", told._repr_html_())) <= {
        f"{end}{tag}" for end in ("", "/") for tag in ("table", "caption", "thead", "tbody", "tr", "th", "td")
    }
    assert told.html.count("<td>") == 12
    assert told.markdown.count("\n") == 5
    assert "\\begin{tabular}{llll}" in told.latex


def test_a_leaf_changed_since_is_named():
    x = Value(1.0, "x")
    y = x.exp()
    x.data = 2.0
    assert "x changed after this graph was computed" in str(explain(y, x))


def test_several_values_are_refused_with_the_advice_to_pick_one():
    W = array([[1.0, 2.0]], "W")
    y = (W * 2).sum()
    with pytest.raises(ValueError, match=r"one leaf; got 2 of them: pick an element, as W\[0, 1\]"):
        explain(y, W)
    for many in (W, [y], (y, y)):
        with pytest.raises(ValueError, match="one output; got"):
            explain(many, W[0, 0])


def test_what_is_no_value_or_not_in_the_graph_or_a_constant_is_refused():
    x, c = Value(1.0, "x"), constant(2.0, "c")
    y = x * c
    with pytest.raises(TypeError, match=r"its output is float 1\.0"):
        explain(1.0, x)
    with pytest.raises(TypeError, match="its leaf is str 'x'"):
        explain(y, "x")
    with pytest.raises(ValueError, match="takes no gradient"):
        explain(y, c)
    with pytest.raises(ValueError, match="is not computed from"):
        explain(y, Value(1.0, "x"))
    for arguments in ({"top": 0}, {"top": 1.5}, {"digits": 1}):
        with pytest.raises(ValueError, match="is a whole number from"):
            explain(y, x, **arguments)


def test_a_value_reaches_itself_by_the_empty_path():
    x = Value(3.0, "x")
    assert explain(x, x).total == 1.0
    assert "x" in str(explain(x, x))
