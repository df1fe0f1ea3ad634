"""A stage runs again exactly when its input, its settings, its code or its output changed."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

import gc
import importlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from prefect import flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from pydantic import BaseModel

from tasks import caching, files
from tasks.caching import fingerprint, key_of, only_transient, source_hash, stage
from tasks.errors import BadInput
from tasks.pointers import FilePointer, StageResult


def written(path: Path, text: str) -> FilePointer:
    path.write_text(text)
    return FilePointer.to(path)


class Thresholds(BaseModel):
    near: float = 1.0
    names: list[str] = []


class WithFile(BaseModel):
    file: FilePointer


class WithPath(BaseModel):
    path: Path


# --- fingerprint ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap",
    [
        lambda file: file,
        lambda file: [file],
        lambda file: {"video": file},
        lambda file: StageResult(files={"video": file}),
        lambda file: WithFile(file=file),
    ],
    ids=["alone", "list", "dict", "stage result", "model"],
)
def test_a_file_counts_by_its_content_and_not_by_its_path(tmp_path, wrap):
    first = written(tmp_path / "a.txt", "same")
    moved = written(tmp_path / "b.txt", "same")
    other = written(tmp_path / "c.txt", "else")
    assert fingerprint(wrap(first)) == fingerprint(wrap(moved))
    assert fingerprint(wrap(first)) != fingerprint(wrap(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        (0, False),
        (None, "None"),
        ("1", 1),
        ([1, 2], [2, 1]),
        ([[1], 2], [1, [2]]),
        ({"a": 1}, {"b": 1}),
        (Thresholds(near=1), Thresholds(near=2)),
        (StageResult(figures={"n": 1}), StageResult(figures={"n": 2})),
    ],
)
def test_different_values_make_different_keys(one, other):
    assert key_of({"value": one}, "") != key_of({"value": other}, "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ((1, 2), [1, 2]),
        (Thresholds(near=2), Thresholds(near=2.0)),
        (StageResult(seconds=1), StageResult(seconds=2)),
    ],
    ids=["order of keys", "tuple or list", "equal models", "time that a stage took"],
)
def test_what_makes_no_difference_makes_the_same_key(one, other):
    assert key_of({"value": one}, "") == key_of({"value": other}, "")


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1]}),
        np.zeros(3),
        Path("video.mp4"),
        object(),
        {1, 2},
        b"bytes",
        len,
        [Path("inside a list")],
        {"inside": {"a": object()}},
        StageResult(figures={"inside": Path("figures")}),
        WithPath(path=Path("inside a model")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_hashed_by_content_is_refused(value):
    with pytest.raises(TypeError):
        fingerprint(value)


# --- key_of --------------------------------------------------------------------------------------


def test_the_order_of_arguments_does_not_count():
    assert key_of({"a": 1, "b": 2}, "source") == key_of({"b": 2, "a": 1}, "source")


def test_the_name_of_an_argument_counts():
    assert key_of({"a": 1}, "source") != key_of({"b": 1}, "source")


def test_the_source_counts():
    assert key_of({"a": 1}, "source") != key_of({"a": 1}, "other source")


def test_the_folder_counts_by_its_path(tmp_path, monkeypatch):
    key = key_of({"folder": tmp_path / "one"}, "")
    assert key != key_of({"folder": tmp_path / "two"}, "")
    assert key != key_of({}, "")
    monkeypatch.chdir(tmp_path)
    assert key == key_of({"folder": Path("one")}, "")
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_text("what lies in it does not count")
    assert key == key_of({"folder": tmp_path / "one"}, "")


# --- source_hash ---------------------------------------------------------------------------------

PAGE = 'from pathlib import Path\nTEMPLATES = Path(__file__).parent / "templates"\n'
PACKAGE = {
    "__init__.py": "",
    "entry.py": (
        "import json\n"
        "import pkg.direct\n"
        "from pkg import by_name\n"
        "from pkg.member import value\n"
        "from pkg.inner import inside\n"
        "from . import beside\n"
        "from .relative import thing\n"
        "def late():\n"
        "    import pkg.late\n"
        "from pkg.inner import page\n"
    ),
    "direct.py": "import pkg.deep\n",
    "deep.py": "import pkg.entry\n",  # a circle
    "by_name.py": "a = 1\n",
    "member.py": "value = 1\n",
    "inner/__init__.py": "from pkg.inner.leaf import inside\n",
    "inner/leaf.py": "from .sibling import inside\n",
    "inner/sibling.py": "inside = 1\n",
    "inner/page.py": PAGE,
    "inner/templates/page.html.j2": "{{ title }}\n",
    "templates/_style.html.j2": "p {}\n",
    "stranger/page.py": PAGE,
    "stranger/templates/page.html.j2": "{{ title }}\n",
    "beside.py": "b = 1\n",
    "relative.py": "thing = 1\n",
    "late.py": "c = 1\n",
    "strange.py": "d = 1\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package that counts as the project's; gives its folder."""
    for name, text in PACKAGE.items():
        path = tmp_path / "pkg" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(caching, "PROJECT_PACKAGES", ("pkg",))
    caching._project_file.cache_clear()
    yield tmp_path / "pkg"
    caching._project_file.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "pkg"]:
        del sys.modules[name]


