"""A small network on two moons and its training, for the tests of `fit` and of what may come between."""

import nn
from autograd import record, values

X, Y = nn.datasets.two_moons(30, seed=3)


def network(activation="tanh", n_out=1, seed=0, **options):
    return nn.MLP(2, [4, n_out], activation, rng=seed, **options)


def trained(model, loss, Y=Y, epochs=5, optimizer=nn.SGD, lr=0.1, **options):
    """The history and the parameters after it."""
    history = nn.fit(model, X, Y, loss, optimizer(model.parameters(), lr), epochs, progress=False, **options)
    return history, values(model.parameters())


def program(model):
    """The loss of one example, recorded."""
    return record(lambda x, y: nn.mse(model(x), y), X[0], Y[0])
