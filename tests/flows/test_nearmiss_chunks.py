"""A split video gives the events of the unsplit one, through the whole flow."""

from fractions import Fraction

import av
import pandas as pd
import pytest

from flows.nearmiss import nearmiss
from tasks.nearmiss.config import NearMissConfig


def with_key_frames(source, target, every):
    """The same pictures with a key frame every so many frames."""
    with av.open(str(source)) as read, av.open(str(target), "w") as write:
        stream = write.add_stream("libx264", rate=25, options={"g": str(every)})
        stream.width, stream.height = read.streams.video[0].width, read.streams.video[0].height
        for number, frame in enumerate(read.decode(video=0)):
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 25), 0
            write.mux(stream.encode(frame))
        write.mux(stream.encode(None))
    return target


@pytest.mark.slow
def test_a_split_video_gives_the_same_events(made_scene_file, onnx_file, prefect_server, tmp_path):
    clip = with_key_frames(made_scene_file, tmp_path / "scene.mp4", every=30)
    tables = {}
    for name, settings in {"whole": {}, "split": {"chunk_sec": 2, "at_once": 2}}.items():
        config = NearMissConfig(
            video=[str(clip)], output_dir=tmp_path / name, engine="onnx-fp32", **settings
        )
        state = nearmiss(config, return_state=True)
        assert state.is_completed(), state.message
        folder = state.result().folder
        files = ("events.csv", "interactions.csv", "rejected.csv")
        tables[name] = {file: pd.read_csv(folder / file) for file in files}
    assert len(tables["whole"]["events.csv"]) >= 1
    for file, table in tables["whole"].items():
        pd.testing.assert_frame_equal(tables["split"][file], table)
    assert len(list((tmp_path / "split").glob("scene/chunks/detections-*.parquet"))) > 2
