"""The exercises of notebook 8, Higher orders: their answers and hints. Try them first."""

from fractions import Fraction

import numpy as np

from autograd import check_grad, grad, hessian, relu
from exercises import exercise, fact, near

fact("8.1", "Each derivative brings one more factor 2.", derivative=2**10)


@exercise("8.2")
def _(formula):
    if not all(near(formula(x), 6 * x) for x in (-1.0, 0.5, 2.0)):
        return "The first derivative is 3x². Differentiate it once more."


@exercise("8.3")
def _(f):
    for place in ([0.0, 0.0], [1.5, -2.0]):
        found = hessian(f)(np.array(place))
        if not near(found, [[2, 1], [1, 4]]):
            return f"Its Hessian at {place} is {np.asarray(found).tolist()}."


fact("8.4", "Both partial derivatives are 0 there: two linear equations.", x=4, y=-2)


@exercise("8.5")
def _(value, f, x):
    if not near(value, np.linalg.eigvalsh(hessian(f)(x))[-1]):
        return "Take more rounds: the other directions die out slowly."


fact("8.6", "g′(0) = ¼, and da/dw = 2 comes in twice.", derivative=1)
fact(
    "8.7",
    "The graph has 33 edges. Forward mode needs a sweep for each input, reverse mode one for each output.",
    forward=5 * 33,
    reverse=3 * 33,
)


@exercise("8.8")
def _(error):
    x, e = Fraction(1, 2), Fraction(1, 10**40)
    if error(x, e) != 4 * ((x + e) ** 3 - x**3) / e - 12 * x**2:
        return "Expand 4(x + ε)³, and subtract the true slope 12x²."


@exercise("8.9")
def _(f):
    if f is relu:
        return "relu is taken: find another function."
    if grad(f)(0.0) != 0.0:
        return f"The engine gives {grad(f)(0.0):g} at 0."
    try:
        check_grad(f, 0.0)
    except AssertionError:
        return None
    return "Its central difference at 0 is 0, too."
