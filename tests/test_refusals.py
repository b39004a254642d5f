"""What is refused: with which error, in which words, and with nothing changed by it."""

import math
import operator
import warnings

import numpy as np
import pytest

import nn
from autograd import (
    Op,
    Value,
    array,
    assign,
    check_grad,
    constant,
    cos,
    dot,
    exp,
    expm1,
    grad,
    gradients,
    grads,
    hessian,
    hvp,
    jacobian,
    jvp,
    log,
    log1p,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    named,
    ops,
    record,
    relu,
    scope,
    sin,
    softmax,
    sqrt,
    sum,
    tan,
    values,
    vjp,
    where,
    zero_grad,
)
from autograd.refusals import QUOTIENTS

NAN, INF = math.nan, math.inf


# --- data -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("2", r"str '2': convert it with float\(…\) first$"),
        (b"2", "bytes b'2'"),
        (1j, "complex 1j"),
        (np.complex128(1), "complex128"),
        (None, "NoneType None$"),
        ([1.0], r"list \[1\.0\]: use array\(…\)"),
        (np.array([1.0, 2.0]), r"ndarray .*: use array\(…\)"),
        (np.array([1.0]), r"ndarray .*: use array\(…\)"),
        ({}, "dict"),
        (object, "type"),
    ],
)
def test_a_value_of_what_is_no_real_number_says_what_was_given(data, words):
    with pytest.raises(TypeError, match="holds one real number; got " + words):
        Value(data)


def test_a_value_of_a_value_is_refused():
    with pytest.raises(TypeError, match="cannot hold a Value: use it as it is"):
        Value(Value(2))


@pytest.mark.parametrize("role", ["weight", "", None, 1])
def test_an_unknown_role_lists_the_known_ones(role):
    with pytest.raises(ValueError, match="parameter, input, constant"):
        Value(1.0, role=role)


@pytest.mark.parametrize("make", [lambda: Value(1.0, 3), lambda: Value(1.0, name=b"x"), lambda: named(3, Value(1.0))])
def test_a_name_that_is_no_text_is_refused(make):
    with pytest.raises(TypeError, match="a name is text"):
        make()


@pytest.mark.parametrize("data", ["abc", ["a"], [1.0, None], None, {1: 2}, [1j], np.array([1j]), np.array(["a"])])
def test_an_array_of_what_are_no_real_numbers_is_refused(data):
    with pytest.raises(TypeError, match="one real number"):
        array(data)


def test_rows_of_different_lengths_are_refused():
    with pytest.raises((TypeError, ValueError)):
        array([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match="rows of one length"):
        array([np.ones((2, 2)), np.ones((2, 3))])


@pytest.mark.parametrize("read", [grads, zero_grad, lambda x: named("x", x), lambda x: assign(x, 1.0)])
@pytest.mark.parametrize("x", [1.0, [1.0], np.ones(2), "x", {"x": Value(1.0)}])
def test_what_takes_values_refuses_plain_data(read, x):
    with pytest.raises(TypeError, match="expected Values"):
        read(x)


@pytest.mark.parametrize("x", ["a", [1.0, "a"], None])
def test_values_of_what_are_no_numbers_are_refused(x):
    with pytest.raises(TypeError, match="one real number"):
        values(x)


# --- arithmetic with what is no number --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", ["2", None, 1j, [1, 2], (1, 2), {}, {1}, object(), b"2"], ids=lambda o: type(o).__name__
)
def test_arithmetic_with_what_is_no_real_number_is_a_type_error(other):
    x = Value(3.0)
    for compute in (lambda: x + other, lambda: other + x, lambda: x * other, lambda: other / x, lambda: x**other):
        with pytest.raises(TypeError):
            compute()


@pytest.mark.parametrize("other", ["a", None, 1j, np.array(["a", "b"]), np.array([1j, 2])])
def test_arithmetic_of_arrays_with_what_are_no_real_numbers_is_a_type_error(other):
    W = array([1.0, 2.0])
    for compute in (lambda: W + other, lambda: other * W):
        with pytest.raises(TypeError, match="one real number"):
            compute()


