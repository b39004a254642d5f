"""Value where a float may stand: converted, compared, sorted, printed; and numbers beyond the largest float."""

import math
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from autograd import Value, array, assign, constant, dot, replay, sigmoid, take, values

NAN = math.nan

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


# --- no numbers, and numbers beyond the largest float -----------------------------------------------------------------


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


@pytest.mark.parametrize("span", [np.timedelta64(3, "h"), np.timedelta64(3, "ns"), np.array(3, "m8[s]")], ids=str)
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
