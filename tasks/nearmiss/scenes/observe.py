"""What a detector and tracker would report of a scene: noisy, incomplete box tracks.

Every random draw comes from a stream named by the scene's seed, the part drawn for and the
purpose, so a scene is the same on every run and one user's noise does not move another's.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.nearmiss.scenes.camera import (
    Array,
    Mask,
    Pinhole,
    box_corners,
    covered_share,
    occluder_corners,
    uncovered,
)
from tasks.nearmiss.scenes.language import Observation, RoadUser, Scene
from tasks.nearmiss.scenes.paths import Motion, motion_of

COLUMNS = [
    "frame",
    "timestamp_sec",
    "track_id",
    "class",
    "x1",
    "y1",
    "x2",
    "y2",
    "confidence",
    "user_id",
]

_HIDDEN_SHARE = 0.7  # covered more than this, an object is not detected
_LEAST_INSIDE = 0.25  # of the box inside the picture, for a detection
_LEAST_SIDE = 6.0  # px, of the clipped box
_LEAST_NOISY_SIDE = 2.0  # px, after jitter
_SMALL_HEIGHT = 40.0  # px; below it confidence falls
_SWAP_REACH = 1.5  # mean box sides between the centres of tracks that may swap

# Parts in metres: length, width, and the heights of bottom and top above ground.
_RIDERS = {"bicycle": (0.7, 0.55, (0.25, 1.75)), "motorcycle": (0.8, 0.6, (0.35, 1.65))}
_PASSENGER = (0.5, 0.5, (1.3, 2.3))


@dataclass(frozen=True)
class Part:
    """One thing a detector may box: a road user's body, or something on or in it."""

    user_id: str
    name: str
    class_name: str
    length: float
    width: float
    heights: tuple[float, float]
    ahead: float = 0.0  # m from the user's centre along its heading
    covers: bool = True  # whether it hides what is behind it

    def corners(self, motion: Motion, times: Array) -> Array:
        """The part's box corners (N, 8, 3) m at times (N,) s."""
        state = motion.state(times)
        along = np.stack([np.cos(state.heading), np.sin(state.heading)], axis=1)
        centre = state.position + self.ahead * along
        return box_corners(centre, state.heading, (self.length, self.width), self.heights)


def parts_of(user: RoadUser) -> list[Part]:
    """The parts of a road user, its body first."""
    length, width, height = user.size
    parts = [Part(user.id, "body", user.user_class, length, width, (0.0, height))]
    if user.rider and user.user_class in _RIDERS:
        rider_length, rider_width, heights = _RIDERS[user.user_class]
        parts.append(Part(user.id, "rider", "person", rider_length, rider_width, heights))
    for index in range(user.passengers):
        place = length * (0.35 - 0.7 * (index + 0.5) / user.passengers)
        seat_length, seat_width, heights = _PASSENGER
        name = f"passenger{index}"
        parts.append(
            Part(user.id, name, "person", seat_length, seat_width, heights, place, covers=False)
        )
    if user.duplicate:
        # The front 60 % again, as detectors box a cab or a nose beside the whole.
        nose = 0.6 * length
        parts.append(
            Part(
                user.id,
                "duplicate",
                user.user_class,
                nose,
                width,
                (0.0, height),
                (length - nose) / 2,
                covers=False,
            )
        )
    return parts


def observe(scene: Scene) -> pd.DataFrame:
    """The box tracks of a scene, COLUMNS, sorted by frame and track_id.

    Boxes are pixels, clipped to the picture.  frame counts the video's frames, of which every
    stride-th is observed; timestamp_sec is frame / fps.  user_id is the true road user.
    """
    seen = scene.observation
    frames = np.arange(0, math.floor(scene.duration * seen.fps + 1e-9) + 1, seen.stride)
    times = frames / seen.fps
    lens = Pinhole(scene.camera)
    tracks = []
    for part, clean, covered, detectable in clean_boxes(scene, times):
        boxes = lens.clip(_jittered(scene, part, clean, times))
        confidence = _confidence(scene, part, boxes, covered)
        has_area = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= _LEAST_NOISY_SIDE
        keep = np.flatnonzero(detectable & has_area & ~_missing(scene, part, times))
        track = pd.DataFrame(boxes[keep], columns=["x1", "y1", "x2", "y2"])
        track.insert(0, "frame", frames[keep])
        track.insert(1, "timestamp_sec", times[keep])
        track.insert(2, "class", part.class_name)
        track["confidence"] = confidence[keep]
        track["user_id"] = part.user_id
        track["part"] = part.name
        tracks.append(track)
    table = _tracked(scene, tracks)
    return table[COLUMNS].sort_values(["frame", "track_id"], ignore_index=True)


