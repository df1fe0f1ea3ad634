"""The record holds what somebody else needs to get the same result."""

import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks import records
from tasks.locate import PROJECT_ROOT
from tasks.pointers import FilePointer

# What every record holds.
KEYS = [
    "flow",
    "command",
    "config",
    "data",
    "code",
    "environment",
    "seed",
    "timings",
    "metrics",
    "outputs",
    "warnings",
]
GIVEN = {
    "flow": "nearmiss",
    "command": "python flows/nearmiss.py --stride 3",
    "config": {"stride": 3, "weights": None},
    "data": [{"location": "crossing.mp4", "licence": "CC0", "sha256": "0" * 64, "frames": 20}],
    "seed": 7,
    "timings": {"detect": 1.25},
    "metrics": {"events": {"n": 3, "interval": [0.1, 0.4]}},
    "warnings": ["Frame times vary."],
}


def git(folder, *arguments):
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *arguments],  # noqa: S607
        check=True,
        capture_output=True,
    )


@pytest.fixture
def record(tmp_path):
    folder = tmp_path / "outputs" / "run"
    (folder / "plots").mkdir(parents=True)
    (folder / "plots" / "speed.png").write_bytes(b"picture")
    (folder / "events.csv").write_bytes(b"a\n1\n2\n")
    (tmp_path / "model.onnx").write_bytes(b"model")
    outputs = {
        "speed": FilePointer.to(folder / "plots" / "speed.png"),
        "events": FilePointer.to(folder / "events.csv", rows=2),
        "model": FilePointer.to(tmp_path / "model.onnx"),
    }
    path = folder / "record.json"
    records.write_record(path, outputs=outputs, **GIVEN)
    return json.loads(path.read_text(encoding="utf-8"))


def test_it_has_the_keys_that_the_design_lists(record):
    assert list(record) == KEYS


@pytest.mark.parametrize("key", GIVEN)
def test_what_is_given_is_kept(record, key):
    assert record[key] == GIVEN[key]


@pytest.mark.parametrize(
    ("name", "path", "content", "rows"),
    [
        ("speed", "plots/speed.png", b"picture", None),
        ("events", "events.csv", b"a\n1\n2\n", 2),
        ("model", "../../model.onnx", b"model", None),
    ],
)
def test_outputs_are_relative_to_the_record_with_size_and_hash(record, name, path, content, rows):
    assert record["outputs"][name] == {
        "path": path,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "rows": rows,
    }


def test_outputs_are_relative_also_where_the_record_is_named_relatively(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("a")
    path = Path("record.json")
    records.write_record(path, outputs={"a": FilePointer.to(Path("a.csv"))}, **GIVEN)
    assert json.loads(path.read_text())["outputs"]["a"]["path"] == "a.csv"


def test_the_environment_is_that_of_this_process():
    found = records.environment()
    assert found["python"] == platform.python_version()
    assert found["threads"] == len(os.sched_getaffinity(0))
    assert set(found["cpu"]["features"]) <= set(records.CPU_FEATURES)
    assert found["cpu"]["model"]


def test_every_pinned_package_is_there_with_its_installed_version():
    packages = records.environment()["packages"]
    pinned = [
        line.split("==")[0]
        for line in (PROJECT_ROOT / "requirements.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    ]
    assert list(packages) == pinned
    assert packages["numpy"] == importlib.metadata.version("numpy")
    assert "missing" not in packages.values()


def test_a_package_that_is_not_installed_is_called_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "PROJECT_ROOT", tmp_path)
    (tmp_path / "requirements.txt").write_text(
        "# a comment\nno-such-package==1.0\nnumpy==0\n-e .\n"
    )
    assert records.environment()["packages"] == {
        "no-such-package": "missing",
        "numpy": importlib.metadata.version("numpy"),
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_code_is_the_commit_and_whether_the_tree_differs_from_it(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "PROJECT_ROOT", tmp_path)
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("a = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    head = (tmp_path / ".git" / "HEAD").read_text().removeprefix("ref: ").strip()
    commit = (tmp_path / ".git" / head).read_text().strip()
    assert records.code_version() == {"commit": commit, "dirty": False}
    (tmp_path / "code.py").write_text("a = 2\n")
    assert records.code_version() == {"commit": commit, "dirty": True}


def test_outside_git_the_code_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert records.code_version() == {"commit": None, "dirty": None}


def test_without_the_git_program_the_code_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert records.code_version() == {"commit": None, "dirty": None}


def test_a_number_that_json_lacks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        records.write_record(
            tmp_path / "record.json", outputs={}, **GIVEN | {"metrics": {"rate": float("nan")}}
        )
    assert not (tmp_path / "record.json").exists()
