"""No domain has more than its share of what a source gives."""

import json
from collections import Counter

import pytest
from source_data import read, written

from tasks.finetune.sources.balance import largest_count


@pytest.mark.parametrize(
    ("counts", "share", "cap"),
    [
        ({"a": 100, "b": 10, "c": 10}, 0.5, 20),
        ({"a": 100, "b": 100, "c": 10}, 0.5, 100),
        ({"a": 100}, 0.1, 100),
        ({"a": 100, "b": 7}, 0.1, 7),
        ({"a": 5, "b": 5, "c": 5}, 1 / 3, 5),
        ({"a": 9, "b": 1}, 1.0, 9),
        ({}, 0.5, 0),
    ],
)
def test_the_cap_is_the_largest_that_holds_the_share(counts, share, cap):
    assert largest_count(counts, share) == cap
    kept = sum(min(count, cap) for count in counts.values())
    more = sum(min(count, cap + 1) for count in counts.values())
    if len(counts) >= 1 / share:
        assert cap <= share * kept + 1e-9
        assert cap == max(counts.values()) or cap + 1 > share * more


def lines(counts: dict[str, int]) -> str:
    return "".join(
        json.dumps({"instruction": f"{domain} {i}?", "output": "x", "domain": domain}) + "\n"
        for domain, count in counts.items()
        for i in range(count)
    )


def test_rows_over_the_share_are_refused_and_the_rest_stay_in_order(tmp_path):
    path = written(tmp_path / "a.jsonl", lines({"perl": 50, "mail": 10, "vpn": 10}) + "{broken\n")
    rows, refused, figures = read("jsonl", path, max_share=0.5)
    assert Counter(row["domain"] for row in rows) == {"perl": 20, "mail": 10, "vpn": 10}
    assert figures.refused_by_reason == {"balance": 30, "not JSON": 1}
    numbers = [int(row["instruction"].split()[1][:-1]) for row in rows if row["domain"] == "perl"]
    assert numbers == sorted(numbers)
    assert numbers != list(range(20))
    reason = "balance: domain perl keeps 20 rows, 50% of the source at most"
    assert sum(one.reason == reason for one in refused) == 30


def test_what_stays_hangs_on_content_and_grows_with_the_source(tmp_path):
    def kept(text: str) -> set[str]:
        rows, _, _ = read("jsonl", written(tmp_path / "a.jsonl", text), max_share=0.5)
        return {row["row_id"] for row in rows}

    few, more = (
        lines({"perl": 50, "mail": 10, "vpn": 10}),
        lines({"mail": 14, "perl": 50, "vpn": 12}),
    )
    assert kept(few) == kept("".join(reversed(few.splitlines(keepends=True))))
    assert kept(few) < kept(more)
