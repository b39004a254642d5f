"""Initial weights: small enough not to saturate, different enough not to stay identical."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Rng: TypeAlias = "np.random.Generator | int | None"  # quoted: NumPy loads np.random when it is first used


def generator(rng: Rng) -> np.random.Generator:
    """The generator itself, or a new one from a seed."""
    if isinstance(rng, bool) or not isinstance(rng, np.random.Generator | int | np.integer | None):
        raise TypeError(f"rng is a numpy.random.Generator or a seed; got {type(rng).__name__} {rng!r}")
    return np.random.default_rng(rng)


def glorot(rng: np.random.Generator, n_out: int, n_in: int) -> npt.NDArray[np.float64]:
    """Weights of shape (n_out, n_in), uniform within ±√(6 / (n_in + n_out)); Glorot & Bengio 2010, eq. 16."""
    limit = np.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-limit, limit, (n_out, n_in))


def he(rng: np.random.Generator, n_out: int, n_in: int) -> npt.NDArray[np.float64]:
    """Weights of shape (n_out, n_in), normal with variance 2 / n_in, for rectifiers; He et al. 2015, eq. 10."""
    return rng.normal(0.0, np.sqrt(2.0 / n_in), (n_out, n_in))
