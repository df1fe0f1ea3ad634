"""Rows that curation has nothing against, to be spoilt in one place."""

from tasks.finetune.rows import COLUMNS, Row

QUESTION = "Why does my laptop lose its Wi-Fi connection after it wakes up?"
ANSWER = (
    "Windows may switch the adapter off to save power and fail to start it again. Open Device "
    "Manager, find the adapter under Network adapters, and clear the box that lets the computer "
    "turn it off. Then update the driver and restart the laptop."
)


def row(**fields: str) -> Row:
    """A good row with some fields replaced."""
    plain = dict.fromkeys(COLUMNS, "")
    base = {"row_id": "made:0", "source": "made", "instruction": QUESTION, "output": ANSWER}
    return plain | base | fields
