"""A submission's language model, its tokenizer and its way of generating."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .calling import run
from .discovery import Framework
from .models import Model, NotBuilt, built, functions
from .values import to_array

VOCABULARY_NAMES = ("vocab_size", "vocabulary_size", "n_vocab", "num_tokens")
CONTEXT_NAMES = ("block_size", "context_length", "max_seq_len", "max_length", "n_ctx", "seq_len")
DEFAULT_CONTEXT = 16


class LanguageModel:
    """A GPT that takes ids (n, time) and gives logits (n, time, vocabulary).

    Raises:
        NotBuilt: there is none, or it gives no such logits.
    """

    def __init__(self, student: Framework, submission: Path, with_weights: bool = True) -> None:
        self.student = student
        self.model: Model = built(student, submission, "gpt", with_weights)
        self.context = self._figure(CONTEXT_NAMES) or DEFAULT_CONTEXT
        self.cls = self._fitting()
        self.vocabulary = self.logits(np.zeros((1, 2), np.int64)).shape[-1]

    def output(self, ids: np.ndarray) -> Any:
        """Logits as the student's own value."""
        return run(self.model.network, self.student.wrap(ids, self.cls))

    def logits(self, ids: np.ndarray) -> np.ndarray:
        return to_array(self.output(ids))

    def _figure(self, names: tuple[str, ...]) -> int | None:
        """A whole number that the model, or its configuration, has under one of these names."""
        for holder in (self.model.network, getattr(self.model.network, "config", None)):
            for name in names:
                value = getattr(holder, name, None)
                if isinstance(value, int | np.integer) and value > 0:
                    return int(value)
        return None

    def _fitting(self) -> type | None:
        ids, problems = np.zeros((2, 3), np.int64), []
        for cls in [*self.student.tensor_classes(self.model.network), None]:
            self.cls = cls
            name = cls.__name__ if cls else "arrays"
            try:
                shape = self.logits(ids).shape
            except Exception as error:  # noqa: BLE001  the student's code may raise anything
                problems.append(" ".join(f"{name}: {type(error).__name__}: {error}".split())[:200])
                continue
            if len(shape) == 3 and shape[:2] == (2, 3):
                return cls
            problems.append(f"{name}: ids (2, 3) gave the shape {list(shape)}")
        raise NotBuilt(
            found=True,
            runs=False,
            reason="the model gives no logits (n, time, vocabulary) for ids (n, time)",
            problems=problems,
        )


def tokenizer(student: Framework, language: LanguageModel) -> tuple[Callable, Callable]:
    """The submission's encode and decode.

    Raises:
        NotBuilt: it has none.
    """
    maker = next(functions(student, ("build_tokenizer", "make_tokenizer", "get_tokenizer")), None)
    made = maker[1]() if maker else getattr(language.model.network, "tokenizer", None)
    if callable(getattr(made, "encode", None)) and callable(getattr(made, "decode", None)):
        return made.encode, made.decode
    encode = next(functions(student, ("encode",)), None)
    decode = next(functions(student, ("decode",)), None)
    if encode and decode:
        return encode[1], decode[1]
    raise NotBuilt(
        found=True,
        runs=True,
        tokenizer=False,
        reason="there is neither build_tokenizer() nor encode and decode",
    )


def generated(language: LanguageModel, prompt: list[int], count: int) -> tuple[list[int], str]:
    """The prompt's ids with `count` more, and who chose them: the submission's own generate, or
    the likeliest token each time."""
    own = getattr(language.model.network, "generate", None)
    if callable(own):
        return _ids_of(_ask(language, own, (), prompt, count)), "the model's generate"
    function = next(functions(language.student, ("generate", "generate_text")), None)
    if function is not None and len(inspect.signature(function[1]).parameters) >= 3:
        network = language.model.network
        return _ids_of(_ask(language, function[1], (network,), prompt, count)), function[0].name
    ids = list(prompt)
    for _ in range(count):
        context = np.array([ids[-language.context :]])
        ids.append(int(language.logits(context)[0, -1].argmax()))
    return ids, "the likeliest token each time"


def _ask(
    language: LanguageModel, own: Callable, first: tuple, prompt: list[int], count: int
) -> Any:
    """Prompts are taken as a list, an array, or a batch of one, plain or as a tensor."""
    row = np.array(prompt, np.int64)
    forms = [row, row[None]]
    wrapped = [language.student.wrap(form, language.cls) for form in forms]
    problem: Exception | None = None
    for form in [*wrapped, *forms, list(prompt)]:
        try:
            answer = own(*first, form, count)
        except Exception as error:  # noqa: BLE001  the next form may be the student's
            problem = problem or error
            continue
        ids = _ids_of(answer)
        if len(ids) == len(prompt) + count and ids[: len(prompt)] == list(prompt):
            return ids
        problem = problem or ValueError(
            f"generate gave {len(ids)} ids for a prompt of {len(prompt)} and {count} new ones"
        )
    raise problem


def _ids_of(answer: Any) -> list[int]:
    return [int(one) for one in np.ravel(to_array(answer))]
