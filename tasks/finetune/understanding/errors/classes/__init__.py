"""The classes of errors, one file each: a name and a rule that gives its evidence, or "".

An answer may break several rules. It is sorted into the first of them in this order, and the
others are kept beside it:

1. formatting failure: an empty, looping or broken text has no content to judge further;
2. overfitting artefact: text taken over from training explains whatever else is wrong with it;
3. off-topic: what is said of another matter is not made better by being true or whole;
4. hallucination: what is invented stays wrong, however complete the rest becomes;
5. incomplete: what is there may stand, and more is needed;
6. other: none of these rules found anything; a person should look.

To add a class, write a file with NAME, MEANING and `evidence`, and add it here in its place.
"""

from tasks.finetune.understanding.errors.classes import (
    formatting,
    hallucination,
    incomplete,
    off_topic,
    other,
    overfitting,
)

CLASSES = (formatting, overfitting, off_topic, hallucination, incomplete, other)
NAMES = tuple(each.NAME for each in CLASSES)
