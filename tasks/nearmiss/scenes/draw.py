"""Pictures of a scene, for looking at: from above with its truth, and through its camera."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from tasks.nearmiss.scenes.camera import Pinhole, rectangle_corners
from tasks.nearmiss.scenes.language import Scene
from tasks.nearmiss.scenes.observe import observe
from tasks.nearmiss.scenes.paths import motion_of
from tasks.nearmiss.scenes.truth import truth

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.patches import Polygon, Rectangle


def draw_scene(scene: Scene, path: str | Path, reach: float = 30.0) -> None:
    """Write a PNG: left the ground (+-`reach` m) with rectangles each second; right the camera
    picture's boxes at the moment of interest, a dashed outline for the clean footprint."""
    table = truth(scene)
    misses = table[table["is_near_miss"]]
    pairs = misses if len(misses) else table
    moment = float(pairs["min_distance_time_sec"].iloc[0]) if len(pairs) else scene.duration / 2
    if len(misses):
        moment = float(misses["near_miss_start_sec"].iloc[0])
    figure, (ground, picture) = pyplot.subplots(1, 2, figsize=(15, 7))
    _draw_ground(scene, ground, moment, reach)
    _draw_picture(scene, picture, moment)
    lines = [
        f"{row.user_a}-{row.user_b}: TTC {row.min_ttc_sec:.2f} PET {row.pet_sec:.2f} "
        f"lag {row.pet_lag_sec:.1f} gap {row.min_distance_m:.1f} DRAC {row.max_drac_mps2:.1f} "
        f"{'NEAR-MISS ' + row.near_miss_by if row.is_near_miss else ''} {row.borderline_reason}"
        for row in table.itertuples()
    ][:6]
    figure.suptitle("\n".join([f"{scene.name} ({scene.kind})", *lines]), fontsize=8)
    figure.savefig(path, dpi=70)
    pyplot.close(figure)


def _draw_ground(scene: Scene, axes: pyplot.Axes, moment: float, reach: float) -> None:
    colours = pyplot.colormaps["tab10"]
    for index, user in enumerate(scene.users):
        motion = motion_of(user, scene.duration)
        times = np.append(np.arange(motion.enters, motion.leaves, 1.0), moment)
        state = motion.state(times)
        corners = rectangle_corners(state.position, state.heading, user.size[:2])
        for place, corner in enumerate(corners):
            now = place == len(times) - 1
            axes.add_patch(
                Polygon(corner, fill=now, alpha=0.7 if now else 0.3, color=colours(index % 10))
            )
        axes.annotate(user.id, state.position[-1], fontsize=8)
    axes.plot(*scene.camera.position, "k^")
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_title(f"t = {moment:.2f} s")


def _draw_picture(scene: Scene, axes: pyplot.Axes, moment: float) -> None:
    table = observe(scene)
    lens = Pinhole(scene.camera)
    if len(table):
        nearest = (table["timestamp_sec"] - moment).abs().idxmin()
        frame = table["frame"].loc[nearest]
        for row in table[table["frame"] == frame].itertuples():
            box = Rectangle((row.x1, row.y1), row.x2 - row.x1, row.y2 - row.y1, fill=False)
            axes.add_patch(box)
            axes.text(row.x1, row.y1, f"{row.user_id}/{row.track_id}", fontsize=7)
    for user in scene.users:
        motion = motion_of(user, scene.duration)
        if not motion.enters <= moment <= motion.leaves:
            continue
        state = motion.state([moment])
        corners = rectangle_corners(state.position, state.heading, user.size[:2])[0]
        pixels, depth = lens.project(np.column_stack([corners, np.zeros(4)]))
        if depth.min() > 0.5:
            axes.add_patch(Polygon(pixels, fill=False, linestyle="--", color="red"))
    axes.set(xlim=(0, lens.width), ylim=(lens.height, 0), aspect="equal")
