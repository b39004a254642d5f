"""Graphs copied and pickled: the same graph, and independent."""

import copy
import pickle

import pytest

from autograd import Op, Value, log_softmax, maximum, ops, scope, sum, tanh


def graph():
    x = Value(0.5, "x", "input")
    with scope("f1", "y = x²"):
        y = x * x
    z = maximum(tanh(y) * 3, 0.0)
    z.backward()
    return x, y, z


def facts(order):
    return [(v.data, v.grad, v.name, v.role, v.scope, v.op, v.partials) for v in order]


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))], ids=["deepcopy", "pickle"]
)
def test_a_copy_is_the_same_graph_and_independent(twin_of):
    from autograd import wengert_list

    x, _, z = graph()
    twin = twin_of(z)
    assert facts(wengert_list([twin])) == facts(wengert_list([z]))
    assert not {id(v) for v in wengert_list([twin])} & {id(v) for v in wengert_list([z])}
    before = x.grad
    twin.backward()
    twin_x = next(v for v in wengert_list([twin]) if v.name == "x")
    assert twin_x.grad == 2 * before
    assert x.grad == before


def test_copied_scopes_keep_their_formula():
    _, y, _ = graph()
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert (twin.scope, twin.scope.formula, twin.scope.outer) == ("f1", "y = x²", None)


def test_values_deep_copied_together_share_everything():
    x, y, z = graph()
    cx, cy, cz = copy.deepcopy([x, y, z])
    assert cy.parents[0] is cx
    assert cy.parents[1] is cx
    assert cz.parents[0].parents[0].parents[0] is cy


def test_values_pickled_together_share_their_leaves():
    x, y, z = graph()
    px, py, pz = pickle.loads(pickle.dumps([x, y, z]))
    assert py.parents[0] is px
    assert pz.parents[0].parents[0].parents[0].parents[0] is px


def test_a_copied_graph_keeps_its_rows():
    a = [Value(float(k)) for k in range(3)]
    y = log_softmax(a)[1]
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert twin.op is y.op
        assert twin.partials == y.partials
        assert len(twin.parents) == 3


def test_a_shallow_copy_of_a_leaf_is_another_leaf():
    x = Value(3.0, "x")
    twin = copy.copy(x)
    twin.data = 4.0
    assert (x.data, twin.name) == (3.0, "x")


def test_every_pickle_protocol_carries_a_graph():
    y = sum([Value(1.0), Value(2.0), 3.0])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(y, protocol)).data == 6.0


def test_unpickling_a_graph_of_a_row_that_was_not_made_names_the_row():
    op = Op("test_gone", lambda x: 2 * x, (lambda y, x: 2.0,))
    text = pickle.dumps(op(Value(1.0)))
    del ops.TABLE["test_gone"]
    with pytest.raises(LookupError, match=r"test_gone.*make its row"):
        pickle.loads(text)
