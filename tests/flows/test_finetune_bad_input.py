"""What a look can tell is bad is refused in one sentence before Prefect starts; the rest later."""

import json
import shutil

import pytest
from test_finetune import made_rows, write_source
from tiny_model import make_tiny_model

from flows.finetune import check, finetune
from tasks import command_line
from tasks.finetune.config import FinetuneConfig

BAD_INPUT, FAILED = 2, 1


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a small source and the model."""
    folder = tmp_path_factory.mktemp("bad")
    write_source(folder / "sources", made_rows(80))
    make_tiny_model(folder / "tiny")
    return folder


@pytest.fixture
def ended(place, capsys):
    """A function that runs the script with these flags: its exit code and its sentence."""

    def run(*flags, flow=finetune, model=None):
        words = ["--sources", place / "sources", "--data-dir", place / "data", "--min-rows", "50"]
        words += ["--output-dir", place / "out", "--model", model or place / "tiny"]
        words += ["--max-train-rows", "8", "--max-val-rows", "4", "--max-test-rows", "4"]
        arguments = [str(word) for word in (*words, *flags)]
        code = command_line.main(flow, FinetuneConfig, check=check, arguments=arguments)
        said = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
        return code, said[-1]

    return run


def never(config, return_state):
    """Stands where the flow would start."""
    raise AssertionError("the flow has begun")


def nothing(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def over_a_billion(folder):
    change(folder / "config.json", hidden_size=4096, intermediate_size=16384, num_hidden_layers=16)


def pickled(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def cut_off(folder):
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])


def without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def broken_template(folder):
    (folder / "chat_template.jinja").write_text("{% for message in messages %}")


def silent_template(folder):
    (folder / "chat_template.jinja").write_text("Hello.")


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("harm", "flags", "sentence"),
    [
        (shutil.rmtree, [], "is no folder: give a folder with a model"),
        (nothing, [], "has no config.json: give a folder with a model"),
        (over_a_billion, [], "choose a model of at most 1 billion"),
        (pickled, [], "only as pickles"),
        (cut_off, [], "as after an interrupted download: fetch the model again"),
        (without_tokenizer, [], "has no tokenizer.json"),
        (broken_template, [], "chat template is broken"),
        (silent_template, [], "leaves out or changes the user's message"),
        (None, ["--max-new-tokens", "512"], "sees 512 tokens at once"),
        (None, ["--epochs", "0"], "--epochs"),
        (None, ["--learning-rate", "nan"], "--learning-rate"),
        (None, ["--save-steps", "10"], "save_steps 10 is below eval_steps 50"),
    ],
)
def test_what_a_look_can_tell_is_refused_before_prefect_starts(
    harm, flags, sentence, place, tmp_path, ended
):
    model = shutil.copytree(place / "tiny", tmp_path / "model")
    if harm:
        harm(model)
    code, said = ended(*flags, flow=never, model=model)
    assert code == BAD_INPUT
    assert sentence in said


def test_four_bits_without_a_gpu_are_refused_before_prefect_starts(ended):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    code, said = ended("--quantize", "4bit", flow=never)
    assert (code, "needs a GPU" in said) == (BAD_INPUT, True)


@pytest.mark.slow
def test_examples_that_fit_nowhere_are_refused(ended, prefect_server):
    code, said = ended("--max-length", "16", "--until", "train")
    assert code == BAD_INPUT
    assert "no row of the train split fits into 16 tokens" in said


@pytest.mark.slow
def test_a_question_longer_than_the_window_is_refused_before_training(ended, place, prefect_server):
    code, said = ended("--max-new-tokens", "400", "--run", "long")
    assert code == BAD_INPUT
    assert "but the model sees 512: shorten or remove the row" in said
    assert not (place / "out" / "long" / "lora_adapter").exists()


@pytest.mark.slow
def test_a_verdict_on_an_unknown_row_is_refused_before_training(ended, place, prefect_server):
    verdict = '"nobody:1": {class: incomplete, who: Jo, why: It ends in the middle.}'
    (place / "judged").mkdir()
    (place / "judged" / "error_overrides.yaml").write_text(verdict)
    code, said = ended("--run", "judged", "--data-dir", place / "judged")
    assert (code, "nobody:1" in said) == (BAD_INPUT, True)
    assert not (place / "out" / "judged" / "lora_adapter").exists()


@pytest.mark.slow
def test_a_split_without_rows_stops_at_its_gate(ended, place, prefect_server):
    code, said = ended("--val-share", "0.0001", "--data-dir", str(place / "other"))
    assert code == FAILED
    assert '"Every split has a row" fails on 1 of 3 rows' in said


@pytest.mark.slow
def test_a_loss_that_is_no_number_fails_in_one_sentence(ended, place, tmp_path, prefect_server):
    import torch
    from transformers import AutoModelForCausalLM

    broken = shutil.copytree(place / "tiny", tmp_path / "broken")
    model = AutoModelForCausalLM.from_pretrained(broken)
    torch.nn.init.constant_(model.get_input_embeddings().weight, float("inf"))
    model.save_pretrained(broken)
    code, said = ended("--until", "train", model=broken)
    assert code == FAILED
    assert "became nan at step 1: lower learning_rate" in said


@pytest.mark.slow
def test_a_hub_out_of_reach_fails_in_one_sentence(ended, prefect_server, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    code, said = ended("--until", "train", model="nobody/has-this-model")
    assert code == FAILED
    assert "is not on this machine, and the hub cannot be reached: give a folder" in said
