"""The Python of a page. `python .docs/blocks.py PAGE …` runs it, block after block, and prints each example that fails."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PARSER = doctest.DocTestParser()
OWN_PROGRAM = "sys.argv"  # started from a shell, with arguments


def blocks(text: str) -> list[str]:
    """The blocks of Python in the Markdown of a page, without programs of their own."""
    return [block for block in FENCE.findall(text) if OWN_PROGRAM not in block]


def source(block: str) -> str:
    """The code of a block: of a doctest its examples, else the block as it stands."""
    return "".join(example.source for example in PARSER.get_examples(block)) or block


def failures(page: Path) -> int:
    """How many examples of a page fail. Its blocks share one namespace, as a reader's session does."""
    known: dict[str, Any] = {"__name__": "page"}
    runner = doctest.DocTestRunner()
    for number, block in enumerate(blocks(page.read_text(encoding="utf-8")), 1):
        name = f"{page.name}, block {number}"
        if examples := PARSER.get_examples(block):
            test = doctest.DocTest(examples, {}, name, str(page), 0, block)
            test.globs = known  # itself: DocTest makes a copy
            runner.run(test, clear_globs=False)
        else:
            exec(compile(block, name, "exec"), known)
    return runner.failures


if __name__ == "__main__":
    sys.exit(min(255, sum(failures(Path(name)) for name in sys.argv[1:])))
