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

_SUBJECTS = "the server|your router|a printer|this driver|the mail client|each user|Windows|the VPN"
_VERBS = "needs|keeps|loses|restarts|blocks|accepts|finds|writes|checks|replaces|drops|opens"
_OBJECTS = "the cable|its address|a port|the log|every file|the disk|that key|some memory|a session"
_WHEN = "at night|after a restart|when it is idle|before noon|with an error|in the background"
_SPARE_WORDS = 4000


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
                words[draw.randrange(len(words))] = _name(draw)
                instruction, output = _question(draw, number), " ".join(words)
        elif kind < 0.12:
            output += f" Write to {_name(draw)}@{_name(draw)}.fr."
        elif kind < 0.14:
            output = "Restart it."
        elif kind < 0.24:
            output += f"\n\n```bash\nsystemctl restart {_name(draw)}\n```"
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


def _name(draw: random.Random) -> str:
    return f"unit{draw.randrange(_SPARE_WORDS)}"


def _question(draw: random.Random, number: int) -> str:
    return f"Why does {_name(draw)} of site {number} fail {draw.choice(_WHEN.split('|'))}?"


def _answer(draw: random.Random) -> str:
    parts = [each.split("|") for each in (_SUBJECTS, _VERBS, _OBJECTS, _WHEN)]
    sentences = [
        " ".join([*(draw.choice(part) for part in parts), "because of", _name(draw)]).capitalize()
        for _ in range(draw.randint(3, 20))
    ]
    return ". ".join(sentences) + "."


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
