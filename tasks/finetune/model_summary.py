"""What a run found from the model on, in words and figures for people and for the record."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.finetune import speed
from tasks.finetune.understanding.analysis import Found
from tasks.pointers import StageResult
from tasks.text import plain

Facts = Mapping[str, Any]


def model_verdict(facts: Facts) -> str:
    """One line: which model."""
    return f"{plain(facts['name'])}: {facts['parameters'] / 1e6:.0f} million parameters."


def of_model(facts: Facts) -> str:
    """The model as a table."""
    return "| | |\n|---|---|\n" + "\n".join(
        f"| {plain(name)} | {plain(str(value))} |" for name, value in facts.items()
    )


def training_verdict(facts: Facts) -> str:
    """One line: what training reached and took."""
    return (
        f"Loss on validation {facts['best_eval_loss']:.3f} at step {facts['best_step']} of "
        f"{facts['steps']}; {facts['seconds'] / 60:.1f} minutes, "
        f"{facts['tokens_per_second']:.0f} tokens/s."
    )


def of_training(facts: Facts) -> str:
    """The printed summary of the training."""
    rows = {
        "trained parameters": f"{facts['trainable']:,} of {facts['total']:,} "
        f"({facts['trainable'] / facts['total']:.2%})",
        "layers with an adapter": ", ".join(facts["targets"]),
        "rows": f"{facts['rows']}, and {facts['replayed']} general ones",
        "epochs done": f"{facts['epochs_done']:g}",
        "last training loss": _number(facts["train_loss"]),
        "last loss on validation": _number(facts["eval_loss"]),
        "best loss on validation": f"{_number(facts['best_eval_loss'])} at step "
        f"{facts['best_step']}",
        "stopped early": "yes" if facts["stopped_early"] else "no",
        "time": f"{facts['seconds'] / 60:.1f} minutes",
        "tokens a second": f"{facts['tokens_per_second']:.0f}",
        "peak memory": f"{facts['peak_memory_mb']} MB",
        "number type": f"{facts['dtype']} on {facts['device']} ({facts['cpu']}), "
        f"{facts['threads']} threads",
        "compiled": f"{'yes' if facts['compiled']['used'] else 'no'}: "
        f"{facts['compiled']['reason']}",
    }
    table = "| | |\n|---|---|\n" + "\n".join(
        f"| {name} | {plain(value)} |" for name, value in rows.items()
    )
    return f"{plain(facts['interpretation'])}\n\n{table}\n"


def evaluation_verdict(facts: Facts) -> str:
    """One line: what fine-tuning changed on the test rows."""
    by_verdict = {
        verdict: [row["metric"] for row in facts["rows"] if row["verdict"] == verdict]
        for verdict in ("improved", "worse")
    }
    parts = [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names]
    found = "; ".join(parts) if parts else "no difference is shown"
    return f"Fine-tuned against base on {facts['n']} test rows: {found}."


def of_evaluation(facts: Facts, results: Path) -> str:
    """The comparison for the run page."""
    said = "\n".join(f"- {plain(line)}" for line in facts["summary"])
    return f"{results.read_text(encoding='utf-8')}\n\n{said}\n"


def forgetting_verdict(facts: Facts) -> str:
    """One line: what was forgotten."""
    worse = [row["test"] for row in facts["rows"] if row["verdict"] == "worse"]
    return f"Forgotten: {', '.join(worse)}." if worse else "No forgetting is shown."


def errors_verdict(errors: Facts) -> str:
    """One line: how many answers failed, and how."""
    counted = ", ".join(f"{count} {name}" for name, count in errors["classes"].items() if count)
    if errors["bounds"]["at_most"] < 0:
        return f"{errors['n_low']} of {errors['n']} answers score low: {counted}."
    return (
        f"Few answers score low, so the lowest {errors['n_low']} of {errors['n']} were looked at: "
        f"{counted}."
    )


def error_rows(errors: Facts) -> list[dict[str, Any]]:
    """The failures for a table."""
    names = ("row_id", "class", "evidence", "rougeL", "base_rougeL", "key_facts", "domain")
    return [{name: row[name] for name in names} for row in errors["low"]]


def overfitting_verdict(found: Found) -> str:
    """One line: how many of the four signs are there."""
    signs = sum(bool(row["sign"]) for row in found.checklist)
    return f"{signs} of {len(found.checklist)} signs of overfitting."


def verdict(results: Mapping[str, StageResult]) -> str | None:
    """One line: what the run found, as far as it went; None before the training."""
    if "evaluate" in results:
        return evaluation_verdict(results["evaluate"].figures)
    return training_verdict(results["train"].figures) if "train" in results else None


def lines(results: Mapping[str, StageResult], folder: Path) -> list[str]:
    """What the terminal shows last of the model."""
    shown = []
    if "train" in results:
        facts = results["train"].figures
        shown += [
            f"{facts['trainable']:,} of {facts['total']:,} parameters trained.",
            training_verdict(facts),
            facts["interpretation"],
        ]
    if "evaluate" in results:
        facts = results["evaluate"].figures
        shown += [evaluation_verdict(facts), *facts["summary"]]
    if "analyse" in results:
        shown.append(errors_verdict(results["analyse"].figures["errors"]))
    if "remember" in results:
        shown.append(forgetting_verdict(results["remember"].figures))
    if "speed" in results:
        shown.append(speed.verdict(results["speed"].figures))
    if "evaluate" in results:
        shown.append(f"Comparison: {folder / 'evaluation.html'}")
    if "analyse" in results:
        shown.append(f"Analysis: {folder / 'analysis.html'}")
    if "model card" in results:
        shown.append(f"Model card: {folder / 'MODEL_CARD.md'}")
    elif "train" in results:
        shown.append(f"Adapter: {folder / 'lora_adapter'}")
    return shown


def metrics(results: Mapping[str, StageResult]) -> dict[str, Any]:
    """The record's metrics of the model."""
    found: dict[str, Any] = {}
    if "model" in results:
        found["model"] = results["model"].figures
    if "train" in results:
        left_out = ("history", "example", "settings")
        found["training"] = {
            name: value for name, value in results["train"].figures.items() if name not in left_out
        }
    if "answer" in results:
        found["generation"] = results["answer"].figures["generation"]
    if "evaluate" in results:
        found["evaluation"] = results["evaluate"].figures
    if "remember" in results:
        found["forgetting"] = results["remember"].figures["rows"]
    if "analyse" in results:
        figures = results["analyse"].figures
        found["errors"] = {
            name: figures["errors"][name] for name in ("n", "n_low", "threshold", "classes")
        }
        found["overfitting"] = figures["checklist"]
        found["prompting"] = figures["baselines"]["rows"]
    if "speed" in results:
        found["speed"] = results["speed"].figures
    return found


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
