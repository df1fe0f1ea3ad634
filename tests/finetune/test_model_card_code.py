"""The code that the model card shows runs as it stands, and asks as training and evaluation do."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from run_facts import facts
from tiny_model import make_tiny_model

from tasks import torchvision_repair
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_prompt
from tasks.finetune.model_card.usage import QUESTION
from tasks.finetune.model_card.write import write_model_card
from tasks.locate import PROJECT_ROOT

REVISION = "0" * 40


@pytest.fixture(autouse=True)
def one_thread():
    """For so small a model several threads wait for each other."""
    torchvision_repair.repair()
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run_folder(folder: Path, base: Path, **model) -> Path:
    """What a run leaves: the adapter with its tokenizer, and the card beside it."""
    torchvision_repair.repair()
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    settings = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(base), settings)
    adapted.save_pretrained(folder / "lora_adapter")
    load_tokenizer(base).save_pretrained(folder / "lora_adapter")
    given = facts()
    given["model"] |= model
    write_model_card(folder / "MODEL_CARD.md", **given)
    return folder


def code_of(card: Path) -> str:
    (code,) = re.findall(r"```python\n(.*?)```", ModelCard.load(card).text, re.DOTALL)
    return code


@pytest.mark.parametrize("template", [True, False])
def test_the_code_answers_offline(template, tmp_path, tiny_model, monkeypatch, capsys):
    base = tiny_model if template else make_tiny_model(tmp_path / "plain", template=None)
    folder = run_folder(tmp_path / "run", base, origin="package", template=template)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BASE_MODEL", str(base))
    names: dict = {}
    exec(code_of(folder / "MODEL_CARD.md"), names)  # noqa: S102 — the card's own code
    assert capsys.readouterr().out == names["answer"] + "\n"
    assert names["output"].shape[1] > names["inputs"]["input_ids"].shape[1]
    assert names["model"].peft_config["default"].r == 2
    tokenizer = load_tokenizer(base)
    asked = encode(format_prompt({"instruction": QUESTION, "input": ""}, tokenizer), tokenizer)
    assert names["inputs"]["input_ids"][0].tolist() == asked


@pytest.mark.slow
def test_the_code_takes_the_base_model_from_the_hub_at_its_revision(tmp_path, tiny_model):
    """From the hub's own cache, which is what a download leaves."""
    cache = tmp_path / "hub" / "models--somebody--tiny"
    shutil.copytree(tiny_model, cache / "snapshots" / REVISION)
    folder = run_folder(
        tmp_path / "run", tiny_model, name="somebody/tiny", origin="hub", revision=REVISION
    )
    started = "from tasks import torchvision_repair; torchvision_repair.repair()\n"
    kept = {key: value for key, value in os.environ.items() if key not in ("BASE_MODEL", "ADAPTER")}
    done = subprocess.run(
        [sys.executable, "-c", started + code_of(folder / "MODEL_CARD.md")],
        cwd=folder,
        env=kept
        | {
            "HF_HUB_CACHE": str(tmp_path / "hub"),
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(PROJECT_ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 1  # more than the line's end
