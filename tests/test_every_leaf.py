"""Every leaf's gradient in one table: the largest first, with elasticities that a replay finds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

import autograd as ag
import viz
from autograd import Value, array, gradients, named
from autograd.tape import wengert_list
from tests.pictures import network
from tests.test_paths import graphs
from viz import Sensitivity, explain

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


def test_without_a_leaf_all_of_them_are_told_the_largest_gradient_first():
    out = network()
    told = explain(out)
    assert isinstance(told, Sensitivity)
    leaves = {v.name: v for v in wengert_list([out]) if v.op is None}
    assert {leaf.name for leaf in told.leaves} == set(leaves)
    assert [abs(leaf.gradient) for leaf in told.leaves] == sorted((abs(v.grad) for v in leaves.values()), reverse=True)
    for leaf in told.leaves:
        v = leaves[leaf.name]
        assert (leaf.value, leaf.gradient) == (v.data, v.grad)
        assert leaf.elasticity == pytest.approx(v.grad * v.data / out.data)


@settings(deadline=None)
@given(graphs())
def test_an_elasticity_is_the_percentage_that_a_replay_finds(graph):
    out, _ = graph
    try:
        told = explain(out)
    except (ValueError, ZeroDivisionError):
        return
    leaves = {v.name: v for v in wengert_list([out]) if v.op is None}
    for leaf in told.leaves:
        v = leaves[leaf.name]
        assert (leaf.elasticity is None) == (not v.data or not out.data)
        if leaf.elasticity is not None:
            (slope,) = gradients(out, [v])
            assert leaf.elasticity == pytest.approx(slope.data * v.data / out.data, rel=1e-12, abs=1e-300)


def test_what_one_percent_does_is_said_in_words_where_it_says_something():
    x, y, z = Value(2.0, "x"), Value(0.0, "y"), Value(4.0, "z")
    out = named("f", x * x + y + 0.0 * z)
    lines = str(explain(out)).splitlines()
    assert lines[2].split() == [
        "x",
        "2",
        "4",
        "2",
        "1",
        "%",
        "more",
        "of",
        "x",
        "gives",
        "about",
        "2",
        "%",
        "more",
        "of",
        "f",
    ]
    assert lines[3].split() == ["y", "0", "1", "–"]
    assert lines[4].endswith("1 % more of z gives no change of f")
    assert lines[5] == "Elasticity is ∂f/∂leaf · leaf / f: by so many percent f changes where the leaf changes by 1 %."
    assert "1 % more of x gives about 1 % less of f" in str(explain(named("f", 2 / x)))
    assert "lasticity is" not in str(explain(named("f", x - 2.0)))
    percent = ag.replay(out, {x: 2.0 * 1.01}) / out.data * 100 - 100
    assert percent == pytest.approx(2, rel=0.01)


def test_of_more_leaves_than_have_a_row_the_others_are_counted():
    W = array(np.arange(1.0, 51.0), "W")
    out = named("f", W.sum())
    assert str(explain(out)).splitlines()[42] == "10 more leaves"
    assert str(explain(out, top=49)).splitlines()[51] == "1 more leaf"
    assert "more leaf" not in str(explain(out, top=50))
    assert len(explain(out, top=2).leaves) == 50


def test_a_leaf_that_has_no_derivative_is_refused_as_backward_refuses_it():
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match="sqrt has no derivative here"):
        explain(x.sqrt())
    with pytest.raises(ValueError, match="one output; got"):
        explain([x])
    with pytest.raises(TypeError, match=r"its output is float 1\.0"):
        explain(1.0)


def test_the_cost_of_following_every_path_is_told_where_it_is_twice_that_of_a_sweep():
    x = Value(1.0, "x")
    assert "recursion" not in str(explain(x.sin(), x))
    v = x
    for _ in range(3):
        v = v + v
    assert str(explain(v, x)).endswith("would visit 15 nodes; one reverse sweep visits 4 nodes and 6 edges, each once.")


def test_elasticities_of_a_changed_graph_or_an_infinite_output_are_not_given():
    q = Value(3.0, "q")
    L = q * q + 1
    q.data = 5.0
    with pytest.raises(ValueError, match=r"^q changed after this graph was computed: compute it again"):
        explain(L)
    infinite = explain(Value(1e200, "x") * Value(1e200, "k"))
    assert [leaf.elasticity for leaf in infinite.leaves] == [None, None]


def test_a_remainder_that_leaves_the_floats_beside_a_finite_sum_is_not_called_infinite():
    x = y = Value(2.0**-600, "x")
    for _ in range(1100):
        y = y + y
    found = explain(y * 1e-320, x, top=1)
    assert math.isfinite(found.total)
    assert math.isnan(found.remainder.sum)


@pytest.mark.parametrize("digits", [0, 1, 2.5])
def test_a_table_and_a_formula_need_two_digits_as_a_picture_does(digits):
    y = Value(2.0, "x") * 3.0
    for show in (viz.table, viz.latex):
        with pytest.raises(ValueError, match="digits is a whole number from 2 on"):
            show(y, digits=digits)
