"""How many of the reference's interactions a faster engine and stride keep, preset by preset.

    python -m tasks.nearmiss.benchmark.interactions_kept clip.mp4 … [--made-scenes] \
        [--engines openvino-int8] [--strides 1 2 default]

Interactions are rare at the default thresholds, so the same tracks are judged by every preset,
each also with pairs of pedestrians: more interactions, closer to their thresholds. The reference
is onnx-fp32 at stride 1, whose boxes the tests hold against PyTorch's. The stride "default" is what
the flow takes for the frame rate of each clip.
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tasks.nearmiss.benchmark.clips import Clip, clip_of
from tasks.nearmiss.benchmark.configurations import Configuration
from tasks.nearmiss.benchmark.matching import Matched, NearMiss, match_near_misses, near_misses
from tasks.nearmiss.benchmark.passes import (
    DEFAULTS,
    Detectors,
    find_near_misses,
    judged,
)
from tasks.nearmiss.benchmark.table import extra_share, missed_share, percent
from tasks.nearmiss.config import NearMissConfig
from tasks.nearmiss.engines import NAMES
from tasks.nearmiss.interactions.presets import PRESETS
from tasks.nearmiss.sources import made_scene
from tasks.nearmiss.stride import default_stride
from tasks.nearmiss.weights import export_onnx, find_weights
from tasks.pointers import FilePointer

REFERENCE = Configuration("onnx-fp32", threads=True)
DEFAULT = "default"


@dataclass(frozen=True)
class Candidate:
    """What is held against the reference.

    Attributes:
        engine: name of it.
        stride: every how many frames one is used; None takes each clip's default.
    """

    engine: str
    stride: int | None

    def on(self, clip: Clip) -> Configuration:
        """The configuration for a clip."""
        stride = self.stride or default_stride(clip.metadata.fps)
        return Configuration(self.engine, stride=stride, threads=True)


def interactions_kept(
    clips: Sequence[Clip], detectors: Detectors, candidates: Sequence[Candidate]
) -> pd.DataFrame:
    """One row a candidate and way of judging, over all clips together: how many interactions the
    reference has, the share of them that is missed, and the share of the candidate's own that
    the reference lacks, in percent with n and the 95 % Wilson interval."""
    totals: dict[tuple[Candidate, str, bool], Matched] = defaultdict(Matched)
    for clip in clips:
        expected = _interactions(clip, REFERENCE, detectors)
        for candidate in candidates:
            found = _interactions(clip, candidate.on(clip), detectors)
            for way, of_reference in expected.items():
                totals[candidate, *way] += match_near_misses(of_reference, found[way])
    return pd.DataFrame([_row(*key, matched) for key, matched in totals.items()])


def ways_to_judge() -> list[NearMissConfig]:
    """Every preset, without and with pairs of pedestrians."""
    return [
        DEFAULTS.model_copy(update={"preset": preset, "pedestrian_pairs": pairs})
        for pairs in (False, True)
        for preset in PRESETS
    ]


def _interactions(
    clip: Clip, configuration: Configuration, detectors: Detectors
) -> dict[tuple[str, bool], list[NearMiss]]:
    """What a configuration finds in a clip, by preset and whether pedestrians are paired."""
    found = find_near_misses(clip, configuration, detectors.get(configuration, clip))
    told = {}
    for way in ways_to_judge():
        again = judged(
            clip, found.frames, found.detections, found.sights, found.tracks, found.summary, way
        )
        told[way.preset, way.pedestrian_pairs] = near_misses(again, clip.metadata.fps)[
            "interactions"
        ]
    return told


def _row(candidate: Candidate, preset: str, pairs: bool, matched: Matched) -> dict[str, Any]:
    missed, extra = missed_share(matched), extra_share(matched)
    return {
        "engine": candidate.engine,
        "stride": candidate.stride or DEFAULT,
        "preset": preset,
        "pedestrian_pairs": pairs,
        "reference": matched.reference,
        "missed_%": percent(missed["value"]),
        "missed_low_%": percent(missed["low"]),
        "missed_high_%": percent(missed["high"]),
        "own": matched.candidate,
        "extra_%": percent(extra["value"]),
        "extra_low_%": percent(extra["low"]),
        "extra_high_%": percent(extra["high"]),
    }


def _stride(word: str) -> int | None:
    return None if word == DEFAULT else int(word)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="*")
    parser.add_argument("--made-scenes", action="store_true")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--engines", nargs="+", choices=NAMES, default=["openvino-int8"])
    parser.add_argument("--strides", type=_stride, nargs="+", default=[1, 2, None])
    chosen = parser.parse_args()
    weights, _ = find_weights(chosen.weights)
    with tempfile.TemporaryDirectory() as folder:
        videos = [*chosen.videos]
        if chosen.made_scenes or not videos:
            for name, actors in made_scene.SCENES.items():
                videos.append(Path(folder) / f"made-{name}.mp4")
                made_scene.make(videos[-1], actors)
        clips = [
            clip_of(video, chosen.seconds, Path(folder) / str(number))
            for number, video in enumerate(videos)
        ]
        detectors = Detectors(FilePointer.to(weights), FilePointer.to(export_onnx(weights)), clips)
        candidates = [
            Candidate(engine, stride) for engine in chosen.engines for stride in chosen.strides
        ]
        print(interactions_kept(clips, detectors, candidates).to_string(index=False))


if __name__ == "__main__":
    main()
