"""How long curation takes and how much memory it needs, on made rows.

    python -m tasks.finetune.curation.benchmark --rows 200000

The rows are made of a seed: sentences of drawn words, of which 5 % are exact and 5 % near copies
of earlier rows, 2 % hold an e-mail address, 2 % are too short and 10 % have a block of code.
Making them is not in the time.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tasks.finetune.curation.curate import curate
from tasks.finetune.rows import COLUMNS, Row, RowIds, write_rows

# As in natural text a few words are frequent and most are rare, so unlike rows share few runs.
_SYLLABLES = [one + two for one in "bdfglmnprst" for two in ("a", "en", "ist", "or")]
_VOCABULARY = 20_000
_SENTENCES = (
    "The {} of the {} is not {} when it has {} and the {} was {}",
    "If you {} the {}, then {} it with the {} or use a {} that can {}",
    "This {} will {} each {} for {} days, but the {} should be {} before that",
    "You can {} the {} in the {} of your {} and {} it from there",
    "Which {} it is depends on the {}, so {} the {} and look for {} {}",
)


def made_rows(count: int, seed: int = 1) -> Iterator[Row]:
    """Rows of which about every seventh is to be blocked."""
    draw = random.Random(seed)  # noqa: S311
    ids = RowIds()
    earlier: list[tuple[str, str]] = []
    for number in range(count):
        instruction, output = _question(draw, number), _answer(draw)
        kind = draw.random()
        if earlier and kind < 0.1:
            instruction, output = draw.choice(earlier)
            if kind < 0.05:
                words = output.split(" ")
                words[draw.randrange(len(words))] = _word(draw)
                instruction, output = _question(draw, number), " ".join(words)
        elif kind < 0.12:
            output += f" Write to {_word(draw)}@{_word(draw)}.fr."
        elif kind < 0.14:
            output = "Restart it."
        elif kind < 0.24:
            output += f"\n\n```bash\nsystemctl restart {_word(draw)}\n```"
        if len(earlier) < 1000:
            earlier.append((instruction, output))
        elif draw.random() < 0.01:
            earlier[draw.randrange(1000)] = (instruction, output)
        plain = dict.fromkeys(COLUMNS, "")
        row_id = ids.next_id("made", instruction, "", output)
        yield plain | {
            "row_id": row_id,
            "source": "made",
            "instruction": instruction,
            "output": output,
        }


def _word(draw: random.Random) -> str:
    """A made word; the n-th is drawn about n times more rarely than the first (Zipf)."""
    number = int(_VOCABULARY ** draw.random())
    syllables = []
    while number:
        number, place = divmod(number, len(_SYLLABLES))
        syllables.append(_SYLLABLES[place])
    return "".join(syllables)


def _question(draw: random.Random, number: int) -> str:
    return f"Why does the {_word(draw)} of {_word(draw)} {number} not {_word(draw)}?"


def _answer(draw: random.Random) -> str:
    patterns = [draw.choice(_SENTENCES) for _ in range(draw.randint(3, 16))]
    return " ".join(_filled(draw, pattern) for pattern in patterns)


def _filled(draw: random.Random, pattern: str) -> str:
    return pattern.format(*(_word(draw) for _ in range(pattern.count("{}")))) + "."


def main() -> None:
    """Make rows, curate them, and print minutes, peak memory and what was blocked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000, help="number of made rows")
    parser.add_argument("--seed", type=int, default=1, help="of the made rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with write_rows(folder / "rows.parquet") as write:
            for row in made_rows(options.rows, options.seed):
                write([row])
        before = _peak_mib()
        started, of_cpu = time.perf_counter(), time.process_time()
        figures = curate(
            folder / "rows.parquet",
            folder / "kept.parquet",
            folder / "quarantine.jsonl",
            clusters=folder / "clusters.json",
        )
        minutes = (time.perf_counter() - started) / 60
        cpu_minutes = (time.process_time() - of_cpu) / 60
    print(f"{options.rows} rows: {minutes:.2f} minutes ({cpu_minutes:.2f} of one CPU)")
    print(f"peak memory {_peak_mib():.0f} MiB, of which {before:.0f} MiB before curation")
    print(f"seconds {figures['seconds']}")
    print(f"kept {figures['kept']}, blocked {figures['reasons']}, clusters {figures['clusters']}")


def _peak_mib() -> float:
    """Largest resident memory of this process so far; Linux counts it in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
