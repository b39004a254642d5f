"""What is refused: with which error, in which words, and with nothing changed by it."""

import math

import numpy as np
import pytest

import nn
from autograd import (
    Op,
    Value,
    array,
    assign,
    dot,
    exp,
    grad,
    grads,
    hessian,
    log,
    log_softmax,
    logsumexp,
    maximum,
    named,
    ops,
    record,
    softmax,
    sum,
    values,
    zero_grad,
)
from autograd.refusals import QUOTIENTS

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


# --- what takes no such numbers ---------------------------------------------------------------------------------------


def test_a_literal_in_an_array_is_not_trained():
    w = Value(3.0, "w")
    assert record(lambda x: w * array([1.0, x])[0] * x, 2.0).parameters == [w]
