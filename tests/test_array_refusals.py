"""Arrays: what is refused of them, in our words, and none of their leaves is thrown away."""

import operator
import warnings

import numpy as np
import pytest

import nn
from autograd import Value, array, assign, constant, values

# --- in place, and in shapes that do not fit --------------------------------------------------------------------------


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


# --- attributes -------------------------------------------------------------------------------------------------------


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
