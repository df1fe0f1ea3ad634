"""A run's facts as the stages hand them on, for what is made of them: cards and iterations."""

from typing import Any

DIGEST = "0123456789abcdef" * 4


def metric(
    key: str, name: str, base: float, tuned: float, low: float, high: float, **other: Any
) -> dict:
    """A row of the evaluation."""
    excludes_zero = low > 0 or high < 0
    better = (tuned > base) == other.get("higher_is_better", True)
    verdict = "improved" if better else "worse"
    return {
        "key": key,
        "metric": name,
        "base": base,
        "tuned": tuned,
        "improvement_percent": 100 * (tuned - base) / base if base else None,
        "low": low,
        "high": high,
        "base_low": base - 0.02,
        "base_high": base + 0.02,
        "tuned_low": tuned - 0.02,
        "tuned_high": tuned + 0.02,
        "higher_is_better": True,
        "verdict": verdict if excludes_zero else "no difference shown",
        "practical": "perhaps" if excludes_zero else "no",
        "n": 154,
    } | other


def facts() -> dict[str, Any]:
    """What `write_model_card` takes, without path: a plausible run, freshly made."""
    return {
        "name": "smollm2-135m-support-lora",
        "dataset": "IT support questions",
        "task": "Answer questions of IT support.",
        "command": "python flows/finetune.py --run default",
        "model": {
            "name": "HuggingFaceTB/SmolLM2-135M-Instruct",
            "revision": "12fd25f77366fa6b3b4b768ec3050bf629380bac",
            "origin": "hub",
            "license": "apache-2.0",
            "parameters": 134_515_008,
            "once_4bit": False,
            "note": "",
            "template": True,
        },
        "training": {
            "settings": {
                "rank": 16,
                "learning_rate": 2e-4,
                "epochs": 3,
                "max_length": 512,
                "seed": 7,
                "quantize": None,
                "compile": False,
            },
            "trainable": 1_843_200,
            "total": 136_358_208,
            "targets": ["q_proj", "k_proj", "v_proj", "o_proj"],
            "steps": 228,
            "epochs_done": 3.0,
            "best_step": 200,
            "train_loss": 1.71,
            "eval_loss": 1.93,
            "best_eval_loss": 1.92,
            "history": [{"step": 10, "loss": 2.4}],
            "examples": {
                "train": {"rows": 1212, "truncated": 31},
                "val": {"rows": 162, "truncated": 4},
            },
            "rows": 1212,
            "replayed": 0,
            "stopped_early": False,
            "resumed_from": 0,
            "seconds": 2040.0,
            "tokens_per_second": 391.5,
            "peak_memory_mb": 2311.0,
            "dtype": "bfloat16",
            "threads": 2,
            "device": "cpu",
            "cpu": "A processor with AVX-512",
            "interpretation": "The loss on val fell to the end.",
            "checklist": [
                {"question": "Train below val loss?", "answer": True, "figure": 0.21},
                {"question": "Memorised?", "answer": "no", "figure": "0 of 154"},
            ],
        },
        "evaluation": {
            "n": 154,
            "clusters": 149,
            "rows": [
                metric("rougeL", "ROUGE-L", 0.142, 0.181, 0.025, 0.052),
                metric("perplexity", "Perplexity", 14.2, 9.8, -5.1, -3.8, higher_is_better=False),
                metric("key_facts", "Key facts", 0.11, 0.12, -0.01, 0.03),
                metric("ended", "EOS rate", 0.61, 0.87, 0.2, 0.31),
                metric("nltk_bleu", "BLEU (nltk)", 0.0, 0.02, 0.01, 0.03),
            ],
            "summary": ["ROUGE-L rose most: 27 %."],
            "signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
        },
        "errors": {
            "n": 154,
            "domains": {"python": 150, "mail": 4},
            "n_low": 61,
            "threshold": "ROUGE-L below 0.15",
            "classes": {"hallucination": 30, "incomplete": 20, "off-topic": 11, "other": 0},
            "overrides_applied": [],
            "hypotheses": [
                {
                    "claim": "Long references fail more.",
                    "figure": "rho is -0.4",
                    "evidence": "",
                    "shown": True,
                }
            ],
        },
        "forgetting": {
            "rows": [
                _kept("arithmetic", 0.4, 0.2, 50.0, 5),
                _kept("sentences", 30.0, 31.0, 3.3, 100),
            ],
            "hypotheses": [
                {"claim": "No row has arithmetic.", "figure": "0", "evidence": "", "shown": False}
            ],
            "mitigations": [
                {"mitigation": "replay", "how": "mix general rows in", "figure": "0 % were general"}
            ],
        },
        "baselines": {
            "rows": [
                _baseline("base", 0.142),
                _baseline("few_shot", 0.171),
                _baseline("tuned", 0.181),
            ],
            "against_tuned": {
                "base": {"value": 0.039, "low": 0.025, "high": 0.052, "shown": True},
                "few_shot": {"value": 0.01, "low": -0.004, "high": 0.021, "shown": False},
            },
            "verdicts": ["Few-shot costs four times the prompt tokens."],
        },
        "figures": figures(),
        "sources": [
            {"name": "faq", "kind": "faq"},
            {"name": "made", "kind": "synthetic"},
        ],
        "splits": {
            split: {"file": f"{split}.jsonl", "rows": rows, "sha256": DIGEST}
            for split, rows in (("train", 1212), ("val", 162), ("test", 154))
        },
    }


def figures() -> dict[str, Any]:
    """Of the data's audit, what the card reads."""
    return {
        "rows": {"kept": 1528, "train": 1212, "val": 162, "test": 154},
        "sources": [
            {"source": "faq", "kept": 1102, "train": 870, "val": 122, "test": 110},
            {"source": "made", "kept": 426, "train": 342, "val": 40, "test": 44},
        ],
        "domains": [
            {"name": "python", "kept": 1500, "train": 1190, "val": 160, "test": 150},
            {"name": "mail", "kept": 28, "train": 22, "val": 2, "test": 4},
        ],
        "licenses": [
            {"name": "CC0-1.0", "kept": 1448, "train": 1152, "val": 156, "test": 140},
            {"name": "CC-BY-SA-3.0", "kept": 80, "train": 60, "val": 6, "test": 14},
        ],
        "languages": {"before": {"en": 1577}, "after": {"en": 1528}},
    }


def _baseline(system: str, score: float) -> dict[str, Any]:
    return {
        "system": system,
        "rougeL": score,
        "rougeL_low": score - 0.015,
        "rougeL_high": score + 0.015,
        "bleu": 0.02,
        "bleu_low": 0.015,
        "bleu_high": 0.025,
        "prompt_tokens": 9000,
        "answer_tokens": 20000,
        "seconds": 90.0,
    }


def _kept(test: str, base: float, tuned: float, degradation: float, n: int) -> dict[str, Any]:
    return {
        "test": test,
        "base": base,
        "tuned": tuned,
        "degradation_percent": degradation,
        "low": -0.5,
        "high": 0.1,
        "n": n,
        "verdict": "worse" if n < 10 else "no difference shown",
    }
