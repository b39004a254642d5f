"""A program's functions in C: compiled once for each text, kept in the user's cache folder, and called on arrays.

ctypes calls them: cffi's calls are quicker by less than a microsecond, and it would be one more thing to install.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from autograd.languages import c
from autograd.languages.assignments import Function
from autograd.recorded import writing
from autograd.recorded.execution import added
from autograd.recorded.groups import Plan
from autograd.recorded.inputs import Shape

LINES = 800, 3000  # of texts for which gcc's slow optimisations take a moment, and some seconds
MANY_NODES = 2_000  # from which it pays to compile a graph once more, for one example alone
FLAGS = ("-std=c11", "-march=native", "-ffp-contract=fast", "-fno-math-errno", "-fopenmp-simd", "-shared", "-fPIC")
MANY = 50_000  # rows for a thread

Arrays = Sequence[npt.NDArray[Any]]


class Compiler(NamedTuple):
    """A C compiler: how it is called, and what it says it is."""

    command: tuple[str, ...]
    version: str


def compiler() -> Compiler:
    """The compiler: $CC, else cc, else the one of the package ziglang; RuntimeError says how to get one."""
    return _found(os.environ.get("CC", ""))


@cache
def _found(chosen: str) -> Compiler:
    ziglang = (sys.executable, "-m", "ziglang", "cc")
    for command in [tuple(shlex.split(chosen))] if chosen else [("cc",), ziglang]:
        if not shutil.which(command[0]):
            continue
        try:
            done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True, timeout=60)
        except (OSError, subprocess.SubprocessError):
            continue
        return Compiler(command, done.stdout.partition("\n")[0])
    wanted = f"$CC is {chosen!r}, which does not run" if chosen else "there is none"
    raise RuntimeError(
        f'language="c" needs a C compiler, and {wanted}: install gcc or clang, or pip install "chainrule[c]", which '
        'brings one; language="numpy" needs none'
    )


def _machine() -> str:
    """The processor, on which -march=native depends."""
    flags = Path("/proc/cpuinfo")
    lines = flags.read_text(encoding="utf-8").splitlines() if flags.exists() else []
    return platform.machine() + platform.processor() + next((line for line in lines if line.startswith("flags")), "")


def compiled(text: str, *more: str) -> Path:
    """The shared library of this text, with some more flags, from the cache or compiled into it."""
    import platformdirs

    made_by = compiler()
    level = 3 - sum(text.count("\n") > most for most in LINES[bool(more) :])  # loops over numbers gain most by -O3
    flags = [f"-O{level}", *FLAGS, *more]
    key = hashlib.sha256("\0".join([text, *made_by.command, made_by.version, *flags, _machine()]).encode()).hexdigest()
    folder = Path(platformdirs.user_cache_dir("chainrule", appauthor=False))
    library = folder / f"{key[:32]}.so"
    if library.exists():
        return library
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        source, made = Path(aside) / "program.c", Path(aside) / "program.so"
        source.write_text(text, encoding="utf-8")
        command = [*made_by.command, *flags, "-o", str(made), str(source), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{made_by.version} does not compile the program:\n{done.stderr[:2000]}")
        os.replace(made, library)  # whole or not at all, though several processes compile it
    return library


def functions(plan: Plan, arguments: Mapping[str, Shape]) -> list[Function]:
    """The functions of a program in C."""
    return writing.functions(plan, arguments, c.ARRAYS, seed="live" if plan.outputs.batched else "")


def source(plan: Plan, arguments: Mapping[str, Shape], precision: str = "double") -> str:
    """Their text."""
    return c.source(functions(plan, arguments), precision)


def program(plan: Plan, arguments: Mapping[str, Shape], theta: list[float]) -> str:
    """Their text with the parameters and a program that reads examples."""
    return c.program(functions(plan, arguments), theta)


def native(plan: Plan, arguments: Mapping[str, Shape], dtype: Any) -> Native:
    """The compiled functions of a program for numbers of this precision."""
    text = source(plan, arguments, "float" if dtype == np.float32 else "double")
    alone = plan.outputs.batched and len(plan.columns.nodes) > MANY_NODES
    return Native(text, dtype, len(plan.parameters), plan.shape, plan.outputs.batched, alone)


class Native:
    """The functions of a file in C. Called as those in NumPy are; None where a number has left its domain."""

    def __init__(
        self, text: str, dtype: Any, parameters: int, outputs: tuple[int, ...], over_data: bool, alone: bool
    ) -> None:
        self.text, self.alone, self._function = text, alone, cache(self._loaded)
        self.dtype, self.parameters, self.outputs, self.over_data = np.dtype(dtype), parameters, outputs, over_data

    def __call__(self, name: str, theta: npt.NDArray[Any], arrays: Arrays) -> Any:
        """The result on all rows, in several threads where there are many; None for an alarm."""
        n = len(arrays[0]) if arrays else 1
        if n <= MANY:
            return self._run(name, theta, arrays)
        parts = -(-n // MANY)  # converted one by one, where they are whole numbers
        ends = [n * k // parts for k in range(parts + 1)]
        with ThreadPoolExecutor(_cores()) as pool:
            blocks = [[x[a:b] for x in arrays] for a, b in pairwise(ends)]
            found = [*pool.map(lambda block: self._run(name, theta, block), blocks)]
        if any(result is None for result in found):
            return None
        return np.concatenate(found) if name == "forward" else reduce(added, found)

    def _run(self, name: str, theta: npt.NDArray[Any], arrays: Arrays) -> Any:
        theta, *arrays = (np.ascontiguousarray(x, self.dtype) for x in (theta, *arrays))
        n = len(arrays[0]) if arrays else 1
        if name == "forward":
            result = np.empty(((n,) if self.over_data else ()) + self.outputs, self.dtype)
            places = [result.ctypes.data]
        else:
            result = np.empty(1 + self.parameters, self.dtype)
            place = _place(result)
            places = [place, place + self.dtype.itemsize]
        function = self._function(name, len(arrays) + 2 + len(places), n == 1 and self.alone)
        if function(n, _place(theta), *map(_place, arrays), *places):
            return None
        return result[()] if name == "forward" else (result[0], result[1:])

    def _loaded(self, name: str, count: int, alone: bool) -> Any:
        function = getattr(ctypes.CDLL(str(compiled(self.text, *["-DALONE"] * alone))), name)
        function.argtypes = [ctypes.c_long, *[ctypes.c_void_p] * (count - 1)]
        return function


def _place(x: npt.NDArray[Any]) -> int:
    """The address of the numbers."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(cast(Any, x)))  # in a third of the time of x.ctypes.data
    except (TypeError, ValueError):  # read-only, or without an entry
        return int(x.ctypes.data)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
