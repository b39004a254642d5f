"""The exercises of notebook 6, From scalars to speed: their answers and hints. Try them first."""

import numpy as np

from autograd import array, record, softmax, values
from exercises import exercise, fact, near

fact("6.1", "The gradient is the mean of ŷ − y. What is the sum of the entries of ŷ, and of those of y?", total=0)


@exercise("6.2")
def _(product):
    numbers = np.random.default_rng(1)
    D, x = numbers.normal(size=(5, 7)), numbers.normal(size=(4, 7))
    if not near(product(D, x), D @ x.T):
        return "Each example adds one outer product, of a column of D and a column of x."


fact("6.3", "By which number is a sum divided to become a mean?", factor=150)
fact("6.4", "150 = 4 · 32 + 22, and the 22 are a batch as well.", steps=5)
fact(
    "6.5",
    "The eager engine's time is proportional to the number of examples. A call of NumPy has a fixed price.",
    lead="grow",
)


@exercise("6.6")
def _(combined):
    if not all(near(combined(*m), np.dot(m, [0.5, 0.3, 0.2])) for m in ([1.0, 2.0, 3.0], [4.0, 0.0, -1.0])):
        return "Each mean counts as often as it has rows."


@exercise("6.7")
def _(probabilities):
    for a in ([1.0, 2.0, 0.5], [-3.0, 0.0, 4.0]):
        if not near(probabilities(np.array(a)), values(softmax(array(a)))):
            return "They have to be positive, and their sum has to be 1."


@exercise("6.8")
def _(cut):
    program = record(lambda x: cut(x * x), 0.5)
    x = np.array([0.2, 0.9, 1.5, -3.0])
    if not near(program(x), np.minimum(x * x, 1.0)):
        return "Which function of two numbers gives the smaller one?"


@exercise("6.9")
def _(count, program):
    if count != len(program.parameters) + 1:
        return "Each device adds a gradient, with an entry for each parameter, and a loss."
