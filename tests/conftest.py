"""Fixtures of several files."""

import pytest

from autograd import Op, ops


@pytest.fixture
def row():
    """Rows made by a test, taken out of the table afterwards."""
    made = []

    def make(name, *args, **kwargs):
        made.append(Op(name, *args, **kwargs))
        return made[-1]

    yield make
    for op in made:
        ops.TABLE.pop(op.name)
