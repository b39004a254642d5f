"""Arrays of other libraries as data of programs: computed in their own namespace, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.programs import X, Y, classifier, gathering, lecture, mlp, whole_data_set


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that only its own namespace computes with: NumPy's functions and conversions refuse it."""

    def __init__(self, data):
        self.data = np.asarray(data)

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    T = property(lambda self: Foreign(self.data.T))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return Foreign(self.data[within(index)])

    def __array__(self, *_, **__):
        raise TypeError("a conversion to NumPy")

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        out = getattr(ufunc, method)(*map(within, inputs), **options)
        return None if out is None else Foreign(out)

    def __array_namespace__(self):
        return Namespace()

    def __getattr__(self, name):
        method = getattr(self.data, name)
        return lambda *args, **options: Foreign(method(*map(within, args), **options))


class Namespace:
    """The array API's functions over Foreign arrays."""

    def __getattr__(self, name):
        f = getattr(np, name)
        return lambda *args, **options: Foreign(f(*map(within, args), **options))


def within(x):
    return list(map(within, x)) if isinstance(x, list) else x.data if isinstance(x, Foreign) else x


def test_value_and_grad_computes_in_the_namespace_of_its_arrays():
    for make, data in (
        (lecture, (X[:, :3],)),
        (lambda: classifier()[1], (X, Y)),
        (whole_data_set, ()),
        (gathering, (np.c_[X, X[:, :2]],)),
        (mlp, (X[:, :2], X[:, 3])),
    ):
        program = make()
        expected = program.value_and_grad(program.theta(), *data)
        loss, gradient = program.value_and_grad(Foreign(program.theta()), *map(Foreign, data))
        assert (type(loss), type(gradient)) == (Foreign, Foreign)
        np.testing.assert_allclose(loss.data, expected[0], rtol=1e-14)
        np.testing.assert_allclose(gradient.data, expected[1], rtol=1e-12, atol=1e-15)


def test_shapes_of_arrays_of_another_library_are_checked_too():
    _, program = classifier()
    theta = Foreign(program.theta())
    with pytest.raises(ValueError, match=r"theta .*\(43,\)"):
        program.value_and_grad(Foreign(np.zeros(42)), Foreign(X), Foreign(Y))
    with pytest.raises(ValueError, match="100 of x and 99 of y"):
        program.value_and_grad(theta, Foreign(X), Foreign(Y[:99]))
    with pytest.raises(TypeError, match="takes x, y; got 1 array"):
        program.value_and_grad(theta, Foreign(X))


def test_an_array_without_a_namespace_is_refused_by_name():
    class Tensor:
        shape = (43,)

    _, program = classifier()
    with pytest.raises(TypeError, match="Tensor"):
        program.value_and_grad(Tensor(), X, Y)
