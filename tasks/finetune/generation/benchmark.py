"""How fast the engines generate, and whether they agree with transformers.

    python -m tasks.finetune.generation.benchmark MODEL_FOLDER ROWS_JSONL -n 32

The yardstick is what a tutorial does: transformers' `generate` in float32, one prompt at a time.
It answers a slice of the prompts before and after each engine's run over all of them, so that
what else the machine does falls on both; the ratio is of one round. Opening an engine (converting
the model) is timed apart. All times are wall times; `--json` keeps every figure. What bounds all
of them, the products of the matrices with all prompts at once, is printed beside.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.generation.agreement import agreement
from tasks.finetune.generation.base import Engine, Generation
from tasks.finetune.generation.choose import KINDS, open_kind
from tasks.finetune.generation.merged import load_merged
from tasks.finetune.generation.pytorch import PytorchEngine
from tasks.finetune.language_model.bound import FORWARD, bound
from tasks.finetune.language_model.load import load_tokenizer, threads_free
from tasks.finetune.language_model.prompts import encode, format_example
from tasks.finetune.slices import json_lines


def benchmark(
    folder: Path,
    rows: Sequence[dict[str, str]],
    kinds: Sequence[str],
    adapter: Path | None = None,
    max_new_tokens: int = 200,
    rounds: int = 3,
    slice_size: int = 2,
    threads: int = 1,
) -> dict[str, Any]:
    """Generate with the yardstick and each kind of engine in turns.

    Args:
        slice_size: prompts that the yardstick answers on each side of an engine's run.

    Returns:
        JSON-able: settings, the yardstick's tokens/s, and for each kind its tokens/s, the ratio
        of each round, their median, seconds to open, and the agreement on the prompts that the
        yardstick answered.
    """
    import torch

    torch.set_num_threads(threads)
    tokenizer = load_tokenizer(folder, side="left")
    examples = [format_example(row, tokenizer) for row in rows]
    prompts = [example["prompt"] for example in examples]
    model = load_merged(folder, adapter)
    plain = PytorchEngine(model, tokenizer, batch=1)
    sliced = _slices(len(prompts), slice_size, rounds + 1)
    references: dict[int, Generation] = {}
    found: dict[str, Any] = {}
    for kind in kinds:
        started = time.perf_counter()
        engine = open_kind(kind, folder, adapter, tokenizer)
        opened = time.perf_counter() - started
        try:
            engine.generate(prompts[:1], 2)  # compiles, which is no part of generation
            before = [_plain_speed(plain, prompts, sliced[0], max_new_tokens, references)]
            speeds, ratios, answers = [], [], []
            for number in range(1, rounds + 1):
                speed, answers = _speed(engine, prompts, max_new_tokens)
                after = _plain_speed(plain, prompts, sliced[number], max_new_tokens, references)
                speeds.append(speed)
                ratios.append(speed / statistics.mean([before[-1], after]))
                before.append(after)
            asked = sorted(references)
            pairs = [prompts[n] for n in asked], [examples[n]["completion"] for n in asked]
            found[kind] = {
                "name": engine.name,
                "open_seconds": opened,
                "tokens_per_second": speeds,
                "yardstick_tokens_per_second": before,
                "ratios": ratios,
                "ratio": statistics.median(ratios),
                "agreement": agreement(
                    pairs[0],
                    [answers[n] for n in asked],
                    [references[n] for n in asked],
                    engine.nll(*pairs),
                    plain.nll(*pairs),
                    model,
                    tokenizer,
                ).facts(),
            }
        finally:
            engine.close()
    settings = {"rows": len(rows), "max_new_tokens": max_new_tokens, "rounds": rounds}
    prompt_tokens = sum(len(encode(prompt, tokenizer)) for prompt in prompts)
    given = sum(len(answer.tokens) for answer in answers)
    # Tokens of the prompts are gone through as well, but need no logits.
    most = bound(
        model, inner=FORWARD * (1 + prompt_tokens / given), output=FORWARD, rows=len(prompts)
    )
    return settings | {
        "threads": threads,
        "slice": slice_size,
        "prompt_tokens": prompt_tokens,
        "engines": found,
        "bound": most.facts(),
    }


def _slices(count: int, size: int, rounds: int) -> list[list[int]]:
    """Places of the prompts for each run of the yardstick: others each time while there are."""
    return [[(turn * size + step) % count for step in range(size)] for turn in range(rounds)]


def _speed(
    engine: Engine, prompts: Sequence[str], max_new_tokens: int
) -> tuple[float, list[Generation]]:
    started = time.perf_counter()
    answers = engine.generate(prompts, max_new_tokens)
    seconds = time.perf_counter() - started
    return sum(len(answer.tokens) for answer in answers) / seconds, answers


def _plain_speed(
    plain: Engine,
    prompts: Sequence[str],
    places: Sequence[int],
    max_new_tokens: int,
    references: dict[int, Generation],
) -> float:
    """The yardstick's tokens/s on a slice; its answers are kept to compare others with."""
    speed, answers = _speed(plain, [prompts[place] for place in places], max_new_tokens)
    references.update(zip(places, answers, strict=True))
    return speed


def _told(found: dict[str, Any]) -> str:
    """The figures as a few lines of text."""
    lines = [
        f"{found['rows']} prompts, at most {found['max_new_tokens']} new tokens, "
        f"{found['rounds']} rounds, {found['threads']} threads of PyTorch"
    ]
    for kind, of in found["engines"].items():
        agreed, ratios = of["agreement"], of["ratios"]
        lines += [
            f"{kind}: {_spread(of['tokens_per_second'])} tokens/s, transformers one by one "
            f"{_spread(of['yardstick_tokens_per_second'])}: {_spread(ratios)} times; "
            f"opened in {of['open_seconds']:.1f} s",
            f"  {agreed['n']} answers compared: {agreed['identical']:.0%} identical, "
            f"{agreed['prefix_share']:.0%} of tokens before the first difference, largest "
            f"preference there {max(agreed['flips'], default=0):.3f} nats; perplexity "
            f"{agreed['perplexity']:.3f} against {agreed['reference_perplexity']:.3f}; "
            + (agreed["fault"] or "within the tolerances"),
        ]
    most = found["bound"]
    lines.append(
        f"bound {most['tokens_a_second']:.0f} tokens/s: {most['operations_a_token'] / 1e9:.3f} "
        f"billion operations for each new token and its share of the {found['prompt_tokens']} of "
        f"the prompts, {most['operations_a_second'] / 1e9:.0f} billion a second in a bare product "
        f"(fastest of {most['passes']}; median {most['typical'] / 1e9:.0f})"
    )
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def main() -> int:
    """Measure, print, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("rows", type=Path, help="a split, JSON lines")
    parser.add_argument("-n", type=int, default=32, help="prompts, from the split's beginning")
    parser.add_argument("--adapter", type=Path, help="folder of a LoRA adapter")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--max-new-tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slice", type=int, default=2, help="prompts of the yardstick at a time")
    parser.add_argument("--threads", type=int, help="of PyTorch; those that are free by default")
    parser.add_argument("--json", type=Path, help="file for every figure")
    options = parser.parse_args()
    try:
        rows = json_lines(options.rows)[: options.n]
        found = benchmark(
            options.model,
            rows,
            options.kinds,
            options.adapter,
            options.max_new_tokens,
            options.rounds,
            options.slice,
            options.threads or threads_free(),
        )
    except (BadInput, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(_told(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
