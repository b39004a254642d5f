"""What is installed: a description that stands alone, and archives that stay small."""

import io
import re
import subprocess
import tarfile
import zipfile
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_description_leads_to_no_file_of_the_repository():
    description = metadata("chainrule").get_payload() or metadata("chainrule")["Description"]
    assert "# chainrule" in description
    assert "```python" in description
    assert re.findall(r"<img[^>]*>|\]\((?!https:)[^)]*\)", description) == []


def tracked(*folders):
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    found = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in found.stdout.splitlines() if (ROOT / name).is_file()]


def test_a_wheel_has_at_most_520_kilobytes():  # fonts are 60 of them, the 2,500 names eight
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as wheel:
        for name in tracked("autograd", "nn", "viz"):
            wheel.write(ROOT / name, name)
    assert len(file.getvalue()) < 506_000, "a build adds some 14 kB"


def test_a_source_archive_has_at_most_three_megabytes():
    with tarfile.open(fileobj=(file := io.BytesIO()), mode="w:gz") as archive:
        for name in tracked(
            "autograd", "nn", "viz", "tests", ".docs", ".github", "README.md", "pyproject.toml", "LICENSE"
        ):
            archive.add(ROOT / name, name)
    assert len(file.getvalue()) < 3_000_000
