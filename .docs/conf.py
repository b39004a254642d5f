"""The site: `python -m sphinx -W --keep-going -b html .docs .docs/_build`, offline."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]  # our own extensions; the library and its tests as they stand here

project = "chainrule"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "made", "reference"]
exclude_patterns = [
    "_build",
    "jupyter_execute",
    "measured.md",
]  # where myst-nb puts what notebooks show, beside the output folder
templates_path: list[str] = []

# Text
myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_heading_anchors = 3
myst_update_mathjax = False
nb_execution_mode = "off"  # notebooks are shown with the outputs that are committed, which a test holds to
smartquotes = False
default_role = "py:obj"  # `zero_grad` in a docstring is a link where it is a name, else code

# Docstrings
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_ivar = True
add_module_names = False

# Look
html_theme = "furo"
html_title = "chainrule"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sphinx = html_show_copyright = False
html_copy_source = html_show_sourcelink = False
pygments_style, pygments_dark_style = "friendly", "github-dark"


def notebooks_here() -> None:
    """The notebooks lie beside the library: each is put among the pages, and one that is gone leaves them."""
    here = sorted((ROOT / "notebooks").glob("*.ipynb"))
    for old in {*(HERE / "notebooks").glob("*.ipynb")} - {HERE / "notebooks" / path.name for path in here}:
        old.unlink()
    for path in here:
        there, text = HERE / "notebooks" / path.name, path.read_text(encoding="utf-8")
        if not there.exists() or there.read_text(encoding="utf-8") != text:
            there.write_text(text, encoding="utf-8")


notebooks_here()
