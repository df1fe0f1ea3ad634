"""Content-keyed caching of stages.

A stage's key is made of the content of its input files, the rest of its arguments, the folder
it writes to, and the source of the modules that do its work with the templates that they render.
A hit counts only while the files that it points at are unchanged.
"""

import ast
import hashlib
import importlib.util
import inspect
import json
import re
import time
from collections.abc import Callable, Iterable
from functools import cache, wraps
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

from prefect import task
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.context import TaskRunContext
from prefect.results import ResultRecord
from pydantic import BaseModel

from tasks.errors import BadInput
from tasks.files import remove_unfinished
from tasks.memory import give_back_memory
from tasks.parsing import ONE_AT_A_TIME
from tasks.pointers import FilePointer, StageResult

PROJECT_PACKAGES = ("tasks",)
FOLDER_ARGUMENT = "folder"
TEMPLATES = "templates"
# How a module names the folder of its templates: `Path(__file__).parent / "templates"`.
_HAS_TEMPLATES = re.compile(rb'/\s*"templates"')


def fingerprint(value: Any) -> Any:
    """JSON-able stand-in for an argument that changes exactly when its content does.

    Files count by their sha256, not by their path. Raises TypeError on anything that cannot be
    hashed by content, because a silent guess would make a wrong cache hit.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, FilePointer):
        return {"sha256": value.sha256}
    if isinstance(value, StageResult):
        return {
            "files": {name: file.sha256 for name, file in sorted(value.files.items())},
            "figures": fingerprint(value.figures),
        }
    if isinstance(value, BaseModel):
        return {name: fingerprint(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(key): fingerprint(item) for key, item in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [fingerprint(item) for item in value]
    raise TypeError(
        f"cannot make a cache key of a {type(value).__name__}: pass a FilePointer for a file"
    )


def key_of(arguments: dict[str, Any], source: str) -> str:
    """Cache key of a call: sha256 over its arguments' fingerprints and the source hash.

    The folder that the stage writes to counts by its path, since its files land there.
    """
    folder = arguments.get(FOLDER_ARGUMENT)
    counted = {name: value for name, value in arguments.items() if name != FOLDER_ARGUMENT}
    parts = {
        "arguments": fingerprint(counted),
        "folder": None if folder is None else str(Path(folder).resolve()),
        "source": source,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def source_hash(modules: Iterable[ModuleType]) -> str:
    """sha256 over the source of these modules and of every project module they import.

    Of a module that names a folder "templates" the Jinja templates in it count as well.
    """
    pending = [module.__name__ for module in modules]
    found: dict[str, bytes] = {}
    while pending:
        name = pending.pop()
        path = _project_file(name)
        if path is None or name in found:
            continue
        found[name] = path.read_bytes()
        pending.extend(_imported_names(found[name], path, name))
        if _HAS_TEMPLATES.search(found[name]):
            found |= _templates(path, name)
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + hashlib.sha256(found[name]).digest())
    return digest.hexdigest()


@cache
def _project_file(name: str) -> Path | None:
    """The file of a project module, found without importing anything.

    None where there is no such module: `from package.module import function` is tried as one.
    """
    top, *parts = name.split(".")
    if top not in PROJECT_PACKAGES:
        return None
    spec = importlib.util.find_spec(top)
    for folder in (spec and spec.submodule_search_locations) or []:
        place = Path(folder).joinpath(*parts)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    return None


def _templates(path: Path, name: str) -> dict[str, bytes]:
    """The Jinja templates beside a module and beside each package that it is in."""
    depth = name.count(".") + (path.name == "__init__.py")
    *packages, outside = path.parents[: depth + 1]
    return {
        file.relative_to(outside).as_posix(): file.read_bytes()
        for folder in packages
        for file in folder.glob(f"{TEMPLATES}/*.j2")
    }


@cache
def _imported_names(source: bytes, path: Path, name: str) -> tuple[str, ...]:
    """Every name that the source imports and that may be a module."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    names = []
    with ONE_AT_A_TIME:
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names.append(module)
            names += [f"{module}.{alias.name}" for alias in node.names]
    return tuple(names)


def stage(
    *,
    work: Iterable[ModuleType],
    **task_options: Any,
) -> Callable[[Callable[..., StageResult]], "Stage"]:
    """Make a function of keyword arguments that returns a StageResult a cached Prefect task.

    Args:
        work: the modules that do the work; their source is a part of the cache key.
        task_options: retries and the like, handed to `prefect.task`.
    """
    return lambda function: Stage(function, tuple(work), task_options)


class Stage:
    """A Prefect task with content-keyed caching; call it with keyword arguments only."""

    def __init__(
        self,
        function: Callable[..., StageResult],
        work: tuple[ModuleType, ...],
        task_options: dict[str, Any],
    ):
        self.function = function
        self.name = task_options.pop("name", function.__name__)
        self._work = work
        self._task = task(name=self.name, **task_options)(_timed(function))

    def key(self, **arguments: Any) -> str:
        """The cache key of a call."""
        own_source = inspect.getsource(self.function)
        return key_of(arguments, source_hash(self._work) + own_source)

    def __call__(
        self, *, store: Path, refresh: bool = False, **arguments: Any
    ) -> tuple[StageResult, bool]:
        """Run the stage, or take its earlier result.

        Args:
            store: folder of the cached pointers.
            refresh: run again even on a hit.

        Returns:
            The result, and whether it came from the cache.
        """
        key = f"{self.name}-{self.key(**arguments)}"
        store = store.resolve()
        store.mkdir(parents=True, exist_ok=True)
        if FOLDER_ARGUMENT in arguments:
            remove_unfinished(Path(arguments[FOLDER_ARGUMENT]))
        state = self._task.with_options(
            cache_policy=CacheKeyFnPolicy(cache_key_fn=lambda _context, _parameters: key),
            persist_result=True,
            result_serializer="json",
            result_storage=store,
            refresh_cache=refresh or not _stored_result_is_intact(store / key),
        )(**arguments, return_state=True)
        return state.result(), state.name == "Cached"


def _timed(function: Callable[..., StageResult]) -> Callable[..., StageResult]:
    @wraps(function)
    def timed(**arguments: Any) -> StageResult:
        start = time.perf_counter()
        try:
            result = function(**arguments)
        except Exception:
            # Prefect would write the error into the store as well, under a name of its own.
            TaskRunContext.get().persist_result = False
            raise
        give_back_memory()
        return result.model_copy(update={"seconds": time.perf_counter() - start})

    timed.__signature__ = inspect.signature(function)
    return timed


def _stored_result_is_intact(record_file: Path) -> bool:
    """Whether a stored result can be read and still points at unchanged files."""
    if not record_file.is_file():
        return False
    try:
        record = ResultRecord.deserialize(record_file.read_bytes())
    except ValueError:  # a record cut off or written by another version
        return False
    return isinstance(record.result, StageResult) and record.result.is_intact()


def only_transient(_task: Any, _run: Any, state: Any) -> bool:
    """Retry condition: bad input is never tried again."""
    return not isinstance(state.result(raise_on_failure=False), BadInput)
