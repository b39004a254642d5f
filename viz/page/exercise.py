"""Exercises: the questions of a page, from worked examples to blanks, and the check of what is handed in."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

from autograd.tape import reverse_sweep, wengert_list
from autograd.value import Value
from viz.arguments import values_in
from viz.names import names
from viz.picture.diagram import failed
from viz.source import given

MOST = 12  # questions of a page
TITLE = "Exercise in back propagation"  # the first words of what is handed in


def questions(order: Sequence[Value]) -> list[dict[str, Any]]:
    """The gradients of a graph in the order in which they are whole: worked first, then asked, the last one blank."""
    place = {v: k for k, v in enumerate(order)}
    whole: dict[Value, int] = {}  # the step that completes a gradient is that of its first use
    for v in order:
        for p in v.parents:
            whole.setdefault(p, place[v])
    found = sorted((v for v in whole if v.role != "constant"), key=lambda v: (-whole[v], place[v]))
    found = [found[k * (len(found) - 1) // (MOST - 1)] for k in range(MOST)] if len(found) > MOST else found
    worked, blank = len(found) // 3, -(-len(found) // 4)
    modes = ["worked"] * worked + ["asked"] * (len(found) - worked - blank) + ["blank"] * blank
    return [{"k": place[v], "mode": mode} for v, mode in zip(found, modes, strict=True)]


def fingerprint(order: Sequence[Value]) -> str:
    """The same for the same graph on the same numbers."""
    from hashlib import sha256

    place, name = {v: k for k, v in enumerate(order)}, names(order)
    facts = [(name[v], v.op.label, [place[p] for p in v.parents]) if v.op else (name[v], v.data) for v in order]
    return sha256(repr(facts).encode()).hexdigest()[:16]


def seal(text: str) -> int:
    """A checksum of a text (FNV-1a). Twin: seal in script/quiz.js."""
    return reduce(lambda sum_, c: (sum_ ^ ord(c)) * 16777619 % 2**32, text, 2166136261)


def near(answer: float, true: float, terms: float) -> bool:
    """Whether an answer is right: relatively; of a sum that is 0 but for its rounding, beside the size of its terms.

    Twin: near in script/quiz.js.
    """
    return abs(answer - true) <= (5e-3 * abs(true) + 1e-14 * terms if true else 1e-12)


def _plain(text: str) -> str:
    """A text without what a mail may have put into it: other line ends, and marks of quotation."""
    return re.sub(r"[>\s]", "", text)


def blanked(svg: str) -> str:
    """A picture without the numbers that may be asked for, in its gradients and on its wires; the page computes them."""
    svg = re.sub(r">∂ [^<]*</text>", ">∂ ?</text>", svg)
    label = re.compile(r'<g id="[^"]*-(?:label|\d+)"[^>]*>.*?</g>', re.DOTALL)
    return label.sub(lambda group: re.sub(r">(= [^<]*|[−\d.e∞◂→× ]+)</text>", "></text>", group[0]), svg)


class Answer(NamedTuple):
    """An answer to one question: what was asked, whether it is right, how often was tried, and in how many seconds."""

    question: str
    right: bool
    tries: int
    shown: bool
    seconds: int

    def __str__(self) -> str:
        verdict = "shown" if self.shown else "right" if self.right else "wrong" if self.tries else "open"
        return f"{verdict:<5}  {self.question}  {self.tries} {'try' if self.tries == 1 else 'tries'}, {self.seconds} s"


class Marks(tuple[Answer, ...]):
    """The answers of one reader; as text, a line for each, and the score below."""

    @property
    def right(self) -> int:
        """The number of right answers that the page did not show."""
        return sum(answer.right and not answer.shown for answer in self)

    def __repr__(self) -> str:
        first = sum(answer.right and answer.tries == 1 and not answer.shown for answer in self)
        return "\n".join([*map(str, self), f"{self.right} of {len(self)} right, {first} at the first try"])


def check(text: str, output: Any, *args: Any) -> Marks:
    """Whether the answers that a reader has handed in, from `steps(…, predict="all")` of the same arguments, are right.

    The gradients are computed here; the text holds none. Of several tries the last one counts. ValueError for a text that
    is not what Hand in gave, that was altered, or that belongs to another graph or other numbers. Its checksum is no
    secret: it finds what was altered by hand, and not what a program forged.
    """
    (output,) = values_in(given(output, args, failed)[0])
    order = wengert_list([output])
    try:
        ((words, block),) = re.findall(rf"({TITLE}(?:(?!{TITLE}).)*)\[\[([\w+/=>\s]+)\]\]", text, re.DOTALL)
        checksum, body = json.loads(b64decode(_plain(block), validate=True))
        facts = json.loads(body)
        graph, items = facts["graph"], facts["items"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"this is not the text that Hand in gave: all of it is needed, from “{TITLE}” to the letters in [[ ]]"
        ) from error
    if checksum != seal(_plain(words) + body):
        raise ValueError("this text was altered after Hand in gave it: ask for the text as the page wrote it")
    asked = [q["k"] for q in questions(order) if q["mode"] != "worked"]
    if graph != fingerprint(order) or [k for k, *_ in items] != asked:
        raise ValueError("these answers belong to another graph, or to other numbers in its leaves")
    bars, name = reverse_sweep(order, {output: 1.0}), names(order)
    terms = defaultdict[Value, float](float)
    for v in (v for v in order if bars.get(v)):
        for p, d in zip(v.parents, v.partials, strict=True):
            terms[p] += abs(bars[v] * d)
    answers = []
    for k, tries, shown, seconds in items:
        right = bool(tries) and tries[-1] is not None and near(tries[-1], bars[order[k]], terms[order[k]])
        answers.append(Answer(f"∂{name[output]}/∂{name[order[k]]}", right, len(tries), bool(shown), seconds))
    return Marks(answers)
