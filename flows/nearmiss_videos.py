"""Several videos: a run of its own each, on the task runner that the environment names.

python flows/nearmiss.py --video site_a.mp4 site_b.mp4
TASK_RUNNER=dask DASK_ADDRESS=tcp://host:8786 python flows/nearmiss.py --video 'cameras/*/*.mp4'
"""

from typing import Any

import tasks.environment  # noqa: F401  isort: skip — Prefect reads its settings when imported

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture

from tasks.command_line import command_for
from tasks.errors import StageFailed
from tasks.nearmiss import endings, sites
from tasks.nearmiss.config import NearMissConfig
from tasks.runners import task_runner
from tasks.runs import Outcome


def many_videos(config: NearMissConfig, videos: list[str]) -> Outcome:
    """Map over videos on the task runner that the environment names, then compare the sites.

    Raises:
        BadInput: the task runner cannot be had.
        StageFailed: at the end, where any video failed.
    """
    runner = task_runner(config.at_once)
    rows = each_video.with_options(task_runner=runner)(config, videos)
    outcome = endings.compare_sites(
        config.resolved_output_dir() / sites.folder_name(videos),
        rows,
        command=command_for("flows/nearmiss.py", config),
        config=config.model_dump(mode="json"),
    )
    failed = [row for row in rows if row["state"] == sites.FAILED]
    if failed:
        print(*outcome.lines, sep="\n")
        reasons = "; ".join(f"{row['video']} ({row['message']})" for row in failed)
        raise StageFailed(f"{len(failed)} of {len(videos)} videos failed: {reasons}")
    return outcome


@flow(name="nearmiss-videos")
def each_video(config: NearMissConfig, videos: list[str]) -> list[dict[str, Any]]:
    """Find near-misses in each video; one that fails stops no other. A row each, in order."""
    site_of = sites.site_names(videos, config.site_by)
    started = [(video, video_run.submit(config, video, site_of[video])) for video in videos]
    return [row_of(video, site_of[video], future) for video, future in started]


@task(name="video", task_run_name="video-{video}", cache_policy=NO_CACHE)
def video_run(config: NearMissConfig, video: str, site: str) -> dict[str, Any]:
    """The whole flow for one video: its row of the batch's table."""
    from flows.nearmiss import nearmiss  # by name: a worker's process has not started from it

    state = nearmiss(config.model_copy(update={"video": [video]}), return_state=True)
    if state.is_completed():
        return sites.video_row(video, site, state.result().folder)
    return sites.failed_row(video, site, endings.reason_of(state))


def row_of(video: str, site: str, future: PrefectFuture[dict[str, Any]]) -> dict[str, Any]:
    """The row of a video, also where its task was lost with the machine that ran it."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 — whatever it was, the other videos go on
        message = f"the task was lost: {type(error).__name__}: {error}"
        return sites.failed_row(video, site, message)
