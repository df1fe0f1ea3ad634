"""Which image cases count for a framework."""

from collections.abc import Sequence

from tasks.assess.jobs import Job, JobResult


def offered_channels(
    jobs: Sequence[Job], results: Sequence[JobResult]
) -> list[tuple[Job, JobResult]]:
    """All cases; only those of one channel where the layer takes no numbers of channels.

    Conv2D(kernel_size) of one channel is what an older edition of the course asks for.
    """
    pairs = list(zip(jobs, results, strict=True))
    many = [result for job, result in pairs if job.arrays["input"].shape[1] > 1]
    if many and all(result.values.get("offered") is False for result in many):
        return [(job, result) for job, result in pairs if job.arrays["input"].shape[1] == 1]
    return pairs


def offered_places(
    pairs: Sequence[tuple[Job, JobResult]],
) -> list[tuple[Job, JobResult]]:
    """The cases without those of a stride or padding that the layer does not take."""
    return [
        (job, result)
        for job, result in pairs
        if result.values.get("offered") is not False or not asks_for_a_place(job)
    ]


def asks_for_a_place(job: Job) -> bool:
    """Whether a case needs a stride or padding that is not the layer's default."""
    spec = job.params["layer"]
    return (
        "padding" in spec
        or spec.get("stride", spec["kernel"]) != spec["kernel"]
        or (spec["role"] == "conv2d" and "stride" in spec)
    )
