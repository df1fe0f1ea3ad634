"""Cases and rows of training for the tests of the analysis."""

import json
import math
from typing import Any

from tasks.finetune.understanding.cases import Case
from tasks.locate import PROJECT_ROOT

TRAINING = [
    (
        "printers",
        "Why does my printer stay offline?",
        "Windows pings the printer over SNMP. Open the port settings, clear the box for SNMP "
        "status and print a test page; if the queue still hangs, restart the spooler service with "
        "`net stop spooler` and `net start spooler`.",
    ),
    (
        "git",
        "How do I undo the last commit but keep my changes?",
        "Run `git reset --soft HEAD~1`. The commit disappears, and the changed files stay staged "
        "in the index. Check with `git status` before you commit again.",
    ),
    (
        "networking",
        "How do I find out which process listens on a port?",
        "Use `ss -tlnp` as root. It lists listening sockets with the process that owns each; on "
        "Windows use `netstat -abno` in an elevated prompt.",
    ),
    (
        "storage",
        "My disk is full. Where do I look first?",
        "Start with `df -h` to see which file system is full, then `du -xh --max-depth=1 /` to "
        "find the large folders. Old logs in /var/log are a frequent reason.",
    ),
]


def training_rows() -> list[dict[str, str]]:
    """Four rows of training."""
    return [row(f"train:{i}", *texts) for i, texts in enumerate(TRAINING)]


def row(row_id: str, domain: str, instruction: str, output: str) -> dict[str, str]:
    """A row of a split."""
    return {
        "row_id": row_id,
        "instruction": instruction,
        "input": "",
        "output": output,
        "source": "manual",
        "domain": domain,
        "license": "CC0-1.0",
    }


def case(answer: str, **changes: Any) -> Case:
    """An answer to a question on git."""
    values: dict[str, Any] = {
        "row_id": "test:1",
        "instruction": "How do I bring back a file that I deleted and committed in git?",
        "input": "",
        "reference": "Find the commit that deleted it with `git log -- notes.txt`, then take the "
        "file from the commit before: `git checkout 1a2b3c~1 -- notes.txt`. The file is staged; "
        "commit it. Nothing is lost as long as the commit with the file is part of the history.",
        "source": "manual",
        "domain": "git",
        "system": "tuned",
        "answer": answer,
        "prompt_tokens": 40,
        "answer_tokens": 80,
        "ended": True,
        "truncated": False,
        "seconds": 1.0,
        "rouge_l": 0.1,
        "key_facts": None,
        "key_facts_total": 0,
        "key_facts_missing": (),
    }
    return Case(**values | changes)


def seed_rows(count: int) -> list[dict[str, str]]:
    """The first committed synthetic examples, as rows."""
    path = PROJECT_ROOT / "data" / "sources" / "synthetic.jsonl"
    with open(path, encoding="utf-8") as file:
        entries = [json.loads(line) for line, _ in zip(file, range(count), strict=False)]
    return [
        row(f"seed:{i}", entry["domain"], entry["instruction"], entry["output"])
        for i, entry in enumerate(entries)
    ]


def answer_and_score(row_id: str, system: str, text: str, rouge_l: float) -> tuple[dict, dict]:
    """A row of answers.parquet and one of scores.parquet."""
    answer = {
        "row_id": row_id,
        "system": system,
        "prompt": "",
        "answer": text,
        "prompt_tokens": 30,
        "answer_tokens": 20,
        "ended": True,
        "seconds": 0.5,
        "nll": math.nan,
        "nll_tokens": 0,
    }
    score = {
        "row_id": row_id,
        "system": system,
        "rougeL": rouge_l,
        "key_facts": math.nan,
        "key_facts_total": 0,
        "key_facts_missing": [],
        "truncated": False,
    }
    return answer, score
