"""What the student's language model writes, and how well it foresees texts that it never saw."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tasks.assess.datasets import stories
from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.gpt import log_softmax
from tasks.assess.probes.model_probe import Malformed, ModelProbe, array, listed, number, told
from tasks.assess.results import Outcome, ProbeResult

PROMPTS = ["the cat was ", "mia had a ", "then the "]
NEW_TOKENS = 60
FEWEST_DIFFERENT = 6
KNOWN_WORDS = 0.8
STORIES, STORY_CHARACTERS = 8, 250
RESAMPLES = 1000
# A model better than the grammar itself has not predicted the text.
IMPOSSIBLE = 0.97
TRAINING_ADVICE = (
    "Train on the class's text (prepare-data writes it to stories/train.txt) and save the weights."
)


@dataclass(frozen=True)
class StoriesJob(Job):
    """A job on texts.

    Attributes:
        nats: of each text under the grammar, which stay here.
    """

    nats: np.ndarray = field(default_factory=lambda: np.empty(0))


class TextValid(ModelProbe):
    """Generated text goes on from the prompt, does not repeat one token, and has real words."""

    name = "text_valid"
    milestones = (5,)
    public = True
    advice = TRAINING_ADVICE

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("gpt_text", {"prompts": PROMPTS, "count": NEW_TOKENS})]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        written = [str(text) for text in listed(results[0].values, "written")]
        new_ids = listed(results[0].values, "new_ids")
        vocabulary = number(results[0].values, "vocabulary")
        if len(written) != len(PROMPTS) or len(new_ids) != len(PROMPTS):
            raise Malformed("not every prompt has an answer")
        if not all(isinstance(ids, list) for ids in new_ids):
            raise Malformed("the new tokens are no list")
        goes_on = _mean(t.startswith(p) for t, p in zip(written, PROMPTS, strict=True))
        whole = _mean(
            len(ids) == NEW_TOKENS
            and all(isinstance(one, int) and 0 <= one < vocabulary for one in ids)
            for ids in new_ids
        )
        varied = _mean(len(set(map(str, ids))) >= FEWEST_DIFFERENT for ids in new_ids)
        words = [
            word
            for text, prompt in zip(written, PROMPTS, strict=True)
            for word in _whole_words(text[len(prompt) :])
        ]
        known = set(_whole_words(stories.training_text()))
        real = sum(word in known for word in words) / len(words) if words else 0.0
        share = (goes_on + whole + varied + min(1.0, real / KNOWN_WORDS)) / 4
        strangers = [word for word in words if word not in known][:3]
        return self.graded(
            share,
            f"{100 * goes_on:.0f} % of the texts go on from their prompt, {100 * whole:.0f} % have "
            f"{NEW_TOKENS} valid tokens, {100 * varied:.0f} % are not one token over and over, and "
            f"{100 * real:.0f} % of {len(words)} words are words of the class's text.",
            example=f"“{told(written[0])[:120]}”"
            + (
                f"; not words: {', '.join(told(word)[:20] for word in strangers)}"
                if strangers
                else ""
            ),
            figures={"n": len(words), "real_words": round(real, 3)},
        )


class TextDeterministic(ModelProbe):
    """The same prompt, asked twice, is continued alike."""

    name = "text_deterministic"
    milestones = (5,)
    public = True
    advice = "Take the likeliest token by default, or draw from a generator with a fixed seed."

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        return [Job("gpt_text", {"prompts": PROMPTS[:2], "count": NEW_TOKENS // 2})] * 2

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        one, other = (
            [str(text) for text in listed(result.values, "written")] for result in results
        )
        if len(one) != 2 or len(other) != 2:
            raise Malformed("not every prompt has an answer")
        differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
        if not differing:
            return self.graded(1.0, f"{len(one)} prompts are continued alike twice.")
        a, b = differing[0]
        return self.graded(
            0.0,
            f"{len(differing)} of {len(one)} prompts are continued differently the second time.",
            example=f"First “{told(a)[:80]}”, then “{told(b)[:80]}”.",
        )


class TextPerplexity(ModelProbe):
    """The perplexity a character on new stories, against that of the letters' frequencies alone."""

    name = "text_perplexity"
    milestones = (5,)
    public = False
    advice = TRAINING_ADVICE

    def jobs(self, rng: np.random.Generator) -> list[Job]:
        texts = [stories.write_stories(rng, STORY_CHARACTERS) for _ in range(STORIES)]
        nats = np.array([text.nats for text in texts])
        params = {"texts": [text.content for text in texts]}
        return [StoriesJob("gpt_text_logits", params, {}, nats)]

    def verdict(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> ProbeResult:
        texts = jobs[0].params["texts"]
        decoded = listed(results[0].values, "decoded")
        if len(decoded) != len(texts):
            raise Malformed("not every text has an answer")
        if wrong := [i for i, (a, b) in enumerate(zip(texts, decoded, strict=True)) if a != b]:
            return self.graded(
                0.0,
                f"{len(wrong)} of {len(texts)} texts are other texts after encode and decode.",
                example=f"“{texts[wrong[0]][:60]}” becomes “{told(decoded[wrong[0]])[:60]}”.",
            )
        vocabulary = int(number(results[0].values, "vocabulary"))
        nats = np.array([_nats(results[0], i, vocabulary) for i in range(len(texts))])
        lengths = np.array([len(text) for text in texts])
        perplexity = float(np.exp(nats.sum() / lengths.sum()))
        if not np.isfinite(perplexity):
            return self.graded(0.0, "The model gives a text that occurs no chance at all.")
        low, high = _interval(nats, lengths)
        unigram = stories.unigram_perplexity(stories.training_text(), "".join(texts))
        least = float(np.exp(_nats_of_grammar(jobs[0]).sum() / lengths.sum()))
        figures = {
            "n": int(lengths.sum()),
            "stories": len(texts),
            "perplexity": round(perplexity, 3),
            "interval": [round(low, 3), round(high, 3)],
            "unigram": round(unigram, 3),
            "least_possible": round(least, 3),
        }
        if perplexity < IMPOSSIBLE * least:
            return self.result(
                Outcome.NOT_GRADABLE,
                None,
                "The model foresees the text better than the text can be foreseen; a person must "
                "look at how its tokens and logits come about.",
                next_step="Ask your instructor to look at this result.",
                figures=figures,
            )
        told_interval = f"(95 % interval {low:.2f} to {high:.2f}, {len(texts)} new stories)"
        outcome = Outcome.BORDERLINE
        if high < unigram:
            outcome = Outcome.PASSED
        elif low >= unigram:
            outcome = Outcome.FAILED
        share = 1.0 if outcome is Outcome.PASSED else float(unigram / max(perplexity, 1.0)) / 2
        return self.result(
            outcome,
            share,
            f"The perplexity a character is {perplexity:.2f} {told_interval}; letter frequencies "
            f"alone have {unigram:.2f}.",
            figures=figures,
        )


def _nats(result: JobResult, index: int, vocabulary: int) -> float:
    """Minus the log chance of a text; its first token counts as drawn from the whole vocabulary."""
    ids = array(result, f"ids_{index}", None)
    logits = array(result, f"logits_{index}", max(len(ids) - 1, 0), vocabulary)
    if len(ids) < 2 or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= vocabulary:
        raise Malformed("the tokens lie outside the vocabulary")
    shares = log_softmax(logits)[np.arange(len(ids) - 1), ids[1:]]
    if not np.isfinite(shares).all():
        return float("inf")
    return float(np.log(vocabulary) - shares.sum())


def _nats_of_grammar(job: Job) -> np.ndarray:
    if not isinstance(job, StoriesJob):
        raise TypeError("the job has lost what the grammar knows of its texts")
    return job.nats


def _interval(nats: np.ndarray, lengths: np.ndarray) -> tuple[float, float]:
    """By drawing stories anew; the same for the same figures."""
    drawn = np.random.default_rng(0).integers(0, len(nats), (RESAMPLES, len(nats)))
    values = np.exp(nats[drawn].sum(axis=1) / lengths[drawn].sum(axis=1))
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _whole_words(text: str) -> list[str]:
    """Without the last, which may be cut off."""
    return [word.strip(".,:;!?\"'").lower() for word in text.split()[:-1]]


def _mean(values: Iterable[bool]) -> float:
    held = list(values)
    return sum(held) / len(held)
