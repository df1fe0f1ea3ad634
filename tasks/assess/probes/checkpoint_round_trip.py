"""What is saved and loaded computes the same."""

from typing import Any, ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import dense_spec, numbers, weights_for
from tasks.assess.probes.compare import close, shown

ASPECT = "save and load"
TITLE = "saving and loading (save/load of the network, functions, or state_dict)"


class CheckpointRoundTrip(CaseProbe):
    """A network is saved, and loaded into one with other weights."""

    name: ClassVar[str] = "checkpoint_round_trip"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Save every array of parameters() with np.savez, and load all of them."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for sizes in ((3, 5, 2), (4, 7, 6, 3)):
            specs: list[dict[str, Any]] = []
            for number in range(len(sizes) - 1):
                specs.append(dense_spec(sizes[number], sizes[number + 1], str(number)))
                specs.append({"role": "relu"})
            others = {f"other_{name}": a for name, a in weights_for(rng, specs).items()}
            arrays = {**weights_for(rng, specs), **others, "input": numbers(rng, 3, sizes[0])}
            jobs.append(Job("checkpoint", {"layers": specs[:-1]}, arrays))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        if result.status == "raised":
            return [Finding(ASPECT, 0.0, f"raised {result.error}")]
        if not result.values.get("ran"):
            problems = result.values.get("problems") or [f"there is no {TITLE}"]
            return [Finding(ASPECT, 0.0, str(problems[0]))]
        saved, other, loaded = (result.arrays.get(n) for n in ("saved", "other", "loaded"))
        if saved is None or close(other, saved):
            return [Finding(ASPECT, 0.0, "the two networks could not be told apart")]
        if close(loaded, saved):
            return [Finding(ASPECT, 1.0)]
        way = result.values.get("way")
        says = f"{way}: the loaded network computes something else"
        if close(loaded, other):
            says = f"{way}: loading leaves the network as it was"
        example = f"saved {shown(saved)}, loaded {shown(loaded)}"
        return [Finding(ASPECT, 0.0, says, example, saved.size)]
