"""A network lists what it learns."""

from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import dense_spec, numbers
from tasks.assess.probes.network_cases import network_job


class ParameterRegistration(CaseProbe):
    """`parameters()` of a network lists every array that it learns, once."""

    name: ClassVar[str] = "parameter_registration"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = False
    advice: ClassVar[str] = (
        "Let parameters() of a container gather the weights and biases of all its layers."
    )

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for sizes in ((3, 5, 2), (4, 7, 6, 3)):
            specs: list[dict[str, Any]] = []
            for number in range(len(sizes) - 1):
                specs.append(dense_spec(sizes[number], sizes[number + 1], str(number)))
                specs.append({"role": "relu"})
            jobs.append(network_job(rng, specs[:-1], numbers(rng, 2, sizes[0])))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        aspect = "arrays listed by parameters()"
        if result.status == "raised":
            return [Finding(aspect, 0.0, f"raised {result.error}")]
        if not result.values.get("has_parameters"):
            return [Finding(aspect, 0.0, "the network has no parameters()")]
        expected = sorted(array.size for name, array in job.arrays.items() if name != "input")
        listed = [size for size in result.values.get("listed_sizes") or [] if isinstance(size, int)]
        if sorted(listed) == expected:
            return [Finding(aspect, 1.0)]
        missing = len(expected) - len(listed)
        says = f"it lists {len(listed)} arrays of {sum(listed)} numbers, the network has "
        says += f"{len(expected)} of {sum(expected)}"
        missed = ", ".join(str(path) for path in result.values.get("missed") or [])
        share = min(len(listed), len(expected)) / len(expected) / 2 if missing > 0 else 0.0
        return [
            Finding(aspect, share, says, f"not listed: {missed}" if missed else "", len(listed))
        ]
