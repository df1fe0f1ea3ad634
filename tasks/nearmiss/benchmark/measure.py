"""All configurations over all clips: one pass each for what they find, then timed rounds.

The first pass warms up and is not timed; it gives the quality, and tells which engines are worth
combining. The timed rounds go through the configurations in turn, each round from another start,
so that whatever else the machine does meets all of them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasks.nearmiss.benchmark import matching
from tasks.nearmiss.benchmark.clips import Clip
from tasks.nearmiss.benchmark.configurations import (
    BASELINE,
    Configuration,
    combinations,
    one_factor,
)
from tasks.nearmiss.benchmark.matching import Matched
from tasks.nearmiss.benchmark.passes import DEFAULTS, Cost, Detectors, Found, timed_pass
from tasks.nearmiss.frames import FrameReader

WARM_UP_PICTURES = 4
# Tracking, scoring and decoding beside the network, by experience; only for the first estimate.
OVERHEAD = 1.3


@dataclass
class Measured:
    """What a configuration found and took.

    Attributes:
        configuration: which.
        quality: events, interactions, both ("near_misses") and objects against the reference.
        screening: cost of the untimed pass over all clips, which only ranks engines.
        rounds: cost of each timed round over all clips.
    """

    configuration: Configuration
    quality: dict[str, Matched]
    screening: Cost
    rounds: list[Cost] = field(default_factory=list)


@dataclass(frozen=True)
class Study:
    """What is to be measured.

    Attributes:
        clips: on which.
        detectors: with which.
        engines: names that can run here.
        small_imgsz, strides: see the configuration of the flow.
        combined_engines: how many engines are combined.
        repetitions: timed rounds.
        max_missed, max_extra: percent, for an engine or size to be combined.
    """

    clips: Sequence[Clip]
    detectors: Detectors
    engines: Sequence[str]
    small_imgsz: int
    strides: Sequence[int]
    combined_engines: int
    repetitions: int
    max_missed: float
    max_extra: float

    def single(self) -> list[Configuration]:
        """The baseline and what differs from it in one thing."""
        return one_factor(self.engines, self.small_imgsz, self.strides)

    def frames(self) -> int:
        """Of all clips together."""
        return sum(clip.metadata.frames for clip in self.clips)

    def passes(self) -> int:
        """The most passes over all clips that there can be."""
        combined = combinations(
            range(self.combined_engines), [BASELINE.imgsz, self.small_imgsz], self.strides
        )
        return (len(self.single()) + len(combined)) * (1 + self.repetitions)


def expected_seconds(study: Study) -> float:
    """How long the passes will take at most, from a few pictures through each engine.

    Builds, and where needed calibrates, every engine on the way.
    """
    milliseconds: dict[tuple[str, int], float] = {}
    for configuration in study.single():
        key = configuration.engine, configuration.imgsz
        if key not in milliseconds:
            milliseconds[key] = _milliseconds(study, configuration)
    single = sum(milliseconds[each.engine, each.imgsz] / each.stride for each in study.single())
    fastest = sorted(ms for (_, imgsz), ms in milliseconds.items() if imgsz == BASELINE.imgsz)
    combined = 2 * sum(
        ms / stride for ms in fastest[: study.combined_engines] for stride in study.strides
    )
    a_round = (single + combined) * study.frames() / 1000
    return a_round * OVERHEAD * (1 + study.repetitions)


def measure(
    study: Study, on_progress: Callable[[int], None] = lambda done: None
) -> tuple[list[Measured], list[Found]]:
    """Run the study.

    Args:
        study: what.
        on_progress: called with the number of passes over all clips done.

    Returns:
        One for each configuration, the baseline first; and what the baseline found in each clip.
    """
    reference = [
        timed_pass(clip, BASELINE, study.detectors.get(BASELINE, clip)) for clip in study.clips
    ]
    found = [each for each, _ in reference]
    done = 0

    def screened(configuration: Configuration) -> Measured:
        nonlocal done
        runs = [
            timed_pass(clip, configuration, study.detectors.get(configuration, clip))
            for clip in study.clips
        ]
        done += 1
        on_progress(done)
        quality = compared(study.clips, found, [each for each, _ in runs])
        return Measured(configuration, quality, _total([cost for _, cost in runs]))

    measured = [
        Measured(BASELINE, compared(study.clips, found, found), _total([c for _, c in reference]))
    ]
    measured += [screened(each) for each in study.single() if each != BASELINE]
    known = {each.configuration for each in measured}
    measured += [
        screened(each) for each in chosen_combinations(study, measured) if each not in known
    ]
    for number in range(study.repetitions):
        first = number * len(measured) // study.repetitions
        for each in measured[first:] + measured[:first]:
            pairs = [(clip, study.detectors.get(each.configuration, clip)) for clip in study.clips]
            costs = [timed_pass(clip, each.configuration, detector)[1] for clip, detector in pairs]
            each.rounds.append(_total(costs))
            done += 1
            on_progress(done)
    return measured, found


def chosen_combinations(study: Study, measured: Sequence[Measured]) -> list[Configuration]:
    """The engines that keep the near-misses and take the least CPU time, at the size of the
    baseline and, where that keeps them too, at the small one, with threads and every stride."""
    by_engine = [
        each
        for each in measured
        if each.configuration == Configuration(engine=each.configuration.engine)
        and keeps(each.quality["near_misses"], study.max_missed, study.max_extra)
    ]
    # Without threads an engine waits for each picture; with them all cores are busy, and what
    # counts is how much of their time it takes.
    by_engine.sort(key=lambda each: each.screening.cpu_sec)
    engines = [each.configuration.engine for each in by_engine[: study.combined_engines]]
    sizes = [BASELINE.imgsz]
    for each in measured:
        if each.configuration == Configuration(imgsz=study.small_imgsz) and keeps(
            each.quality["near_misses"], study.max_missed, study.max_extra
        ):
            sizes.append(study.small_imgsz)
    return combinations(engines, sizes, study.strides)


def keeps(near_misses: Matched, max_missed: float, max_extra: float) -> bool:
    """Whether at most so many percent are missed, and at most so many of the found are extra."""
    missed = near_misses.reference - near_misses.both
    extra = near_misses.candidate - near_misses.both
    return (
        100 * missed <= max_missed * near_misses.reference
        and 100 * extra <= max_extra * near_misses.candidate
    )


def compared(
    clips: Sequence[Clip], reference: Sequence[Found], candidate: Sequence[Found]
) -> dict[str, Matched]:
    """What both sides found, summed over the clips."""
    total = {name: Matched() for name in ("events", "interactions", "objects")}
    for clip, one, other in zip(clips, reference, candidate, strict=True):
        told, told_too = (matching.near_misses(side, clip.metadata.fps) for side in (one, other))
        for kind, of_reference in told.items():
            total[kind] += matching.match_near_misses(of_reference, told_too[kind])
        total["objects"] += matching.match_objects(one, other)
    return total | {"near_misses": total["events"] + total["interactions"]}


def _total(costs: Sequence[Cost]) -> Cost:
    return Cost(
        sum(each.frames for each in costs),
        sum(each.wall_sec for each in costs),
        sum(each.cpu_sec for each in costs),
    )


def _milliseconds(study: Study, configuration: Configuration) -> float:
    """Milliseconds a picture of the first clip, after a first one that is not counted; the other
    clips' engines are built as well."""
    for clip in study.clips:
        detector = study.detectors.get(configuration, clip)
        pictures = (frame.image for frame in FrameReader(clip.path))
        chosen = [image for image, _ in zip(pictures, range(WARM_UP_PICTURES), strict=False)]
        detector.detect(chosen[0], DEFAULTS.conf_threshold)
        if clip is study.clips[0]:
            start = time.perf_counter()
            for image in chosen[1:]:
                detector.detect(image, DEFAULTS.conf_threshold)
            taken = time.perf_counter() - start
    return 1000 * taken / (WARM_UP_PICTURES - 1)