def test_unchanged_source_has_the_same_hash(package):
    entry = importlib.import_module("pkg.entry")
    assert source_hash([entry]) == source_hash([entry])
    assert source_hash([entry]) == source_hash([entry, entry])


@pytest.mark.parametrize(
    "changed",
    [
        "entry.py",
        "direct.py",
        "deep.py",
        "by_name.py",
        "member.py",
        "inner/__init__.py",
        "inner/leaf.py",
        "inner/sibling.py",
        "beside.py",
        "relative.py",
        "late.py",
        "inner/page.py",
        "inner/templates/page.html.j2",
        "templates/_style.html.j2",
    ],
)
def test_the_hash_changes_with_every_project_module_that_is_imported(package, changed):
    entry = importlib.import_module("pkg.entry")
    before = source_hash([entry])
    path = package / changed
    path.write_text(path.read_text() + "# changed\n")
    assert source_hash([entry]) != before


def test_the_hash_does_not_change_with_modules_that_are_not_imported(package):
    entry = importlib.import_module("pkg.entry")
    before = source_hash([entry])
    (package / "strange.py").write_text("d = 2\n")
    (package / "stranger" / "templates" / "page.html.j2").write_text("changed")
    assert source_hash([entry]) == before


def test_templates_do_not_count_for_modules_that_render_none(package):
    member = importlib.import_module("pkg.member")
    before = source_hash([member])
    (package / "templates" / "_style.html.j2").write_text("changed")
    assert source_hash([member]) == before


def test_the_templates_of_the_project_count_where_its_pages_are_written():
    from tasks.finetune.model_card import write

    path = Path(write.__file__)
    found = caching._templates(path, write.__name__)
    assert "tasks/finetune/model_card/templates/model_card.md.j2" in found
    assert caching._HAS_TEMPLATES.search(path.read_bytes())


def test_modules_from_outside_the_project_do_not_count(package, monkeypatch):
    entry = importlib.import_module("pkg.entry")
    monkeypatch.setattr(caching, "PROJECT_PACKAGES", ("another",))
    caching._project_file.cache_clear()
    assert source_hash([entry]) == source_hash([])


def test_the_modules_named_count(package):
    first, second = importlib.import_module("pkg.late"), importlib.import_module("pkg.member")
    assert source_hash([first]) != source_hash([second])
    assert source_hash([first, second]) == source_hash([second, first])


# --- a stage in Prefect --------------------------------------------------------------------------

worked: list[str] = []


@pytest.fixture(autouse=True)
def nothing_has_worked_yet():
    worked.clear()


@pytest.fixture(scope="module")
def server(prefect_server):
    """The Prefect server, without the heartbeat that makes every flow run a second long."""
    with temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@stage(work=[files])
def shout(*, text: FilePointer, mark: str, folder: Path) -> StageResult:
    """Write the text in capitals."""
    worked.append("shout")
    path = folder / "shouted.txt"
    files.write_text(path, text.path.read_text().upper() + mark)
    return StageResult(files={"shouted": FilePointer.to(path)}, figures={"mark": mark})


@flow
def shouting(folder: Path, mark: str = "!", refresh: bool = False) -> tuple[StageResult, bool]:
    text = FilePointer.to(folder / "input.txt")
    return shout(store=folder / "store", refresh=refresh, text=text, mark=mark, folder=folder)


@pytest.fixture
def folder(server, tmp_path):
    """A folder in which the stage has run once."""
    (tmp_path / "input.txt").write_text("hello")
    result, cached = shouting(tmp_path)
    assert not cached
    assert result.path("shouted").read_text() == "HELLO!"
    worked.clear()
    return tmp_path


