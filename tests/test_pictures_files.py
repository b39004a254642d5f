"""Files of pictures: every format, what a notebook shows, and saving that is interrupted or beside others."""

import base64
import io
import os
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import graphviz
import numpy as np
import pytest

from autograd import Value, named
from tests.pictures import PAYLOADS, network, neuron
from viz import draw
from viz.picture import formats

pytestmark = pytest.mark.unmeasured  # other tests cover all of autograd


# --- files and notebooks ----------------------------------------------------------------------------------------------


def test_save_writes_by_suffix_and_returns_the_path(tmp_path):
    diagram = draw(neuron())
    for suffix, start in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".html", b"<!doctype html>"), (".DOT", b"digraph")):
        path = diagram.save(str(tmp_path / f"picture{suffix}"))
        assert path == tmp_path / f"picture{suffix}"
        assert path.read_bytes().startswith(start)


@pytest.mark.slow
def test_a_pdf_is_text_and_lines_in_our_font_and_the_same_every_time(tmp_path):
    pytest.importorskip("typst")
    data = draw(network(), detail="values").save(tmp_path / "picture.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"ChainruleSans" in data
    assert b"/Subtype/Image" not in data.replace(b" ", b"")
    assert b"Date" not in data.replace(b"Datetime", b"")  # or it is the same within one second alone
    assert draw(network(), detail="values").pdf == data


@pytest.mark.parametrize(
    ("platform", "install"),
    [("linux", 'pip install "chainrule[pdf]"'), ("emscripten", 'await micropip.install("typst")')],
)
def test_without_a_renderer_a_png_and_a_pdf_say_what_to_install_and_a_notebook_gets_the_rest(
    platform, install, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    diagram = draw(neuron())
    assert set(diagram._repr_mimebundle_()[0]) == {"image/svg+xml", "text/plain"}
    monkeypatch.setattr(sys, "platform", platform)
    for form in ("png", "pdf"):
        with pytest.raises(ImportError, match=rf"{form.upper()} needs Typst: {re.escape(install)}.* \.svg or \.html"):
            diagram.save(tmp_path / f"picture.{form}")
    assert list(tmp_path.iterdir()) == []


def test_without_resvg_typst_makes_the_same_png(monkeypatch):
    pytest.importorskip("typst")
    image, diagram = pytest.importorskip("matplotlib.image"), draw(network(), detail="values", theme="light")
    by_resvg = image.imread(io.BytesIO(diagram.png))
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    by_typst = image.imread(io.BytesIO(draw(network(), detail="values", theme="light").png))
    high, wide = (min(sides) for sides in zip(by_resvg.shape[:2], by_typst.shape[:2], strict=True))
    assert max(abs(n - m) for n, m in zip(by_resvg.shape, by_typst.shape, strict=True)) <= 1
    assert (
        np.abs(by_resvg[:high, :wide, :3] - by_typst[:high, :wide, :3]).mean() < 0.006
    )  # text alone is ten times that


@pytest.mark.parametrize("detail", ["values", "stages"])
def test_mermaid_says_what_the_picture_says_and_no_name_ends_a_text(detail, tmp_path):
    text = draw(network(), detail=detail).save(tmp_path / "graph.mmd").read_text(encoding="utf-8")
    first, *lines = text.splitlines()
    assert first == "flowchart TB"
    scene = draw(network(), detail=detail).scene
    assert len(lines) == len(scene.cards) + len(scene.wires)
    for card in scene.cards:
        assert any(line.split()[0].startswith(f"{card.id}") and "<br>".join(card.lines) in line for line in lines)
    for wire in scene.wires:
        assert f'{wire.tail} -->|"{"<br>".join(wire.lines)}"| {wire.head}' in text
    for payload in PAYLOADS:
        evil = draw(named(payload, Value(1.0, payload).exp()), detail=detail).mermaid
        assert all(line.count('"') % 2 == 0 for line in evil.splitlines())
        assert not set("<>&") & set(evil.replace("<br>", "").replace("-->", ""))


def test_save_refuses_other_suffixes_by_naming_its_own(tmp_path):
    for name in ("picture.jpg", "picture"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.html, \.dot, \.pdf, \.mmd"):
            draw(neuron()).save(tmp_path / name)


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"cannot be written.*nowhere"):
        draw(neuron()).save(tmp_path / "nowhere" / "picture.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(IsADirectoryError, match="cannot be written"):
        draw(neuron()).save(tmp_path / "folder.svg")


def test_a_png_holds_text_and_is_twice_as_large():
    diagram = draw(neuron(), legend=False)
    wide, high = struct.unpack(">II", diagram.png[16:24])
    assert (wide, high) == tuple(2 * size for size in diagram.size)
    mute = draw(neuron(), legend=False)
    mute.__dict__["svg"] = re.sub(r"<text.*?</text>", "", diagram.svg)
    assert len(diagram.png) > 1.5 * len(mute.png)


def test_the_list_of_our_fonts_letters_is_that_of_both_fonts():
    ttlib = pytest.importorskip("fontTools.ttLib")
    for style in ("Regular", "Bold"):
        letters = set(ttlib.TTFont(formats.FONTS / f"ChainruleSans-{style}.ttf").getBestCmap())
        assert letters | {ord("\n"), ord("\t")} == set(map(ord, formats._letters()))


def test_our_font_has_the_letters_of_a_lecture():
    lecture = "w⁽²⁾ δ⁽²⁾ x4ᵀ ∇L ŷ σ′ a⊙b f∘g wᵢⱼ xₙ 10⁻³ ½ Σ ∂ − × · → ≤ ∞ … ⟨x, y⟩"
    assert formats._letters().issuperset(lecture)
    assert not formats._letters().issuperset("語")


def test_the_fonts_are_shipped_with_their_licence():
    folder = Path(formats.__file__).parent / "fonts"
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text()
    assert all(path.stat().st_size < 200_000 for path in folder.glob("*.ttf"))


def test_a_notebook_gets_svg_and_text_but_no_html_and_a_png_only_where_one_is_asked_for(monkeypatch):
    diagram = draw(neuron())
    asked = diagram._repr_mimebundle_(include=["image/png", "text/plain"])
    assert set(asked[0]) == {"image/png", "text/plain"}
    assert base64.b64decode(asked[0]["image/png"]) == diagram.png
    assert asked[1] == {"image/png": {"width": diagram.size[0]}}
    assert set(diagram._repr_mimebundle_(include=["text/plain"])[0]) == {"text/plain"}
    assert set(diagram._repr_mimebundle_(exclude=["text/plain"])[0]) == {"image/svg+xml"}
    monkeypatch.setattr(formats, "png", None)  # none is made to show a picture
    assert set(diagram._repr_mimebundle_()[0]) == {"image/svg+xml", "text/plain"}


def test_a_wide_picture_in_a_notebook_leaves_its_width_to_the_column_and_has_a_png_of_1000_pixels():
    diagram = draw(network(), detail="values", direction="right")
    assert diagram.size[0] > 1000
    bundle, metadata = diagram._repr_mimebundle_(include=["image/svg+xml", "image/png"])
    root = ElementTree.fromstring(bundle["image/svg+xml"])
    assert (root.get("width"), root.get("height")) == ("100%", None)
    assert root.get("viewBox") == ElementTree.fromstring(diagram.svg).get("viewBox")
    assert metadata == {"image/png": {"width": 1000}}
    assert int.from_bytes(base64.b64decode(bundle["image/png"])[16:20]) == 2000


def test_a_diagram_shows_the_graph_as_it_was_drawn():
    out = neuron(backward=False)
    diagram = draw(out)
    out.backward()
    assert "∂ –" in diagram.svg
    assert "∂ –" not in draw(out).svg
    assert isinstance(diagram.digraph, graphviz.Digraph)
    assert diagram.digraph.source == diagram.dot


# --- interrupted, and beside other threads and processes --------------------------------------------------------------


def test_an_interrupted_save_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = draw(neuron()).save(tmp_path / "picture.svg")
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw(network(), detail="values").save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_picture_is_saved_through_a_link_and_under_a_long_name(tmp_path):
    target, link = tmp_path / "target.svg", tmp_path / "link.svg"
    target.write_text("old")
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("no links here")
    assert draw(neuron()).save(link) == link
    assert link.is_symlink()
    assert target.read_text().startswith("<svg")
    long = tmp_path / ("x" * 240 + ".svg")
    assert draw(neuron()).save(long).stat().st_size > 1000


def test_several_may_write_the_same_file_at_once(tmp_path):
    diagram, path = draw(neuron()), tmp_path / "picture.svg"
    text = diagram.svg
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: diagram.save(path), range(200))) == [path] * 200
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


FORKS = """
import os, sys, threading, time
from autograd import Value
import viz

def drawn(n):
    y = x = Value(1.0, "x")
    for _ in range(n):
        y = (y * x).tanh() + x
    return viz.draw(y).svg

def forever():
    while True:
        drawn(12)

drawn(2)
threading.Thread(target=forever, daemon=True).start()
time.sleep(0.2)
for _ in range(2):
    child = os.fork()
    if not child:
        os._exit(0 if "plain columns" not in drawn(8) else 3)
    end = time.time() + 30
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.time() > end:
            os.kill(child, 9)
            sys.exit("the child hangs")
        time.sleep(0.01)
    assert not found[1], found
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_while_a_thread_draws_can_draw():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS], capture_output=True, text=True, timeout=150, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
