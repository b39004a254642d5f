"""A plugin of pytest: the LaTeX of every formula and of every table that the tests make goes into a file."""

import json
import os
from pathlib import Path

import viz.text.paths
import viz.text.trace  # noqa: F401  # both make tables
from viz.text.formula import Formula
from viz.text.tabular import Tabular

WRITTEN = {"formulas": set(), "tables": set()}


def made(kind, sort, latex):
    """Keep the LaTeX of each thing of this class as soon as it is made."""
    init = kind.__init__

    def kept(self, *args, **by_name):
        init(self, *args, **by_name)
        WRITTEN[sort].add(latex(self))

    kind.__init__ = kept


made(Formula, "formulas", lambda formula: formula.latex)
for _kind in Tabular.__subclasses__():
    made(_kind, "tables", lambda table: table.latex)


def pytest_unconfigure():
    """Write what was kept."""
    kept = {sort: sorted(texts) for sort, texts in WRITTEN.items()}
    Path(os.environ["CHAINRULE_WRITTEN"]).write_text(json.dumps(kept), encoding="utf-8")
