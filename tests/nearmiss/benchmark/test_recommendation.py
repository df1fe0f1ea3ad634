"""The table's columns, the rule, and the sentences, on measurements made up for it."""

import re

import pandas as pd
import pytest
import yaml

from tasks import command_line
from tasks.nearmiss.benchmark import picture, recommend, words
from tasks.nearmiss.benchmark.configurations import BASELINE, Configuration, combinations
from tasks.nearmiss.benchmark.configurations import one_factor as one_factor_of
from tasks.nearmiss.benchmark.matching import Matched
from tasks.nearmiss.benchmark.measure import Measured, keeps
from tasks.nearmiss.benchmark.passes import Cost
from tasks.nearmiss.benchmark.stage_times import bound
from tasks.nearmiss.benchmark.table import COLUMNS, benchmark_table
from tasks.nearmiss.config import NearMissConfig


def measured(
    configuration, fps, both=40, extra=0, reference=40, interactions=4, objects=200
) -> Measured:
    """A configuration that ran three rounds around a speed."""
    counts = Matched(reference, both + extra, both)
    told = Matched(min(interactions, reference), min(interactions, both), min(interactions, both))
    others = Matched(
        counts.reference - told.reference, counts.candidate - told.candidate, both - told.both
    )
    return Measured(
        configuration,
        {
            "events": others,
            "interactions": told,
            "near_misses": counts,
            "objects": Matched(objects, objects, objects * 99 // 100),
        },
        Cost(100, 1, 1),
        [Cost(100, 100 / speed, 150 / speed) for speed in (0.99 * fps, fps, 1.01 * fps)],
    )


def with_threads(fps, stride=1, engine="onnx-fp32", **quality) -> Measured:
    return measured(Configuration(engine, 640, stride, threads=True), fps, **quality)


def table_of(*rows: Measured) -> pd.DataFrame:
    return benchmark_table([measured(BASELINE, 10), *rows])


def test_the_columns_are_the_promised_ones_and_say_what_was_measured():
    table = table_of(with_threads(30, both=38, extra=2))
    assert list(table.columns) == COLUMNS
    assert COLUMNS[:3] == ["optimization", "fps", "missed_events_%"]
    row = table.iloc[1]
    assert (row["fps"], row["speedup"], row["repetitions"]) == (30, 3, 3)
    assert (row["missed_events_%"], row["events_n"]) == (5, 40)
    assert (row["extra_events_%"], row["extra_n"]) == (5, 40)
    assert row["missed_low_%"] < 5 < row["missed_high_%"]
    assert row["cpu_ms_a_frame"] == 50


def test_the_fastest_that_keeps_the_events_is_recommended():
    table = table_of(
        with_threads(30),
        with_threads(55, stride=2, both=39),
        with_threads(80, stride=3, both=37),  # 7.5 % missed
        with_threads(90, stride=2, engine="onnx-int8", extra=3),  # 7 % of its own are extra
        measured(Configuration(), 1000),  # the flow cannot run without threads
    )
    chosen = recommend.recommend(table, 5, 5)
    assert chosen.meets_limits
    assert chosen.row["optimization"] == "onnx-fp32, 640, stride 2, threads"
    assert "2.5 % of 40 events missed" in chosen.reason


def test_what_speed_cannot_tell_apart_is_told_apart_by_errors():
    table = table_of(with_threads(50, both=39), with_threads(49.5, engine="openvino-fp32"))
    chosen = recommend.recommend(table, 5, 5)
    assert chosen.row["engine"] == "openvino-fp32"
    assert "among 2 whose speed cannot be told apart" in chosen.reason


def test_where_nothing_keeps_the_events_the_fewest_errors_win_and_it_is_said():
    table = table_of(with_threads(30, both=37), with_threads(60, stride=2, both=30))
    chosen = recommend.recommend(table, 5, 5)
    assert not chosen.meets_limits
    assert chosen.row["stride"] == 1
    assert "nothing kept within the limits" in chosen.reason


def test_without_events_the_stride_stays_1():
    table = table_of(
        with_threads(30, both=0, reference=0), with_threads(60, stride=2, both=0, reference=0)
    )
    table.loc[0, ["events_n", "missed_events_%"]] = 0, None
    chosen = recommend.recommend(table, 5, 5)
    assert chosen.row["stride"] == 1
    assert "hold no event" in chosen.reason


def test_the_settings_are_taken_by_the_near_miss_flow(tmp_path):
    chosen = recommend.recommend(table_of(with_threads(30, stride=3)), 5, 5)
    file = tmp_path / "fast.yaml"
    recommend.write_settings(file, chosen)
    assert yaml.safe_load(file.read_text()) == {"engine": "onnx-fp32", "imgsz": 640, "stride": 3}
    config = command_line.parse(NearMissConfig, ["--config", str(file)])
    assert (config.engine, config.imgsz, config.stride) == ("onnx-fp32", 640, 3)


def test_every_sentence_says_figures_of_the_table():
    table = table_of(
        measured(Configuration("openvino-fp32"), 25, both=39),
        measured(Configuration(stride=2), 18, both=36),
        with_threads(30),
        with_threads(55, stride=2, both=39),
    )
    sentences = words.trade_offs(table)
    assert sentences[0].endswith("does 10.0 frames/s.")
    assert sentences[1].startswith("openvino-fp32 instead of pytorch-fp32: 2.50 times as fast")
    assert "2.5 % of 40 events missed" in sentences[1]
    assert sentences[2].startswith("Stride 2 instead of 1: 1.80 times")
    assert "55.0 instead of 30.0 frames/s" in sentences[3]
    assert "may still miss up to 8.8 %" in " ".join(words.uncertainty(table))
    assert "see them as counts" in " ".join(words.uncertainty(table))


def test_the_markdown_holds_tables_rule_and_verdict_and_escapes_names():
    table = table_of(with_threads(30))
    steps = [
        {"step": name, "ms_a_frame": 2.0, "lowest": 1.9, "highest": 2.1, "cpu_ms_a_frame": 4.0}
        for name in ("decode", "inference", "drawing", "encoding")
    ]
    rival = {
        "frames": 100,
        "rounds": 3,
        "ours": {"median": 90.0, "lowest": 80.0, "highest": 95.0},
        "ultralytics": {"median": 15.0, "lowest": 14.0, "highest": 16.0},
        "ratio": {"median": 6.0, "lowest": 5.0, "highest": 6.8},
    }
    text = words.markdown(
        table,
        recommend.recommend(table, 5, 5),
        rule=recommend.rule(5, 5),
        clips=[{"clip": "<b>|name", "frames": 100}],
        machine="a machine",
        steps=steps,
        bound=bound(steps, cores=2),
        rival=rival,
        memory={
            "rows": [
                {"minutes": 1.0, "frames": 100, "peak_mb": 500.0, "stages": {"track": 500.0}},
                {"minutes": 5, "frames": 500, "peak_mb": 510.0, "stages": {"track": 510.0}},
            ],
            "growth_percent": 2.0,
        },
        warnings=["one engine is left out"],
    )
    assert "| optimization | fps | missed_events_% |" in text
    assert "<b>" not in text
    assert "6.00 (5.00 to 6.80) times as fast" in text
    assert "500 MB on 1 min" in text
    assert "| stage | 1 min, MB | 5 min, MB |" in text
    assert "one engine is left out" in text
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text.lower())


