"""The comparison in sentences: what moved most, whether it matters, what was learned."""

from typing import Any

from tasks.finetune.evaluation.verdict import IMPROVED, NOT_SHOWN, WORSE


def summarise(facts: dict[str, Any]) -> list[str]:
    """Sentences made from the figures of `compare.compare`; they claim what an interval shows."""
    shown = [row for row in facts["rows"] if row["verdict"] != NOT_SHOWN]
    return [
        _overall(facts, shown),
        *_moved_most(shown),
        *_practical(shown),
        _format(facts),
        _style(facts),
        _key_facts(facts),
        *_cautions(facts),
    ]


def sample(facts: dict[str, Any]) -> str:
    """How many rows and clusters the figures rest on."""
    if facts["n"] == facts["clusters"]:
        return f"{facts['n']} test rows, of which no two are near-duplicates"
    return f"{facts['n']} test rows in {facts['clusters']} clusters of near-duplicates"


def _overall(facts: dict[str, Any], shown: list[dict[str, Any]]) -> str:
    of = f"on {sample(facts)}"
    count = len(facts["rows"])
    if not shown:
        return f"No difference is shown in any of {count} metrics {of}."
    better = [row["metric"] for row in shown if row["verdict"] == IMPROVED]
    worse = [row["metric"] for row in shown if row["verdict"] == WORSE]
    parts = [f"improved in {len(better)} of {count} metrics {of}"]
    parts += [f"worse in {', '.join(worse)}"] if worse else ["worse in none"]
    left = count - len(shown)
    parts += [f"no difference shown in {left}"] if left else []
    return f"The tuned model is {'; '.join(parts)}."


def _moved_most(shown: list[dict[str, Any]]) -> list[str]:
    """The metric with the largest relative change of those whose interval excludes zero; one that
    was zero has none and is named apart."""
    changed = [row for row in shown if row["improvement_percent"] is not None]
    from_zero = [
        f"{row['metric']} moved from 0 to {_number(row['tuned'])}, which no percentage can tell "
        f"(95 % interval of the difference {_number(row['low'])} to {_number(row['high'])})."
        for row in shown
        if row["improvement_percent"] is None
    ]
    if not changed:
        return from_zero
    most = max(changed, key=lambda row: abs(row["improvement_percent"]))
    return [
        *from_zero,
        f"{most['metric']} moved most: from {_number(most['base'])} to {_number(most['tuned'])} "
        f"({most['improvement_percent']:+.1f} %, where + is better; 95 % interval of the "
        f"difference {_number(most['low'])} to {_number(most['high'])}).",
    ]


def _practical(shown: list[dict[str, Any]]) -> list[str]:
    """Which differences matter, by the least difference stated for each metric."""
    if not shown:
        return []
    said = []
    for answer, phrase in (
        ("yes", "Practically significant, the whole interval beyond the stated minimum: "),
        ("perhaps", "Perhaps practically significant, the interval reaching below the minimum: "),
        ("no", "Statistically shown, but too small to matter: "),
    ):
        names = [
            f"{row['metric']} ({row['verdict']}; minimum {_number(row['least'])})"
            for row in shown
            if row["practical"] == answer
        ]
        if names:
            said.append(f"{phrase}{', '.join(names)}.")
    return said


def _format(facts: dict[str, Any]) -> str:
    ended = next((row for row in facts["rows"] if row["key"] == "ended"), None)
    parts = []
    if ended:
        parts.append(
            f"{_percent(ended['base'])} of the base model's answers and {_percent(ended['tuned'])} "
            f"of the tuned model's end by themselves ({ended['verdict']})"
        )
    return _learned("Format", parts, facts, "format")


def _style(facts: dict[str, Any]) -> str:
    bits = next((row for row in facts["rows"] if row["key"] == "bits_a_byte"), None)
    parts = []
    if bits:
        parts.append(
            f"the references cost {_number(bits['tuned'])} bits a byte instead of "
            f"{_number(bits['base'])} ({bits['verdict']})"
        )
    return _learned("Style", parts, facts, "style")


def _learned(name: str, parts: list[str], facts: dict[str, Any], group: str) -> str:
    """A sentence of what moved in a group of features: nearer to the references, away, or beside
    them, where neither is shown."""
    moved = [row for row in facts["form"] if row["group"] == group and row["is_shown"]]
    for row in moved:
        way = {True: "nearer to", False: "away from", None: "beside"}[row["is_nearer"]]
        show = _percent if row["label"].startswith("answers") else _number
        parts.append(
            f"{row['label']} went from {show(row['base'])} to {show(row['tuned'])}, {way} the "
            f"references' {show(row['reference'])}"
        )
    if not moved:
        parts.append(f"no difference is shown in the other features of {group}")
    return f"{name}: {'; '.join(parts)}."


def _key_facts(facts: dict[str, Any]) -> str:
    row = next((row for row in facts["rows"] if row["key"] == "key_facts"), None)
    if row is None:
        return "Facts: no reference states a key fact that its question does not state."
    verdict = {
        IMPROVED: "it learned to state more of them",
        WORSE: "it states fewer of them",
    }.get(row["verdict"], "that it learned facts is not shown")
    return (
        f"Facts: of the references' key facts the base model states {_percent(row['base'])} and "
        f"the tuned model {_percent(row['tuned'])} (mean over {row['n']} rows): {verdict}."
    )


def _cautions(facts: dict[str, Any]) -> list[str]:
    said = []
    if facts["clusters"] < facts["least_clusters"]:
        said.append(
            f"With fewer than {facts['least_clusters']} clusters the intervals are too narrow, so "
            "that no difference is called shown."
        )
    elif len(facts["rows"]) > 1:
        said.append(
            f"Each interval is one of 95 %; of {len(facts['rows'])} metrics that do not differ "
            "one may exclude 0 by chance, though they are not independent."
        )
    cut = facts["truncated"]
    if max(cut.values()) > 0:
        said.append(
            f"{_percent(cut['base'])} of the base model's and {_percent(cut['tuned'])} of the "
            "tuned model's answers were cut off at the limit of new tokens, which holds down "
            "every score that counts what the reference has."
        )
    return said


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
