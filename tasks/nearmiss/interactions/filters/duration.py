"""Proximity must be confirmed: a pair that is near in a few frames only may be a slip of boxes."""

from __future__ import annotations

import numpy as np

from tasks.nearmiss.interactions.definition import runs
from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or "": near in too few processed frames in a row.

    Near is a gap below `proximity`, a TTC below `ttc_sec`, or the time between the two passing of
    one place.
    """
    meeting = candidate.encounter
    near = (meeting.gap < parameters.proximity * meeting.metre) | (meeting.ttc < parameters.ttc_sec)
    frames = np.union1d(meeting.one.times, meeting.two.times)
    held = np.zeros(len(frames), dtype=bool)
    if len(meeting.times):
        at = np.clip(np.searchsorted(meeting.times, frames), 0, len(meeting.times) - 1)
        together = (frames >= meeting.times[0] - 0.02) & (frames <= meeting.times[-1] + 0.02)
        held = near[at] & together
    if candidate.finding.pet is not None:
        pet = candidate.finding.pet
        held |= (frames >= pet.leave_time) & (frames <= pet.enter_time)
    longest = max(runs(held), key=lambda run: run[1] - run[0], default=(0, 0))
    count = longest[1] - longest[0]
    seconds = float(frames[longest[1] - 1] - frames[longest[0]]) if count else 0.0
    long_enough = parameters.duration_sec > 0 and seconds >= parameters.duration_sec - 1e-9
    if count >= parameters.duration_frames or long_enough:
        return ""
    return (
        f"Near for {count} processed frames in a row ({seconds:.2f} s), fewer than "
        f"{parameters.duration_frames}."
    )
