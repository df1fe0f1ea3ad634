"""The student's language model: logits, gradients, training, text."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..calling import gradients, run
from ..discovery import NotFound, framework
from ..fitting import Fitting, fit
from ..language import LanguageModel, generated, tokenizer
from ..models import NotBuilt, built, set_mode
from .models import effects

Arrays = dict[str, np.ndarray]


def gpt_logits(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Logits of random ids, and of the same ids with others after a place.

    Args:
        params: `seed`, `rows`; `longest`: the most tokens a row.

    Returns:
        `ids` (rows, time), `logits`; `changed_at`, and for each place `changed` logits of the ids
        that differ from there on: (places, rows, time, vocabulary); `alone`: logits of the first
        row alone; `first_changed` and `swapped`: logits of ids whose first token is another, and
        whose first two changed places.
    """
    try:
        language = LanguageModel(framework(submission), submission)
    except NotBuilt as reason:
        return reason.values
    rng = np.random.default_rng(params["seed"])
    time = min(language.context, params["longest"])
    ids = rng.integers(0, language.vocabulary, (params["rows"], time))
    ids[:, 1] = (ids[:, 0] + 1) % language.vocabulary  # so that a swap changes something
    places = sorted({1, time // 2, time - 1})
    changed = []
    for place in places:
        others = ids.copy()
        shift = rng.integers(1, max(language.vocabulary, 2), others[:, place:].shape)
        others[:, place:] = (others[:, place:] + shift) % language.vocabulary
        changed.append(language.logits(others))
    first_changed, swapped = ids.copy(), ids.copy()
    first_changed[:, 0] = (ids[:, 0] + 2) % language.vocabulary
    swapped[:, :2] = ids[:, 1::-1]
    return {
        **_told(language),
        "first_changed": language.logits(first_changed),
        "swapped": language.logits(swapped),
        "ids": ids,
        "logits": language.logits(ids),
        "changed_at": places,
        "changed": np.stack(changed),
        "alone": language.logits(ids[:1]),
    }


def gpt_gradients(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Which parameters get a gradient, and which the logits depend on; see `models.effects`.

    Args:
        params: `seed`, `rows`, `longest`.
    """
    student = framework(submission)
    try:
        language = LanguageModel(student, submission)
    except NotBuilt as reason:
        return reason.values
    rng = np.random.default_rng(params["seed"])
    time = min(language.context, params["longest"])
    ids = rng.integers(0, language.vocabulary, (params["rows"], time))
    got = gradients(
        student,
        lambda: _OnIds(built(student, submission, "gpt").network, language, ids),
        ids.astype(np.float64),
        lambda shape: rng.standard_normal(shape),
    )
    predictor = SimpleNamespace(model=language.model, output=language.output)
    # Only positions that were used have an effect; the ids cover the places, not the vocabulary.
    return {**_told(language), **effects(predictor, ids, got.parameters)}


class _OnIds:
    """The network on fixed ids, for `calling.gradients`, which knows of no whole numbers."""

    def __init__(self, network: Any, language: LanguageModel, ids: np.ndarray) -> None:
        self.network = network
        # A function, so that the search for arrays does not walk into what it needs.
        self._run = lambda: run(network, language.student.wrap(ids, language.cls))

    def __call__(self, tensor: Any) -> Any:
        return self._run()

    def backward(self, *gradient: Any) -> Any:
        return self.network.backward(*gradient)


def gpt_training(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Train a fresh model on repeating ids for a few steps.

    Args:
        params: `steps`, `seconds`, `rows`, `longest`, `seed`.

    Returns:
        `unseen` ids, and the logits for them `before` and `after`.
    """
    student = framework(submission)
    try:
        language = LanguageModel(student, submission, with_weights=False)
        rng = np.random.default_rng(params["seed"])
        time = min(language.context, params["longest"])
        rows = _counting(rng, 4 * params["rows"], time, language.vocabulary)
        unseen = _counting(rng, params["rows"], time, language.vocabulary)
        before = language.logits(unseen)
        set_mode(language.model.network, training=True)
        fitting = Fitting(
            student,
            language.model.network,
            language.model.parameters,
            language.output,
            language.vocabulary,
        )
        losses = fit(
            fitting,
            rows[:, :-1],
            rows[:, 1:],
            params["rows"],
            params["steps"],
            params["seconds"],
            rng,
        )
        set_mode(language.model.network, training=False)
    except NotBuilt as reason:
        return reason.values
    except NotFound as missing:
        return missing.values
    return {
        **_told(language),
        "trains": True,
        "unseen": unseen,
        "before": before,
        "after": language.logits(unseen),
        "losses": np.array(losses),
    }


def _counting(rng: np.random.Generator, rows: int, time: int, vocabulary: int) -> np.ndarray:
    """Rows that count upwards from a random token, over few tokens, so that a little is enough."""
    cycle = min(vocabulary, 6)
    return (rng.integers(0, cycle, (rows, 1)) + np.arange(time)) % cycle


def gpt_text(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Encode, decode and generate.

    Args:
        params: `prompts`, `count` of new tokens, `texts` to encode.

    Returns:
        `written`: the text of each prompt with what was generated; `new_ids` for each prompt;
        `encoded_<number>`: the ids of each text; `vocabulary`.
    """
    student = framework(submission)
    try:
        language = LanguageModel(student, submission)
        encode, decode = tokenizer(student, language)
    except NotBuilt as reason:
        return reason.values
    written, new_ids, who = [], [], ""
    for prompt in params["prompts"]:
        start = [int(one) for one in encode(prompt)]
        ids, who = generated(language, start, params["count"])
        written.append(str(decode(ids)))
        new_ids.append(ids[len(start) :])
    answer = {**_told(language), "tokenizer": True, "written": written, "new_ids": new_ids}
    for number, text in enumerate(params.get("texts", [])):
        answer[f"encoded_{number}"] = np.array([int(one) for one in encode(text)], np.int64)
    return answer | {"who": who}


def gpt_text_logits(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """How the model spreads its chances over the next token in texts.

    Args:
        params: `texts`.

    Returns:
        For each text `ids_<number>` (n,), `logits_<number>` (n - 1, vocabulary): those for the ids
        from the second on, each with up to the model's context before it; and `decoded`.
    """
    student = framework(submission)
    try:
        language = LanguageModel(student, submission)
        encode, decode = tokenizer(student, language)
    except NotBuilt as reason:
        return reason.values
    answer: dict[str, Any] = {**_told(language), "tokenizer": True, "decoded": []}
    for number, text in enumerate(params["texts"]):
        ids = np.array([int(one) for one in encode(text)], np.int64)
        answer[f"ids_{number}"] = ids
        answer[f"logits_{number}"] = _next_logits(language, ids).astype(np.float32)
        answer["decoded"].append(str(decode([int(one) for one in ids])))
    return answer


def _next_logits(language: LanguageModel, ids: np.ndarray) -> np.ndarray:
    """In windows that overlap by half, so that all but the first have half a context before."""
    size = language.context
    rows, done = [], 0
    while done < len(ids) - 1:
        first = max(0, min(done - size // 2, len(ids) - 1 - size))
        logits = language.logits(ids[None, first : min(first + size, len(ids) - 1)])[0]
        rows.append(logits[done - first :])
        done = first + len(logits)
    return np.concatenate(rows)


def _told(language: LanguageModel) -> dict[str, Any]:
    held = [parameter.read().size for parameter in language.model.parameters]
    return {
        "found": True,
        "runs": True,
        "weights": language.model.weights,
        "vocabulary": language.vocabulary,
        "context": language.context,
        "parameters": sum(held),
    }


OPERATIONS = {
    "gpt_logits": gpt_logits,
    "gpt_gradients": gpt_gradients,
    "gpt_training": gpt_training,
    "gpt_text": gpt_text,
    "gpt_text_logits": gpt_text_logits,
}
