"""Before and after the filters."""

import math

import pytest
from review_data import candidate, interaction, table

from tasks.nearmiss.review.compare_filters import as_markdown, before_after


@pytest.fixture
def kept():
    return table(
        *(interaction(f"k{n}", risk_level="High") for n in range(2)),
        interaction("k2", risk_level="Medium"),
    )


@pytest.fixture
def rejected():
    return table(
        candidate("r0", "stationary", risk_level="High"),
        candidate("r1", "duration", risk_level="High"),
        candidate("r2", "duration", risk_level="Low"),
    )


def test_counts_by_level_and_filter(kept, rejected):
    found = before_after(kept, rejected, ["stationary", "duration", "direction"])
    rows = found.set_index("level")
    assert list(rows.index) == ["High", "Medium", "Low", "All"]
    assert list(rows.columns[:6]) == [
        "before", "stationary", "duration", "direction", "kept", "removed",
    ]  # fmt: skip
    assert rows.loc["High"].tolist()[:6] == [4, 1, 1, 0, 2, 2]
    assert rows.loc["All"].tolist()[:6] == [6, 1, 2, 0, 3, 3]
    assert rows.loc["All", "removed_share"] == 0.5
    assert rows.loc["All", "share_low"] == pytest.approx(0.1876, abs=1e-4)  # Wilson of 3 in 6
    assert rows.loc["All", "share_high"] == pytest.approx(0.8124, abs=1e-4)


def test_nothing_is_lost(kept, rejected):
    rejected.loc[0, "risk_level"] = math.nan
    found = before_after(kept, rejected).set_index("level")
    assert found.loc["not rated", "before"] == 1
    assert found["before"].drop("All").sum() == found.loc["All", "before"] == 6
    assert (found["before"] == found["kept"] + found["duration"] + found["stationary"]).all()


def test_no_candidates_at_all():
    found = before_after(table(), table())
    assert found["before"].tolist() == [0, 0, 0, 0]
    assert math.isnan(found["removed_share"][0])
    assert "| High | 0 | 0 | 0 |" in as_markdown(found)


def test_markdown_shows_counts_and_shares(kept, rejected):
    lines = as_markdown(before_after(kept, rejected)).splitlines()
    assert lines[0] == "| Level | Before | duration | stationary | Kept | Removed (95 % interval) |"
    assert lines[1] == "| --- | ---: | ---: | ---: | ---: | ---: |"
    assert lines[5] == "| All | 6 | 2, 33 % | 1, 17 % | 3, 50 % | 3, 50 % (19 to 81 %) |"


def test_a_filters_name_is_no_markup(kept):
    rejected = table(candidate("r0", "<script>|x|"))
    header = as_markdown(before_after(kept, rejected)).splitlines()[0]
    assert "<script>" not in header
    assert header.count("|") - header.count("\\|") == 6


@pytest.mark.parametrize("name", [math.nan, "kept", "before"])
def test_a_filter_needs_a_name_of_its_own(kept, name):
    with pytest.raises(ValueError, match="name"):
        before_after(kept, table(candidate("r0", name)))
