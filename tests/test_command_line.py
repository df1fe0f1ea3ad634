"""The config model is the parser; the exit code and one sentence say how it ended."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

import io
import logging
import shlex
from pathlib import Path
from typing import Literal

import pytest
from prefect import flow
from prefect.logging.handlers import PrefectConsoleHandler
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Failed, State
from pydantic import Field

from tasks.command_line import command_for, main, parse
from tasks.config import FlowConfig
from tasks.errors import BadInput, StageFailed
from tasks.gates import FAILED_STATE
from tasks.nearmiss.config import NearMissConfig
from tasks.runs import Outcome


class Config(FlowConfig):
    """One field of every kind that flows have."""

    video: list[str] = Field(default_factory=list, description="Files.")
    sizes: list[int] = Field(default=[320, 640], description="Sizes.")
    weights: Path | None = Field(default=None, description="A file.")
    stride: int = Field(default=2, ge=1, le=30, description="A bounded number.")
    shift: float = Field(default=0.5, description="Any number.")
    label: str = Field(default="none", description="A word.")
    mode: Literal["fast", "good"] = Field(default="fast", description="A choice.")
    max_users: int = Field(default=1, description="A name of two words.")
    loud: bool = Field(default=True, description="On unless switched off.")


def changed(config: FlowConfig) -> dict:
    return config.model_dump(exclude_defaults=True)


def problem_of(arguments: list[str]) -> str:
    """The one sentence that these arguments are refused with."""
    with pytest.raises(BadInput) as refused:
        parse(Config, arguments)
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


# --- parse: flags --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {}),
        (["--stride", "4"], {"stride": 4}),
        (["--stride=4"], {"stride": 4}),
        (["--stride", "4", "--stride", "5"], {"stride": 5}),
        (["--max-users", "9"], {"max_users": 9}),
        (["--shift", "-1.5"], {"shift": -1.5}),
        (["--weights", "a b.pt"], {"weights": Path("a b.pt")}),
        (["--label=-x"], {"label": "-x"}),
        (["--label", ""], {"label": ""}),
        (["--label", "a,b"], {"label": "a,b"}),
        (["--mode", "good"], {"mode": "good"}),
        (["--refresh", "--debug"], {"refresh": True, "debug": True}),
        (["--no-loud"], {"loud": False}),
        (["--no-refresh", "--loud"], {}),
        (["--output-dir", "elsewhere"], {"output_dir": Path("elsewhere")}),
    ],
)
def test_flags_set_what_they_name_and_nothing_else(arguments, expected):
    assert changed(parse(Config, arguments)) == expected


@pytest.mark.parametrize(
    ("arguments", "videos"),
    [
        (["--video", "a.mp4"], ["a.mp4"]),
        (["--video", "a.mp4", "b.mp4", "c.mp4"], ["a.mp4", "b.mp4", "c.mp4"]),
        (["--video", "a.mp4", "--video", "b.mp4"], ["a.mp4", "b.mp4"]),
        (["--video=a.mp4"], ["a.mp4"]),
        (["--video=a.mp4", "b.mp4"], ["a.mp4", "b.mp4"]),
        (["--video=--odd.mp4"], ["--odd.mp4"]),
        (["--video=a=b.mp4"], ["a=b.mp4"]),
        (["--video", "-odd.mp4"], ["-odd.mp4"]),
    ],
)
def test_a_list_flag_takes_several_words(arguments, videos):
    assert changed(parse(Config, arguments)) == {"video": videos}


def test_a_list_ends_at_the_next_flag():
    config = parse(Config, ["--video", "a.mp4", "b.mp4", "--stride", "3", "--sizes", "1", "2"])
    assert changed(config) == {"video": ["a.mp4", "b.mp4"], "stride": 3, "sizes": [1, 2]}


ODD_NAMES = [
    "a,b.mp4",
    "with space.mp4",
    " around ",
    "[1].mp4",
    "{a}.mp4",
    "[a]",
    'say "hi".mp4',
    '"quoted"',
    "it's.mp4",
    "back\\slash.mp4",
    "new\nline.mp4",
    "straße 字.mp4",
    "$HOME;ls *.mp4",
    "null",
    "None",
    "true",
    "1",
    "a=b",
    "https://example.org/v?a=1,2&b=[3]",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_in_a_list_stays_what_it_is(name):
    assert parse(Config, ["--video", name, "b.mp4"]).video == [name, "b.mp4"]


# `null` alone is how a flag says that there is no value.
@pytest.mark.parametrize("name", [name for name in ODD_NAMES if name != "null"])
def test_a_name_alone_stays_what_it_is(name):
    assert parse(Config, ["--weights", name]).weights == Path(name)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--colour", "red"], "--colour"),
        (["--strid", "3"], "--strid"),
        (["--output_dir", "x"], "--output_dir"),
        (["stray.mp4"], "stray.mp4"),
        (["--stride"], "--stride"),
        (["--video"], "--video"),
        (["--video", "--stride", "3"], "--video"),
        (["--stride", "many"], "many"),
        (["--stride", "many"], "--stride"),
        (["--stride", "0"], "greater than or equal to 1"),
        (["--stride", "31"], "less than or equal to 30"),
        (["--stride", "2.5"], "--stride"),
        (["--mode", "best"], "'fast' or 'good'"),
        (["--sizes", "1", "big"], "--sizes"),
        (["--max-users", "x"], "--max-users"),
        (["--loud=yes"], "--loud"),
        (["--stride", "x", "--max-users", "y"], "1 more problem"),
    ],
)
def test_a_bad_flag_is_refused_by_name(arguments, named):
    assert named in problem_of(arguments)


def test_help_says_what_every_setting_is_and_ends_well(capsys):
    with pytest.raises(SystemExit) as ended:
        parse(Config, ["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for name, field in Config.model_fields.items():
        assert "--" + name.replace("_", "-") in text
        assert field.description.split()[0] in text
    assert "--config" in text


def test_the_environment_sets_nothing(monkeypatch):
    monkeypatch.setenv("STRIDE", "9")
    monkeypatch.setenv("LABEL", "from outside")
    assert changed(parse(Config, [])) == {}


# --- parse: the YAML file ------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    """Write a file for `--config`; gives the arguments that name it."""

    def write(content: str | bytes) -> list[str]:
        path = tmp_path / "config.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ["--config", str(path)]

    return write


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("stride: 4\nlabel: from file\n", {"stride": 4, "label": "from file"}),
        ("max-users: 3\n", {"max_users": 3}),
        ("max_users: 3\n", {"max_users": 3}),
        ("video: ['a,b.mp4', 'straße \"1\".mp4']", {"video": ["a,b.mp4", 'straße "1".mp4']}),
        ("loud: false\nweights: w.pt\n", {"loud": False, "weights": Path("w.pt")}),
        ("weights: null\n", {}),
    ],
)
def test_settings_come_from_the_file(file, content, expected):
    assert changed(parse(Config, file(content))) == expected


@pytest.mark.parametrize(
    ("content", "flags", "expected"),
    [
        ("stride: 4\nlabel: kept\n", ["--stride", "7"], {"stride": 7, "label": "kept"}),
        ("video: [a.mp4, b.mp4]\n", ["--video", "c.mp4"], {"video": ["c.mp4"]}),
        ("loud: false\n", ["--loud"], {}),
        ("refresh: true\n", ["--no-refresh"], {}),
        ("stride: 4\n", ["--stride", "2"], {}),
    ],
)
def test_flags_win_over_the_file(file, content, flags, expected):
    assert changed(parse(Config, [*file(content), *flags])) == expected
    assert changed(parse(Config, [*flags, *file(content)])) == expected


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("colour: red\n", "--colour"),
        ("config: other.yaml\n", "config"),
        ("stride: 99\n", "--stride"),
        ("stride: [1]\n", "--stride"),
        ("video: a.mp4\n", "--video"),
        ("stride: 1: 2\n", "not a YAML file"),
        ("a: [1\n", "not a YAML file"),
        (b"\xff\xfe\x00\x01\x02", "not a YAML file"),
        (b"\x89PNG\r\n\x1a\n", "not a YAML file"),
        ("- stride\n- 4\n", "expected `name: value` lines"),
        ("just words\n", "expected `name: value` lines"),
        ("!!python/object/apply:os.getcwd []\n", "not a YAML file"),
    ],
)
def test_a_bad_file_is_refused_by_what_is_wrong_with_it(file, content, named):
    assert named in problem_of(file(content))


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    assert "No such file" in problem_of(["--config", str(tmp_path / "nowhere.yaml")])
    assert "Is a directory" in problem_of(["--config", str(tmp_path)])


# --- command_for ---------------------------------------------------------------------------------


def words_after_the_script(command: str) -> list[str]:
    python, script, *words = shlex.split(command)
    assert (python, script) == ("python", "flows/tiny.py")
    return words


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 7, "max_users": 4, "mode": "good", "loud": False},
        {"shift": -1.5},
        {"shift": -1e-07},
        {"shift": 1 / 3},
        {"label": ""},
        {"label": "-x"},
        {"label": "--stride"},
        {"label": "two words"},
        {"weights": "-w.pt"},
        {"weights": "~/w,1.pt"},
        {"output_dir": "out [1]"},
        {"sizes": [1]},
        {"video": ODD_NAMES},
        {"video": ["-odd.mp4"]},
        {"video": ["--odd.mp4", "b.mp4"]},
        {"video": ["a.mp4", "--stride=3"]},
        {"video": ["a.mp4"], "stride": 3},
    ],
    ids=lambda settings: " ".join(settings) or "defaults",
)
def test_the_command_gives_the_same_configuration_again(settings):
    config = Config.model_validate(settings)
    command = command_for("flows/tiny.py", config)
    assert parse(Config, words_after_the_script(command)) == config


def test_the_command_gives_a_real_flows_configuration_again():
    config = NearMissConfig(
        video=["crossing 1.mp4", "b,c.mp4"], detector="motion", ttc_threshold=1.25, stride=3
    )
    command = command_for("flows/tiny.py", config)
    assert parse(NearMissConfig, words_after_the_script(command)) == config


def test_the_command_names_only_what_differs_from_the_defaults():
    config = Config(stride=3, refresh=True, debug=True, loud=False)
    assert command_for("flows/tiny.py", config) == "python flows/tiny.py --stride 3 --no-loud"


# --- main ----------------------------------------------------------------------------------------


@flow(name="tiny")
def tiny(config: Config) -> Outcome | State:
    """End as the label says."""
    if config.label == "gate":
        return Failed(message="Quality gate video failed on 3 rows.", name=FAILED_STATE)
    errors = {
        "bad input": BadInput("clip.mp4: the file is empty."),
        "stage": StageFailed("The disk is full."),
        "unexpected": ZeroDivisionError("by zero"),
        "interrupted": KeyboardInterrupt(),
    }
    if config.label in errors:
        raise errors[config.label]
    lines = [f"stride {config.stride}", "The report is in outputs/tiny."]
    return Outcome(lines=lines, folder=Path("outputs/tiny"))


def fine(config: Config) -> None:
    """Finds nothing wrong."""


def refuse(config: Config) -> None:
    raise BadInput("clip.mp4: there is no such file.")


@pytest.fixture
def run_log(prefect_server):
    """What Prefect's own handler prints on the terminal; `main` changes that for a process."""
    handlers = [
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, PrefectConsoleHandler)
    ]
    assert handlers
    logger, stream = logging.getLogger("prefect"), io.StringIO()
    level = logger.level
    before = [(handler, handler.console.file, list(handler.filters)) for handler in handlers]
    for handler in handlers:
        handler.console.file = stream
        handler.filters = []
    with temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield stream
    logger.setLevel(level)
    for handler, file, filters in before:
        handler.console.file = file
        handler.filters = filters


