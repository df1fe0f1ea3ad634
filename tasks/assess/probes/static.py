"""What can be said of a submission's files without running them."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from tasks.assess.inside.loading import SKIPPED_FILES, SKIPPED_FOLDERS
from tasks.assess.results import Outcome, ProbeResult

MOST_FILES = 400
MOST_BYTES = 2_000_000
# They would do the work that is to be shown.
FORBIDDEN_LIBRARIES = frozenset(
    {
        *("torch", "tensorflow", "keras", "jax", "flax", "sklearn", "scipy", "theano", "mxnet"),
        *(
            "paddle",
            "chainer",
            "cupy",
            "autograd",
            "tinygrad",
            "transformers",
            "xgboost",
            "lightgbm",
        ),
        *("torchvision", "numba", "onnxruntime", "mlx", "cntk", "fastai"),
    }
)
# They run what nobody has read, or leave the process.
FORBIDDEN_STANDARD = frozenset(
    {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "ctypes", "subprocess", "socket"}
)
FORBIDDEN = FORBIDDEN_LIBRARIES | FORBIDDEN_STANDARD
RUFF_RULES = "E,F,B,C90,N,D1"
RUFF_SECONDS = 30


class StaticProbe(Protocol):
    """A probe that reads files; nothing of the submission runs.

    Attributes:
        name: in the registry; rubrics refer to it.
        milestones: in which it may serve.
        public: whether the student's own check shows it.
    """

    name: str
    milestones: tuple[int, ...]
    public: bool

    def inspect(self, submission: Path) -> ProbeResult:
        """What the files say."""
        ...


class OnlyAllowedImports:
    """No library that does the work, nothing that unpickles or leaves the sandbox.

    A submission's own tests may compare with whatever they like: they are not run.
    """

    name = "only_allowed_imports"
    milestones = (1, 2, 3, 4, 5)
    public = True

    def inspect(self, submission: Path) -> ProbeResult:
        own = {path.stem for path in python_files(submission)} | {
            path.name for path in submission.rglob("*") if path.is_dir()
        }
        found: list[tuple[str, str, int]] = []
        unreadable: list[str] = []
        files = [path for path in python_files(submission) if not _is_test(path, submission)]
        for path in files:
            inner = _readable(path.relative_to(submission))
            try:
                names = list(_imports(ast.parse(path.read_bytes())))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                unreadable.append(inner)
                continue
            found += [(n, inner, line) for n, line in names if n in FORBIDDEN and n not in own]
        figures = {"n": len(files), "unreadable": unreadable[:10]}
        if not files:
            return self._result(Outcome.FAILED, 0.0, "There is no Python file.", "", figures)
        tail = f" Not Python: {', '.join(unreadable[:3])}." if unreadable else ""
        if not found:
            said = f"None of {len(files)} files imports what is not allowed.{tail}"
            return self._result(Outcome.PASSED, 1.0, said, "", figures)
        names = ", ".join(sorted({name for name, _, _ in found}))
        name, inner, line = found[0]
        return self._result(
            Outcome.FAILED,
            0.0,
            f"{len(found)} imports are not allowed: {names}.{tail}",
            f"{inner}, line {line}: import {name}",
            figures,
        )

    def _result(
        self, outcome: Outcome, share: float, evidence: str, example: str, figures: dict
    ) -> ProbeResult:
        return ProbeResult(
            probe=self.name,
            outcome=outcome,
            share=share,
            evidence=evidence,
            example=example,
            next_step="" if share == 1 else "Write it with numpy and the standard library alone.",
            figures=figures,
            public=self.public,
        )


class CodeStyleFigures:
    """Figures of ruff and radon for the person who judges code quality; they decide nothing."""

    name = "code_style_figures"
    milestones = (1, 2, 3, 4, 5)
    public = True

    def inspect(self, submission: Path) -> ProbeResult:
        files = list(python_files(submission))
        lines = sum(len(path.read_bytes().splitlines()) for path in files)
        figures = {"files": len(files), "lines": lines}
        figures |= _ruff_figures(submission, lines) | _radon_figures(files)
        said = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in figures.items())
        return ProbeResult(
            probe=self.name,
            outcome=Outcome.PENDING,
            evidence=f"For the person who judges: {said}.",
            next_step="A person reads the code; these figures only inform.",
            figures=figures,
            public=self.public,
        )


def python_files(submission: Path) -> Iterator[Path]:
    """Regular, small enough Python files, in order; links are not followed."""
    count = 0
    for path in sorted(submission.rglob("*.py")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            continue
        count += 1
        if count > MOST_FILES:
            return
        yield path


def _readable(path: Path) -> str:
    """A path as text that can be kept, also where its bytes are no UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _is_test(path: Path, submission: Path) -> bool:
    """Whether it is one of the files that the search for the framework passes over."""
    *folders, name = path.relative_to(submission).parts
    return bool(SKIPPED_FOLDERS & set(folders)) or name in SKIPPED_FILES or name.startswith("test_")


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(top-level name, line) of every import, also of those by a function with a fixed name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], node.lineno
        elif isinstance(node, ast.Call) and _is_importer(node.func) and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value.partition(".")[0], node.lineno


def _is_importer(function: ast.expr) -> bool:
    named = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return named in ("__import__", "import_module")


def _ruff_figures(submission: Path, lines: int) -> dict[str, float | int]:
    """Findings of ruff's own rules, whatever configuration the submission brings."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"]
    command += ["--ignore-noqa", "--output-format", "json", "--select", RUFF_RULES, str(submission)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=RUFF_SECONDS, check=False)
        findings = json.loads(done.stdout)
    except (json.JSONDecodeError, subprocess.TimeoutExpired):
        return {}
    codes = [str(finding.get("code") or "syntax") for finding in findings]
    undocumented = sum(code.startswith("D1") for code in codes)
    other = len(codes) - undocumented
    return {
        "ruff_findings": other,
        "ruff_findings_per_100_lines": round(100 * other / max(lines, 1), 2),
        "without_docstring": undocumented,
    }


def _radon_figures(files: list[Path]) -> dict[str, float | int]:
    """Cyclomatic complexity of functions and the maintainability index of files."""
    from radon.complexity import cc_visit
    from radon.metrics import mi_visit

    complexities: list[int] = []
    indices: list[float] = []
    for path in files:
        try:
            code = path.read_text(encoding="utf-8")
            complexities += [block.complexity for block in cc_visit(code)]
            indices.append(mi_visit(code, multi=True))
        except (SyntaxError, ValueError, RecursionError, MemoryError, ZeroDivisionError):
            continue
    if not complexities:
        return {}
    return {
        "mean_complexity": round(sum(complexities) / len(complexities), 2),
        "greatest_complexity": max(complexities),
        "mean_maintainability": round(sum(indices) / len(indices), 1),
    }
