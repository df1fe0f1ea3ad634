"""Everything that the class page, the run page and the terminal say about a class."""

from collections.abc import Collection
from dataclasses import dataclass

from tasks.assess.analytics.advice import advice
from tasks.assess.analytics.class_results import ClassResults
from tasks.assess.analytics.forecast import Forecast
from tasks.assess.analytics.hardest import CriterionFigures, hardest_criteria
from tasks.assess.analytics.milestones import MilestoneFigures, milestone_figures
from tasks.assess.analytics.outstanding import Outstanding, outstanding
from tasks.assess.analytics.progress import MilestoneProgress, progress
from tasks.assess.analytics.struggling import Struggling, Warned, early_warnings, struggling
from tasks.assess.analytics.waiting import Waiting, waiting


@dataclass(frozen=True)
class Analysis:
    """Of a class.

    Attributes:
        results: that it is made of.
        milestones: their figures, in the course's order.
        criteria: the hardest first.
        warned: early warnings.
        struggling: below `threshold`, the lowest average first.
        waiting: what a person has to do, the most urgent first.
        progress: of each milestone over time.
        advice: what to change in the course.
        outstanding: work of students whose consent is on file.
        unnamed: outstanding work of others.
        forecast: of the next batch; None where none is asked for.
    """

    results: ClassResults
    threshold: float
    milestones: list[MilestoneFigures]
    criteria: list[CriterionFigures]
    warned: list[Warned]
    struggling: list[Struggling]
    waiting: list[Waiting]
    progress: list[MilestoneProgress]
    advice: list[str]
    outstanding: list[Outstanding]
    unnamed: int
    forecast: Forecast | None


def analyse(
    results: ClassResults,
    *,
    threshold: float,
    consenting: Collection[str] = (),
    forecast: Forecast | None = None,
) -> Analysis:
    """Analyse a class.

    Args:
        results: of the class.
        threshold: scores below it are struggling.
        consenting: students who agreed that outstanding work of theirs is shown.
        forecast: of the next batch.
    """
    milestones = milestone_figures(results)
    criteria = hardest_criteria(results)
    waits = waiting(results)
    best, unnamed = outstanding(results, consenting)
    return Analysis(
        results=results,
        threshold=threshold,
        milestones=milestones,
        criteria=criteria,
        warned=early_warnings(results),
        struggling=struggling(results, threshold),
        waiting=waits,
        progress=progress(results),
        advice=advice(milestones, criteria, waits),
        outstanding=best,
        unnamed=unnamed,
        forecast=forecast,
    )
