"""How probable a model finds the reference responses: perplexity, and bits a byte.

Both are made of the sum of -log p (natural logarithm) over the tokens of the responses, the
end-of-sequence token among them, given their prompts. Perplexity depends on how a tokenizer cuts
text; bits a byte do not, so that models with different tokenizers can be compared by them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tasks.finetune.evaluation.bootstrap import Statistic, ratio


def perplexity(nll: Sequence[float], tokens: Sequence[int]) -> Statistic:
    """exp(sum of -log p / number of tokens) over all rows; every token counts alike.

    Args:
        nll: sum of -log p of each row's response, in nats.
        tokens: number of tokens in that sum.
    """
    a_token = ratio(nll, tokens)
    return replace(a_token, formula=lambda sums: np.exp(a_token.formula(sums)))


def bits_a_byte(nll: Sequence[float], references: Sequence[str]) -> Statistic:
    """Bits that the responses cost under the model, over their bytes in UTF-8."""
    bits = np.asarray(nll, float) / math.log(2)
    return ratio(bits, [len(reference.encode()) for reference in references])
