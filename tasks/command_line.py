"""Run a flow from the command line: its config model is the parser.

Exit codes: 0 done, 1 a failed run or gate, 2 bad input, 130 interrupted.
"""

import errno
import logging
import shlex
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_origin

import yaml
from prefect import Flow
from prefect.exceptions import TerminationSignal
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.states import State
from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from tasks import own_server
from tasks.config import FlowConfig
from tasks.errors import BadInput, StageFailed
from tasks.gates import FAILED_STATE, QualityGateFailed
from tasks.interruption import EXIT_INTERRUPTED, Interruption
from tasks.runs import Outcome

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2
EXPECTED_ERRORS = (BadInput, QualityGateFailed, StageFailed)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


def main(
    flow: Flow,
    config_class: type[FlowConfig],
    *,
    check: Callable[[Any], None],
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse the command line, run the flow, say how it ended.

    Args:
        flow: takes one parameter `config` and returns an Outcome.
        config_class: its configuration.
        check: raises BadInput for input that a look can tell is bad, before Prefect starts.
        arguments: of the command line; sys.argv without the program when None.

    Returns:
        The exit code.
    """
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    config = None
    try:
        config = parse(config_class, sys.argv[1:] if arguments is None else arguments)
        debug = config.debug
        check(config)
        refuse_unwritable(config.resolved_output_dir())
    except Exception as error:
        if debug:
            raise
        return _say(*_sentence_and_code(error, config))

    with Interruption() as interruption:
        if not debug:
            _keep_tracebacks_off_the_terminal(interruption)
        try:
            own_server.start(interruption)
            state = flow(config, return_state=True)
        except (KeyboardInterrupt, TerminationSignal):
            interruption.say()
            return EXIT_INTERRUPTED
        except StageFailed as error:
            if debug:
                raise
            return _say(str(error), EXIT_FAILED)
        if interruption.is_under_way:  # and something took the interrupt for an error of its own
            interruption.say()
            return EXIT_INTERRUPTED
        logging.getLogger("prefect").setLevel(logging.WARNING)  # the last line is ours
        return _end(flow, config, state)


def run(
    command: Callable[[Any], Outcome],
    config_class: type[FlowConfig],
    *,
    arguments: Sequence[str] | None = None,
) -> int:
    """Parse the command line and do something that is too small for a flow; say how it ended.

    Returns:
        The exit code.
    """
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    config = None
    try:
        config = parse(config_class, words)
        print(*command(config).lines, sep="\n")
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        if debug:
            raise
        return _say(*_sentence_and_code(error, config))
    return 0


def _sentence_and_code(
    error: Exception, config: FlowConfig | None, what: str = "Failed"
) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    if isinstance(error, BadInput):
        return str(error), EXIT_BAD_INPUT
    if isinstance(error, EXPECTED_ERRORS):
        return str(error), EXIT_FAILED
    if isinstance(error, OSError) and error.errno in DISK_FULL and config:
        return _disk_full(config.resolved_output_dir()), EXIT_FAILED
    if isinstance(error, OSError) and error.errno in NOT_ALLOWED:
        return f"{error.filename}: {error.strerror}.", EXIT_BAD_INPUT
    hint = "" if config and config.debug else " Run again with --debug for the traceback."
    return f"{what}: {type(error).__name__}: {error}.{hint}", EXIT_FAILED


def _end(flow: Flow, config: FlowConfig, state: State) -> int:
    """Say how the run ended."""
    if state.is_completed():
        print(*state.result().lines, sep="\n")
        return 0
    if state.name == FAILED_STATE:
        return _say(state.message, EXIT_FAILED)
    error = state.result(raise_on_failure=False)
    return _say(*_sentence_and_code(error, config, what=f"{flow.name} failed"))


def parse(config_class: type[FlowConfig], arguments: Sequence[str]) -> Any:
    """The configuration from command-line flags over a YAML file over defaults.

    Raises:
        BadInput: unknown flag or key, bad value, unreadable file.
        SystemExit: code 0 after --help.
    """
    settings = _settings_class(config_class)
    try:
        source = CliSettingsSource(
            settings,
            cli_kebab_case=True,
            cli_implicit_flags=True,
            cli_exit_on_error=False,
            cli_prog_name=Path(sys.argv[0]).name,
            cli_hide_none_type=True,
        )
        words, lists = _split_off_lists(config_class, arguments)
        parsed = CliApp.run(settings, cli_args=words, cli_settings_source=source, **lists)
        return config_class.model_validate(parsed.model_dump(exclude={"config"}))
    except ValidationError as error:
        raise BadInput(_first_problem(error)) from error
    except SettingsError as error:
        raise BadInput(f"{error} (--help lists the flags).") from error


def refuse_unwritable(folder: Path, flag: str = "--output-dir") -> None:
    """Refuse a folder for results that cannot be made or written into; makes nothing.

    Raises:
        BadInput: says why.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        if error.errno in DISK_FULL:
            return  # a run that is cached needs no room
        raise BadInput(
            f"{flag} {folder}: cannot be written ({error.strerror}); name another folder."
        ) from error


def command_for(script: str, config: FlowConfig) -> str:
    """The command that runs this configuration again: the flags that differ from the defaults."""
    words = ["python", script]
    values = config.model_dump(mode="json")
    for name, field in type(config).model_fields.items():
        default = type(config).model_fields[name].get_default(call_default_factory=True)
        if getattr(config, name) == default or name in ("refresh", "debug"):
            continue
        flag = "--" + (field.alias or name).replace("_", "-")
        value = values[name]
        if field.annotation is bool:
            words.append(flag if value else "--no-" + name.replace("_", "-"))
        else:
            items = [str(item) for item in (value if isinstance(value, list) else [value])]
            # A value that begins with a dash would be taken for a flag.
            if any(item.startswith("-") for item in items):
                words += [f"{flag}={item}" for item in items]
            else:
                words += [flag, *items]
    return shlex.join(words)


def _settings_class(config_class: type[FlowConfig]) -> type[BaseSettings]:
    """The config model with `--config`, read from flags and file but not from the environment."""

    class Settings(BaseSettings, config_class):
        __doc__ = config_class.__doc__
        model_config = SettingsConfigDict(extra="forbid")

        config: Path | None = Field(
            default=None, description="YAML file with any of these settings; flags win over it."
        )

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: Any, **_others: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, _ConfigFile(settings_cls)

    return Settings


class _ConfigFile(PydanticBaseSettingsSource):
    """Settings from the YAML file that `--config` names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get("config")
        if path is None:
            return {}
        try:
            content = yaml.safe_load(Path(path).expanduser().read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"--config {path}: {error.strerror}.") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise BadInput(f"--config {path}: not a YAML file ({_one_line(error)}).") from error
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise BadInput(f"--config {path}: expected `name: value` lines.")
        if "config" in content:
            raise BadInput(f"--config {path}: a file cannot name another with `config`.")
        return {str(name).replace("-", "_"): value for name, value in content.items()}


def _split_off_lists(
    config_class: type[FlowConfig], arguments: Sequence[str]
) -> tuple[list[str], dict[str, list[str]]]:
    """Let a list flag take several words, as a shell's `*.mp4` gives them.

    Kept from the parser, whose JSON lists break names with quotes, backslashes, or letters
    beyond ASCII.

    Returns:
        The other words, and field name to the words of its list.
    """
    lists = {
        "--" + name.replace("_", "-"): name
        for name, field in config_class.model_fields.items()
        if get_origin(field.annotation) is list
    }
    words: list[str] = []
    values: dict[str, list[str]] = {}
    current = None
    for word in arguments:
        flag, equals, value = word.partition("=")
        if flag in lists:
            current = flag
            values.setdefault(flag, []).extend([value] if equals else [])
        elif word.startswith("--") or current is None:
            current = None
            words.append(word)
        else:
            values[current].append(word)
    for flag, items in values.items():
        if not items:
            raise BadInput(f"{flag} needs a value.")
    return words, {lists[flag]: items for flag, items in values.items()}


def _first_problem(error: ValidationError) -> str:
    problems = error.errors()
    first = problems[0]
    name = ".".join(str(part) for part in first["loc"]) or "configuration"
    flag = "--" + name.split(".")[0].replace("_", "-")
    more = f" ({len(problems) - 1} more problems.)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        return f"{flag}: there is no such setting; --help lists them.{more}"
    if first["type"] == "missing":
        return f"{flag} is needed; --help says what it is.{more}"
    return f"{flag}: {_one_line(first['msg'])}, got {first['input']!r}.{more}"


def _disk_full(folder: Path) -> str:
    return f"{folder}: the disk is full; free some space and run again. Finished stages are cached."


def _one_line(text: object) -> str:
    return " ".join(str(text).split())


def _say(sentence: str, code: int) -> int:
    print(sentence, file=sys.stderr)
    return code


def _keep_tracebacks_off_the_terminal(interruption: Interruption) -> None:
    """Tracebacks stay in the run's log in the UI; the terminal gets one sentence."""

    def is_wanted(record: logging.LogRecord) -> bool:
        if not record.name.startswith("prefect"):
            return True
        return not record.exc_info and not interruption.is_under_way

    for logger in (logging.getLogger(), logging.getLogger("prefect._internal")):
        for handler in logger.handlers:
            if isinstance(handler, PrefectConsoleHandler):
                handler.addFilter(is_wanted)
