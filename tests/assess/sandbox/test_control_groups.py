"""Control groups of both versions, on trees laid out as the kernel's."""

from pathlib import Path

import pytest

from tasks.assess.sandbox import control_groups
from tasks.assess.sandbox.limits import Limits

LIMITS = Limits(memory_mb=100, processes=7)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lays out a machine: what the kernel tells of this process and of its mounts."""

    def lay_out(own: str, mounts: list[tuple[str, str, str]]) -> Path:
        (tmp_path / "own").write_text(own)
        lines = [
            f"30 24 0:26 / {tmp_path}/{where} rw,nosuid shared:4 - {kind} {kind} rw,{options}\n"
            for where, kind, options in mounts
        ]
        (tmp_path / "mounts").write_text("".join(lines))
        return tmp_path

    monkeypatch.setattr(control_groups, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(control_groups, "MOUNTS", tmp_path / "mounts")
    return lay_out


def test_version_2_is_used_where_the_controllers_are_handed_down(machine) -> None:
    top = machine("0::/user/session\n", [("cgroup", "cgroup2", "nsdelegate")])
    (top / "cgroup" / "user" / "session").mkdir(parents=True)
    (top / "cgroup" / "user" / "cgroup.subtree_control").write_text("cpu memory pids\n")
    group = control_groups.make(LIMITS)
    assert group.kept == {"memory": "cgroup v2", "processes": "cgroup v2"}
    (folder,) = group.folders
    assert folder.parent == top / "cgroup" / "user"
    assert (folder / "memory.max").read_text() == str(100 * 1024**2)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "pids.max").read_text() == "7"
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n")
    assert not group.ran_out_of_memory()
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n")
    assert group.ran_out_of_memory()
    (folder / "memory.peak").write_text(f"{5 * 1024**2}\n")
    assert group.peak_mb() == 5


def test_version_1_has_a_folder_for_each_controller(machine) -> None:
    top = machine(
        "8:pids:/\n4:memory:/jobs/one\n0::/\n",
        [("pids", "cgroup", "pids"), ("memory", "cgroup", "memory"), ("two", "cgroup2", "-")],
    )
    (top / "pids").mkdir()
    (top / "two").mkdir()
    (top / "memory" / "jobs" / "one").mkdir(parents=True)
    group = control_groups.make(LIMITS)
    assert group.kept == {"memory": "cgroup v1", "processes": "cgroup v1"}
    assert {folder.parent for folder in group.folders} == {
        top / "pids",
        top / "memory" / "jobs" / "one",
    }
    memory = next(folder for folder in group.folders if "memory" in folder.parts)
    assert (memory / "memory.limit_in_bytes").read_text() == str(100 * 1024**2)
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    assert group.ran_out_of_memory()


def test_none_is_made_where_none_can_be(machine) -> None:
    top = machine("0::/\n", [("cgroup", "cgroup2", "-")])
    (top / "cgroup").mkdir()
    (top / "cgroup" / "cgroup.subtree_control").write_text("cpu\n")
    group = control_groups.make(LIMITS)
    assert (group.kept, group.folders) == ({}, [])
    assert not group.ran_out_of_memory()
    assert group.peak_mb() is None
    group.remove()


def test_groups_of_killed_graders_are_removed(machine) -> None:
    top = machine("8:pids:/\n", [("pids", "cgroup", "pids")])
    nobody, running = top / "pids" / "submission-999999999-a", top / "pids" / "submission-1-a"
    nobody.mkdir(parents=True)
    running.mkdir()
    control_groups.make(LIMITS)
    assert not nobody.exists()
    assert running.exists()


def test_groups_of_this_machine_are_removed() -> None:
    group = control_groups.make(LIMITS)
    if not group.folders:
        pytest.skip("this user may make no control groups here")
    assert all(folder.is_dir() for folder in group.folders)
    group.remove()
    assert not any(folder.exists() for folder in group.folders)
