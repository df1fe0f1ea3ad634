"""A tiny clip in which two blocks meet."""

import numpy as np

from tasks.nearmiss.encode import VideoWriter


def make_clip(path, frames=60, meet=True, fps=20):
    """Two blocks that move towards each other on a grey road, after a while of nothing."""
    with VideoWriter(path, fps, 320, 240) as writer:
        for index in range(frames):
            picture = np.full((240, 320, 3), 120, np.uint8)
            if meet and index >= 20:
                x = 5 * (index - 20)
                picture[100:130, x : x + 40] = 230
                picture[104:134, max(280 - x, 0) : 320 - x] = 20
            writer.write(picture, index / fps)
    return path
