"""Arithmetic of tensors."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.base import CaseProbe, Finding, is_missing, sandbox_trouble
from tasks.assess.probes.cases import away_from_zero, numbers
from tasks.assess.probes.compare import close, shown, wrongness
from tasks.assess.results import Outcome, ProbeResult

EXPECTED = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
    "sum": lambda a, b: np.asarray(a.sum()),
    "mean": lambda a, b: np.asarray(a.mean()),
    "reshape": lambda a, b: a.reshape(2, 6),
    "transpose": lambda a, b: a.T,
}


class TensorOperations(CaseProbe):
    """Each operation once, the elementwise ones also with a row that is broadcast."""

    name: ClassVar[str] = "tensor_operations"
    milestones: ClassVar[tuple[int, ...]] = (1,)
    public: ClassVar[bool] = True
    advice: ClassVar[str] = "Try the operation on two small arrays and compare with numpy."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        jobs = []
        for operation in EXPECTED:
            a = numbers(rng, 3, 4)
            b = numbers(rng, 4, 2) if operation == "matmul" else away_from_zero(rng, 3, 4)
            jobs.append(self._job(operation, a, b))
        for operation in ("add", "multiply"):
            jobs.append(self._job(operation, numbers(rng, 3, 4), numbers(rng, 4)))
        return jobs

    def _job(self, operation: str, a: np.ndarray, b: np.ndarray) -> Job:
        return Job("tensor_operation", {"operation": operation}, {"a": a, "b": b})

    def judge(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        trouble = sandbox_trouble(self, jobs, results)
        on_arrays = all(is_missing(one) and one.values.get("on_arrays") for one in results)
        if trouble is None and on_arrays:
            return ProbeResult(
                probe=self.name,
                outcome=Outcome.PASSED,
                share=1.0,
                evidence="The framework works on plain numpy arrays, whose arithmetic is numpy's.",
                public=self.public,
            )
        return super().judge(jobs, results)

    def findings(self, job: Job, result: JobResult) -> list[Finding]:
        operation, a, b = job.params["operation"], job.arrays["a"], job.arrays["b"]
        aspect = f"{operation} with broadcasting" if b.ndim == 1 else operation
        call = f"{operation} of shapes {a.shape} and {b.shape}"
        if result.status == "raised":
            return [Finding(aspect, 0.0, f"raised {result.error}", call, a.size)]
        expected, output = EXPECTED[operation](a, b), result.arrays.get("output")
        if output is not None and output.size == expected.size == 1:
            output = output.reshape(expected.shape)
        if close(output, expected):
            return [Finding(aspect, 1.0)]
        example = f"{call} gives {shown(output)}, it should give {shown(expected)}"
        return [Finding(aspect, 0.0, f"the result {wrongness(output, expected)}", example, a.size)]
