"""The lecture's formulas, checked and printed by slide: `python -m tests.lecture`."""

import argparse
import sys

from tests.lecture import check
from tests.lecture.claims import LECTURE

LEGEND = """\
Each formula as printed, with 50 digits, against three ways that agree: a derivative in reverse mode, in forward mode
and by central differences of 50 digits; any other equality on Values, in floats and with 50 digits.
✓ right    note  right, with a remark    slip  wrong as printed    doubt  the three ways disagree, or there is no value"""


def main(argv=None):
    """0 where every formula holds, as printed or as corrected; 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.lecture", description=__doc__)
    parser.add_argument("--only", metavar="TEXT", default="", help="slides with this text in their title")
    only = parser.parse_args(argv).only
    chosen = [claim for claim in LECTURE if only.casefold() in claim.slide.casefold()]
    if not chosen:
        parser.error(
            f"no slide has {only!r} in its title; they are\n" + "\n".join(dict.fromkeys(c.slide for c in LECTURE))
        )
    report = check(chosen)
    print(f"{LEGEND}\n\n{report}")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a console without ✓ shows ?
    sys.exit(main())
