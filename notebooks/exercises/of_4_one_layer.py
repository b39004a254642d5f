"""The exercises of notebook 4, One layer: their answers and hints. Try them first."""

from autograd import array, sigmoid, softmax, values
from exercises import exercise, fact, near


@exercise("4.1")
def _(count):
    for d, K in ((2, 3), (4, 1), (7, 5)):
        if count(d, K) != K * (d + 1):
            return f"A layer of {d} inputs and {K} outputs has {K * (d + 1)} weights."


fact(
    "4.2",
    "(ŷ − y)·g′(a) is the same number for all three. Then multiply it by x0 = 1, by x1 and by x2.",
    bias=-0.125,
    w21=-0.5,
    w22=0,
)


@exercise("4.3")
def _(one_number):
    for a1, a2 in ((0.0, 0.0), (3.0, -1.0), (-2.0, 5.0)):
        if not near(sigmoid(one_number(a1, a2)), values(softmax(array([a1, a2])))[0]):
            return "Divide numerator and denominator of softmax by exp(a1), and compare with 1/(1 + exp(−a))."


@exercise("4.4")
def _(difference, probability):
    if not near(difference, 0):
        return "a_k = w_k·x + w_k0. The priors are equal, so their logarithms cancel."
    if not near(probability, 0.5):
        return "P(C1|x) is the sigmoid of a1 − a2."


fact("4.5", "The gradient is (ŷ_k − y_k)·x_i. Which y_k is 1?", w10=0.7, w21=-2.4)


@exercise("4.6")
def _(winner, probability):
    if winner != 1:
        return "The largest logit has the largest probability. Count from 0."
    if not near(probability, 0.6):
        return "Compute exp of the three logits, and divide by their sum."
