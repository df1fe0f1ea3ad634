"""Engines that generate answers: each against transformers, on a tiny but lively model."""

import math
from pathlib import Path

import pytest
from lively_model import make_lively_model

from tasks.errors import BadInput
from tasks.finetune.generation import agreement, batches
from tasks.finetune.generation.base import Generation, trimmed
from tasks.finetune.generation.choose import choose, open_kind
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.generation.pytorch import PytorchEngine
from tasks.finetune.language_model.load import load_tokenizer
from tasks.finetune.language_model.prompts import encode, format_example

QUESTIONS = (
    "Why does my printer not answer ?",
    "How do I reset a password ? Open the console , choose the user .",
    "disk full",
    "Which port of the network is it ?",
)
NEW = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_lively_model(tmp_path_factory.mktemp("generation") / "lively")


@pytest.fixture(scope="module")
def tokenizer(folder: Path):
    return load_tokenizer(folder, side="left")


@pytest.fixture(scope="module")
def examples(tokenizer) -> list[dict[str, str]]:
    answer = "Restart the service , then print a page ."
    rows = [{"instruction": asked, "input": "", "output": answer} for asked in QUESTIONS]
    return [format_example(row, tokenizer) for row in rows]


@pytest.fixture(scope="module")
def prompts(examples) -> list[str]:
    return [example["prompt"] for example in examples]


@pytest.fixture(scope="module")
def reference(folder: Path, tokenizer) -> PytorchEngine:
    return PytorchEngine(load_merged(folder), tokenizer, batch=1)


@pytest.fixture(scope="module")
def converted(folder: Path, tokenizer):
    pytest.importorskip("openvino_genai")
    engine = open_kind("openvino", folder, None, tokenizer)
    yield engine
    engine.close()


def test_batched_answers_are_those_of_one_prompt_at_a_time(folder, tokenizer, prompts, reference):
    batched = PytorchEngine(load_merged(folder), tokenizer, batch=3)
    alone, together = reference.generate(prompts, NEW), batched.generate(prompts, NEW)
    assert [one.tokens for one in together] == [one.tokens for one in alone]
    assert len({tuple(one.tokens) for one in alone}) == len(prompts)
    assert all(one.seconds > 0 for one in together)


def test_nll_counts_the_response_and_its_end_token_and_nothing_else(
    folder, tokenizer, examples, reference
):
    import torch

    example = examples[1]
    asked, answered = (encode(example[key], tokenizer) for key in ("prompt", "completion"))
    assert answered[-1] == tokenizer.eos_token_id
    with torch.inference_mode():
        logits = load_merged(folder)(torch.tensor([asked + answered])).logits[0].double()
    log_p = logits.log_softmax(dim=-1)
    expected = -sum(
        float(log_p[len(asked) + place - 1, token]) for place, token in enumerate(answered)
    )
    pairs = (
        [example["prompt"] for example in examples],
        [example["completion"] for example in examples],
    )
    found = reference.nll(*pairs)
    assert found[1][1] == len(answered)
    assert found[1][0] == pytest.approx(expected, rel=1e-5)
    together = PytorchEngine(load_merged(folder), tokenizer, batch=4).nll(*pairs)
    for (alone, _), (padded, _) in zip(found, together, strict=True):
        assert padded == pytest.approx(alone, rel=1e-5)


def test_openvino_says_what_transformers_says(folder, tokenizer, examples, reference, converted):
    found = agreement.compare(converted, reference, load_merged(folder), tokenizer, examples, NEW)
    assert found.fault is None
    assert found.prefix_share > 0.3
    assert found.perplexity_difference < agreement.PERPLEXITY_TOLERANCE


def test_openvino_counts_the_likelihood_as_transformers_does(examples, reference, converted):
    pairs = [[example[part] for example in examples] for part in ("prompt", "completion")]
    expected, found = reference.nll(*pairs), converted.nll(*pairs)
    assert [tokens for _, tokens in found] == [tokens for _, tokens in expected]
    assert [nll for nll, _ in found] == pytest.approx([nll for nll, _ in expected], rel=1e-3)


def test_an_engine_that_has_rested_says_the_same(examples, prompts, converted):
    completions = [example["completion"] for example in examples]
    before = converted.generate(prompts, NEW), converted.nll(prompts, completions)
    converted.rest()
    assert converted._pipeline is None
    assert converted._scorer is None
    after = converted.generate(prompts, NEW), converted.nll(prompts, completions)
    assert _tokens(before[0]) == _tokens(after[0])
    assert before[1] == after[1]


def test_engines_that_were_compared_rest(folder, examples):
    pytest.importorskip("openvino_genai")
    chosen = choose(folder, [None], examples, ["openvino"])
    try:
        assert chosen.kind == "openvino"
        assert [engine._pipeline or engine._scorer for engine in chosen.engines] == [None]
    finally:
        chosen.close()


def test_openvino_tells_how_many_answers_are_done_and_keeps_the_order(prompts, converted):
    told: list[tuple[int, int]] = []
    answers = converted.generate(prompts, NEW, lambda done, of: told.append((done, of)))
    assert told[-1] == (len(prompts), len(prompts))
    turned = converted.generate(prompts[::-1], NEW)
    assert [one.tokens for one in turned[::-1]] == [one.tokens for one in answers]


def test_an_adapter_changes_answers_the_same_in_both_engines(
    folder, tokenizer, examples, reference, tmp_path, monkeypatch
):
    pytest.importorskip("openvino_genai")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    adapter = _adapter(folder, tmp_path / "adapter")
    model = load_merged(folder, adapter)
    tuned = PytorchEngine(model, tokenizer, batch=1)
    prompts = [example["prompt"] for example in examples]
    assert _tokens(tuned.generate(prompts, NEW)) != _tokens(reference.generate(prompts, NEW))
    engine = open_kind("openvino", folder, adapter, tokenizer)
    try:
        assert list(tmp_path.rglob("openvino_model.bin"))
        found = agreement.compare(engine, tuned, model, tokenizer, examples, NEW)
    finally:
        engine.close()
    assert found.fault is None
    assert not list(tmp_path.rglob("openvino_model.bin"))


