"""The filters in the order in which they are asked; the first that says no is recorded."""

from tasks.finetune.curation.encoding import Encoding
from tasks.finetune.curation.exact_duplicates import ExactDuplicates
from tasks.finetune.curation.fault import Filter
from tasks.finetune.curation.language import Language
from tasks.finetune.curation.markup import Markup
from tasks.finetune.curation.pii import PersonalData
from tasks.finetune.curation.question_form import QuestionForm
from tasks.finetune.curation.schema import Schema
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.curation.truncated import Truncated
from tasks.finetune.curation.words import OutputWords


def make_filters(settings: CurationSettings) -> list[Filter]:
    """New filters: the one of exact duplicates remembers the rows of one run."""
    return [
        Schema(),
        Encoding(),
        OutputWords(settings.min_words, settings.max_words),
        PersonalData(),
        Truncated(),
        Markup(),
        Language(),
        QuestionForm(),
        ExactDuplicates(),
    ]
