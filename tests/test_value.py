"""Value: a Python float that remembers, as a leaf, under arithmetic, under copying and pickling."""

import copy
import math
import operator
import pickle
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import (
    Op,
    Value,
    array,
    assign,
    constant,
    dot,
    exp,
    log_softmax,
    maximum,
    ops,
    replay,
    scope,
    sigmoid,
    sqrt,
    sum,
    take,
    tanh,
    values,
)

NAN, INF = math.nan, math.inf

OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
NUMBERS = [
    2,
    2.0,
    True,
    np.float64(2),
    np.float32(2),
    np.float16(2),
    np.longdouble(2),
    np.int64(2),
    np.uint8(2),
    np.bool_(True),
    np.array(2.0),
    np.array(2),
    Fraction(2),
    Decimal(2),
]


def identity(x):
    return f"{type(x).__name__}-{getattr(x, 'ndim', '')}"


# --- leaves -----------------------------------------------------------------------------------------------------------


def test_leaf_has_data_and_nothing_else():
    x = Value(2)
    assert (x.data, x.grad, x.op, x.parents, x.partials, x.name, x.scope) == (2.0, None, None, (), (), None, None)
    assert type(x.data) is float
    assert x.role == "parameter"


@pytest.mark.parametrize("role", ["parameter", "input", "constant"])
def test_leaf_keeps_its_role_and_computed_nodes_have_none(role):
    x = Value(2.0, "x", role)
    assert x.role == role
    assert (x * 1).role is None


@pytest.mark.parametrize("data", NUMBERS, ids=identity)
def test_every_real_number_is_held_as_a_python_float(data):
    assert type(Value(data).data) is float
    assert Value(data).data == float(data)


def test_float32_data_keep_the_float32_number():
    assert Value(np.float32(0.1)).data == 0.10000000149011612


def test_nan_and_infinity_are_numbers_too():
    assert math.isnan(Value(NAN).data)
    assert Value(-INF).data == -INF


def test_leaf_knows_the_scope_it_was_made_in():
    with scope("f1"):
        assert Value(1.0).scope == "f1"


# --- arithmetic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS, ids=identity)
@pytest.mark.parametrize("do", OPERATORS, ids=lambda f: f.__name__)
def test_a_number_on_either_side_gives_a_value(do, number):
    x = Value(3.0)
    for y, expected in (
        (do(x, number), do(3.0, float(number))),
        (do(number, x), do(float(number), 3.0)),
    ):
        assert type(y) is Value
        assert type(y.data) is float
        assert y.data == expected
        assert len(y.parents) == 2
        assert sorted(p.role for p in y.parents) == ["constant", "parameter"]


@pytest.mark.parametrize("do", OPERATORS, ids=lambda f: f.__name__)
def test_binary_operators_are_one_node_of_their_operands_in_order(do):
    a, b = Value(3.0), Value(2.0)
    y = do(a, b)
    assert y.parents[0] is a
    assert y.parents[1] is b
    assert y.data == do(3.0, 2.0)
    assert y.op.written.count("{}") == 2


def test_unary_operators_are_nodes():
    x = Value(-3.0)
    assert [(-x).data, (+x).data, abs(x).data] == [3.0, -3.0, 3.0]
    assert [(-x).partials, (+x).partials, abs(x).partials] == [(-1.0,), (1.0,), (-1.0,)]


def test_repeated_parents_are_kept():
    x = Value(3.0)
    y = x * x
    assert y.parents[0] is x
    assert y.parents[1] is x
    assert y.partials == (3.0, 3.0)
    assert all(type(d) is float for d in y.partials)


def test_augmented_assignment_computes_a_new_node():
    x = Value(3.0)
    y = x
    y += 1
    assert x.data == 3.0
    assert y.parents[0] is x


def test_augmented_assignment_of_a_numpy_array_to_a_value_gives_an_array_of_values():
    y = Value(3.0)
    y *= np.array([1.0, 2.0])
    assert values(y).tolist() == [3.0, 6.0]


def test_a_constant_operand_of_a_power_needs_no_logarithm():
    y = Value(-3.0) ** 2
    assert y.data == 9.0
    assert y.partials == (-6.0, 0.0)
    assert (0.0 ** Value(2.0)).partials == (0.0, 0.0)
    assert ((-2.0) ** Value(2.0)).data == 4.0


def test_sums_products_and_quotients_overflow_to_infinity():
    big = Value(1e308)
    assert [(big + 1e308).data, (-big - 1e308).data, (big * 10).data, (big / 1e-10).data] == [INF, -INF, INF, INF]
    assert (Value(1e-308) / 1e308).data == 0.0
    assert math.isnan((Value(INF) - INF).data)
    assert math.isnan((Value(INF) * 0).data)