def only_record(folder: Path) -> Path:
    (record,) = [path for path in (folder / "store").iterdir() if path.is_file()]
    return record


def test_a_second_run_is_cached_and_works_nothing(folder):
    first = (folder / "shouted.txt").stat().st_mtime_ns
    result, cached = shouting(folder)
    assert cached
    assert worked == []
    assert (folder / "shouted.txt").stat().st_mtime_ns == first
    assert result.figures == {"mark": "!"}
    assert result.path("shouted") == folder / "shouted.txt"
    assert result.seconds > 0


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda folder: (folder / "shouted.txt").write_text("HELLO?"),
        lambda folder: (folder / "shouted.txt").unlink(),
        lambda folder: only_record(folder).write_bytes(only_record(folder).read_bytes()[:-40]),
        lambda folder: only_record(folder).write_bytes(b""),
        lambda folder: only_record(folder).write_bytes(b"\xff\xfe"),
        lambda folder: only_record(folder).write_text(
            only_record(folder).read_text().replace("StageResult", "NoSuchClass")
        ),
        lambda folder: only_record(folder).unlink(),
    ],
    ids=[
        "output changed",
        "output gone",
        "record cut off",
        "record empty",
        "record of rubbish",
        "record of another version",
        "record gone",
    ],
)
def test_a_result_that_is_not_whole_is_made_again(folder, meanwhile):
    meanwhile(folder)
    _, cached = shouting(folder)
    assert not cached
    assert worked == ["shout"]
    assert (folder / "shouted.txt").read_text() == "HELLO!"
    assert shouting(folder)[1], "the new result is cached in its turn"


def test_a_changed_input_runs_again_and_the_first_is_not_taken_for_it(folder):
    (folder / "input.txt").write_text("goodbye")
    result, cached = shouting(folder)
    assert not cached
    assert result.path("shouted").read_text() == "GOODBYE!"
    (folder / "input.txt").write_text("hello")
    result, cached = shouting(folder)
    assert not cached, "its output has been written over"
    assert result.path("shouted").read_text() == "HELLO!"


def test_a_changed_setting_runs_again(folder):
    result, cached = shouting(folder, mark="?")
    assert not cached
    assert result.path("shouted").read_text() == "HELLO?"


def test_refresh_runs_again(folder):
    _, cached = shouting(folder, refresh=True)
    assert not cached
    assert worked == ["shout"]


failing_with: list[Exception] = []


@stage(work=[files], retries=2, retry_delay_seconds=0, retry_condition_fn=only_transient)
def fail(*, attempt: int) -> StageResult:
    """Fail with what the test says."""
    worked.append("fail")
    raise failing_with[-1]


@flow
def failing(store: Path) -> None:
    fail(store=store, attempt=1)


@pytest.mark.parametrize(
    ("error", "attempts"), [(BadInput("no such video"), 1), (ConnectionError("reset"), 3)]
)
def test_only_what_may_help_is_tried_again(server, tmp_path, error, attempts):
    failing_with.append(error)
    with pytest.raises(type(error), match=str(error)):
        failing(tmp_path)
    assert len(worked) == attempts


def test_a_failure_is_not_cached(server, tmp_path):
    failing_with.append(BadInput("no such video"))
    for _ in range(2):
        with pytest.raises(BadInput):
            failing(tmp_path)
    assert len(worked) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_argument_that_cannot_be_hashed_stops_the_stage_before_it_works(server, tmp_path):
    with pytest.raises(TypeError, match="cannot make a cache key of a PosixPath"):
        shout(store=tmp_path, text=tmp_path / "input.txt", mark="!", folder=tmp_path)
    assert worked == []


@pytest.fixture
def threads_that_switch_while_parsing():
    """A switch of threads at each collection of garbage, of which parsing makes many."""

    def switch(*_):
        time.sleep(0)

    before = gc.get_threshold()
    gc.callbacks.append(switch)
    gc.set_threshold(50)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(switch)


def test_threads_may_make_keys_at_once(threads_that_switch_while_parsing):
    """`ast.parse` of CPython 3.11 fails where two threads are in it."""
    modules = [importlib.import_module(f"tasks.{name}") for name in ("caching", "records", "gates")]
    expected = source_hash(modules)

    def made(_):
        caching._imported_names.cache_clear()
        return source_hash(modules)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(made, range(24))) == {expected}