def test_the_bound_is_of_decoding_inference_and_encoding_alone():
    steps = [
        {"step": "decode", "ms_a_frame": 1.0, "cpu_ms_a_frame": 1.0},
        {"step": "inference", "ms_a_frame": 6.0, "cpu_ms_a_frame": 10.0},
        {"step": "drawing", "ms_a_frame": 50.0, "cpu_ms_a_frame": 50.0},
        {"step": "encoding", "ms_a_frame": 3.0, "cpu_ms_a_frame": 5.0},
    ]
    assert bound(steps, cores=2) == {"in_a_row": 100.0, "side_by_side": 125.0}


def test_the_plan_changes_one_thing_at_a_time_and_combines_with_threads():
    single = one_factor_of(["onnx-fp32", "pytorch-fp32"], 320, [2, 1])
    assert single[0] == BASELINE
    fields = ("engine", "imgsz", "stride", "threads")
    changed = [
        sum(getattr(each, name) != getattr(BASELINE, name) for name in fields) for each in single
    ]
    assert changed == [0, 1, 1, 1, 1]
    combined = combinations(["onnx-fp32"], [640], [2, 4])
    assert [each.stride for each in combined] == [1, 2, 4]
    assert all(each.threads for each in combined)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Matched(20, 20, 20), True),
        (Matched(20, 19, 19), True),
        (Matched(20, 18, 18), False),
        (Matched(20, 22, 20), False),
        (Matched(0, 0, 0), True),
    ],
)
def test_limits_hold_for_missed_and_for_extra(counts, expected):
    assert keeps(counts, 5, 5) is expected


def test_the_picture_is_drawn_also_without_events(tmp_path):
    some = table_of(with_threads(30), with_threads(55, stride=2, both=39))
    none = some.assign(**{"missed_events_%": float("nan"), "events_n": 0})
    for name, table in (("some", some), ("none", none)):
        path = tmp_path / f"{name}.png"
        picture.speed_against_missed(path, table, str(table.iloc[1]["optimization"]), 5)
        assert path.stat().st_size > 5000


def test_clips_without_a_road_user_are_said_to_tell_nothing():
    empty = {"both": 0, "reference": 0, "interactions": 0, "objects": 0}
    table = benchmark_table(
        [measured(BASELINE, 10, **empty), with_threads(30, **empty), with_threads(50, 2, **empty)]
    )
    chosen = recommend.recommend(table, 5, 5)
    assert not chosen.meets_limits
    assert "the clips hold no road user" in chosen.reason
    assert "nan" not in chosen.reason


def test_the_limits_are_kept_by_the_counts_and_not_by_rounded_percentages():
    """6 of 119 are 5.04 %, which the table shows as 5.0."""
    table = table_of(with_threads(50, stride=2, reference=119, both=113), with_threads(30))
    assert table.iloc[1]["missed_events_%"] == 5.0
    assert recommend.recommend(table, 5, 5).row["stride"] == 1
