"""The Python files of a submission, imported one at a time and only when they are needed."""

import ast
import importlib
import importlib.util
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

MOST_FILES = 400
SKIPPED_FOLDERS = {"__pycache__", "node_modules", "site-packages", "venv", "env", "tests", "test"}
SKIPPED_FILES = {"setup.py", "conftest.py"}


@dataclass(frozen=True)
class Definition:
    """A class or function at the top of a file, found without running it."""

    name: str
    kind: str
    file: "SourceFile"


@dataclass(frozen=True)
class SourceFile:
    """A file and the names under which it may be imported, the best first.

    Attributes:
        imports: (folder for sys.path, dotted name).
        rank: lower is likelier to be the framework's own, not a draft of it.
    """

    path: Path
    imports: tuple[tuple[Path, str], ...]
    rank: tuple[int, int, str]


@dataclass
class Sources:
    """All files of a submission.

    Attributes:
        failures: what did not import, "name: the error".
    """

    submission: Path
    files: list[SourceFile] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _modules: dict[Path, ModuleType | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.files = sorted(_files(self.submission), key=lambda file: file.rank)
        for file in self.files:
            self.definitions += self._defined(file)

    def load(self, file: SourceFile) -> ModuleType | None:
        """The imported module; None, and a line in `failures`, where it does not import."""
        if file.path not in self._modules:
            self._modules[file.path] = self._import(file)
        return self._modules[file.path]

    def get(self, definition: Definition) -> object | None:
        """The class or function itself."""
        module = self.load(definition.file)
        return None if module is None else getattr(module, definition.name, None)

    def generators(self) -> list[np.random.Generator]:
        """Random generators that the loaded modules keep."""
        loaded = [module for module in self._modules.values() if module is not None]
        held = [value for module in loaded for value in vars(module).values()]
        return [value for value in held if isinstance(value, np.random.Generator)]

    def _defined(self, file: SourceFile) -> list[Definition]:
        try:
            tree = ast.parse(file.path.read_bytes())
        except (SyntaxError, ValueError, RecursionError) as error:
            self.failures.append(f"{file.imports[0][1]}: {_in_one_line(error)}")
            return []
        found = []
        for node in _top_statements(tree.body):
            if isinstance(node, ast.ClassDef):
                found.append(Definition(node.name, "class", file))
            elif isinstance(node, ast.FunctionDef):
                found.append(Definition(node.name, "function", file))
        return found

    def _import(self, file: SourceFile) -> ModuleType | None:
        module, error = self._tried(file)
        if error is not None and self._prepare_all_packages():
            module, error = self._tried(file)
        if error is not None:
            self.failures.append(f"{file.imports[0][1]}: {_in_one_line(error)}")
        return module

    def _tried(self, file: SourceFile) -> tuple[ModuleType | None, BaseException | None]:
        """The module, or what its first name raised."""
        first_error: BaseException | None = None
        for folder, name in file.imports:
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
            self._prepare_packages(folder, name)
            try:
                module = self._imported(file, name)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001  the student's code may raise anything
                first_error = first_error or error
                continue
            place = getattr(module, "__file__", None)
            if place is None:  # the package's own top, for which an empty one stands in
                return None, None
            if Path(place).resolve() == file.path.resolve():
                return module, None
            return self._import_as(file, name), None
        return None, first_error

    def _imported(self, file: SourceFile, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not self._stand_in_for_whole(file, error.name or ""):
                raise
        return importlib.import_module(name)

    def _stand_in_for_whole(self, file: SourceFile, missing: str) -> bool:
        """Whether the missing package's inside is here: core/ handed in without tinytorch/."""
        pattern = rf"^\s*(?:from|import) {re.escape(missing)}\.([\w.]+)"
        text = file.path.read_text(encoding="utf-8", errors="replace")
        asked = re.findall(pattern, text, re.MULTILINE)
        inner = [self.submission.joinpath(*dotted.split(".")) for dotted in asked]
        there = any(path.is_dir() or path.with_suffix(".py").exists() for path in inner)
        if not there or missing in sys.modules:
            return False
        stand_in = ModuleType(missing)
        stand_in.__path__ = [str(self.submission)]
        sys.modules[missing] = stand_in
        return True

    def _import_as(self, file: SourceFile, name: str) -> ModuleType | None:
        """Where another file already has the name."""
        alone = f"_submitted_{name.replace('.', '_')}"
        spec = importlib.util.spec_from_file_location(alone, file.path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[alone] = module
        try:
            spec.loader.exec_module(module)
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001  the student's code may raise anything
            del sys.modules[alone]
            self.failures.append(f"{name}: {_in_one_line(error)}")
            return None
        return module

    def _prepare_all_packages(self) -> bool:
        """Whether a package's top does not import: a file beside it may want its modules only."""
        before = len(self.failures)
        for file in self.files:
            for folder, name in file.imports:
                self._prepare_packages(folder, name)
        return len(self.failures) > before

    def _prepare_packages(self, folder: Path, name: str) -> None:
        """Put an empty package where a package's own top does not import, so its modules may."""
        parts = name.split(".")[:-1]
        for depth in range(1, len(parts) + 1):
            package = ".".join(parts[:depth])
            if package in sys.modules:
                continue
            try:
                importlib.import_module(package)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:  # noqa: BLE001  the student's code may raise anything
                self.failures.append(f"{package}: {_in_one_line(error)}")
                stand_in = ModuleType(package)
                stand_in.__path__ = [str(folder.joinpath(*parts[:depth]))]
                sys.modules[package] = stand_in
                for loaded, module in list(sys.modules.items()):
                    parent, _, child = loaded.rpartition(".")
                    if parent == package:
                        setattr(stand_in, child, module)


def _top_statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """Those of the module, and those in its top-level `if` and `try` blocks."""
    statements = []
    for node in body:
        statements.append(node)
        if isinstance(node, ast.If | ast.Try):
            statements += _top_statements(node.body)
    return statements


def _in_one_line(error: BaseException | None) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _files(submission: Path) -> list[SourceFile]:
    found = []
    for path in sorted(submission.rglob("*.py")):
        inner = path.relative_to(submission)
        folders = inner.parts[:-1]
        if any(part.startswith(".") or part in SKIPPED_FOLDERS for part in folders):
            continue
        if inner.name in SKIPPED_FILES or inner.stem.startswith("test_") or path.is_symlink():
            continue
        found.append(_source_file(submission, path))
        if len(found) >= MOST_FILES:
            break
    return found


def _source_file(submission: Path, path: Path) -> SourceFile:
    inner = path.relative_to(submission)
    package_root = path.parent
    while package_root != submission and (package_root / "__init__.py").exists():
        package_root = package_root.parent
    if package_root == submission and (submission / "__init__.py").exists():
        package_root = submission.parent  # the submission itself is the package
    in_package = package_root != path.parent
    roots = [package_root] if in_package else [submission, path.parent]
    imports = []
    for root in roots:
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if parts and all(part.isidentifier() for part in parts):
            imports.append((root, ".".join(parts)))
    if not imports:
        imports = [(path.parent, path.stem)]
    draft = path.stem.endswith("_dev") or any(part[:1].isdigit() for part in inner.parts)
    depth = len(inner.parts)
    return SourceFile(
        path, tuple(dict.fromkeys(imports)), (2 * draft + (not in_package), depth, str(path))
    )
