"""Examples read from a CSV file: numbers, and one column of classes."""

from __future__ import annotations

import csv
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd.recorded.examples import Floats

MOST_CLASSES = 50


class Examples(NamedTuple):
    """Examples with the names of their columns and classes."""

    X: Floats
    Y: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    classes: tuple[str, ...]


class _Lines(NamedTuple):
    """The lines of a file below its header, each with its number."""

    name: str  # of the file
    columns: tuple[str, ...]
    numbers: list[int]
    cells: npt.NDArray[np.str_]

    def refuse(self, bad: Any, why: str) -> None:
        """ValueError for the first of these cells, if there is one."""
        for n, k in bad:
            shown = f" holds {str(self.cells[n, k])!r}, which" if self.cells[n, k] else ""
            raise ValueError(f"{self.name}, line {self.numbers[n]}: the column {self.columns[k]!r}{shown} {why}")


def from_csv(path: str | PathLike[str], target: str) -> Examples:
    """Read examples from a CSV file with a header: `target` is the column of classes, all others hold numbers.

    X (N, d) are the numbers, and `columns` the d names of their columns. Y (N,) are class indices: Y[n] stands for
    `classes[Y[n]]`, and classes are in the order of the alphabet, or of their size where all are numbers. Columns are
    separated by commas, semicolons or tabs. ValueError with the line and the column for a missing entry, a text among
    numbers and a line of another length, and for a target that is no column of 2 to 50 classes.

    >>> import pathlib, nn
    >>> flowers = from_csv(pathlib.Path(nn.__file__).parent / "data" / "iris.csv", "species")
    >>> flowers.X.shape, flowers.columns[0], flowers.classes
    ((150, 4), 'sepal_length', ('setosa', 'versicolor', 'virginica'))
    """
    data = _read(Path(path))
    if target not in data.columns:
        raise ValueError(f"{data.name} has no column {target!r}; its columns are {', '.join(data.columns)}")
    at = data.columns.index(target)
    data.refuse(np.argwhere(data.cells == ""), "is empty: fill it in, or leave the line out")
    classes, Y = _classes(data.cells[:, at], f"{data.name}: the column {target!r}")  # noqa: N806
    data = data._replace(columns=data.columns[:at] + data.columns[at + 1 :], cells=np.delete(data.cells, at, axis=1))
    if not data.columns:
        raise ValueError(f"{data.name} has no column beside {target!r}: there is nothing to tell the classes by")
    try:
        X = data.cells.astype(float)  # noqa: N806
    except ValueError:
        bad = [place for place in np.ndindex(data.cells.shape) if not _is_number(str(data.cells[place]))]
        data.refuse(
            bad, "is no number: leave the line or the column out, or write it as numbers (with a point, as 0.5)"
        )
    data.refuse(np.argwhere(~np.isfinite(X)), "has no value: fill it in, or leave the line out")
    return Examples(X, Y, data.columns, classes)


def _read(path: Path) -> _Lines:
    """Every line that is not blank, the first of which is the header."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        separator = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is no text in UTF-8: save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise ValueError(f"{path.name} cannot be read as CSV: {error}") from None
    if len(lines) < 2:
        raise ValueError(f"{path.name} has no lines of data below a header")
    (_, header), *rest = lines
    if "" in header or len(set(header)) < len(header) or any(map(_is_number, header)):
        raise ValueError(f"{path.name} needs a first line with a name for every column, each once; got {header}")
    for number, row in rest:
        if len(row) != len(header):
            raise ValueError(f"{path.name}, line {number} has {len(row)} entries, and the header {len(header)}")
    return _Lines(path.name, tuple(header), [number for number, _ in rest], np.array([row for _, row in rest]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _classes(labels: npt.NDArray[np.str_], what: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """The classes in order, and every label as an index."""
    found = set(labels.tolist())
    most = min(MOST_CLASSES, len(labels) // 2)
    if not 2 <= len(found) <= max(2, most):
        advice = ": to predict a number, train nn.MLP(d, [5, 1]) with nn.mse" if all(map(_is_number, found)) else ""
        raise ValueError(
            f"{what} has {len(found)} different entr{'y' if len(found) == 1 else 'ies'} in {len(labels)} lines, and is no "
            f"column of classes{advice}"
        )
    classes = tuple(sorted(found, key=float if all(map(_is_number, found)) else str))
    place = {label: k for k, label in enumerate(classes)}
    return classes, np.array([place[label] for label in labels.tolist()])
