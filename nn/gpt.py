"""A GPT of one layer on Values, which learns names letter by letter, and its training for some seconds.

A name is a list of tokens: 0 for its beginning and its end, and a number from 1 on for each letter. At every position
the network gives a logit for each token that may come next.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from time import perf_counter
from typing import Any, Literal

import numpy as np

from autograd import Value, array, dot, named, record, relu, scope, softmax, sum as total, take
from autograd.recorded.native import compiler
from nn.losses import cross_entropy
from nn.optim import Adam
from nn.train import progress_bar

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, LONGEST = 16, 4, 16
SECONDS = "{desc}: {bar} {n:.0f} of {total:.0f} s{postfix}"


def tokens(name: str) -> list[int]:
    """The tokens of a name, its beginning and its end among them."""
    return [0, *(1 + LETTERS.index(letter) for letter in name), 0]


def parameters(seed: int = 0) -> dict[str, Any]:
    """The arrays of weights by their names, 4,192 numbers."""
    rng, shapes = np.random.default_rng(seed), {"token": (27, WIDTH), "position": (LONGEST, WIDTH)}
    shapes |= dict.fromkeys(("query", "key", "value", "mixed"), (WIDTH, WIDTH))
    shapes |= {"up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH), "logits": (27, WIDTH)}
    return {name: array(0.08 * rng.normal(size=shape), name) for name, shape in shapes.items()}


def scaled(x: Any) -> Any:
    """x divided by the root of its mean square."""
    return x * (dot(x, x) / len(x) + 1e-5) ** -0.5


@scope("embed")
def embedding(weights: dict[str, Any], token: Any, position: int) -> Any:
    """The vector of a token at its position."""
    return named("x", scaled(take(weights["token"], token) + weights["position"][position]))


@scope("attention")
def attention(weights: dict[str, Any], x: Any, keys: list[Any], values: list[Any]) -> Any:
    """x, and what it reads from its own position and from those before it, whose keys and values are remembered."""
    with scope("project"):
        y = scaled(x)
        q, k, v = (named(name[0], weights[name] @ y) for name in ("query", "key", "value"))
        keys.append(k)
        values.append(v)
    read, size = [], WIDTH // HEADS
    for h in range(HEADS):
        part = slice(h * size, (h + 1) * size)
        with scope(f"head{h + 1}"):
            share = named("share", softmax(array([dot(q[part], k[part]) / size**0.5 for k in keys])))
            read.append(named(f"r{h + 1}", share @ array([v[part] for v in values])))
    with scope("mix"):
        return named("a", x + weights["mixed"] @ np.concatenate(read))


@scope("dense")
def dense(weights: dict[str, Any], x: Any) -> Any:
    """x, and what two layers make of it."""
    return named("d", x + weights["down"] @ relu(weights["up"] @ scaled(x)))


def step(weights: dict[str, Any], token: Any, position: int, keys: list[Any], values: list[Any]) -> Any:
    """The logits of the token that follows."""
    x = attention(weights, embedding(weights, token, position), keys, values)
    x = dense(weights, x)
    with scope("logits"):
        return named("z", weights["logits"] @ x)


def loss(weights: dict[str, Any], name: Any) -> Value:
    """The mean cross-entropy of the tokens that follow, of a name as tokens: whole numbers, or Values that hold them."""
    keys, values, losses = list[Any](), list[Any](), []
    for position, (token, following) in enumerate(pairwise(name)):
        with scope(f"pos{position + 1}"):
            logits = step(weights, token, position, keys, values)
            with scope("loss"):
                losses.append(named(f"L{position + 1}", cross_entropy(logits, following)))
    mean: Value = named("L", total(losses) / len(losses))
    return mean


def sampled(weights: dict[str, Any], seed: int, temperature: float = 0.5) -> str:
    """A name that the network makes up."""
    rng, keys, values, name = np.random.default_rng(seed), list[Any](), list[Any](), [0]
    while len(name) == 1 or (name[-1] and len(name) < LONGEST):
        logits = step(weights, name[-1], len(name) - 1, keys, values)
        chances = np.array([p.data for p in softmax([a / temperature for a in logits])])
        name.append(int(rng.choice(27, p=chances / chances.sum())))
    return "".join(LETTERS[k - 1] for k in name if k)


def trained(weights: dict[str, Any], names: Sequence[str], seconds: float, seed: int = 0) -> list[float]:
    """Train for some seconds or until Ctrl-C, 32 names of one length in a step; the losses before the steps.

    There is a program for each length that fills a batch, in C where there is a compiler. The bar shows them being made.
    """
    language: Literal["numpy", "c"] = "c"
    try:
        compiler()
    except RuntimeError:
        language = "numpy"
    rng, size, lr, losses = np.random.default_rng(seed), 32, 0.02, list[float]()
    rows = {n: np.array([tokens(name) for name in names if len(name) == n]) for n in {len(name) for name in names}}
    lengths = [n for n in map(len, names) if len(rows[n]) >= size]  # drawn from: a length as often as it occurs
    descent, programs = Adam(weights.values(), lr), {}
    with suppress(KeyboardInterrupt):
        making = f"a program in {language} for each length"
        with progress_bar(progress=True, total=len(set(lengths)), desc=making, unit="program") as bar:
            for n in sorted(set(lengths)):
                programs[n] = record(lambda x: loss(weights, x), rows[n][0], language=language)
                programs[n].value_and_grad(programs[n].theta(), rows[n][:2])  # written and compiled
                bar.update()
        start = perf_counter()
        with progress_bar(progress=True, total=seconds, bar_format=SECONDS) as bar:
            while (gone := perf_counter() - start) < seconds:
                n = lengths[rng.integers(len(lengths))]
                descent.zero_grad()
                losses.append(programs[n].backward(rows[n][rng.choice(len(rows[n]), size, replace=False)]))
                descent.lr = lr * (1 - gone / seconds)
                descent.step()
                bar.set_postfix_str(f"step {len(losses)}, loss {np.mean(losses[-100:]):.3f}", refresh=False)
                bar.update(gone - bar.n)
    return losses