@pytest.mark.parametrize("do", [lambda x: x // 2, lambda x: x % 2, lambda x: x @ x, lambda x: x[0], len, iter])
def test_what_a_value_cannot_do_is_a_type_error(do):
    with pytest.raises(TypeError):
        do(Value(3.0))


@pytest.mark.parametrize("x", ["a", None, 1j, {}, ["a"]])
def test_functions_of_what_is_no_number_are_a_type_error(x):
    with pytest.raises(TypeError):
        exp(x)


def test_a_function_with_a_value_and_what_is_no_number_is_a_type_error():
    with pytest.raises(TypeError, match="one real number; got str"):
        maximum(Value(1.0), "a")
    with pytest.raises(TypeError, match=r"maximum takes numbers and Values; got .*object"):
        maximum(Value(1.0), object())


def test_the_wrong_number_of_operands_is_a_type_error():
    with pytest.raises(TypeError, match="exp takes 1 operand; got 2"):
        exp(1.0, 2.0)
    with pytest.raises(TypeError, match="maximum takes 2 operands; got 1"):
        maximum(1.0)
    with pytest.raises(TypeError, match="sum takes 1 vector; got 2"):
        sum([1.0], 2.0)
    with pytest.raises(TypeError, match="dot takes 2 vectors; got 1"):
        dot([1.0])


def test_lengths_that_differ_are_named():
    with pytest.raises(ValueError, match=r"maximum got sequences of different lengths: \[2, 1\]"):
        maximum([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="dot needs vectors of one length; got 2 and 1"):
        dot([1.0, 2.0], [1.0])


@pytest.mark.parametrize("x", [np.ones((2, 2)), [[1.0, 2.0]], array([[1.0, 2.0]])])
def test_a_matrix_is_no_vector_of_a_dot(x):
    with pytest.raises(ValueError, match=r"takes vectors; got 2 dimensions"):
        dot(x, x)


@pytest.mark.parametrize("x", [1.0, Value(1.0), None, "abc"])
def test_softmax_of_a_single_number_is_refused(x):
    with pytest.raises(TypeError, match="takes a list or an array of numbers"):
        softmax(x)


@pytest.mark.parametrize("f", [softmax, log_softmax, logsumexp])
def test_functions_of_an_empty_vector_without_a_value_are_refused(f):
    with pytest.raises(ValueError, match="empty vector"):
        f([])


# --- arrays -----------------------------------------------------------------------------------------------------------


def plus(W):
    W += 1


def minus(W):
    W -= np.ones(2)


def times(W):
    W *= 2


def over(W):
    W /= 2


def to_the(W):
    W **= 2


def row_minus(W):
    W[:1] -= 1


@pytest.mark.parametrize("do", [plus, minus, times, over, to_the, row_minus, lambda W: np.add(W, 1, out=W)])
def test_in_place_operators_on_leaves_point_to_assign(do):
    W = array([1.0, 2.0], "W")
    before = list(W)
    with pytest.raises(TypeError, match=r"in place .* assign\(W"):
        do(W)
    assert all(a is b for a, b in zip(W, before, strict=True))
    assert values(W).tolist() == [1.0, 2.0]


def put_number(W):
    W[0] = 5.0


def put_list(W):
    W[:] = [1.0, 2.0]


def element_minus(W):
    W[0] -= 1


@pytest.mark.parametrize("do", [put_number, put_list, element_minus])
def test_putting_something_in_the_place_of_a_leaf_points_to_assign(do):
    W = array([1.0, 2.0], "W")
    before = list(W)
    with pytest.raises(TypeError, match="assign"):
        do(W)
    assert all(a is b for a, b in zip(W, before, strict=True))


@pytest.mark.parametrize("function", [np.arcsinh, np.exp2, np.heaviside, np.hypot, np.rint])
def test_functions_of_numpy_that_are_no_rows_are_named(function):
    W = array([1.0, 2.0])
    with pytest.raises(TypeError, match=f"np.{function.__name__} is no row of the table: make one"):
        function(*[W] * function.nin)


def test_an_unknown_ufunc_of_another_library_keeps_its_own_error():
    ufunc = np.frompyfunc(lambda x: x.nothing, 1, 1)
    with pytest.raises(AttributeError, match="nothing"):
        ufunc(array([1.0]))
    refuse = np.frompyfunc(lambda x: {} + x.data, 1, 1)
    with pytest.raises(TypeError, match="dict"):
        refuse(array([1.0]))


@pytest.mark.parametrize(
    ("product", "words"),
    [
        (lambda W: W @ np.ones(3), "2 columns meet 3 rows"),
        (lambda W: np.ones((4, 3)) @ W, "3 columns meet 2 rows"),
        (lambda W: W @ 2, "single number"),
        (lambda W: 2 @ W, "single number"),
        (lambda W: W @ Value(2.0), "single number"),
    ],
)
def test_products_of_shapes_that_do_not_fit_name_them(product, words):
    with pytest.raises(ValueError, match=words):
        product(array([[1.0, 2.0], [3.0, 4.0]]))


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"add of \(2,\) and \(3,\): these shapes do not go together"):
        array([1.0, 2.0]) + np.ones(3)


@pytest.mark.parametrize("kwargs", [{"initial": 1.0}, {"where": np.array([True, False])}])
def test_sums_with_other_arguments_are_refused(kwargs):
    (given,) = kwargs
    with pytest.raises(TypeError, match=f"axis and keepdims; got {given}: take"):
        array([1.0, 2.0]).sum(**kwargs)


def test_assign_to_a_computed_node_names_it():
    y = array([1.0, 2.0]) * 2
    with pytest.raises(TypeError, match=r"2\.0 from the result of multiply is computed"):
        assign(y, 1.0)


def test_assign_of_another_shape_names_both():
    with pytest.raises(ValueError, match=r"shape \(2,\); got \(3,\)"):
        assign(array([1.0, 2.0]), [1.0, 2.0, 3.0])


# --- domains ----------------------------------------------------------------------------------------------------------

DOMAINS = [
    (log, (0.0,), ValueError, "log_softmax"),
    (log, (-1.0,), ValueError, "log_softmax"),
    (log1p, (-1.0,), ValueError, "softplus"),
    (sqrt, (-1.0,), ValueError, "maximum"),
    (sin, (INF,), ValueError, r"finite x; got inf.*\. \w+"),
    (cos, (-INF,), ValueError, r"finite x; got -inf.*\. \w+"),
    (tan, (INF,), ValueError, r"finite x; got inf.*\. \w+"),
    (exp, (710.0,), OverflowError, "logsumexp"),
    (expm1, (710.0,), OverflowError, "softplus"),
    (ops.divide, (1.0, 0.0), ZeroDivisionError, "small constant"),
    (ops.divide, (0.0, -0.0), ZeroDivisionError, "small constant"),
    (ops.power, (0.0, -1.0), ZeroDivisionError, "positive"),
    (ops.power, (-8.0, 1 / 3), ValueError, "absolute"),
    (ops.power, (1e200, 2.0), OverflowError, "beyond the largest float"),
]


@pytest.mark.parametrize(("op", "operands", "kind", "instead"), DOMAINS)
def test_outside_its_domain_an_operation_says_what_to_do_instead(op, operands, kind, instead):
    with pytest.raises(kind, match=f"^{op.name} is .*{instead}"):
        op(*(Value(x) for x in operands))
    with pytest.raises(kind, match=f"^{op.name} is .*{instead}"):
        op(*operands)


@pytest.mark.parametrize(("op", "operands", "kind", "instead"), DOMAINS)
def test_what_python_refuses_is_refused_with_the_same_type(op, operands, kind, instead):
    plain = {"divide": lambda a, b: a / b, "power": math.pow}.get(op.name) or getattr(math, op.name)
    with pytest.raises((ValueError, ArithmeticError)) as error:
        plain(*operands)
    assert issubclass(kind, error.type) or op.name == "power"


def test_operators_refuse_as_the_rows_do():
    x = Value(0.0, "x")
    with pytest.raises(ZeroDivisionError, match=r"divide is .*got 1\.0 from a constant and 0\.0 from x"):
        _ = 1 / x
    with pytest.raises(ZeroDivisionError, match=r"got 0\.0 from x and 0\.0 from a constant"):
        _ = x / 0
    with pytest.raises(ZeroDivisionError, match="power"):
        _ = x**-1
    with pytest.raises(ValueError, match="power"):
        _ = (-8.0) ** Value(0.5)
    with pytest.raises(OverflowError, match="power is beyond the largest float"):
        _ = Value(10.0) ** 400


def test_the_message_names_input_node_and_scope_as_the_design_prints_it():
    with scope("f6"):
        y = named("ŷ", array([1.0, 2.0, 0.0]) * 1)
        with pytest.raises(ValueError, match="log is defined") as error:
            log(y)
    assert str(error.value) == (
        "log is defined for x > 0; got 0.0 from ŷ[2] in f6. "
        "For cross-entropy use log_softmax, which never leaves its domain."
    )


@pytest.mark.parametrize(
    ("x", "origin"),
    [
        (lambda: Value(0.0, "w"), "0.0 from w"),
        (lambda: Value(0.0), "0.0 from a parameter"),
        (lambda: Value(0.0, role="input"), "0.0 from a input"),
        (lambda: constant(0.0), "0.0 from a constant"),
        (lambda: Value(1.0) - 1, "0.0 from the result of subtract"),
        (lambda: log_softmax([Value(5.0)])[0], r"0.0 from the result of log_softmax\[0\]"),
    ],
)
def test_a_node_without_a_name_is_described_by_how_it_was_made(x, origin):
    with pytest.raises(ValueError, match=origin.replace("a input", "an? input")):
        log(x())


def test_a_float_array_names_the_offending_element():
    with pytest.raises(ValueError, match=r"log is defined for x > 0; got -1\.0"):
        log(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match=r"got -1\.0 from w\[1\]"):
        np.log(array([1.0, -1.0], "w"))


def test_a_branch_out_of_its_domain_raises_even_if_not_chosen():
    x = Value(-1.0)
    with pytest.raises(ValueError, match="log"):
        where(x > 0, log(x), 0.0)
    assert where(x > 0, log(maximum(x, 1e-300)), 0.0).data == 0.0


@pytest.mark.parametrize("f", [exp, log, sqrt, relu, ops.tanh, ops.sigmoid, ops.softplus, ops.step, abs, sin])
def test_nan_flows_through_without_an_error(f):
    assert math.isnan(f(Value(NAN)).data)


@pytest.mark.parametrize("f", [maximum, minimum])
def test_maximum_and_minimum_carry_nan_on_from_either_side(f):
    assert math.isnan(f(Value(NAN), 1.0).data)
    assert math.isnan(f(1.0, Value(NAN)).data)


# --- missing derivatives ----------------------------------------------------------------------------------------------

MISSING = [
    (sqrt, 0.0, ZeroDivisionError),
    (lambda x: x**0.5, 0.0, ZeroDivisionError),
    (lambda x: (-2.0) ** x, 2.0, ValueError),
]


@pytest.mark.parametrize(("f", "at", "kind"), MISSING)
def test_a_missing_derivative_is_stored_as_nan_and_the_value_is_right(f, at, kind):
    y = f(Value(at))
    assert any(math.isnan(d) for d in y.partials)
    assert math.isfinite(y.data)


def met(f, x):
    """Every transform of f, each with a gradient or tangent that arrives."""
    leaf = Value(x, "x")
    return {
        "backward": lambda: f(leaf).backward(),
        "backward behind others": lambda: (f(leaf) * 3 + leaf).backward(),
        "gradients": lambda: gradients(f(leaf), [leaf]),
        "grad": lambda: grad(f)(x),
        "grad of grad": lambda: grad(grad(f))(x),
        "grad at a Value": lambda: grad(f)(leaf),
        "jacobian": lambda: jacobian([f(leaf), leaf], [leaf]),
        "jacobian of f": lambda: jacobian(f)(x),
        "hessian": lambda: hessian(f(leaf), [leaf]),
        "hvp": lambda: hvp(f, x, 1.0),
        "jvp": lambda: jvp(f, (x,), (1.0,)),
        "vjp": lambda: vjp(f, x)[1](1.0),
        "check_grad": lambda: check_grad(f, x),
    }


@pytest.mark.parametrize("transform", met(sqrt, 0.0))
@pytest.mark.parametrize(("f", "at", "kind"), MISSING)
def test_every_transform_refuses_a_missing_derivative_that_it_meets(f, at, kind, transform):
    with pytest.raises(kind, match=r"has no derivative here: its operand is .* and a gradient of .* reaches it"):
        met(f, at)[transform]()


def test_a_missing_derivative_names_operation_operand_and_scope():
    x = Value(0.0, "x")
    with scope("norm"):
        y = sqrt(x)
    with pytest.raises(ZeroDivisionError, match=r"^sqrt has no derivative here: its operand is 0\.0 from x in norm"):
        (y * 3).backward()


# Differences to the left of 0 would leave the domain of sqrt: check_grad has nothing to compare with. In forward mode
# a tangent meets the derivative before anything hides it.
@pytest.mark.parametrize("transform", [t for t in met(sqrt, 0.0) if t not in ("check_grad", "jvp")])
@pytest.mark.parametrize(
    "hide",
    [
        lambda y, x: y * 0 + x,
        lambda y, x: where(False, y, x),
        lambda y, x: maximum(y, 1.0) * x,
        lambda y, x: relu(-1 - y) + x,
    ],
)
def test_a_missing_derivative_behind_a_zero_is_harmless(hide, transform):
    met(lambda x: hide(sqrt(x), x), 0.0)[transform]()


def test_the_gradient_beside_a_hidden_missing_derivative_is_right():
    x = Value(0.0)
    (where(False, sqrt(x), x) + sqrt(x) * 0).backward()
    assert x.grad == 1.0
    assert gradients(where(False, sqrt(x), x), x).data == 1.0
    assert grad(grad(lambda x: where(False, sqrt(x), x * x)))(0.0) == 2.0
    assert hessian(lambda x: sqrt(x) * 0 + x * x)(0.0) == 2.0
    assert hvp(lambda x: sqrt(x) * 0 + x * x, 0.0, 1.0) == 2.0
    assert vjp(lambda x: [sqrt(x), x], 0.0)[1]([0.0, 1.0]) == (1.0,)
    assert jvp(sqrt, (0.0,), (0.0,)) == (0.0, 0.0)


def test_a_missing_derivative_of_constants_is_never_met():
    x = Value(2.0)
    y = sqrt(constant(0.0)) + x + sqrt(constant(0.0) * 2)
    y.backward()
    assert x.grad == 1.0


def test_a_missing_derivative_on_the_way_to_other_inputs_is_not_met():
    x, w = Value(-2.0, "x"), Value(2.0, "w")
    y = x**w
    assert gradients(y, [x])[0].data == -4.0
    assert jacobian(y, x) == -4.0
    assert grad(lambda x: x ** Value(2.0))(-2.0) == -4.0
    with pytest.raises(ValueError, match=r"power has no derivative here: its operand is 2\.0 from w"):
        y.backward()


def test_nothing_in_grad_has_changed_when_backward_is_refused():
    x, w = Value(0.0, "x"), Value(1.0, "w")
    inner = w * 2
    y = inner + sqrt(x)
    inner.backward()
    before = (x.grad, w.grad, inner.grad, y.grad)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert (x.grad, w.grad, inner.grad, y.grad) == before == (None, 2.0, 1.0, None)


def test_nan_data_pass_as_nan_and_not_as_a_missing_derivative():
    for f in (sqrt, log, relu, lambda x: maximum(x, 0.0), lambda x: x**0.5):
        x = Value(NAN)
        f(x).backward()
        assert math.isnan(x.grad)


def test_an_infinite_derivative_passes_and_behind_a_zero_makes_no_nan():
    x = Value(1e-200)
    (1 / x).backward()
    assert x.grad == -INF
    x = Value(1e-200)
    ((1 / x) * 0).backward()
    assert x.grad == 0.0
    x = Value(1e-310)
    (log(x) * 0 + x).backward()
    assert x.grad == 1.0


def test_an_infinite_adjoint_does_not_enter_a_branch_not_taken():
    x = Value(2.0)
    where(True, x, x * 5).backward(INF)
    assert x.grad == INF


@pytest.mark.parametrize("seed", ["a", None, [1.0], 1j, Value(1.0)])
def test_a_seed_that_is_no_number_is_refused_with_nothing_changed(seed):
    x = Value(3.0)
    y = x * x
    with pytest.raises(TypeError):
        y.backward(seed)
    assert (x.grad, y.grad) == (None, None)


def test_powers_at_zero_have_the_stated_derivatives():
    assert [grad(lambda x, n=n: x**n)(0.0) for n in (0, 1, 1.5, 2, 3)] == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert [grad(lambda w: 0**w)(w) for w in (0.0, 0.5, 2.0)] == [0.0, 0.0, 0.0]
    assert grad(grad(lambda x: x**2))(0.0) == 2.0


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_row_whose_name_is_no_identifier_or_taken_is_refused():
    with pytest.raises(ValueError, match="identifier; got 'my row'"):
        Op("my row", lambda x: x, (lambda y, x: 1.0,))
    with pytest.raises(ValueError, match="tanh is a row of the library"):
        Op("tanh", lambda x: x, (lambda y, x: 1.0,))


@pytest.mark.parametrize("name", ["data", "grad", "backward", "parents", "name", "op"])
def test_a_row_named_as_a_part_of_a_value_is_refused_before_it_does_harm(name):
    try:
        with pytest.raises(ValueError, match=name):
            Op(name, lambda x: x, (lambda y, x: 1.0,))
    finally:
        ops.TABLE.pop(name, None)


def test_a_row_of_the_users_own_refuses_in_its_own_words():
    op = Op("test_shifted", lambda x: log(x - 1), (lambda y, x: 1 / (x - 1),), domain="x > 1", instead="Take more.")
    try:
        with pytest.raises(ValueError, match=r"test_shifted is defined for x > 1; got 1\.0 from q\. Take more\."):
            op(Value(1.0, "q"))
    finally:
        del ops.TABLE["test_shifted"]


def test_a_name_that_is_no_operand_is_refused():
    for call in (lambda: maximum(1.0, 2.0, axis=0), lambda: dot([1.0], [2.0], axis=0), lambda: exp(1.0, base=2)):
        with pytest.raises(TypeError, match=r"axis|base"):
            call()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda a, b: log(a * b), r"got -6\.0 from the result of multiply\(a, b\)\."),
        (lambda a, b: log(a - 5.0), r"got -3\.0 from the result of subtract\(a, 5\.0\)\."),
        (lambda a, b: log(a * b + b), r"got -9\.0 from the result of add\."),  # of which one operand has no name
    ],
)
def test_a_result_without_a_name_is_told_by_its_operands(make, words):
    with pytest.raises(ValueError, match=words):
        make(Value(2.0, "a"), Value(-3.0, "b"))


