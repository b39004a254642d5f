"""Value: a Python float that remembers, as a leaf, under arithmetic and in backward."""

import math
import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import Value, constant, exp, ops, scope, sqrt, tanh, values

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