@pytest.mark.parametrize("base", [0.0, 2.0, -2.0, INF, -INF, NAN])
def test_zeroth_power_of_anything_is_one(base):
    assert (Value(base) ** 0).data == 1.0
    assert (Value(base) ** Value(0.0)).data == 1.0


@pytest.mark.parametrize(
    "name", ["exp", "log", "sqrt", "tanh", "sin", "arctan", "log1p", "sigmoid", "relu", "absolute"]
)
def test_a_method_is_the_function(name):
    method, function = getattr(Value(0.5), name)(), getattr(ops, name)(0.5)
    assert method.data == function
    assert method.op is getattr(ops, name)


def test_leaky_relu_takes_its_slope_by_position_and_by_name():
    x = Value(-2.0)
    assert [x.leaky_relu().data, x.leaky_relu(0.5).data] == [-0.02, -1.0]
    assert x.leaky_relu(slope=0.5).data == -1.0


def test_two_calls_of_the_same_program_give_the_same_bits():
    def run():
        x, y = Value(0.1), Value(0.7)
        z = tanh(x * y + exp(x) / y) ** 2 + sqrt(y)
        z.backward()
        return x.grad.hex(), y.grad.hex(), z.data.hex()

    assert run() == run()


# --- backward ---------------------------------------------------------------------------------------------------------


def test_second_backward_adds_to_leaves_only():
    x = Value(3.0)
    square = x * x
    y = square * x
    y.backward()
    assert (x.grad, square.grad, y.grad) == (27.0, 3.0, 1.0)
    y.backward()
    assert (x.grad, square.grad, y.grad) == (54.0, 3.0, 1.0)


def test_a_node_used_twice_collects_both_adjoints():
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (a.grad, b.grad, c.grad) == (4.0, 2.0, 1.0)


def test_constants_never_get_a_gradient():
    x, c = Value(3.0), constant(2.0)
    y = c * x + 5
    y.backward()
    assert (x.grad, c.grad) == (2.0, None)
    assert y.parents[1].grad is None
    c.backward()
    assert c.grad is None


def test_backward_of_a_leaf_gives_it_the_seed():
    x = Value(3.0)
    x.backward()
    x.backward(0.5)
    assert x.grad == 1.5


@pytest.mark.parametrize("seed", [2, 2.0, np.float32(2), Fraction(2)])
def test_seed_scales_the_gradient_and_is_the_adjoint_of_the_output(seed):
    x = Value(3.0)
    y = x * x
    y.backward(seed)
    assert (x.grad, y.grad) == (12.0, 2.0)
    assert type(x.grad) is float


def test_seed_of_the_second_call_is_its_own():
    x = Value(3.0)
    y = x * x
    y.backward()
    y.backward(seed=2.0)
    assert (x.grad, y.grad) == (18.0, 2.0)


def test_two_outputs_add_into_shared_leaves_and_reset_shared_nodes():
    x = Value(3.0)
    shared = x * x
    (shared * 2).backward()
    (shared * 5).backward()
    assert (x.grad, shared.grad) == (42.0, 5.0)


def test_gradient_is_that_of_the_forward_pass_after_data_changed():
    x, w = Value(3.0), Value(2.0)
    y = x * w
    x.data, w.data = 100.0, 200.0
    y.backward()
    assert (x.grad, w.grad) == (2.0, 3.0)


def test_gradient_is_zero_not_none_where_a_zero_adjoint_arrives():
    x = Value(3.0)
    (x * 0).backward()
    assert x.grad == 0.0


def test_leaves_outside_the_graph_keep_none():
    x, other = Value(3.0), Value(4.0)
    (x * x).backward()
    assert other.grad is None


def test_gradients_of_infinite_and_nan_numbers_follow_ieee_arithmetic():
    x = Value(INF)
    (x * 2).backward()
    assert x.grad == 2.0
    x = Value(NAN)
    (x * x).backward()
    assert math.isnan(x.grad)


def test_micrograd_readme_example_gives_its_printed_numbers():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"


# --- what it shares with a float --------------------------------------------------------------------------------------


def test_conversions_are_those_of_the_number():
    x = Value(-3.7)
    assert (float(x), int(x), complex(x)) == (-3.7, -3, -3.7 + 0j)
    assert (round(x), round(Value(3.14159), 2)) == (-4, 3.14)
    assert (math.floor(x), math.ceil(x), math.trunc(x)) == (-4, -3, -3)
    assert math.sin(x) == math.sin(-3.7)
    assert np.array([x, 1.0], dtype=float).tolist() == [-3.7, 1.0]


