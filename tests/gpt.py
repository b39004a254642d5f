"""A GPT of one layer on Values, which learns names letter by letter; tests, benchmarks and the notebook share it.

A name is a list of tokens: 0 for its beginning and its end, and a number from 1 on for each letter. At every position
the network gives a logit for each token that may come next.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

import nn
from autograd import Value, array, dot, relu, scope, softmax, sum as total, take

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, LONGEST = 16, 4, 16


def tokens(name):
    """The tokens of a name, its beginning and its end among them."""
    return [0, *(1 + LETTERS.index(letter) for letter in name), 0]


def parameters(seed=0):
    """The arrays of weights by their names, 4,192 numbers."""
    rng, shapes = np.random.default_rng(seed), {"token": (27, WIDTH), "position": (LONGEST, WIDTH)}
    shapes |= dict.fromkeys(("query", "key", "value", "mixed"), (WIDTH, WIDTH))
    shapes |= {"up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH), "logits": (27, WIDTH)}
    return {name: array(0.08 * rng.normal(size=shape), name) for name, shape in shapes.items()}


def flattened(weights):
    """All weights as one list of Values."""
    return [w for W in weights.values() for w in W.ravel()]


def scaled(x):
    """x divided by the root of its mean square."""
    return x * (dot(x, x) / len(x) + 1e-5) ** -0.5


@scope("attention")
def attention(weights, x, keys, values):
    """What a position reads from itself and from those before it, whose keys and values are remembered."""
    x = scaled(x)
    query = weights["query"] @ x
    keys.append(weights["key"] @ x)
    values.append(weights["value"] @ x)
    read = []
    for h, part in enumerate(slice(k, k + WIDTH // HEADS) for k in range(0, WIDTH, WIDTH // HEADS)):
        with scope(f"head{h + 1}"):
            scores = array([dot(query[part], key[part]) / (WIDTH // HEADS) ** 0.5 for key in keys])
            read.append(softmax(scores) @ array([value[part] for value in values]))
    return weights["mixed"] @ np.concatenate(read)


@scope("dense")
def dense(weights, x):
    """Two layers on one position alone."""
    return weights["down"] @ relu(weights["up"] @ scaled(x))


def step(weights, token, position, keys, values):
    """The logits of the token that follows."""
    with scope(f"position{position + 1}"):
        x = scaled(take(weights["token"], token) + weights["position"][position])
        x = x + attention(weights, x, keys, values)
        x = x + dense(weights, x)
        return weights["logits"] @ x


def loss(weights, name):
    """The mean cross-entropy of the tokens that follow, of a name as tokens: whole numbers, or Values that hold them."""
    keys, values, losses = [], [], []
    for position, (token, following) in enumerate(pairwise(name)):
        losses.append(nn.cross_entropy(step(weights, token, position, keys, values), following))
    mean: Value = total(losses) / len(losses)
    return mean


def sampled(weights, seed, temperature=0.5):
    """A name that the network makes up."""
    rng, keys, values, name = np.random.default_rng(seed), [], [], [0]
    while len(name) == 1 or (name[-1] and len(name) < LONGEST):
        logits = step(weights, name[-1], len(name) - 1, keys, values)
        chances = np.array([p.data for p in softmax([a / temperature for a in logits])])
        name.append(int(rng.choice(27, p=chances / chances.sum())))
    return "".join(LETTERS[k - 1] for k in name if k)