# --- in other libraries' words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Value(2.0, label="x"), TypeError, "Value takes no label='x': write name='x'"),
        (lambda: Value(1.0, _op="+"), TypeError, r"_op='\+': A node that is no leaf is made by arithmetic"),
        (lambda: Value(1.0, requires_grad=True), TypeError, "Value takes no requires_grad=True$"),
        (lambda: Value(1.0, (), "+"), ValueError, r"got '\+'. A node that is no leaf is made by arithmetic: a \+ b"),
        (lambda: nn.Neuron(3, nonlin=False), TypeError, "Neuron takes no nonlin=False: write activation='identity'"),
        (lambda: Value(5.0) // 2, TypeError, r"jump where x / n is whole.*make a row"),
        (lambda: 5 // Value(2.0), TypeError, "jump where"),
        (lambda: Value(5.0) % 2, TypeError, "jump where"),
        (lambda: 5 % Value(2.0), TypeError, "jump where"),
        (lambda: divmod(Value(5.0), 2), TypeError, "jump where"),
        (lambda: divmod(5, Value(2.0)), TypeError, "jump where"),
    ],
)
def test_another_librarys_words_are_answered_with_ours(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_the_row_that_is_advised_for_remainders_is_right_under_grad_and_in_a_record_too(row):
    x, n = Value(5.5), 2
    remainder = row(*eval(QUOTIENTS.partition("Op")[2], {"n": n}))
    y = remainder(x)
    y.backward()
    assert (y.data, x.grad, math.floor(x / n)) == (1.5, 1.0, 2)
    assert grad(lambda x: remainder(x) ** 2)(5.5) == 3.0
    assert hessian(lambda x: remainder(x) ** 2)(5.5) == 2.0
    assert record(lambda x: remainder(x), 5.5)([5.5, -0.5, 4.0]).tolist() == [1.5, 1.5, 0.0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("grad", r"grads\(W\).*zero_grad\(W\)"),
        ("data", r"values\(W\).*assign\(W, floats\)"),
        ("backward", r"W\.sum\(\)\.backward\(\)"),
        ("name", r'named\("W", W\)'),
        ("role", 'role="input"'),
        ("imag", "Values are real"),
    ],
)
def test_an_array_has_no_attribute_of_a_value_to_read_or_to_write(name, words):
    W = array([1.0, 2.0], "W")
    assert not hasattr(W, name)
    for use in (lambda: getattr(W, name), lambda: setattr(W, name, 0)):
        with pytest.raises(AttributeError, match=rf"an Array holds Values and has no \.{name} of its own: .*{words}"):
            use()
    assert values(W).tolist() == [1.0, 2.0]


