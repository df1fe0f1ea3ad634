"""Grade what students' code can do, fairly, and see how the class is doing.

python flows/assess.py init --course-name "ML Systems"
python flows/assess.py prepare-data
python flows/assess.py configure --milestones 1,2,3
python flows/assess.py test 1 --submission my-framework
python flows/assess.py batch --class submissions --milestone 1
python flows/assess.py report --class submissions --student ada --all-milestones
python flows/assess.py COMMAND --help
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from flows import assess_class
from tasks import command_line
from tasks.assess import config
from tasks.assess.commands import comparing, judging, reporting, self_check, sending, setting_up


@dataclass(frozen=True)
class Command:
    """What a word on the command line does.

    Attributes:
        config: its parameters.
        does: a flow where there is a `check`, else a plain function.
        check: raises BadInput for what a look can tell is bad, before Prefect starts.
    """

    config: type[config.CourseCommand]
    does: Callable[[Any], Any]
    check: Callable[[Any], None] | None = None


COMMANDS = {
    "init": Command(config.Init, setting_up.init),
    "prepare-data": Command(
        config.PrepareData, assess_class.prepare_data, assess_class.check_datasets
    ),
    "configure": Command(config.Configure, setting_up.configure),
    "test": Command(config.SelfCheck, self_check.self_check),
    "run": Command(config.GradeOne, assess_class.grade_class, assess_class.check),
    "batch": Command(config.Grade, assess_class.grade_class, assess_class.check),
    "regrade": Command(config.Regrade, assess_class.regrade_class, assess_class.check),
    "report": Command(config.Report, reporting.report),
    "analyze": Command(config.Analyze, assess_class.analyze, assess_class.check_class),
    "progress": Command(config.Progress, reporting.progress),
    "struggling": Command(config.Struggling, reporting.struggling),
    "override": Command(config.Override, judging.override),
    "similarity": Command(config.SimilarityOf, comparing.similarity),
    "export": Command(config.Export, sending.export),
    "sync-canvas": Command(config.SyncCanvas, sending.sync_canvas),
    "upload-rubrics": Command(config.UploadRubrics, sending.upload_rubrics),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command that the first word names; returns the exit code."""
    name = arguments[0] if arguments else "--help"
    if name in ("-h", "--help"):
        print(usage())
        return 0
    command = COMMANDS.get(name)
    if command is None:
        print(f"There is no command '{name}'; --help lists them.", file=sys.stderr)
        return command_line.EXIT_BAD_INPUT
    if command.check is None:
        return command_line.run(command.does, command.config, arguments=arguments[1:])
    return command_line.main(
        command.does, command.config, check=command.check, arguments=arguments[1:]
    )


def usage() -> str:
    """Every command with what it does."""
    width = max(map(len, COMMANDS))
    lines = [
        f"  {name:{width}}  {(command.config.__doc__ or '').splitlines()[0]}"
        for name, command in COMMANDS.items()
    ]
    lines += ["", "python flows/assess.py COMMAND --help lists the flags of a command."]
    return "\n".join(["python flows/assess.py COMMAND …", "", *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