def test_a_run_that_is_done_prints_its_lines_and_exits_0(run_log, capsys):
    assert main(tiny, Config, check=fine, arguments=["--stride", "5"]) == 0
    assert capsys.readouterr().out == "stride 5\nThe report is in outputs/tiny.\n"


@pytest.mark.parametrize(
    ("arguments", "check", "sentence"),
    [
        ([], refuse, "clip.mp4: there is no such file."),
        (["--video"], fine, "--video needs a value."),
        (["--stride", "0"], fine, "--stride: Input should be greater than or equal to 1, got '0'."),
    ],
)
def test_bad_input_seen_at_once_exits_2_before_prefect_starts(
    run_log, capsys, arguments, check, sentence
):
    assert main(tiny, Config, check=check, arguments=arguments) == 2
    printed = capsys.readouterr()
    assert printed.err == sentence + "\n"
    assert printed.out == ""
    assert run_log.getvalue() == ""


@pytest.mark.parametrize(
    ("how", "code", "sentence"),
    [
        ("bad input", 2, "clip.mp4: the file is empty."),
        ("stage", 1, "The disk is full."),
        ("gate", 1, "Quality gate video failed on 3 rows."),
        (
            "unexpected",
            1,
            "tiny failed: ZeroDivisionError: by zero. Run again with --debug for the traceback.",
        ),
        ("interrupted", 130, "Interrupted; finished stages are cached."),
    ],
)
def test_a_run_that_fails_says_so_in_one_sentence(run_log, capsys, how, code, sentence):
    assert main(tiny, Config, check=fine, arguments=["--label", how]) == code
    printed = capsys.readouterr()
    assert printed.err == sentence + "\n"
    assert printed.out == ""
    assert "Beginning flow run" in run_log.getvalue()
    assert "Traceback" not in run_log.getvalue()


def test_debug_shows_the_traceback(run_log, capsys):
    assert main(tiny, Config, check=fine, arguments=["--label", "unexpected", "--debug"]) == 1
    assert capsys.readouterr().err == "tiny failed: ZeroDivisionError: by zero.\n"
    assert "Traceback" in run_log.getvalue()


def test_debug_in_the_file_shows_the_traceback_too(run_log, file):
    arguments = [*file("debug: true\nlabel: unexpected\n")]
    assert main(tiny, Config, check=fine, arguments=arguments) == 1
    assert "Traceback" in run_log.getvalue()


def test_debug_lets_bad_input_through(run_log):
    with pytest.raises(BadInput):
        main(tiny, Config, check=refuse, arguments=["--debug"])
