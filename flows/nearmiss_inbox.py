"""Find near-misses in each new video of a folder, once.

python flows/nearmiss_inbox.py --inbox data/inbox
python flows/nearmiss_inbox.py --inbox data/inbox --detector motion --keep

Meant to be run every few minutes; the deployment nearmiss-inbox/inbox does. A video that is put
in quarantine is the inbox at its work, so the exit code is 0 then; it is 1 where a video waits for
something that only a person can mend, and 2 where the inbox cannot be used.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow, get_run_logger
from prefect.states import State

from flows.nearmiss import check as check_settings
from flows.nearmiss import nearmiss
from tasks import command_line, publish
from tasks.errors import BadInput, StageFailed
from tasks.gates import FAILED_STATE
from tasks.nearmiss import endings, summary
from tasks.nearmiss.config import NearMissConfig, NearMissSettings
from tasks.nearmiss.inbox import COPY_AGAIN, QUARANTINED, TRY_AGAIN, Arrival, Handled, Inbox
from tasks.nearmiss.inbox_config import InboxConfig
from tasks.nearmiss.inbox_ledger import only_one
from tasks.runs import Outcome


@flow(name="nearmiss-inbox")
def nearmiss_inbox(config: InboxConfig) -> Outcome:
    """Look into the inbox once; each new video gets a run of the near-miss flow.

    Raises:
        BadInput: the inbox or a file that the settings name cannot be used.
        StageFailed: at the end, where a video waits for something that a person has to mend.
    """
    check(config)
    with only_one(config.inbox.expanduser()) as alone:
        if not alone:
            lines = [f"{config.inbox}: another look is at work there, so this one ends."]
        else:
            lines = look(config, Inbox(config))
        return Outcome(lines=lines, folder=config.inbox)


def look(config: InboxConfig, inbox: Inbox) -> list[str]:
    """Handle every file once that has settled, and tell of it."""
    handled: list[Handled] = []
    troubles: list[str] = []
    try:
        for one in each_file(config, inbox, troubles):
            handled.append(one)
            if one.state == QUARANTINED:
                get_run_logger().warning(f"{one.video} is in quarantine: {one.reason}")
    except StageFailed as error:  # a file cannot be moved: nor can the next
        troubles.append(str(error))
    verdict = verdict_of(handled)
    publish.table("inbox", [vars(one) for one in handled], verdict)
    lines = [*map(line_of, handled), verdict]
    if troubles:
        print(*lines, sep="\n")
        raise StageFailed(" ".join(troubles))
    return lines


def each_file(config: InboxConfig, inbox: Inbox, troubles: list[str]) -> Iterator[Handled]:
    """What became of each file; what a person has to mend is added to the troubles."""
    now = time.time()
    inbox.look(now)
    wait = inbox.seconds_to_settle(now)
    if wait > 0:
        time.sleep(wait)
        now = time.time()
        inbox.look(now)
    yield from inbox.misnamed
    for name in inbox.names():
        found = inbox.examine(name, now)
        if isinstance(found, Arrival):
            found = process(config, inbox, found, troubles)
        if found is not None:
            yield found


def process(config: InboxConfig, inbox: Inbox, video: Arrival, troubles: list[str]) -> Handled:
    """A run of the near-miss flow for one video, and what its end means for the file."""
    inbox.begin(video)
    state = nearmiss(config.for_video(video.path), return_state=True)
    if state.is_completed():
        folder = state.result().folder
        return inbox.done(video, folder, found_in(folder))
    error = error_of(state)
    if state.name == FAILED_STATE:
        return inbox.quarantine(video, state.message, f"Look at the gate's rows. {TRY_AGAIN}")
    if isinstance(error, BadInput) and endings.is_about(video.path, error):
        return inbox.quarantine(video, str(error), COPY_AGAIN)
    reason = f"{type(error).__name__}: {error}" if error else str(state.message)
    if isinstance(error, BadInput | StageFailed):
        troubles.append(f"{video.name} waits: {error}")
        return inbox.postpone(video, str(error), blame=False)
    if not inbox.attempts_left(video):
        advice = f"`python flows/nearmiss.py --debug --video FILE` shows the error. {TRY_AGAIN}"
        return inbox.quarantine(video, reason, advice)
    troubles.append(f"{video.name} failed and will be tried again: {reason}")
    return inbox.postpone(video, reason, blame=True)


def error_of(state: State) -> BaseException | None:
    """What a run of the near-miss flow that did not complete was ended by, if by an error."""
    if state.name == FAILED_STATE:
        return None
    error = state.result(raise_on_failure=False)
    return error if isinstance(error, BaseException) else None


def found_in(folder: Path) -> str:
    """A sentence on the near-misses of a finished run."""
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return summary.event_verdict(record["metrics"]["events"])


def verdict_of(handled: list[Handled]) -> str:
    """One line: how many files came into which state."""
    counts = Counter(one.state for one in handled)
    if not counts:
        return "Nothing new."
    return f"Inbox: {', '.join(f'{count} {state}' for state, count in counts.items())}."


def line_of(one: Handled) -> str:
    """One file for the terminal; a quarantined one stands out."""
    state = one.state.upper() if one.state == QUARANTINED else one.state
    return f"{one.video}: {state}. {one.reason}" + (f" ({one.folder})" if one.folder else "")


def check(config: InboxConfig) -> None:
    """Refuse what a look can tell is bad, before Prefect starts.

    Raises:
        BadInput: the inbox cannot be used, or a file that the settings name is not there.
    """
    Inbox(config)
    check_settings(NearMissConfig(**config.part(*NearMissSettings.model_fields)))


if __name__ == "__main__":
    sys.exit(command_line.main(nearmiss_inbox, InboxConfig, check=check))
