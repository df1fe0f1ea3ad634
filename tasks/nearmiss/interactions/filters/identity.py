"""Two tracks of one road user, before and after its identity broke, are no meeting.

Where one track ends and the other begins at the same place and time, the tracker lost a road user
and found it again under a new number (Liu, Saunier and Bilodeau 2025).
"""

from __future__ import annotations

import numpy as np

from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate

LONGEST_OVERLAP_SEC = 0.5
LONGEST_GAP_SEC = 2.0


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or "": one track goes on where the other ends."""
    meeting = candidate.encounter
    one, two = meeting.one, meeting.two
    if one.times[0] > two.times[0]:
        one, two = two, one
    pause = float(two.times[0] - one.times[-1])
    if not -LONGEST_OVERLAP_SEC <= pause <= LONGEST_GAP_SEC or one.class_name != two.class_name:
        return ""
    expected = one.positions[-1] + pause * one.velocities[-1]
    back = two.positions[0] - pause * two.velocities[0]
    miss = min(
        float(np.hypot(*(two.positions[0] - expected))),
        float(np.hypot(*(one.positions[-1] - back))),
    )
    reach = (one.length + two.length) / 4
    if miss > reach:
        return ""
    return (
        f"Track {two.track_id} begins {miss / meeting.metre:.1f} m from where track "
        f"{one.track_id} would be {pause:.2f} s after its end: one road user."
    )
