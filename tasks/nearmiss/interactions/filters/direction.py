"""Two that go the same way at the same speed follow each other or ride side by side."""

from __future__ import annotations

import numpy as np

from tasks.nearmiss.interactions.filters.surroundings import Surroundings
from tasks.nearmiss.interactions.parameters import Parameters
from tasks.nearmiss.interactions.table import Candidate


def reason(candidate: Candidate, surroundings: Surroundings, parameters: Parameters) -> str:
    """Why the candidate is none, or "": one direction and no closing at the worst moment."""
    meeting, worst = candidate.encounter, candidate.worst
    if worst < 0:
        return ""
    angle = float(meeting.angle_deg[worst])
    one, two = meeting.states
    between = two.positions[worst] - one.positions[worst]
    relative = two.velocities[worst] - one.velocities[worst]
    distance = max(float(np.hypot(*between)), 1e-9)
    closing = -float(between @ relative) / distance / meeting.metre
    if angle > parameters.direction_deg or abs(closing) >= parameters.closing_speed:
        return ""
    return (
        f"They go the same way: headings {angle:.0f} degrees apart, closing at {closing:.2f} m/s, "
        f"within {parameters.direction_deg:g} degrees and {parameters.closing_speed:g} m/s."
    )
