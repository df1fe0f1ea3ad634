"""YAML that a person wrote, read into a model with complaints that name the place."""

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from tasks.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path, model: type[Model], holds: str) -> Model:
    """A model of a YAML file's content.

    Args:
        path: the file.
        model: what it must be.
        holds: what the file is for, for complaints: "a rubric's keys (id, criteria …)".

    Raises:
        BadInput: it cannot be read, names a key twice, or does not fit the model.
    """
    content = yaml_content(path)
    if not isinstance(content, dict):
        raise BadInput(f"{path}: must hold {holds}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise BadInput(f"{path}: {first_complaint(error)}.") from error


def yaml_content(path: Path) -> Any:
    """The plain values in a YAML 1.2 file; a key that stands twice is an error.

    Raises:
        BadInput: it cannot be read or is not valid.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise BadInput(f"{path}: there is no such file.") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text.") from error
    except (YAMLError, ValueError) as error:
        raise BadInput(f"{path}: is not valid YAML{_where(error)}.") from error


def first_complaint(error: ValidationError) -> str:
    """What is wrong first, and where: "criteria.0.points: Input should be greater than 0"."""
    first: Any = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key '{place}'"
    if first["type"] == "missing":
        return f"key '{place}' is missing"
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _where(error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    problem = error.problem if isinstance(error, MarkedYAMLError) else None
    line = f" (line {mark.line + 1}" if mark else ""
    told = f": {' '.join(problem.split())}" if line and problem else ""
    return f"{line}{told})" if line else ""
