"""Whether the submission asks for a forbidden module when it runs, whatever its text says."""

from collections.abc import Sequence

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.model_probe import ModelProbe, listed, told
from tasks.assess.probes.static import FORBIDDEN_LIBRARIES
from tasks.assess.results import ProbeResult


class NoForbiddenModules(ModelProbe):
    """Imports every file and builds every model, and watches what is asked for."""

    name = "no_forbidden_modules"
    milestones = (1, 2, 3, 4, 5)
    public = True
    advice = "Write it with numpy and the standard library alone."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("imported_modules", {"forbidden": sorted(FORBIDDEN_LIBRARIES)})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        asked = [told(name) for name in listed(results[0].values, "asked")]
        if asked:
            return self.graded(0.0, f"At run time it asks for {', '.join(asked[:5])}.")
        imported = results[0].values.get("imported")
        if not isinstance(imported, int) or imported < 1:
            return self.graded(0.0, "No file of the submission could be imported.")
        return self.graded(1.0, "At run time it asks for no library that is not allowed.")
