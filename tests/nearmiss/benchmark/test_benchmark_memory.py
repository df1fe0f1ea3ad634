"""Peak memory is measured in processes of their own."""

import pytest

from tasks.nearmiss.benchmark import memory
from tasks.nearmiss.benchmark.clips import clip_of
from tasks.nearmiss.benchmark.configurations import Configuration


@pytest.mark.slow
def test_the_peak_of_a_short_and_a_longer_loop(tmp_path, videos, onnx_file, monkeypatch):
    monkeypatch.setattr(memory, "SHORT_MINUTES", 0.05)
    clip = clip_of(videos / "junction_cars_cyclist.mp4", 20, tmp_path)
    configuration = Configuration("onnx-fp32", 640, 2, threads=True)
    figures = memory.memory_growth(clip, configuration, onnx_file, 0.1)
    short, long = figures["rows"]
    assert (short["frames"], long["frames"]) == (60, 120)
    assert 100 < short["peak_mb"] < 3000
    for row in figures["rows"]:
        assert list(row["stages"]) == [
            "detect", "track", "score", "interactions", "render", "report",
        ]  # fmt: skip
        assert row["peak_mb"] == max(row["stages"].values())
    assert abs(figures["growth_percent"]) < 20
