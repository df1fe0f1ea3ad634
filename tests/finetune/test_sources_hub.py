"""Hub data sets, read by the real library from a local repository of the same form."""

import json
import socket

import pandas as pd
import pytest

from tasks.errors import BadInput
from tasks.finetune.sources.hub import HubUnreachable, read_hub
from tasks.finetune.sources.records import SourceFigures
from tasks.finetune.sources.spec import SourceSpec


def figures_of(spec: SourceSpec) -> SourceFigures:
    return SourceFigures(spec.name, spec.kind)


@pytest.fixture
def data_set(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    frame = pd.DataFrame(
        {
            "INSTRUCTION": [f"Title {i}\nbody" for i in range(10)],
            "RESPONSE": ["answer"] * 10,
            "SOURCE": ["unix", "cooking"] * 5,
            "METADATA": [{"score": i} for i in range(10)],
        }
    )
    frame.to_parquet(folder / "train-00000-of-00001.parquet")
    return folder


@pytest.fixture
def spec(data_set) -> SourceSpec:
    return SourceSpec(
        name="hub-test",
        kind="hub",
        location=str(data_set),
        revision="a" * 40,
        where={"SOURCE": ["unix"]},
        limit=4,
    )


@pytest.mark.slow
def test_rows_are_selected_streamed_and_kept_by_their_commit(spec, data_set, tmp_path):
    cache = tmp_path / "cache"
    figures = figures_of(spec)
    records = list(read_hub(spec, figures, cache))
    assert [record.fields["INSTRUCTION"] for record in records] == [
        f"Title {i}\nbody" for i in (0, 2, 4, 6)
    ]
    assert records[1].fields["METADATA"] == {"score": 2}
    (copy,) = cache.rglob("*.jsonl")
    assert copy.name.startswith("a" * 40)
    assert len(figures.files[0]["sha256"]) == 64

    for file in data_set.iterdir():
        file.unlink()
    assert list(read_hub(spec, figures_of(spec), cache)) == records


def test_another_selection_is_another_copy(spec, tmp_path):
    cache = tmp_path / "cache"
    list(read_hub(spec, figures_of(spec), cache))
    more = spec.model_copy(update={"limit": 5})
    assert len(list(read_hub(more, figures_of(more), cache))) == 5
    assert len(list(cache.rglob("*.jsonl"))) == 2


def test_a_split_or_column_that_is_not_there_is_bad_input(spec, tmp_path):
    for change in ({"split": "nosuch"}, {"where": {"NOSUCH": ["a"]}}):
        wrong = spec.model_copy(update=change)
        with pytest.raises(BadInput, match="cannot be read from the hub"):
            list(read_hub(wrong, figures_of(wrong), tmp_path / "cache"))
    assert not list((tmp_path / "cache").rglob("*.jsonl"))


def test_a_hub_that_cannot_be_reached_says_what_to_do(tmp_path, monkeypatch):
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    spec = SourceSpec(name="far", kind="hub", location="nobody/nothing", revision="b" * 40)
    with pytest.raises(HubUnreachable, match="run again with the network") as caught:
        list(read_hub(spec, figures_of(spec), tmp_path))
    assert "nobody/nothing (source far" in str(caught.value)
    assert not list(tmp_path.rglob("*.jsonl"))


def test_a_connection_that_breaks_is_the_networks_fault(tmp_path, monkeypatch):
    import httpx2
    from huggingface_hub.utils import get_session

    def refused(*_, **__):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        return get_session().get(f"http://127.0.0.1:{port}/")

    monkeypatch.setattr("tasks.finetune.sources.hub._stream", refused)
    spec = SourceSpec(name="far", kind="hub", location="nobody/nothing", revision="b" * 40)
    with pytest.raises(HubUnreachable, match="run again with the network") as caught:
        list(read_hub(spec, figures_of(spec), tmp_path))
    assert isinstance(caught.value.__cause__, httpx2.TransportError)


def test_values_that_json_lacks_are_kept_as_text(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    frame = pd.DataFrame({"question": ["q"], "date": [pd.Timestamp("2020-02-03")]})
    frame.to_parquet(folder / "train.parquet")
    spec = SourceSpec(name="odd", kind="hub", location=str(folder), revision="c" * 40)
    (record,) = read_hub(spec, figures_of(spec), tmp_path / "cache")
    assert record.fields == {"question": "q", "date": "2020-02-03 00:00:00"}


def test_a_file_that_the_library_cannot_read_is_bad_input(tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.jsonl").write_text(json.dumps({"question": "half \ud83d"}) + "\n")
    spec = SourceSpec(name="odd", kind="hub", location=str(folder), revision="c" * 40)
    with pytest.raises(BadInput, match="cannot be read from the hub"):
        list(read_hub(spec, figures_of(spec), tmp_path / "cache"))