def clean_boxes(scene: Scene, times: Array) -> list[tuple[Part, Array, Array, Mask]]:
    """For each part: true boxes (N, 4) px, covered share (N,), and where it can be detected (N,).

    With occlusion on, a box shrinks to what is left uncovered.  Nothing here is random.
    """
    lens = Pinhole(scene.camera)
    parts: list[tuple[Part, Array, Mask]] = []
    for user in scene.users:
        motion = motion_of(user, scene.duration)
        present = (times >= motion.enters) & (times <= motion.leaves)
        parts += [(part, part.corners(motion, times), present) for part in parts_of(user)]
    statics = [occluder_corners(each, len(times)) for each in scene.occluders]
    outlines = [lens.silhouettes(corners) for _, corners, _ in parts]
    static_outlines = [lens.silhouettes(corners) for corners in statics]
    result = []
    for index, (part, corners, present) in enumerate(parts):
        boxes, in_front = lens.image_boxes(corners)
        covered = np.zeros(len(times))
        if scene.observation.occlusion:
            covers = [
                (outline, lens.may_hide(static, corners))
                for static, outline in zip(statics, static_outlines, strict=True)
            ] + [
                (outlines[other], other_present & lens.may_hide(other_corners, corners))
                for other, (candidate, other_corners, other_present) in enumerate(parts)
                if candidate.user_id != part.user_id and candidate.covers
            ]
            left = uncovered(outlines[index], covers)
            covered = covered_share(outlines[index], left)
            cut = (covered > 0.02) & (covered <= _HIDDEN_SHARE)
            boxes[cut] = np.array([shape.bounds for shape in left[cut]]).reshape(-1, 4)
        clipped = lens.clip(boxes)
        sides = (clipped[:, 2:] - clipped[:, :2]).min(axis=1)
        detected = present & in_front & (sides >= _LEAST_SIDE) & (covered <= _HIDDEN_SHARE)
        detected &= lens.inside_share(boxes) >= _LEAST_INSIDE
        result.append((part, boxes, covered, detected))
    return result


def _stream(scene: Scene, purpose: str, part: Part | None = None) -> np.random.Generator:
    name = purpose if part is None else f"{purpose}/{part.user_id}/{part.name}"
    return np.random.default_rng([scene.seed, zlib.crc32(name.encode())])


def _jittered(scene: Scene, part: Part, boxes: Array, times: Array) -> Array:
    """Boxes (N, 4) with first-order autoregressive noise on each edge."""
    seen: Observation = scene.observation
    if seen.jitter_px == 0 and seen.jitter_share == 0:
        return boxes
    draws = _stream(scene, "jitter", part).standard_normal((len(times), 4))
    step = times[1] - times[0] if len(times) > 1 else 1.0
    memory = math.exp(-step / seen.jitter_memory_sec)
    noise = np.empty_like(draws)
    noise[0] = draws[0]
    for index in range(1, len(draws)):
        noise[index] = memory * noise[index - 1] + math.sqrt(1 - memory**2) * draws[index]
    sides = boxes[:, 2:] - boxes[:, :2]
    # A box huge at the lens must not get noise in proportion, so sides count up to 400 px.
    spread = np.hypot(seen.jitter_px, seen.jitter_share * np.clip(sides, 0, 400.0))
    moved = boxes + noise * np.tile(spread, 2)
    return np.concatenate(
        [np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])], axis=1
    )