def test_an_array_takes_no_attribute_that_would_do_nothing():
    W = array([1.0, 2.0], "W")
    for name in ("flat", "real", "requires_grad"):
        with pytest.raises(AttributeError, match=f"no .{name} of its own"):
            setattr(W, name, 0.0)
    with pytest.raises(AttributeError, match="'Array' object has no attribute 'foo'"):
        _ = W.foo
    with warnings.catch_warnings(action="ignore"):  # NumPy deprecates it from 2.5 on
        W.shape = (2, 1)
    assert W.shape == (2, 1)


# --- leaves are not thrown away ---------------------------------------------------------------------------------------

ONES = np.ones((2, 3))
REPLACED = {
    "copyto": lambda W: np.copyto(W, ONES),
    "copyto of other leaves": lambda W: np.copyto(W, array(ONES)),
    "fill": lambda W: W.fill(0.0),
    "fill of a row": lambda W: W[0].fill(0.0),
    "put": lambda W: np.put(W, [0], 5.0),
    "method put": lambda W: W.put([0], 5.0),
    "place": lambda W: np.place(W, ONES > 0, 0.0),
    "putmask": lambda W: np.putmask(W, ONES > 0, 0.0),
    "put_along_axis": lambda W: np.put_along_axis(W, np.array([[0], [0]]), 5.0, 1),
    "fill_diagonal": lambda W: np.fill_diagonal(W, 0.0),
    "an element of flat": lambda W: operator.setitem(W.flat, 0, 0.0),
    "a slice of flat": lambda W: operator.setitem(W.T.flat, slice(None), 0.0),
    "sort": lambda W: W.sort(),
    "partition": lambda W: W.partition(1),
    "a copy's element": lambda W: operator.setitem(W.copy(), 0, 0.0),
    "out of a ufunc": lambda W: np.add(W, 1.0, out=W),
    "out of a mean of floats": lambda W: ONES.mean(axis=0, out=W[0]),
    "out of sum": lambda W: np.sum(W[None], axis=0, out=W),
    "out of concatenate": lambda W: np.concatenate([W[:1], W[:1]], out=W),
    "out of any": lambda W: np.any(W, axis=0, out=W[0]),
    "add.at": lambda W: np.add.at(W, 0, 1.0),
}
# What NumPy does in C, past every method, meets an array that cannot be written into.
UNDER = {
    "fill of a view": lambda W: np.asarray(W).fill(0.0),
    "an element of a view": lambda W: operator.setitem(W.view(np.ndarray), 0, 0.0),
    "nditer": lambda W: [
        operator.setitem(x, ..., 0.0) for x in np.nditer(W, flags=["refs_ok"], op_flags=["readwrite"])
    ],
    "shuffle": lambda W: np.random.default_rng(0).shuffle(W),
    "byteswap": lambda W: W.byteswap(inplace=True),
    "setfield": lambda W: W.setfield(0.0, object),
    "resize": lambda W: W.resize((1,)),
}


