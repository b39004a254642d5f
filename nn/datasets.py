"""Data sets that come with the package."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IRIS_CLASSES = ("setosa", "versicolor", "virginica")


def iris() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Fisher's Iris flowers: X (150, 4) in cm, sepal length and width, petal length and width; Y (150,) class indices.

    The classes are IRIS_CLASSES, 50 flowers each. R. A. Fisher, The use of multiple measurements in taxonomic
    problems, Annals of Eugenics 7 (1936).
    """
    import csv
    from pathlib import Path

    with (Path(__file__).parent / "data" / "iris.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    measured = [[float(x) for name, x in row.items() if name != "species"] for row in rows]
    return np.array(measured), np.array([IRIS_CLASSES.index(row["species"]) for row in rows])
