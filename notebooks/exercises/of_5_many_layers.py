"""The exercises of notebook 5, Many layers: their answers and hints. Try them first."""

import math

from autograd import step
from exercises import exercise, fact


@exercise("5.1")
def _(w0, w1, w2, w3):
    for p, q, r in ((p, q, r) for p in (0, 1) for q in (0, 1) for r in (0, 1)):
        if step(float(w0 + w1 * p + w2 * q + w3 * r)) != (p + q + r >= 2):
            return f"The unit is wrong for the inputs {p}, {q}, {r}."


@exercise("5.2")
def _(v0, v1, v2):
    for p, q in ((0, 0), (0, 1), (1, 0), (1, 1)):
        if step(float(v0 + v1 * (p or q) + v2 * (p and q))) != (p == q):
            return f"The network is wrong for the inputs {p}, {q}: z1 = {p or q} and z2 = {p and q} there."


fact("5.3", "δ of the second output is ŷ − y of that output; the weight is multiplied by z1.", product=(0.2 - 1) * 0.5)


@exercise("5.4")
def _(count):
    for M1, M2, K in ((3, 2, 1), (2, 4, 3), (5, 3, 2)):
        if count(M1, M2, K) != M2 * K:
            return (
                f"With M1 = {M1}, M2 = {M2}, K = {K} your function gives {count(M1, M2, K)}. Follow one weight forward."
            )


fact("5.5", "Which pre-activation does each bias enter? Compare the shapes too.", of_w10="b", of_w20="a")
fact("5.6", "The product is at most ¼ to the power of the number of layers.", layers=5)


@exercise("5.7")
def _(first, second):
    if {first, second} != {"more starts", "the best η of each"}:
        return "Think of what may differ between two fair races."


fact("5.8", "Find the largest value of 0.5·p − 0.2·q for p and q between −1 and 1.", largest=-0.7)


@exercise("5.9")
def _(units):
    if not units or math.pi / (units + 1) > 0.01:
        return "The bound is then larger than 0.01. What is the largest slope of sin πx?"
    if math.pi / units <= 0.01:
        return "Fewer units are enough."


fact(
    "5.10",
    "A layer has (inputs + 1) · outputs parameters. Add the three layers.",
    count=(4 + 1) * 6 + (6 + 1) * 5 + (5 + 1) * 3,
)
