"""An adapter is trained, kept at its best, loaded again, and gone on with after a kill."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

from tasks.errors import BadInput, StageFailed
from tasks.finetune.model_stages import tell_of_training
from tasks.finetune.training import checkpoints, compiling
from tasks.finetune.training import train as training
from tasks.finetune.training.failures import explained
from tasks.finetune.training.settings import TrainingSettings
from tasks.finetune.training.spent import Spent
from tasks.finetune.training.train import ADAPTER, train

WORDS = "disk server logs check command printer restart service page password console user".split()  # noqa: SIM905
SETTINGS = TrainingSettings(
    epochs=3,
    batch_size=2,
    accumulation=2,
    learning_rate=5e-3,
    eval_steps=5,
    save_steps=5,
    logging_steps=1,
    precision="fp32",
)
# Same machine, same number of threads: only the order of sums inside a product could differ.
SAME_ADAPTER = 1e-6


def rows(count, start=0):
    """Questions whose answers can be learned: the two words after the one asked for."""
    made = []
    for number in range(start, start + count):
        first = WORDS[number % len(WORDS)]
        answer = " ".join(WORDS[(number + step) % len(WORDS)] for step in (1, 2))
        made.append(
            {
                "row_id": str(number),
                "instruction": f"What follows {first} ?" + " Please !" * (number % 3),
                "input": "",
                "output": answer,
            }
        )
    return made


def train_tiny(tiny_model, folder, **changes):
    settings = SETTINGS.model_copy(update=changes)
    return train(tiny_model, rows(40), rows(8, 40), settings, folder)


@pytest.fixture(scope="module")
def trained(tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    told = []
    facts = train(
        tiny_model, rows(40), rows(8, 40), SETTINGS, folder, on_log=lambda *each: told.append(each)
    )
    return folder, facts, told


def test_every_evaluation_is_said_while_the_training_lasts(trained):
    _, facts, told = trained
    shown, said = [], []
    tell = tell_of_training(lambda *each: shown.append(each), said.append)
    for each in told:
        tell(*each)
    steps = facts["steps"]
    assert (steps, steps) in shown
    evaluated = [e for e in facts["history"] if "eval_loss" in e]
    assert said == [
        f"Step {e['step']} of {steps}: loss on validation {e['eval_loss']:.3f}" for e in evaluated
    ]


def test_the_loss_falls_and_the_best_step_is_kept(trained):
    _, facts, _ = trained
    losses = [entry["loss"] for entry in facts["history"] if "loss" in entry]
    evaluated = {e["step"]: e["eval_loss"] for e in facts["history"] if "eval_loss" in e}
    # Adapters on two layers of random weights learn little, but surely.
    assert losses[-1] < losses[0] - 0.3
    assert len(evaluated) >= 4
    assert evaluated[facts["best_step"]] == facts["best_eval_loss"] == min(evaluated.values())
    assert facts["steps"] == 30
    assert facts["epochs_done"] == 3


def test_the_adapter_is_written_alone_and_answers(trained):
    folder, facts, _ = trained
    assert sorted(path.name for path in folder.iterdir()) == [ADAPTER]
    names = {path.name for path in (folder / ADAPTER).iterdir()}
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json"} <= names
    assert "model.safetensors" not in names
    assert str(folder.parent) not in (folder / ADAPTER / "adapter_config.json").read_text()
    assert facts["example"]["row_id"] == "40"
    assert isinstance(facts["example"]["answer"], str)


def test_figures_are_of_this_training(trained):
    _, facts, told = trained
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert 0 < facts["trainable"] < facts["total"]
    assert facts["tokens_per_second"] > 0
    assert facts["peak_memory_mb"] > 50
    assert "validation loss" in facts["interpretation"]
    assert [step for step, total, logged in told if not logged] == list(range(1, 31))
    assert {total for _, total, _ in told} == {30}


def test_only_a_training_that_goes_on_keeps_its_number_type(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(training, "best_dtype", lambda device: torch.float32)
    begun = SETTINGS.model_copy(update={"precision": "auto"})
    identity = {"settings": begun.model_dump(), "device": "cpu", "dtype": "torch.bfloat16"}
    checkpoints.last_whole(tmp_path, identity)
    assert training._dtype(begun, "cpu", tmp_path) == torch.bfloat16
    assert training._dtype(begun, "cuda", tmp_path) == torch.float32
    other = begun.model_copy(update={"seed": 2})
    assert training._dtype(other, "cpu", tmp_path) == torch.float32
    asked = begun.model_copy(update={"precision": "bf16"})
    assert training._dtype(asked, "cpu", tmp_path) == torch.bfloat16
    assert training._dtype(begun, "cpu", tmp_path / "nothing") == torch.float32


def test_the_same_validation_rows_are_scored_whatever_training_leaves_out(tiny_model):
    from tasks.finetune.language_model.load import load_tokenizer

    tokenizer = load_tokenizer(tiny_model)
    long = {"row_id": "long", "instruction": "Go on", "input": "", "output": "disk " * 60}
    cut, dropped = (
        training.examples_of(
            [*rows(4), long], [*rows(2), long], tokenizer, SETTINGS.model_copy(update=changes), 48
        )
        for changes in ({"too_long": "truncate"}, {"too_long": "drop"})
    )
    assert [len(cut[0][0]), len(dropped[0][0])] == [5, 4]
    assert cut[1][0].to_list() == dropped[1][0].to_list()
    assert cut[1][1] == dropped[1][1]
    assert (dropped[1][1]["kept"], dropped[1][1]["truncated"]) == (3, 1)


class Killed(BaseException):
    """In the place of a signal, so that what it leaves behind can be gone on from."""


def test_time_and_speed_count_what_was_done_before_a_kill(tiny_model, tmp_path):
    def kill(step, total, logged):
        if step == 7:
            raise Killed

    settings = SETTINGS.model_copy(update={"epochs": 1})
    with pytest.raises(Killed):
        train(tiny_model, rows(40), rows(8, 40), settings, tmp_path, on_log=kill)
    mark = tmp_path / checkpoints.FOLDER / "checkpoint-6" / checkpoints.WHOLE
    spent = json.loads(mark.read_text())
    assert 0 < spent["step_seconds"] < spent["seconds"]
    assert spent["tokens"] > 0
    long_ago = {"seconds": 5000.0, "step_seconds": 1e6, "tokens": 7 * 10**9}
    mark.write_text(json.dumps(long_ago))
    facts = train(tiny_model, rows(40), rows(8, 40), settings, tmp_path)
    assert facts["resumed_from"] == 6
    assert 5000 < facts["seconds"] < 5600
    # Beside a million seconds, those of the last four steps are nothing.
    assert facts["tokens_per_second"] == pytest.approx(7000, rel=1e-3)


def test_a_speed_needs_a_step():
    assert Spent().tokens_per_second == 0
    assert Spent(step_seconds=2.0, tokens=30).tokens_per_second == 15


@pytest.mark.parametrize(
    "changes",
    [
        # The first stops early; the second ends within an epoch, where the trainer would go on.
        {"learning_rate": 0.1, "epochs": 20, "patience": 1, "scheduler": "constant"},
        {"epochs": 0.5},
    ],
)
def test_a_training_killed_after_its_end_only_writes_its_adapter(
    tiny_model, tmp_path, monkeypatch, changes
):
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    write, ended = training._write_adapter, []

    def write_elsewhere(trainer, tokenizer, folder, base_name):
        write(trainer, tokenizer, undisturbed / ADAPTER, base_name)
        ended.append(trainer.state.global_step)
        raise Killed

    monkeypatch.setattr(training, "_write_adapter", write_elsewhere)
    with pytest.raises(Killed):
        train_tiny(tiny_model, disturbed, **changes)
    monkeypatch.setattr(training, "_write_adapter", write)
    facts = train_tiny(tiny_model, disturbed, **changes)
    assert [facts["resumed_from"], facts["steps"]] == ended * 2
    assert facts["stopped_early"] == ("patience" in changes)
    assert max(entry["step"] for entry in facts["history"]) == facts["steps"]
    assert difference(undisturbed, disturbed) == 0
    assert facts["tokens_per_second"] > 0


@pytest.mark.slow
def test_the_same_seed_gives_the_same_adapter_and_another_another(tiny_model, trained, tmp_path):
    train_tiny(tiny_model, tmp_path / "same")
    train_tiny(tiny_model, tmp_path / "other", seed=2)
    assert difference(trained[0], tmp_path / "same") <= SAME_ADAPTER
    assert difference(trained[0], tmp_path / "other") > 1e-3


def test_training_stops_early_and_keeps_the_best(tiny_model, tmp_path):
    facts = train_tiny(
        tiny_model, tmp_path, learning_rate=0.1, epochs=20, patience=1, scheduler="constant"
    )
    assert facts["stopped_early"]
    assert facts["best_step"] < facts["steps"] < 200
    assert "stopped early" in facts["interpretation"]


def test_a_loss_that_is_no_number_ends_in_one_sentence(tiny_model, tmp_path, monkeypatch):
    from tasks.finetune.training import adapter

    load = adapter.load_model

    def broken(*arguments, **options):
        model = load(*arguments, **options)
        model.get_input_embeddings().weight.data.fill_(float("inf"))
        return model

    monkeypatch.setattr(adapter, "load_model", broken)
    with pytest.raises(StageFailed, match="became nan at step 1: lower learning_rate"):
        train_tiny(tiny_model, tmp_path)


def test_running_out_of_memory_names_the_batch_size_to_try(tmp_path):
    import torch

    with (
        explained_as("try batch_size 2 and accumulation 8"),
        explained(TrainingSettings(), tmp_path),
    ):
        torch.empty(2**55)
    alone = TrainingSettings(batch_size=1)
    with explained_as("try max_length 256"), explained(alone, tmp_path):
        torch.empty(2**55)


def explained_as(sentence):
    return pytest.raises(StageFailed, match=sentence)


def test_other_errors_are_left_as_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), explained(TrainingSettings(), tmp_path):
        _ = 1 / 0


def test_a_full_disk_at_a_checkpoint_ends_in_one_sentence(tiny_model, small_disk):
    with pytest.raises(StageFailed, match="is full, so no checkpoint could be written"):
        train_tiny(tiny_model, small_disk / "run")
    assert not (small_disk / "run" / ADAPTER).exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, or a skip where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


def test_four_bit_without_a_gpu_is_refused(tiny_model, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(BadInput, match="needs a GPU"):
        train_tiny(tiny_model, tmp_path, quantize="4bit")


def test_compiling_says_why_it_was_left_out():
    import torch

    def reason(choice="auto", tokens=10**9):
        model = torch.nn.Linear(2, 2)
        return compiling.compile_layers(model, choice, tokens, "cpu").reason

    assert "turned off" in reason("off")
    assert "fewer than" in reason(tokens=10)
    assert "no list of repeated layers" in reason()


def test_a_machine_that_cannot_compile_says_so_in_one_sentence(tiny_model, capfd):
    import torch
    from torch._inductor.utils import fresh_cache

    from tasks.finetune.training.adapter import with_adapter

    torch._dynamo.reset()
    model, _ = with_adapter(tiny_model, TrainingSettings(), torch.float32, "cpu")
    with fresh_cache(), torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")}):
        compiled = compiling.compile_layers(model, "auto", 10**9, "cpu")
    assert not compiled.used
    assert compiled.reason.startswith("PyTorch cannot compile on this machine")
    assert "\n" not in compiled.reason
    assert "".join(capfd.readouterr()) == ""


def test_only_whole_checkpoints_of_the_same_training_count(tmp_path):
    assert checkpoints.last_whole(tmp_path, {"seed": 1}) is None
    for step in (5, 10, 20):
        (tmp_path / f"checkpoint-{step}").mkdir()
    for step in (5, 10):
        checkpoints.mark_whole(tmp_path / f"checkpoint-{step}", Spent().mark())
    assert checkpoints.last_whole(tmp_path, {"seed": 1}) == tmp_path / "checkpoint-10"
    assert not (tmp_path / "checkpoint-20").exists()
    assert checkpoints.last_whole(tmp_path, {"seed": 2}) is None
    assert not (tmp_path / "checkpoint-10").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from test_training_train import SETTINGS, rows, train

def kill(step, total, logged):
    if step == 13:
        os.kill(os.getpid(), signal.SIGKILL)

train(Path(sys.argv[1]), rows(40), rows(8, 40), SETTINGS, Path(sys.argv[2]), on_log=kill)
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_same_adapter(tiny_model, trained, tmp_path):
    folders = [str(path) for path in (tiny_model, tmp_path)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *folders],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not (tmp_path / ADAPTER).exists()
    facts = train_tiny(tiny_model, tmp_path)
    assert facts["resumed_from"] == 10
    assert difference(trained[0], tmp_path) <= SAME_ADAPTER
    before, after = (
        {each["step"]: each["eval_loss"] for each in of["history"] if "eval_loss" in each}
        for of in (trained[1], facts)
    )
    assert after == pytest.approx(before, abs=1e-5)


def difference(one, two):
    """Largest difference between two adapters' weights."""
    first, second = (load_file(each / ADAPTER / "adapter_model.safetensors") for each in (one, two))
    assert first.keys() == second.keys()
    return max(float(np.abs(first[name] - second[name]).max()) for name in first)
