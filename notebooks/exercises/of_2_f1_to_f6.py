"""The exercises of notebook 2, f1 to f6: their answers and hints. Try them first."""

import math

import numpy as np

from exercises import exercise, fact, near

fact(
    "2.1",
    "W1 has a row for each hidden unit and a column for each input. What are the shapes of the other three?",
    count=5 * 4 + 5 + 3 * 5 + 3,
)
fact("2.2", "What happens to softmax when the same number is added to each of its operands?", change=0)
fact("2.3", 'Look at the sign of ∂L/∂W1[0,1]. The answer is "up" or "down".', direction="down")


@exercise("2.4")
def _(product):
    W2, d = np.arange(6.0).reshape(3, 2) ** 2, np.array([1.0, -3.0, 2.0])
    if not near(product(W2, d), W2.T @ d):
        return "Compare the shapes: W2 has a row for each class, and the result has an entry for each hidden unit."


fact("2.5", "Does x6[0] change when only w20[1] changes? And how fast does it change with w20[0]?", matrix=np.eye(3))


@exercise("2.6")
def _(matrix, x4):
    if not near(np.array(matrix, float), [0 * x4, x4, 0 * x4]):
        return "Which row of W2 does x5[1] use? With respect to all other weights the derivative is 0."


@exercise("2.7")
def _(matrix):
    z = np.array([0.2, 0.5, 0.9])
    if not near(matrix(z), np.diag(z * (1 - z))):
        return "Each x4[j] depends on x3[j] only, so the matrix is diagonal. Write σ′ with x4."


@exercise("2.8")
def _(loss, gradient):
    if not near(loss, 1000):
        return "L = log Σ exp(a) − a_c. Which term of the sum is so large that the others do not count?"
    if not near(gradient, [1, -1, 0]):
        return "The gradient is ŷ − y. Class 0 has all of the probability."


fact("2.9", "Each class then has the probability 1/3.", loss=math.log(3))
