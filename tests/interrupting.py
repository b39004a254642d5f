"""Interruptions at any instruction of the library, put there by a tracer."""

import contextlib
import dis
import inspect
import sys
from functools import cache
from pathlib import Path

import pytest

import nn

traced = pytest.mark.unmeasured  # the test sets a tracer of its own

scopes = sys.modules["autograd.scope"]  # the package has the class under this name
ROOT = Path(__file__).parents[1]
OURS = (*(str(ROOT / package) for package in ("autograd", "nn")), contextlib.__file__, "<recorded>", "<the row")


@cache
def handler(code, offset):
    """The place at which an error of the instruction is handled, None where it leaves the function."""
    entries = dis.Bytecode(code).exception_entries
    return next((entry.target for entry in entries if entry.start <= offset < entry.end), None)


class Interruption:
    """A tracer that raises KeyboardInterrupt at the k-th place where CPython looks for signals: at the start of a
    function, after a call, and at a jump back.

    CPython looks within the call, the tracer stops an instruction later: where a block of `with` or `try` ends in between,
    it would show what no signal does, and goes on.
    """

    def __init__(self, at):
        self.at, self.count, self.where = at, 0, None

    def __call__(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        code, at = frame.f_code, None

        def instruction(frame, event, arg):
            nonlocal at
            if event == "opcode":
                before, at = at, frame.f_lasti
                last = None if before is None else dis.opname[code.co_code[before]]
                looks = last in (None, "RESUME", "CALL", "CALL_KW", "CALL_FUNCTION_EX") or "JUMP_BACKWARD" in last
                closing = last is None and code.co_flags & inspect.CO_GENERATOR  # perhaps, and Python swallows it there
                if looks and not closing and (before is None or handler(code, before) == handler(code, at)):
                    self.count += 1
                    if self.count == self.at:
                        self.where = (code.co_qualname, last in (None, "RESUME"))
                        raise KeyboardInterrupt
            return instruction

        frame.f_trace = instruction  # Python 3.13 follows the instructions of a frame that has a tracer by then
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return instruction


def interrupted(work, at):
    """The place where the k-th look for signals has interrupted the work; the number of looks if there are fewer."""
    interruption, tracer = Interruption(at), sys.gettrace()
    sys.settrace(interruption)
    try:
        work()
    except KeyboardInterrupt:
        return interruption.where
    finally:
        sys.settrace(tracer)
    return interruption.count


def network():
    return nn.MLP(2, [2, 1], "tanh", rng=0)
