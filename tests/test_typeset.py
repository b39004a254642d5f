"""Every LaTeX text that the tests write is set by the engines that readers have: LaTeX itself, and KaTeX, as in marimo."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WRITERS = ("formula", "derivations", "textbook", "written_lines", "trace", "paths")

# Each text is set in a box of its own; an error is a line that begins with an exclamation mark. This LaTeX, a whole one in
# a package of npm, has no font for two of the symbols, which are taken from elsewhere.
TEX = r"""
const {load, tex} = require("node-tikzjax/dist/bootstrap.js");
const boxes = JSON.parse(require("fs").readFileSync(0)).map(source => `\\setbox0\\hbox{${source}}%\n`);
const lines = [], fonts = "\\renewcommand\\textdollar{\\char36}\\renewcommand\\textasciigrave{\\lq}";
console.log = (...words) => lines.push(words.join(" "));
load().then(() => tex(`\\nonstopmode\\begin{document}\n${boxes.join("\n")}.\\end{document}\n`, {texPackages: {amsmath: ""}, addToPreamble: fonts, showConsole: true}))
  .catch(error => lines.push("! " + error.message))
  .then(() => process.stdout.write(lines.slice(lines.findIndex(line => line.startsWith("This is"))).join("\n")));
"""
# Letters of other scripts are set, and KaTeX warns of them.
KATEX = r"""
const katex = require("katex"), letters = new Set(["unicodeTextInMathMode", "unknownSymbol"]);
for (const source of JSON.parse(require("fs").readFileSync(0))) {
  try { katex.renderToString(source, {displayMode: true, strict: code => letters.has(code) ? "ignore" : "error"}); }
  catch (error) { console.log("! " + error.message); }
}
console.log("All are read.");
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The texts, formulas and tables apart."""
    if not os.environ.get("CHAINRULE_TYPESET"):
        pytest.skip("needs CHAINRULE_TYPESET, a folder with npm install katex node-tikzjax")
    path = tmp_path_factory.mktemp("written") / "latex.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.written", "-p", "no:cacheprovider", "-n", "0"]
    tests = [f"tests/test_{name}.py" for name in WRITERS]
    done = subprocess.run(
        [*command, *tests], cwd=ROOT, env=os.environ | {"CHAINRULE_WRITTEN": str(path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    return json.loads(path.read_text(encoding="utf-8"))


def errors(package, program, sources):
    """The lines of errors that an engine from npm prints."""
    folder = os.environ.get("CHAINRULE_TYPESET", "")
    if not shutil.which("node") or not (Path(folder) / "node_modules" / package).is_dir():
        pytest.skip(f"needs Node.js, and npm install {package} in the folder CHAINRULE_TYPESET")
    command = ["node", "-e", program]
    done = subprocess.run(command, cwd=folder, input=json.dumps(sources), capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("."), "the engine has stopped"
    return [line for line in done.stdout.splitlines() if line.startswith("! ")]


@pytest.mark.slow
def test_every_formula_and_every_table_that_the_tests_write_is_set_by_latex(written):
    formulas = [rf"$\displaystyle {source}$" for source in written["formulas"] if source.isascii()]
    tables = [source for source in written["tables"] if source.isascii()]
    assert len(formulas) > 500
    assert len(tables) > 30
    assert errors("node-tikzjax", TEX, [*formulas, *tables]) == []
    assert errors("node-tikzjax", TEX, [r"$\nonsense$"]) == ["! Undefined control sequence."]


@pytest.mark.slow
def test_every_formula_that_the_tests_write_is_set_by_katex(written):
    assert len(written["formulas"]) > 500
    assert errors("katex", KATEX, written["formulas"]) == []
    assert len(errors("katex", KATEX, [r"\nonsense", "x^2^3", "x"])) == 2