def test_what_openvino_cannot_convert_falls_back_to_pytorch_and_says_why(
    tokenizer, examples, tmp_path
):
    folder = _sliding(tmp_path / "sliding", tokenizer)
    chosen = choose(folder, [None], examples, ["openvino", "pytorch"])
    assert chosen.kind == "pytorch"
    assert "sliding" in chosen.reason
    assert len(chosen.engines[0].generate([examples[0]["prompt"]], 3)[0].tokens) <= 3


@pytest.mark.slow
def test_an_engine_that_disagrees_is_not_taken_and_leaves_no_weights(
    folder, examples, tmp_path, monkeypatch
):
    pytest.importorskip("openvino_genai")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(agreement, "PERPLEXITY_TOLERANCE", 0.0)
    chosen = choose(folder, [None], examples, ["openvino", "pytorch"])
    assert chosen.kind == "pytorch"
    assert "openvino is not: its perplexity is" in chosen.reason or "nats" in chosen.reason
    assert not list(tmp_path.iterdir())


def test_a_difference_is_judged_by_the_references_preference(folder, tokenizer, prompts, reference):
    model = load_merged(folder)
    right = reference.generate(prompts[:1], 8)
    tokens = right[0].tokens
    least = int(_logits(model, encode(prompts[0], tokenizer) + tokens[:4]).argmin())
    wrong = [Generation("", [*tokens[:4], least, *tokens[5:]], False, 1.0)]
    nll = [(10.0, 5)]
    found = agreement.agreement(prompts[:1], wrong, right, nll, nll, model, tokenizer)
    assert found.prefix_share == pytest.approx(4 / 8)
    assert found.flips[0] > agreement.NEAR_TIE
    assert "less likely" in found.fault
    same = agreement.agreement(prompts[:1], right, right, nll, nll, model, tokenizer)
    assert (same.identical, same.fault, same.flips) == (1.0, None, [])
    other = agreement.agreement(prompts[:1], right, right, [(10.3, 5)], nll, model, tokenizer)
    assert other.perplexity_difference == pytest.approx(math.exp(0.06) - 1)
    assert "perplexity" in other.fault


def test_what_does_not_fit_into_the_window_is_refused(reference, converted, prompts):
    long = prompts[0] + " disk" * 600
    for engine in (reference, converted):
        with pytest.raises(BadInput, match=r"prompt 2 of 2 has .* but the model sees 512"):
            engine.generate([prompts[0], long], 8)
        with pytest.raises(BadInput, match="example 1 of 1 has"):
            engine.nll([long], ["disk"])


def test_no_prompts_give_no_answers(reference, converted):
    assert reference.generate([], 4) == converted.generate([], 4) == []


def test_batches_hold_every_sequence_once_and_no_more_tokens_than_allowed():
    lengths = [5, 40, 7, 12, 3, 30, 29, 1]
    found = list(batches.by_length(lengths, most=3, tokens=40))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or (len(batch) <= 3 and longest * len(batch) <= 40)


def test_an_answer_ends_with_its_first_end_token():
    assert trimmed([4, 5, 2, 2, 2], [2]) == ([4, 5, 2], True)
    assert trimmed([4, 5], [2, 7]) == ([4, 5], False)


def _tokens(answers: list[Generation]) -> list[list[int]]:
    return [answer.tokens for answer in answers]


def _logits(model, tokens: list[int]):
    import torch

    with torch.inference_mode():
        return model(torch.tensor([tokens])).logits[0, -1]


def _adapter(folder: Path, adapter: Path) -> Path:
    """A LoRA adapter with random weights that change what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(5)
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"])
    model = get_peft_model(load_merged(folder), settings)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.normal_(std=0.5)
    model.save_pretrained(adapter)
    return adapter


def _sliding(folder: Path, tokenizer) -> Path:
    """A model whose layers see the last few tokens only."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        sliding_window=16,
    )
    MistralForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_cache_has_room_for_those_that_are_generated_at_once(monkeypatch):
    pytest.importorskip("openvino")
    from tasks.finetune.generation import openvino as engine

    monkeypatch.setattr(engine, "_CACHE_TOKENS", 20 * engine._BLOCK)
    few = engine._room_for([engine._BLOCK] * 3)
    assert (few.sequences, few.blocks) == (3, 9)
    # The longest together: six blocks and three times four; one more would be 22.
    many = engine._room_for([2 * engine._BLOCK] * 50 + [4 * engine._BLOCK])
    assert (many.sequences, many.blocks) == (4, 18)
    # One is generated in any case.
    assert engine._room_for([10**6]).sequences == 1


def test_a_pipeline_is_opened_again_only_where_it_is_too_small(folder, tokenizer, monkeypatch):
    pytest.importorskip("openvino_genai")
    from tasks.finetune.generation import openvino as module

    monkeypatch.setattr(module, "_AT_ONCE", 4)
    engine = open_kind("openvino", folder, None, tokenizer)
    try:
        several = engine.generate(["a b"] * 6, 3)
        opened = engine._pipeline
        assert engine.generate(["a b"], 3)[0].tokens == several[0].tokens
        assert engine._pipeline is opened
        engine.generate(["a b " * 40] * 6, 3)
        assert engine._pipeline is not opened
        assert [answer.tokens for answer in engine.generate(["a b"] * 6, 3)] == [
            answer.tokens for answer in several
        ]
    finally:
        engine.close()
