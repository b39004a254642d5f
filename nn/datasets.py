"""Data sets, rows X and class indices Y from 0: generated from a seed, shipped with the package, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.recorded.examples import Floats, rows, whole
from nn.csv_file import Examples, from_csv

__all__ = ["IRIS_CLASSES", "Examples", "from_csv", "iris", "names", "spirals", "two_gaussians", "two_moons", "xor"]

Classes = npt.NDArray[np.int64]

IRIS_CLASSES = ("setosa", "versicolor", "virginica")


def iris() -> tuple[Floats, Classes]:
    """Fisher's Iris flowers: X (150, 4) in cm, sepal length and width, petal length and width; Y (150,) class indices.

    The classes are IRIS_CLASSES, 50 flowers each. R. A. Fisher, The use of multiple measurements in taxonomic
    problems, Annals of Eugenics 7 (1936).

    >>> X, Y = iris()
    >>> X[0], IRIS_CLASSES[Y[0]]
    (array([5.1, 3.5, 1.4, 0.2]), 'setosa')
    """
    flowers = from_csv(Path(__file__).parent / "data" / "iris.csv", "species")
    return flowers.X, flowers.Y


def names() -> list[str]:
    """The 2,500 most frequent first names of the United States, in small letters from a to z, the most frequent first.

    U.S. Census Bureau, Frequently occurring first names and surnames from the 1990 census (1995), which is in the public
    domain: the shares of women and of men are added up, and names of one share are in the order of the alphabet.

    >>> names()[:4], max(map(len, names()))
    (['james', 'john', 'robert', 'michael'], 11)
    """
    return (Path(__file__).parent / "data" / "names.txt").read_text(encoding="ascii").split()


def xor() -> tuple[Floats, Classes]:
    """The four points of exclusive or, X (4, 2) and Y (4,), which no line separates; Minsky & Papert 1969.

    >>> X, Y = xor()
    >>> Y
    array([0, 1, 1, 0])
    """
    return np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])


def two_moons(n: int, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Classes]:
    """Two interlocking half circles of radius 1: X (n, 2), Y (n,); `noise` is its standard deviation.

    >>> X, Y = two_moons(100, noise=0.0)
    >>> bool(np.allclose((X[Y == 0] ** 2).sum(axis=1), 1.0))
    True
    """
    rng, Y = _drawn(n, 2, seed)  # noqa: N806
    angle = rng.uniform(0.0, np.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.array([1.0, 0.5]) - upper
    return np.where(Y[:, None] == 0, upper, lower) + rng.normal(0.0, noise, (n, 2)), Y


def spirals(n: int, classes: int, seed: int = 0, noise: float = 0.2) -> tuple[Floats, Classes]:
    """Arms of three quarters of a turn, one a class: X (n, 2) within the unit circle, Y (n,); `noise` in radians.

    >>> X, Y = spirals(90, 3)
    >>> X.shape, np.bincount(Y)
    ((90, 2), array([30, 30, 30]))
    """
    rng, Y = _drawn(n, classes, seed)  # noqa: N806
    radius = rng.uniform(0.05, 1.0, n)
    angle = 2 * np.pi * (Y / classes + 0.75 * radius) + rng.normal(0.0, noise, n)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), Y


class Posterior(np.ndarray[Any, np.dtype[np.float64]]):
    """P(C1 | x) for every row of a data set, (n,); a call with other rows (N, d) gives theirs."""

    deviations: Floats

    def __new__(cls, numbers: Floats, deviations: Floats) -> Posterior:
        self = numbers.view(cls)
        self.deviations = deviations
        return self

    def __array_finalize__(self, whole: Any) -> None:
        self.deviations = getattr(whole, "deviations", np.ones(2))

    def __reduce__(self) -> Any:
        return Posterior, (np.asarray(self), self.deviations)

    def __call__(self, X: Any) -> Floats:  # noqa: N803
        X = rows(X)  # noqa: N806
        s = self.deviations[:, None]
        squares = (X[:, 0] - [[-1.0], [1.0]]) ** 2 + (X[:, 1:] ** 2).sum(axis=1)  # of the distances from both means
        log_density = -squares / (2 * s * s) - X.shape[1] * np.log(s)
        posterior: Floats = np.exp(log_density[1] - np.logaddexp(*log_density))
        return posterior


def two_gaussians(
    n: int, seed: int = 0, deviations: Sequence[float] = (1.0, 1.0), dimensions: int = 2
) -> tuple[Floats, Classes, Posterior]:
    """Two equally likely normal classes with means −1 and +1 along the first axis: X (n, d), Y (n,) and P(C1 | x).

    With equal deviations the posterior is a sigmoid of a linear function of x, else of a quadratic one; lecture,
    approximation of the posterior. It is an array (n,), P(C1 | x) at each row, and a function of further rows.

    >>> X, Y, posterior = two_gaussians(100)
    >>> posterior.shape, posterior([[0.0, 0.0]])
    ((100,), array([0.5]))
    """
    if len(deviations) != 2 or not min(deviations) > 0:
        raise ValueError(f"two classes have two deviations > 0; got {deviations!r}")
    rng, Y = _drawn(n, 2, seed)  # noqa: N806
    X = rng.normal(0.0, 1.0, (n, dimensions)) * np.asarray(deviations)[Y][:, None]  # noqa: N806
    X[:, 0] += 2.0 * Y - 1.0
    posterior = Posterior(np.empty(n), np.asarray(deviations, dtype=float))
    posterior[:] = posterior(X)
    return X, Y, posterior


def _drawn(n: int, classes: int, seed: int) -> tuple[np.random.Generator, Classes]:
    """A generator, and n classes in random order, as many of each as can be."""
    whole("a data set has a whole number of rows and of classes", n, classes)
    rng = np.random.default_rng(seed)
    return rng, rng.permutation(np.arange(n) % classes)
