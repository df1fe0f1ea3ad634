"""A data loader gives every item once, with its own target, and shuffles when asked to."""

from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding
from tasks.assess.probes.cases import numbers

COVERS, PAIRED, BATCHES = "every item once", "items keep their targets", "batch sizes"
ORDER, SHUFFLES = "order kept without shuffle", "shuffle"


class DataLoading(CaseProbe):
    """Counts that batches divide and that they do not, in two epochs."""

    name: ClassVar[str] = "data_loader"
    milestones: ClassVar[tuple[int, ...]] = (3,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = (
        "Shuffle indices, not arrays, once an epoch; the last batch may be smaller."
    )
    weights: ClassVar[dict[str, float]] = {COVERS: 2.0, PAIRED: 2.0}

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for count, batch, shuffle in ((10, 4, False), (12, 4, False), (30, 7, True), (32, 8, True)):
            # Each row is told by its first number, and its target is made from that.
            x = numbers(rng, count, 3)
            x[:, 0] = rng.permutation(count)
            y = (3 * x[:, 0].astype(np.int64) + 1) % 101
            params = {"batch": batch, "shuffle": shuffle, "epochs": 2}
            jobs.append(Job("data_loader", params, {"x": x, "y": y}))
        return jobs

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        x, y, batch = job.arrays["x"], job.arrays["y"], job.params["batch"]
        call = f"{len(x)} items in batches of {batch}, shuffle={job.params['shuffle']}"
        if result.status == "raised":
            return [Finding(COVERS, 0.0, f"raised {result.error}", call, len(x))]
        epochs = [(result.arrays.get(f"x_{n}"), result.arrays.get(f"y_{n}")) for n in range(2)]
        if any(one is None or two is None for one, two in epochs):
            return [Finding(COVERS, 0.0, "no batches of (inputs, targets) came back", call, len(x))]
        found = []
        for number, (xs, ys) in enumerate(epochs):
            found += self._of_an_epoch(x, y, xs, ys, f"{call}, epoch {number + 1}")
        sizes = result.values.get("sizes") or []
        found += [self._sizes(one, len(x), batch, call) for one in sizes]
        orders = [tuple(np.round(xs[:, 0]).tolist()) for xs, _ in epochs]
        given = tuple(x[:, 0].tolist())
        if not job.params["shuffle"]:
            kept = all(order == given for order in orders)
            says = "" if kept else "the order changes though shuffle is off"
            found.append(Finding(ORDER, float(kept), says))
        else:
            found.append(self._shuffled(orders, given))
        return found

    def _of_an_epoch(
        self, x: np.ndarray, y: np.ndarray, xs: np.ndarray, ys: np.ndarray, call: str
    ) -> list[Finding]:
        seen = np.sort(np.round(xs[:, 0]).astype(np.int64))
        expected = np.sort(x[:, 0].astype(np.int64))
        found = []
        if np.array_equal(seen, expected):
            found.append(Finding(COVERS, 1.0))
        else:
            lost = len(set(expected.tolist()) - set(seen.tolist()))
            says = f"{len(seen)} items come, {lost} are missing and "
            says += f"{len(seen) - len(set(seen.tolist()))} come twice"
            if lost and len(seen) < len(expected):
                says += " (is the last, smaller batch dropped?)"
            found.append(Finding(COVERS, 0.0, says, call, len(x)))
        target_of = {int(row[0]): int(target) for row, target in zip(x, y, strict=True)}
        paired = len(xs) == len(ys) and all(
            target_of.get(round(float(row[0]))) == int(target)
            for row, target in zip(xs, ys, strict=True)
        )
        says = "" if paired else "items come with the targets of others"
        found.append(Finding(PAIRED, float(paired), says, "" if paired else call, len(x)))
        return found

    def _sizes(self, sizes: object, count: int, batch: int, call: str) -> Finding:
        rest = [count % batch] if count % batch else []
        # Dropping the rest is said under "every item once", and not twice.
        right = sizes in ([batch] * (count // batch) + rest, [batch] * (count // batch))
        return Finding(BATCHES, float(right), "" if right else f"sizes are {str(sizes)[:80]}", call)

    def _shuffled(self, orders: list[tuple], given: tuple) -> Finding:
        if orders[0] == given:
            return Finding(SHUFFLES, 0.0, "shuffle=True leaves the order as it is")
        if orders[0] == orders[1]:
            return Finding(SHUFFLES, 0.5, "two epochs have the same order")
        return Finding(SHUFFLES, 1.0)
