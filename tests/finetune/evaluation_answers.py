"""Made rows, and made answers of a system that is good to a known degree."""

import numpy as np

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