def test_truth_is_that_of_the_number():
    assert [bool(Value(x)) for x in (0.0, -0.0, 1.0, NAN)] == [False, False, True, True]


@pytest.mark.parametrize("other", [3, 3.0, Value(3.0), Fraction(3), Decimal(3), np.float64(3), np.int32(3)], ids=repr)
def test_comparisons_compare_the_number_on_either_side(other):
    x = Value(3.0)
    assert x == other
    assert other == x
    assert not x < other
    assert not other > x
    assert x <= other
    assert other >= x
    assert x - 1 < other
    assert other > x - 1


def test_equality_with_what_is_no_number_is_false():
    x = Value(3.0)
    assert (x == None) is False  # noqa: E711  # the comparison is what is tested
    assert x != None  # noqa: E711
    assert x != "3"
    assert x != [3.0]


@pytest.mark.parametrize("other", [None, "a", [1.0]])
def test_ordering_with_what_is_no_number_is_a_type_error(other):
    with pytest.raises(TypeError, match="not supported between"):
        _ = Value(3.0) < other


def test_comparison_with_an_array_is_elementwise():
    assert (Value(3.0) == np.array([3.0, 1.0])).tolist() == [True, False]
    assert (np.array([1.0, 4.0]) > Value(3.0)).tolist() == [False, True]


def test_hash_is_identity():
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert len({a, b}) == 2
    assert {a: "a"}[a] == "a"


def test_sorting_and_extremes_compare_numbers():
    a, b = Value(2.0), Value(1.0)
    assert sorted([a, b])[0] is b
    assert max(a, b) is a
    assert min([a, b, 3]) is b


def test_repr_is_the_shortest_that_is_true():
    assert repr(Value(2)) == "Value(data=2.0, grad=None)"
    assert repr(Value(2.0, "x")) == "Value(data=2.0, grad=None, name='x')"
    assert repr(Value(2.0, "x", "input")) == "Value(data=2.0, grad=None, name='x', role='input')"
    assert repr(constant(2.0)) == "Value(data=2.0, grad=None, role='constant')"
    x = Value(3.0, "x")
    (x * x).backward()
    assert repr(x) == "Value(data=3.0, grad=6.0, name='x')"
    assert repr(x * x) == "Value(data=9.0, grad=None)"


def test_format_without_a_spec_is_str_and_with_one_formats_the_number():
    x = Value(3.14159, "x")
    assert f"{x}" == str(x) == repr(x)
    assert f"{x:.2f} {x:8.3e}" == "3.14 3.142e+00"
    assert "%.3f" % x == "3.142"  # noqa: UP031  # printf-style formatting goes through float


def test_a_value_takes_no_attribute_of_its_own():
    with pytest.raises(AttributeError):
        Value(1.0).weight = 2.0


# --- copying and pickling ---------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("x", [10**400, -(10**400), Fraction(10**400), Decimal("-1e400")])
def test_a_number_beyond_the_largest_float_is_refused_in_words(x):
    with pytest.raises(
        OverflowError, match=rf"^a Value holds a float; this {type(x).__name__} is beyond the largest one"
    ):
        Value(x)


def test_an_infinite_decimal_is_infinite_and_a_large_one_is_refused_in_an_expression():
    assert Value(Decimal("-Infinity")).data == -math.inf
    with pytest.raises(OverflowError, match="this Decimal is beyond the largest one"):
        Value(1.0) + Decimal("1e400")
    if np.finfo(np.longdouble).max > sys.float_info.max:
        with pytest.raises(OverflowError, match="this longdouble is beyond the largest one"):
            Value(np.longdouble("1e400"))


@pytest.mark.parametrize("span", [np.timedelta64(3), np.timedelta64(3, "ns"), np.array(3, "m8[s]")], ids=str)
def test_a_span_of_time_is_no_number(span):
    v = Value(2.0)
    uses = [Value, array, values, sigmoid, lambda x: v + x, lambda x: x * v, lambda x: dot(np.array([x]), [v])]
    for use in (*uses, lambda x: replay(v * v, {v: x}), lambda x: assign(v, x), lambda x: v.backward(x)):
        with pytest.raises(TypeError, match=r"is a span of time: divide it by a unit"):
            use(span)
    with pytest.raises(TypeError, match="take takes one index"):
        take([v, v, v, v], span)


def test_an_operator_that_is_given_too_much_is_called_by_its_name():
    with pytest.raises(TypeError, match=r"^Value\.__pow__\(\) takes 2 positional arguments but 3 were given"):
        pow(Value(2.0), 2, 5)
