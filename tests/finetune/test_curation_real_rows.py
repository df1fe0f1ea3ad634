"""Curation on real questions and answers that people have chosen by hand."""

import json

import pytest
from curation_rows import row

from tasks.finetune.curation.curate import curate
from tasks.finetune.rows import RowIds, write_rows
from tasks.locate import PROJECT_ROOT

FAQ = PROJECT_ROOT.parent / "shared" / "data" / "qa" / "faq_pairs.jsonl"


@pytest.mark.slow
def test_nearly_all_chosen_questions_are_kept(tmp_path):
    if not FAQ.is_file():
        pytest.skip(f"{FAQ.name} is not in ../shared/data/qa")
    ids = RowIds()
    with write_rows(tmp_path / "rows.parquet") as write:
        for line in FAQ.read_text("utf-8").splitlines():
            read = {key: json.loads(line)[key] for key in ("instruction", "input", "output")}
            write([row(row_id=ids.next_id("faq", *read.values()), source="faq", **read)])
    figures = curate(tmp_path / "rows.parquet", tmp_path / "k.parquet", tmp_path / "q.jsonl")
    assert figures["rows"] == 1562
    assert figures["kept"] >= 0.95 * figures["rows"]
    assert figures["pii"]["e-mail"] >= 20  # list addresses and signatures that the texts have