def _missing(scene: Scene, part: Part, times: Array) -> Mask:
    """Where the detector misses the part, (N,): a two-state chain, so misses come in bursts."""
    seen = scene.observation
    missing = np.zeros(len(times), dtype=bool)
    if seen.miss_rate == 0:
        return missing
    draws = _stream(scene, "miss", part).random(len(times))
    ends = 1 / seen.miss_burst
    begins = min(1.0, ends * seen.miss_rate / (1 - seen.miss_rate))
    state = bool(draws[0] < seen.miss_rate)
    for index, draw in enumerate(draws):
        if index:
            state = draw >= ends if state else draw < begins
        missing[index] = state
    return missing


def _confidence(scene: Scene, part: Part, boxes: Array, covered: Array) -> Array:
    model = scene.observation.confidence
    noise = _stream(scene, "confidence", part).standard_normal(len(boxes)) * model.spread
    height = boxes[:, 3] - boxes[:, 1]
    small = np.clip(1 - height / _SMALL_HEIGHT, 0, 1)
    value = model.mean - model.covered_loss * covered - model.small_loss * small + noise
    return np.clip(value, 0.05, 0.99)


def _tracked(scene: Scene, tracks: list[pd.DataFrame]) -> pd.DataFrame:
    """The tracks in one table with track_id: lost tracks renamed, then swaps, then switches."""
    seen = scene.observation
    next_id = 1
    for track in tracks:
        gaps = track["timestamp_sec"].diff().gt(seen.lost_after_sec)
        track["track_id"] = next_id + gaps.cumsum().astype(int)
        next_id += int(gaps.sum()) + 1
    table = pd.concat(tracks, ignore_index=True)
    table = _swapped(table, seen.swaps)
    return _switched(table, seen.switches, _stream(scene, "switch"))


def _swapped(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Exchange, from their closest moment on, the ids of the `count` closest pairs of tracks."""
    if count == 0:
        return table
    meetings = sorted(_meetings(table))
    used: set[int] = set()
    for _, frame, first, second in meetings:
        if len(used) >= 2 * count:
            break
        if used & {first, second}:
            continue
        used |= {first, second}
        later = table["frame"] > frame
        one = later & (table["track_id"] == first)
        two = later & (table["track_id"] == second)
        table.loc[one, "track_id"] = second
        table.loc[two, "track_id"] = first
    return table


def _meetings(table: pd.DataFrame) -> list[tuple[float, int, int, int]]:
    """Closest moments (in mean box sides, frame, track, track) of pairs that may swap."""
    bodies = {
        track_id: track.set_index("frame")
        for track_id, track in table[table["part"] == "body"].groupby("track_id")
    }
    ids = sorted(bodies)
    found = []
    for place, first in enumerate(ids):
        for second in ids[place + 1 :]:
            one, two = bodies[first], bodies[second]
            both = one.index.intersection(two.index)
            if len(both) < 5 or one["class"].iloc[0] != two["class"].iloc[0]:
                continue
            a = one.loc[both, ["x1", "y1", "x2", "y2"]].to_numpy()
            b = two.loc[both, ["x1", "y1", "x2", "y2"]].to_numpy()
            apart = np.linalg.norm((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2, axis=1)
            side = (a[:, 2:] - a[:, :2] + b[:, 2:] - b[:, :2]).mean(axis=1) / 2
            ratio = apart / side
            best = int(ratio.argmin())
            if ratio[best] <= _SWAP_REACH and best < len(both) - 1:
                found.append((float(ratio[best]), int(both[best]), int(first), int(second)))
    return found


def _switched(table: pd.DataFrame, count: int, rng: np.random.Generator) -> pd.DataFrame:
    """Give `count` tracks a new id from a random moment in their middle on."""
    for _ in range(count):
        lengths = table.groupby("track_id").size()
        long_enough = lengths[lengths >= 10].index.to_numpy()
        if len(long_enough) == 0:
            break
        track_id = rng.choice(long_enough)
        rows = np.flatnonzero((table["track_id"] == track_id).to_numpy())
        rows = rows[np.argsort(table["frame"].to_numpy()[rows], kind="stable")]
        cut = int(len(rows) * rng.uniform(0.25, 0.75))
        table.loc[rows[cut:], "track_id"] = table["track_id"].max() + 1
    return table
