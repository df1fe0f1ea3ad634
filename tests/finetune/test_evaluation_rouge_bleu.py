"""ROUGE and BLEU are the packages' own figures, also when they are put together from counts."""

import numpy as np
import pytest
from evaluation_answers import made_rows, with_words_dropped

from tasks.finetune.evaluation.bleu import nltk_bleu, sacre_bleu, sacre_signature
from tasks.finetune.evaluation.rouge import rouge

REFERENCES = [row["output"] for row in made_rows(12)]
ANSWERS = [with_words_dropped(text, 0.3, seed) for seed, text in enumerate(REFERENCES)]


def test_rouge_by_hand():
    scores = rouge("the cat sat on the mat", "the cats sat")
    assert scores["rouge1"] == pytest.approx(2 * (3 / 3) * (3 / 6) / (3 / 3 + 3 / 6))
    assert scores["rouge2"] == pytest.approx(2 * (2 / 2) * (2 / 5) / (2 / 2 + 2 / 5))
    assert scores["rougeL"] == pytest.approx(2 / 3)


def test_rouge_l_minds_the_order():
    assert rouge("a b c d", "d c b a")["rouge1"] == 1
    assert rouge("one two three four", "four three two one")["rougeL"] == pytest.approx(0.25)


@pytest.mark.parametrize(("reference", "answer"), [("words", ""), ("", "words"), ("--", "!?")])
def test_rouge_of_no_words_is_zero(reference, answer):
    assert set(rouge(reference, answer).values()) == {0.0}


@pytest.mark.parametrize(
    ("references", "answers"),
    [
        (REFERENCES, ANSWERS),
        (REFERENCES, REFERENCES),
        (["a b c d e f"], ["a x c y e z"]),  # no bigram in common: smoothed
        (["a b c d e f", "one two"], ["", "one"]),
        (["a b c"], ["x y z"]),
        (["a b c"], [""]),
    ],
)
def test_bleu_from_counts_is_that_of_the_packages(references, answers):
    from nltk.tokenize import NLTKWordTokenizer
    from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu
    from sacrebleu import corpus_bleu as sacre_corpus_bleu

    words = NLTKWordTokenizer().tokenize
    expected = corpus_bleu(
        [[words(reference)] for reference in references],
        [words(answer) for answer in answers],
        smoothing_function=SmoothingFunction().method1,
    )
    assert nltk_bleu(references, answers).value() == pytest.approx(expected, abs=1e-12)
    sacre = sacre_corpus_bleu(answers, [references])
    assert sacre_bleu(references, answers).value() == pytest.approx(sacre.score, abs=1e-9)


@pytest.mark.parametrize("bleu", [nltk_bleu, sacre_bleu])
def test_bleu_of_a_resample_is_that_of_its_texts(bleu):
    times = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), size=3)
    whole = bleu(REFERENCES, ANSWERS)
    for counts, value in zip(times, whole.formula(times @ whole.terms), strict=True):
        drawn = np.repeat(np.arange(12), counts)
        of_texts = bleu([REFERENCES[i] for i in drawn], [ANSWERS[i] for i in drawn])
        assert value == pytest.approx(of_texts.value(), abs=1e-9)


def test_more_of_the_reference_gives_more_bleu():
    shares = (0.1, 0.3, 0.6)
    for bleu in (nltk_bleu, sacre_bleu):
        scores = [
            bleu(REFERENCES, [with_words_dropped(text, share, 1) for text in REFERENCES]).value()
            for share in shares
        ]
        assert scores == sorted(scores, reverse=True)


def test_the_signature_says_what_was_computed():
    signature = sacre_signature()
    for part in ("nrefs:1", "case:mixed", "tok:13a", "smooth:exp", "version:"):
        assert part in signature
