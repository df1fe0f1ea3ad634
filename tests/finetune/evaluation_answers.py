"""Made rows, and made answers of a system that is good to a known degree."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SUBJECTS = {
    "the mail queue": ("mailq", "/var/spool/postfix", "postqueue"),
    "a full disk": ("df -h", "/var/log", "journalctl"),
    "the name server": ("dig +short", "/etc/resolv.conf", "resolvectl"),
    "a lost password": ("passwd root", "/etc/shadow", "chage"),
    "the print spooler": ("lpstat -t", "/var/spool/cups", "cancel"),
    "a broken index": ("REINDEX", "/var/lib/postgresql", "VACUUM"),
}
TAILS = (
    "Wait 30 seconds and look at the log again before you change anything else.",
    "If the error stays, write down the code 0x80070005 and tell whoever runs the machine.",
    "Keep a copy of the old file, since 5 % of such repairs have to be taken back.",
)


def made_rows(count: int) -> list[dict[str, str]]:
    """Rows of the form of a split, none like another."""
    rows = []
    for number in range(count):
        subject, (command, path, tool) = list(SUBJECTS.items())[number % len(SUBJECTS)]
        tail = TAILS[number % len(TAILS)]
        rows.append(
            {
                "row_id": f"made:{number:04d}",
                "instruction": f"How do I look into {subject} on host {number}?",
                "input": "",
                "output": (
                    f"Begin with `{command}` on host {number}, then read {path}/{number}.\n\n"
                    f"```bash\n{tool} --number {number}\n```\n\n{tail}"
                ),
                "source": "made",
                "domain": subject,
                "license": "CC0-1.0",
            }
        )
    return rows


def with_words_dropped(text: str, share: float, seed: int) -> str:
    """The text without about that share of its words; line ends stay."""
    drawn = np.random.default_rng(seed)
    lines = [
        " ".join(word for word in line.split(" ") if drawn.random() >= share)
        for line in text.split("\n")
    ]
    return "\n".join(lines)


def write_answers(
    path: Path,
    rows: list[dict[str, str]],
    shares: dict[str, float],
    without_nll: tuple[str, ...] = (),
) -> None:
    """answers.parquet of systems that drop a share of the reference's words.

    The more a system drops, the less probable it finds the reference.
    """
    answers = []
    for system, share in shares.items():
        for number, row in enumerate(rows):
            answer = with_words_dropped(row["output"], share, number)
            tokens = len(row["output"]) // 4
            answers.append(
                {
                    "row_id": row["row_id"],
                    "system": system,
                    "prompt": row["instruction"],
                    "answer": answer,
                    "prompt_tokens": 12,
                    "answer_tokens": len(answer) // 4,
                    "ended": number % 4 != 0,
                    "seconds": 0.1,
                    "nll": math.nan if system in without_nll else tokens * (2 + share),
                    "nll_tokens": 0 if system in without_nll else tokens,
                }
            )
    pq.write_table(pa.Table.from_pylist(answers), path)