@pytest.mark.parametrize("name", [*REPLACED, *UNDER])
def test_whatever_would_throw_leaves_away_is_refused_and_points_to_assign(name):
    model = nn.MLP(3, [2, 1], rng=0)
    before, state = model.parameters(), model.state()
    words = r"assign\(W" if name in REPLACED and "place" not in name and "mask" not in name else None
    with pytest.raises((TypeError, ValueError), match=words):
        (REPLACED | UNDER)[name](model.layers[0].w)
    assert all(a is b for a, b in zip(before, model.parameters(), strict=True))
    assert all((model.state()[key] == x).all() for key, x in state.items())


def test_an_array_of_constants_without_names_is_filled_as_numbers_are():
    c = constant([1.0, 2.0])
    c[0] = 5.0
    c += 1.0
    assert values(c).tolist() == [6.0, 3.0]
    with pytest.raises(TypeError, match=r"1\.0 from c\[0\]"):
        constant([1.0], "c")[0] = 2.0


# --- what has no derivative, and what takes no such numbers -----------------------------------------------------------


@pytest.mark.parametrize("at", [[0.0, 1.0], [0.0, 0.0]])
def test_the_mixed_derivative_of_a_power_at_base_zero_is_refused(at):
    def f(z):
        return z[0] ** z[1]

    for derive in (lambda: hessian(f)(at), lambda: hvp(f, at, [1.0, 0.0]), lambda: hvp(f, at, [0.0, 1.0])):
        with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
            derive()
    z = array(at)
    with pytest.raises(ZeroDivisionError, match="power has no derivative here"):
        hessian(f(z), z)


def test_where_the_mixed_derivative_of_a_power_exists_the_hessian_is_symmetric():
    for at in ([0.0, 2.0], [0.0, 3.5], [2.0, 1.0], [0.5, 0.0], [3.0, -1.5]):
        H = hessian(lambda z: z[0] ** z[1])(at)
        np.testing.assert_allclose(H, H.T, rtol=1e-14)
        if at[0]:
            assert H[0, 1] == pytest.approx(at[0] ** (at[1] - 1) * (1 + at[1] * math.log(at[0])))
    assert hessian(lambda x: x**1.0)(0.0) == 0.0


@pytest.mark.parametrize("x", [np.array([0j]), np.array([0j, 1j]), np.array(["a"]), np.array(["a", "b"]), 1j, "a"])
@pytest.mark.parametrize("f", [ops.tanh, lambda x: maximum(x, 1.0), sum])
def test_complex_numbers_and_text_are_refused_for_functions_take_real_numbers(f, x):
    with pytest.raises(TypeError, match=r"takes real numbers; got|takes a list or an array of numbers; got"):
        f(x)


def test_a_literal_in_an_array_is_not_trained():
    w = Value(3.0, "w")
    assert record(lambda x: w * array([1.0, x])[0] * x, 2.0).parameters == [w]
