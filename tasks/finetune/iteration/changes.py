"""The changes that an iteration may make, and what each is an answer to.

To add one, add it to `CHANGES`; a change of the data also needs its function in `repair.REPAIRS`.
Within a class of failures the order is that of the table: first what touches its cause and costs
least else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_RANK = 64
MAX_EPOCHS = 8
REPLAY_SHARE = 0.2
MORE_EPOCHS = 2
MORE_DROPOUT = 0.1
# Leaving out half of the rows did harm (data/iterations/001).
MOST_CUT = 0.4

HALLUCINATION = "hallucination"
INCOMPLETE = "incomplete"
OFF_TOPIC = "off_topic"
FORMATTING = "formatting_failure"
ARTEFACT = "overfitting_artefact"
OTHER = "other"


@dataclass(frozen=True)
class Evidence:
    """What is known of the run that is to be improved.

    Attributes:
        classes: failure class to low-scoring answers of validation.
        training: facts of the run's training.
        more_rows: whether somebody gave further rows to train on.
        related_rows: training rows that share their cluster with another one.
    """

    classes: Mapping[str, int]
    training: Mapping[str, Any]
    more_rows: bool = False
    related_rows: int = 0

    @property
    def settings(self) -> Mapping[str, Any]:
        """The training settings of the run."""
        return self.training["settings"]

    @property
    def was_still_learning(self) -> bool:
        """Whether the best step is the last one at which the loss on val was measured."""
        measured = [
            entry["step"]
            for entry in self.training["history"]
            if entry.get("eval_loss") is not None
        ]
        return bool(measured) and self.training["best_step"] >= max(measured)


@dataclass(frozen=True)
class Change:
    """One change of the data or of the settings.

    Attributes:
        name: unique, and for ever: records name it.
        classes: the failures that it answers, normalised as `choose.normalised` does.
        why: the argument, one or two sentences.
        settings: from the run's settings to those that change.
        data: name of the function in `repair.REPAIRS`, or empty.
        against: why it makes no sense for this run; empty where it does.
    """

    name: str
    classes: tuple[str, ...]
    why: str
    settings: Callable[[Mapping[str, Any]], dict[str, Any]] = field(default=lambda _: {})
    data: str = ""
    against: Callable[[Evidence], str] = field(default=lambda _: "")


def _doubled_rank(settings: Mapping[str, Any]) -> dict[str, Any]:
    # Alpha over rank scales the adapter's output; kept, so that only the capacity changes.
    return {"lora_rank": 2 * settings["lora_rank"], "lora_alpha": 2 * settings["lora_alpha"]}


def _halved_rate(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"learning_rate": settings["learning_rate"] / 2}


def _more_epochs(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"epochs": settings["epochs"] + MORE_EPOCHS}


def _not_longer(evidence: Evidence) -> str:
    if not evidence.was_still_learning:
        return "the loss on val had stopped falling before the end"
    if evidence.settings["epochs"] + MORE_EPOCHS > MAX_EPOCHS:
        return f"more than {MAX_EPOCHS} epochs only repeat the rows"
    return ""


def _not_wider(evidence: Evidence) -> str:
    rank = evidence.settings["lora_rank"]
    if 2 * rank > MAX_RANK:
        return f"rank {rank} is large for so few rows"
    return ""


def _not_without_cut_rows(evidence: Evidence) -> str:
    examples = evidence.training["examples"]["train"]
    cut, rows = examples["truncated"], examples["rows"]
    if not cut:
        return "the window cut no training row"
    if cut > MOST_CUT * rows:
        return f"the window cut {cut} of {rows} training rows, too many to leave out"
    return ""


def _already(name: str, value: Any) -> Callable[[Evidence], str]:
    def against(evidence: Evidence) -> str:
        return f"{name} is {value} already" if evidence.settings[name] == value else ""

    return against


CHANGES = (
    Change(
        "more-rows",
        (HALLUCINATION, INCOMPLETE, OFF_TOPIC),
        "New rows on what failed are the only change that brings facts the data do not have.",
        data="add_rows",
        against=lambda evidence: "" if evidence.more_rows else "no further rows were given",
    ),
    Change(
        "near-failures",
        (HALLUCINATION, INCOMPLETE, OTHER),
        "A model recalls a fact the better the more often it met it (Kandpal et al. 2023), so the "
        "training rows nearest to failed validation questions come twice.",
        data="near_failures",
    ),
    Change(
        "all-linear",
        (HALLUCINATION, OTHER),
        "Feed-forward layers act as memories of facts (Geva et al. 2021); an adapter in the "
        "attention alone cannot write there.",
        settings=lambda _: {"targets": "all-linear"},
        against=_already("targets", "all-linear"),
    ),
    Change(
        "long-answers",
        (INCOMPLETE,),
        "Where answers stop too soon, the third of the training rows with the longest answers "
        "comes twice: it moves what the model takes for the usual end.",
        data="long_answers",
    ),
    Change(
        "whole-answers",
        (INCOMPLETE, FORMATTING),
        "Rows that the window cuts show answers without an end; only whole ones are learned from.",
        settings=lambda _: {"too_long": "drop"},
        against=_not_without_cut_rows,
    ),
    Change(
        "loss-on-response",
        (FORMATTING,),
        "Loss on the questions spends the adapter on imitating them; the form of an answer and its "
        "end are learned from the response alone.",
        settings=lambda _: {"loss_on": "response"},
        against=_already("loss_on", "response"),
    ),
    Change(
        "loss-on-all",
        (OFF_TOPIC,),
        "Loss on the question too helps where rows are few (Shi et al. 2024): the model must "
        "represent what was asked.",
        settings=lambda _: {"loss_on": "all"},
        against=_already("loss_on", "all"),
    ),
    Change(
        "replay",
        (OFF_TOPIC, FORMATTING),
        "General instructions among the rows keep what the base model knew of following them.",
        settings=lambda _: {"replay": REPLAY_SHARE},
        against=lambda evidence: "rows are replayed already" if evidence.settings["replay"] else "",
    ),
    Change(
        "longer-training",
        (INCOMPLETE, FORMATTING, HALLUCINATION),
        "The loss on val was still falling at the last step.",
        settings=_more_epochs,
        against=_not_longer,
    ),
    Change(
        "rank-doubled",
        (HALLUCINATION, FORMATTING, OTHER),
        "More trainable parameters where those there are do not hold what is to be learned.",
        settings=_doubled_rank,
        against=_not_wider,
    ),
    Change(
        "half-rate",
        (ARTEFACT, OFF_TOPIC, OTHER),
        "Smaller steps stay nearer to the base model and copy single rows less.",
        settings=_halved_rate,
    ),
    Change(
        "fewer-epochs",
        (ARTEFACT,),
        "What is repeated word for word was mostly seen in every epoch.",
        settings=lambda settings: {"epochs": settings["epochs"] - 1},
        against=lambda evidence: "" if evidence.settings["epochs"] > 1 else "there is one epoch",
    ),
    Change(
        "one-of-a-cluster",
        (ARTEFACT,),
        "Text that comes several times is repeated most (Lee et al. 2022): of each cluster of "
        "related training rows one is kept.",
        data="one_of_a_cluster",
        against=lambda evidence: "" if evidence.related_rows else "no training rows are related",
    ),
    Change(
        "more-dropout",
        (ARTEFACT,),
        "Dropout in the adapter makes single rows harder to memorise.",
        settings=lambda _: {"lora_dropout": MORE_DROPOUT},
        against=lambda evidence: (
            f"dropout is {evidence.settings['lora_dropout']} already"
            if evidence.settings["lora_dropout"] >= MORE_DROPOUT
            else ""
        ),
    ),
)
