"""Trains the reference framework's GPT on the little stories, by the framework's own training.

python tests/assess/train_reference_gpt.py --steps 1500
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from tasks.assess.datasets import stories

FRAMEWORK = Path(__file__).parent / "reference_framework"
WEIGHTS = FRAMEWORK / "weights"
BATCH = 24
RATE = 3e-3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, default=1500)
    steps = arguments.parse_args().steps
    text = stories.training_text()
    (WEIGHTS / "letters.json").write_text(json.dumps("".join(sorted(set(text)))) + "\n")
    sys.path.insert(0, str(FRAMEWORK))
    from build import CONTEXT, build_gpt, build_tokenizer
    from smalltorch import Adam, CrossEntropyLoss, Trainer

    model, tokenizer = build_gpt(), build_tokenizer()
    ids = np.array(tokenizer.encode(text))
    rng = np.random.default_rng(0)
    optimizer = Adam(model.parameters(), lr=RATE)
    trainer = Trainer(model, optimizer, CrossEntropyLoss())
    start, losses = time.time(), []
    for step in range(steps):
        optimizer.lr = RATE * min(1.0, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * step / steps))
        first = rng.integers(0, len(ids) - CONTEXT - 1, (BATCH, 1))
        rows = ids[first + np.arange(CONTEXT + 1)]
        losses.append(trainer.step(rows[:, :-1], rows[:, 1:]))
        if step % 100 == 99:
            print(
                f"step {step + 1}: loss {np.mean(losses[-100:]):.3f}, {time.time() - start:.0f} s"
            )
    state = {name: array.astype(np.float16) for name, array in model.state_dict().items()}
    np.savez_compressed(WEIGHTS / "gpt.npz", **state)
    prompt = tokenizer.encode("mia had a ")
    print(tokenizer.decode(model.generate(prompt, 120)))


if __name__ == "__main__":
    main()
