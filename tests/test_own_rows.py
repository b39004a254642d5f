"""Rows that users make at run time: what follows from them, and what is refused."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sympy

from autograd import (
    Op,
    Value,
    array,
    check_grad,
    exp,
    grad,
    hessian,
    jvp,
    log,
    ops,
    record,
    replay,
    sigmoid,
    sqrt,
    sum,
    values,
    where,
)
from autograd.ops import TABLE
from tests.rows import ROWS


def test_a_row_made_at_run_time_works_everywhere(row):
    op = row("test_sinh", lambda x: (exp(x) - exp(-x)) / 2, (lambda y, x: (exp(x) + exp(-x)) / 2,))
    x = Value(1.0)
    assert x.test_sinh().partials[0] == pytest.approx(math.cosh(1.0))
    assert op(0.0) == 0.0
    assert op([0.0, x])[1].op is op
    assert op(np.zeros(2)).tolist() == [0.0, 0.0]
    assert grad(grad(op))(1.0) == pytest.approx(math.sinh(1.0))
    assert check_grad(op, 1.0, order=2) < 1e-6
    symbol = sympy.Symbol("s")
    assert sympy.simplify(replay(op(x), {x: symbol}) - sympy.sinh(symbol).rewrite(sympy.exp)) == 0


@pytest.mark.parametrize("arity", [1, 2, 3, 4, 5])
def test_a_row_may_have_any_number_of_operands(row, arity):
    partials = tuple((lambda y, *x, k=k: 2 * x[k]) for k in range(arity))
    op = row(f"test_squares{arity}", lambda *x: sum.apply(*(v * v for v in x)), partials)
    xs = [Value(float(k + 1)) for k in range(arity)]
    y = op(*xs)
    y.backward()
    assert y.data == math.fsum((k + 1) ** 2 for k in range(arity))
    assert [x.grad for x in xs] == [2.0 * (k + 1) for k in range(arity)]


def test_a_users_rule_is_given_the_number_of_a_numpy_scalar(row):
    op = row("test_square", lambda x: x * x, (lambda y, x: 2 * x,))
    assert op(np.int64(2**40)) == op([np.int64(2**40)])[0] == 2.0**80


def test_an_n_ary_row_made_at_run_time_works(row):
    op = row("test_first", lambda *a: a[0] * a[1], lambda y, *a: [a[1], a[0]] + [0.0] * (len(a) - 2), vectors=1)
    assert grad(op)([2.0, 3.0, 4.0]) == [3.0, 2.0, 0.0]
    assert hessian(op)([2.0, 3.0]).tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_a_rule_may_use_every_operator_with_numbers_on_either_side(row):
    op = row(
        "test_operators",
        lambda x: +(2 - x) * 3 + 1 / x - 2**x + abs(-x) ** 2 / 4,
        (lambda y, x: -3 - 1 / (x * x) - log(2.0) * 2**x + x / 2,),
    )
    x = 1.5
    assert op(Value(x)).data == op(x) == 3 * (2 - x) + 1 / x - 2**x + x * x / 4
    assert check_grad(op, x, order=2) < 1e-6


@pytest.mark.parametrize("n", [2, 100])
def test_an_n_ary_row_refuses_and_misses_as_any_other_whatever_its_length(row, n):
    op = row(
        f"test_roots{n}",
        lambda *a: sum.apply(*(sqrt(x) for x in a)),
        lambda y, *a: [0.5 / sqrt(x) for x in a],
        vectors=1,
        domain="x ≥ 0",
    )
    ones = [1.0] * (n - 1)
    with pytest.raises(ValueError, match=r"defined for x ≥ 0; got .*-1\.0 from x"):
        op([Value(-1.0, "x"), *ones])
    x = Value(0.0, "x")
    y = op([x, *ones])
    assert y.data == n - 1
    assert (y * 0).data == 0.0
    (y * 0).backward()
    assert x.grad == 0.0
    with pytest.raises((ValueError, ZeroDivisionError), match="no derivative"):
        y.backward()


@pytest.fixture
def softsign():
    """x / (1 + |x|), as a user adds it."""
    yield Op("softsign", lambda x: x / (1 + abs(x)), (lambda y, x: 1 / (1 + abs(x)) ** 2,), symbol="ς")
    del TABLE["softsign"]


def test_softsign_works_everywhere(softsign):
    assert softsign(1.0) == 0.5
    assert Value(-3.0).softsign().data == -0.75
    assert [grad(softsign)(x) for x in (0.0, 1.0, -3.0)] == [1.0, 0.25, 1 / 16]
    assert jvp(softsign, (-3.0,), (2.0,)) == (-0.75, 0.125)
    assert [grad(grad(softsign))(x) for x in (0.0, 1.0, -3.0)] == [0.0, -0.25, 2 / 64]
    assert grad(grad(grad(softsign)))(1.0) == 6 / 16
    assert softsign(np.array([1.0, -3.0])).tolist() == [0.5, -0.75]
    assert values(softsign(array([[1.0], [-3.0]]))).tolist() == [[0.5], [-0.75]]
    assert softsign([1.0, [-3.0]]) == [0.5, [-0.75]]


def test_a_row_made_at_run_time_is_replayed_and_copied(softsign):
    x = Value(1.0, "x")
    y = x.softsign()
    assert replay(y, {x: Fraction(1, 3)}) == Fraction(1, 4)
    assert replay(y, {x: np.array([1.0, -3.0])}).tolist() == [0.5, -0.75]
    assert sympy.simplify(replay(y, {x: sympy.Symbol("p", positive=True)}).diff() - 1 / (1 + sympy.Symbol("p", positive=True)) ** 2) == 0  # fmt: skip
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        assert twin.op is softsign
        twin.backward()
        assert twin.parents[0].grad == 0.25


def test_a_graph_of_an_unknown_row_says_which_row_is_missing(softsign):
    text = pickle.dumps(Value(1.0).softsign())
    kept = TABLE.pop("softsign")
    with pytest.raises(LookupError, match="softsign"):
        pickle.loads(text)
    TABLE["softsign"] = kept


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_the_name_of_a_library_row_is_refused(op):
    with pytest.raises(ValueError, match=op.name):
        Op(op.name, lambda x: x, (lambda y, x: 1.0,))
    assert TABLE[op.name] is op


def test_a_name_that_is_no_identifier_is_refused():
    with pytest.raises(ValueError, match="soft sign"):
        Op("soft sign", lambda x: x, (lambda y, x: 1.0,))
    assert "soft sign" not in TABLE


@pytest.mark.parametrize("name", ["lambda", "two words", "", 3])
def test_a_row_needs_a_name_that_can_be_written(name):
    with pytest.raises(ValueError, match="an operation's name is an identifier"):
        Op(name, lambda x: x, (lambda y, x: 1.0,))


def test_a_row_needs_a_partial_for_each_operand():
    with pytest.raises(ValueError, match="takes 2 operands: give a partial for each, got 1"):
        Op("test_short", lambda a, b: a * b, (lambda y, a, b: b,))
    with pytest.raises(ValueError, match="take the result before the operands, as lambda y, x"):
        Op("test_short", lambda x: x * x, (lambda x: 2 * x,))
    assert "test_short" not in ops.TABLE


def test_equality_in_a_rule_is_a_test_of_the_number():
    op = Op("test_three", lambda x: x * 2.0 + where(x == 3.0, 100.0, 0.0), (lambda y, x: 2.0,))
    assert op(3.0) == op(Value(3.0)).data == 106.0
    assert op(2.0) == op(Value(2.0)).data == 4.0


def test_both_branches_of_where_are_computed_in_every_reading():
    op = Op("test_both", lambda x: where(x > 0, log(x), 0.0), (lambda y, x: where(x > 0, 1.0, 0.0),))
    for operand in (-1.0, np.array([-1.0]), Value(-1.0)):
        with pytest.raises(ValueError, match="defined for"):
            op(operand)


@pytest.mark.parametrize(("result", "kind"), [(None, "NoneType"), ("1.5", "str"), (1j, "complex"), ([1.0], "list")])
def test_a_rule_that_gives_no_real_number_is_refused_on_every_operand(row, result, kind):
    op = row("test_nothing", lambda x: result, (lambda y, x: 1.0,))
    for operand in (2.0, 2, np.float32(2), [2.0], np.ones(2), np.ones((2, 2))):
        with pytest.raises(TypeError, match=r"the rule of test_nothing gives .*, which is no real number"):
            op(operand)
    for use in (op, grad(op), lambda x: op([x])):
        with pytest.raises(TypeError, match=f"a Value holds one real number; got {kind}"):
            use(Value(2.0))


def test_constant_rules_and_truth_values_in_rules_are_numbers():
    assert Op("test_constant", lambda x: 3.0, (lambda y, x: 0.0,))(Value(1.0)).data == 3.0
    assert Op("test_truth", lambda x: x * True, (lambda y, x: 1.0,))(Value(3.0)).data == 3.0


COMPARING = {
    "a comparison": lambda x: x > 0,
    "a sum of two": lambda x: (x > 0) + (x > 1),
    "a difference": lambda x: -(x < 1) - (x >= 2),
    "a product": lambda x: (x > 0) * (x < 2) + (x != 3) * 1,
    "a factor of the operand": lambda x: ((x > 0) + (x > 1)) * x,
    "a choice": lambda x: where(x > 0, x > 1, x > 2) + where(x > 1, x > 0, x < 0),
}


@pytest.mark.parametrize("formula", COMPARING.values(), ids=COMPARING)
@pytest.mark.parametrize("language", ["numpy", "c"])
def test_a_comparison_in_a_rule_counts_as_a_number_in_every_reading(row, formula, language):
    op, w, X = row("test_comparing", formula, (lambda y, x: 0.0,)), Value(2.0, "w"), [-1.0, 0.5, 1.5, 3.0]
    sums = [float(2 * formula(x)) for x in X]
    eager = op(Value(1.5)).data
    assert (type(eager), eager) == (float, float(formula(1.5)))
    assert (op(np.array(X)) + op(np.array(X))).tolist() == sums
    assert record(lambda x: op(x) + op(x * 1.0), 1.0, language=language)(X).tolist() == sums
    alone = record(lambda x: op(x), 1.0, language=language)(X)
    assert (alone.dtype, (2 * alone).tolist()) == (float, sums)
    assert record(lambda x: w * op(x), 1.0, language=language).backward(X) == sum(sums) / 4


@pytest.mark.parametrize("language", ["numpy", "c"])
def test_a_rule_may_use_numpys_arithmetic(row, language):
    op = row("test_numpys", lambda x: np.multiply(x, np.add(x, 1.0)), (lambda y, x: np.add(x, x) + 1.0,))
    assert record(lambda x: op(x), 2.0, language=language)([2.0, -3.0]).tolist() == [6.0, 6.0]
    assert op(Value(2.0)).partials == (5.0,)


def test_an_n_ary_rule_with_too_few_partials_is_refused():
    op = Op("test_few", lambda *a: a[0] * a[1], lambda y, *a: [a[1]], vectors=1)
    with pytest.raises(TypeError, match="gives 1 partials for 2 operands"):
        op([Value(1.0), Value(2.0)])


def test_a_row_with_a_default_argument_binds_it():
    op = Op("test_default", lambda x, n=3: x * n, (lambda y, x: 3.0,))
    assert op(Value(2.0)).data == 6.0


def test_a_row_that_replaces_another_takes_its_method_away():
    Op("test_replaced", lambda x: x, (lambda y, x: 1.0,))
    graph = pickle.dumps(Value(1.0).test_replaced())
    Op("test_replaced", lambda a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a))
    assert not hasattr(Value(1.0), "test_replaced")
    with pytest.raises(ValueError, match="took 1 operands when the graph was saved but takes 2 now"):
        pickle.loads(graph)


def test_a_copy_of_a_row_is_the_row_and_a_pickle_of_one_that_was_replaced_is_refused(row):
    old = row("test_again", lambda x: 2 * x, (lambda y, x: 2.0,))
    program, graph = record(lambda x: old(x), 1.0), old(Value(1.0))
    assert pickle.loads(pickle.dumps(program))([1.0, 2.0]).tolist() == [2.0, 4.0]
    Op("test_again", lambda x: 5 * x, (lambda y, x: 5.0,))
    for copied in (copy.copy, copy.deepcopy):
        assert copied(old) is copied(graph).op is old
        assert copied(program)([1.0, 2.0]).tolist() == [2.0, 4.0]
    for x in (old, program, graph):
        with pytest.raises(ValueError, match="'test_again' is another row by now"):
            pickle.dumps(x)


@pytest.mark.parametrize("name", ["__add__", "__apply__", "data"])
def test_a_row_cannot_take_the_place_of_a_part_of_value(name):
    with pytest.raises(ValueError, match="a part of every Value"):
        Op(name, lambda x: x, (lambda y, x: 1.0,))


@pytest.mark.parametrize("written", ["{0} ⋆ {1}", "{a} ⋆ {b}", "{} {", "{} {} {}", "{}", "{{{}, {}}}"])
def test_how_a_row_is_written_has_a_place_for_each_operand_and_nothing_else_in_braces(written):
    with pytest.raises(ValueError, match=r"a \{\} for each of its 2 operands"):
        Op("test_star", lambda a, b: a * b, (lambda y, a, b: b, lambda y, a, b: a), written=written)
    assert "test_star" not in TABLE


def test_computed_partials_serve_numbers_and_code_and_the_others_graphs(row):
    swish = row(
        "test_swish",
        lambda x: x * sigmoid(x),
        (lambda y, x: sigmoid(x) * (1 + x * sigmoid(-x)),),
        computed_partials=(lambda y, x: 0.0 * x + 7.0,),  # a lie, so that it is seen who takes it
    )
    assert Value(1.5).test_swish().partials == (7.0,)
    w = Value(1.0)
    program = record(lambda x: swish(w * x), 1.5)
    assert program.backward([1.5], reduction="sum") == swish(1.5)
    assert w.grad == 7.0 * 1.5
    assert grad(grad(swish))(0.5) == pytest.approx(grad(grad(lambda x: x * sigmoid(x)))(0.5))


def test_computed_partials_that_are_not_one_for_each_operand_are_refused():
    one = (lambda y, x: 2.0,)
    with pytest.raises(ValueError, match="computed_partials of test_double stand beside"):
        Op("test_double", lambda x: 2 * x, one, computed_partials=one + one)
    with pytest.raises(ValueError, match="computed_partials of test_double stand beside"):
        Op("test_double", lambda *a: 2 * a[0], lambda y, *a: [2.0], vectors=1, computed_partials=one)
    with pytest.raises(ValueError, match="textbook of test_double stand beside"):
        Op("test_double", lambda x: 2 * x, one, textbook=one + one)
    assert "test_double" not in TABLE


def test_partials_that_are_no_tuple_are_refused_when_the_row_is_made():
    with pytest.raises(ValueError, match="partials of test_cube are a tuple"):
        Op("test_cube", lambda x: x**3, lambda y, x: 3 * x**2)
    assert "test_cube" not in TABLE


def test_an_indexed_row_takes_one_vector():
    with pytest.raises(ValueError, match="has a component for each number of one vector"):
        ops.VectorOp("test_pairs", lambda c, *ab: ab[c], lambda y, c, *ab: [0.0] * len(ab), vectors=2, indexed=True)
