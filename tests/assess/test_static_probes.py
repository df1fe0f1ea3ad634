"""What is found in a submission's files without running them."""

import os
from pathlib import Path

import pytest

from tasks.assess.grading import grade_submission
from tasks.assess.probes.static import CodeStyleFigures, OnlyAllowedImports, python_files
from tasks.assess.results import Outcome
from tasks.assess.rubrics.reading import find_rubric, read_rubric

REFERENCE = Path(__file__).parent / "reference_framework"


def _submission(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_reference_imports_only_what_is_allowed() -> None:
    result = OnlyAllowedImports().inspect(REFERENCE)
    assert (result.outcome, result.share) == (Outcome.PASSED, 1.0)
    assert result.figures["n"] == len(list(python_files(REFERENCE))) > 10


@pytest.mark.parametrize(
    "line",
    [
        "import torch",
        "import torch.nn as nn",
        "from sklearn.linear_model import LogisticRegression",
        "def f():\n    import tensorflow",
        "m = __import__('torch')",
        "import importlib\nm = importlib.import_module('jax.numpy')",
        "import pickle",
        "import subprocess",
    ],
)
def test_forbidden_imports_are_found(tmp_path: Path, line: str) -> None:
    result = OnlyAllowedImports().inspect(_submission(tmp_path, fine="import numpy", bad=line))
    assert (result.outcome, result.share) == (Outcome.FAILED, 0.0)
    assert result.example.startswith("bad.py, line")


@pytest.mark.parametrize("text", ["# import torch", "x = 'import torch'", "from .torch import a"])
def test_words_and_own_modules_are_not_imports(tmp_path: Path, text: str) -> None:
    assert OnlyAllowedImports().inspect(_submission(tmp_path, a=text)).outcome is Outcome.PASSED


def test_own_file_of_a_librarys_name_is_allowed(tmp_path: Path) -> None:
    folder = _submission(tmp_path, autograd="x = 1", a="import autograd")
    assert OnlyAllowedImports().inspect(folder).outcome is Outcome.PASSED


def test_own_tests_may_compare_with_anything(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "check.py").write_text("import torch")
    folder = _submission(tmp_path, a="import numpy", test_a="import torch")
    assert OnlyAllowedImports().inspect(folder).outcome is Outcome.PASSED


def test_broken_file_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    result = OnlyAllowedImports().inspect(_submission(tmp_path, a="def (", b="import torch"))
    assert result.outcome is Outcome.FAILED
    assert "a.py" in result.evidence
    assert "b.py" in result.example


def test_folder_without_python_fails(tmp_path: Path) -> None:
    assert OnlyAllowedImports().inspect(tmp_path).outcome is Outcome.FAILED


def test_style_informs_and_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text("[lint]\nselect = []\n")
    tangled = "def f(x):\n" + "".join(f"    if x == {i}: x = {i + 1}\n" for i in range(20))
    result = CodeStyleFigures().inspect(_submission(tmp_path, a=tangled + "import os\n"))
    assert (result.outcome, result.share) == (Outcome.PENDING, None)
    assert result.figures["greatest_complexity"] == 21
    assert result.figures["ruff_findings"] > 20


def test_style_of_broken_files_has_figures(tmp_path: Path) -> None:
    result = CodeStyleFigures().inspect(_submission(tmp_path, a="def ("))
    assert result.outcome is Outcome.PENDING
    assert result.figures["files"] == 1


def test_a_name_that_nobody_can_read_loses_one_check_and_not_the_milestone(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).write_text("import torch\n")
    rubric = read_rubric(find_rubric("milestone1"))
    only = {"only_allowed_imports"}
    result = grade_submission("ada", tmp_path, rubric, data_seed=1, probes=only, unsafe_local=True)
    (found,) = [
        probe
        for criterion in result.criteria
        for probe in criterion.probes
        if probe.probe == "only_allowed_imports"
    ]
    assert (found.outcome, found.example) == (Outcome.FAILED, "caf\ufffd.py, line 1: import torch")
    assert result.model_dump_json()
