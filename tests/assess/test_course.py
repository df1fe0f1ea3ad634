"""Making a course, changing it, and whom it names."""

import os
import stat
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tasks.assess.course import submission_hash as submission_hashing
from tasks.assess.course.consent import students_with_consent
from tasks.assess.course.keys import KEY_FILE, CourseKey, pseudonyms
from tasks.assess.course.roster import read_roster
from tasks.assess.course.setting_up import configure_milestones, init_course
from tasks.assess.course.settings import COURSE_FILE, read_course
from tasks.assess.course.submission_hash import handed_in_at, submission_hash
from tasks.errors import BadInput


@pytest.fixture
def folder(tmp_path):
    """A new course's folder."""
    init_course(tmp_path / "course", 'Systems: "ML" #1')
    return tmp_path / "course"


def _edit(folder, old: str, new: str):
    path = folder / COURSE_FILE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_init_writes_a_whole_course(folder):
    course = read_course(folder)
    assert course.name == 'Systems: "ML" #1'
    assert course.weights() == {
        "milestone1": 15,
        "milestone2": 20,
        "milestone3": 25,
        "milestone4": 20,
        "milestone5": 20,
    }
    assert course.attempts.counts == "best"
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert KEY_FILE in (folder / ".gitignore").read_text()


def test_init_leaves_a_course_that_is_there_alone(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(BadInput, match="there is a course already"):
        init_course(folder, "Other")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_course_needs_a_name(tmp_path):
    with pytest.raises(BadInput, match="--course-name"):
        init_course(tmp_path, "  ")
    assert not (tmp_path / COURSE_FILE).exists()


def test_configure_chooses_milestones_and_keeps_comments_and_due_dates(folder):
    _edit(folder, "due: null", "due: 2027-02-01  # before the holidays")
    course = configure_milestones(folder, ["2", "milestone3"])
    assert list(course.weights()) == ["milestone2", "milestone3"]
    text = (folder / COURSE_FILE).read_text()
    assert "due: 2027-02-01  # before the holidays" in text
    assert "# Hours between two graded submissions" in text
    again = configure_milestones(folder, ["1", "2", "3", "4", "5"])
    assert len(again.weights()) == 5
    assert again.due("milestone1", "ada").date().isoformat() == "2027-02-01"


@pytest.mark.parametrize(
    ("milestones", "says"),
    [
        (["7"], "has no milestone 'milestone7'"),
        (["../x"], "has no milestone"),
        (["1", "1"], "names a milestone twice"),
        (["1", "milestone1"], "names a milestone twice"),
        ([" "], "at least one milestone"),
    ],
)
def test_configure_refuses_what_it_cannot_do_and_changes_nothing(folder, milestones, says):
    before = (folder / COURSE_FILE).read_text()
    with pytest.raises(BadInput, match=says):
        configure_milestones(folder, milestones)
    assert (folder / COURSE_FILE).read_text() == before


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("weight: 15", "weight: 16", "sum to 101, not to 100"),
        ("rubric: milestone2", "rubric: milestone1", "named twice"),
        ("timezone: UTC", "timezone: Mars/Olympus", "no time zone"),
        ("timezone: UTC", "timezone: ../etc/passwd", "no time zone"),
        ("due: null", "due: soon", "milestones.0.due"),
        ("due: null", "due: 20270131", "a day is written as 2027-01-31"),
        ("counts: best", "counts: luckiest", "attempts.counts"),
        ("grace_days: 3", "grace_days: -3", "late.grace_days"),
        ("extensions: []", "extensions: [{student: ada}]", "either `days` or `until`"),
        ("extensions: []", "extensions: []\nextra: 1", "unknown key 'extra'"),
        ("extensions: []", "extensions: []\nextensions: []", "duplicate key"),
        ("active: true", "active: maybe", "milestones.0.active"),
    ],
)
def test_a_course_that_breaks_a_rule_is_refused_with_the_place(folder, old, new, says):
    _edit(folder, old, new)
    with pytest.raises(BadInput) as caught:
        read_course(folder)
    assert says in str(caught.value)
    assert COURSE_FILE in str(caught.value)


def test_a_folder_without_a_course_says_how_to_make_one(tmp_path):
    with pytest.raises(BadInput, match="init --course-name"):
        read_course(tmp_path)


def test_a_missing_rubric_and_an_unknown_milestone_are_named(folder):
    assert read_course(folder).rubric("3").id == "milestone3"
    with pytest.raises(BadInput, match="no active milestone '9'; it has 1, 2, 3, 4, 5"):
        read_course(folder).rubric("9")
    _edit(folder, "rubric: milestone2", "rubric: gone")
    with pytest.raises(BadInput, match="no rubric 'gone'"):
        read_course(folder).rubrics()


def test_a_day_in_quotes_ends_with_its_last_second_too(folder):
    _edit(folder, "due: null", 'due: "2027-03-27"')
    _edit(folder, "extensions: []", 'extensions: [{student: ada, until: "2027-03-29"}]')
    course = read_course(folder)
    assert course.due("milestone1", "eve") == datetime(2027, 3, 27, 23, 59, 59, tzinfo=UTC)
    assert course.due("milestone1", "ada") == datetime(2027, 3, 29, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("named", ["1", '"1"', "milestone1"])
def test_an_extension_names_its_milestone_by_number_or_id(folder, named):
    _edit(folder, "due: null", "due: 2027-03-27")
    _edit(folder, "extensions: []", f"extensions: [{{student: ada, milestone: {named}, days: 2}}]")
    assert read_course(folder).due("milestone1", "ada").day == 29


def test_an_extension_of_no_milestone_is_refused(folder):
    wrong = "extensions: [{student: ada, milestone: milestone9, days: 2}]"
    _edit(folder, "extensions: []", wrong)
    with pytest.raises(BadInput, match="extension of 'ada' is for 'milestone9', which is no"):
        read_course(folder).rubrics()


def test_an_inactive_milestone_needs_no_rubric_yet(folder):
    configure_milestones(folder, ["1", "2", "3", "4"])
    _edit(folder, "rubric: milestone5", "rubric: later.yaml")
    assert len(read_course(folder).rubrics()) == 4


def test_an_extension_may_be_for_an_inactive_milestone(folder):
    configure_milestones(folder, ["1", "2", "3", "4"])
    _edit(folder, "extensions: []", "extensions: [{student: ada, milestone: milestone5, days: 2}]")
    assert len(read_course(folder).rubrics()) == 4


def test_due_times_are_the_courses_with_extensions(folder):
    _edit(folder, "timezone: UTC", "timezone: Europe/Berlin")
    _edit(folder, "due: null", "due: 2027-03-27")
    _edit(folder, "due: null", "due: 2027-04-01 18:00")
    _edit(folder, "due: null", "due: 2027-05-01T12:00:00+00:00")
    _edit(
        folder,
        "extensions: []",
        "extensions:\n"
        "  - {student: ada, milestone: milestone1, days: 2, reason: ill}\n"
        "  - {student: bob, until: 2027-04-10}\n",
    )
    course = read_course(folder)
    berlin = ZoneInfo("Europe/Berlin")
    assert course.due("milestone1", "eve") == datetime(2027, 3, 27, 23, 59, 59, tzinfo=berlin)
    # The clock goes forward that night; the due time on it stays.
    assert course.due("milestone1", "ada") == datetime(2027, 3, 29, 23, 59, 59, tzinfo=berlin)
    assert course.due("milestone2", "ada") == datetime(2027, 4, 1, 18, tzinfo=berlin)
    assert course.due("milestone2", "bob") == datetime(2027, 4, 10, 23, 59, 59, tzinfo=berlin)
    assert course.due("milestone2", "eve", 3) == datetime(2027, 4, 4, 18, tzinfo=berlin)
    assert course.due("milestone3", "bob").utcoffset() == timedelta(0), "never earlier than others"
    assert course.due("milestone4", "ada") is None


def test_a_damaged_or_missing_key_is_not_replaced(folder):
    key = folder / KEY_FILE
    before = key.read_text()
    assert CourseKey.make(folder).sign("a", b"b") == CourseKey.read(folder).sign("a", b"b")
    assert key.read_text() == before
    for text in ("", "00ff", "no hex"):
        key.write_text(text)
        with pytest.raises(BadInput, match="bring it back from a copy"):
            CourseKey.make(folder)
        assert key.read_text() == text
    key.unlink()
    with pytest.raises(BadInput, match="key is missing"):
        CourseKey.read(folder)


def test_pseudonyms_are_steady_distinct_and_need_the_key():
    key, other = CourseKey(b"a" * 32), CourseKey(b"b" * 32)
    names = [f"student{number}" for number in range(6000)]
    made = pseudonyms(key, names)
    assert len(set(made.values())) == len(names), "6 digits alone would meet by chance"
    assert pseudonyms(key, ["student3"])["student3"][:14] == made["student3"][:14]
    assert pseudonyms(key, reversed(names)) == made
    assert pseudonyms(other, names[:1]) != pseudonyms(key, names[:1])
    assert not any(name in made[name].removeprefix("student-") for name in names)


def test_data_seeds_follow_the_work_and_nothing_else():
    key = CourseKey(b"a" * 32)
    seed = key.data_seed("ada", "milestone1", "h1")
    assert seed == CourseKey(b"a" * 32).data_seed("ada", "milestone1", "h1")
    assert 0 <= seed < 2**31
    others = [
        key.data_seed("bob", "milestone1", "h1"),
        key.data_seed("ada", "milestone2", "h1"),
        key.data_seed("ada", "milestone1", "h2"),
        key.data_seed("adam", "ilestone1", "h1"),
        CourseKey(b"b" * 32).data_seed("ada", "milestone1", "h1"),
    ]
    assert len({seed, *others}) == 6


def _submission(folder, files: dict[str, str]):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_hash_is_of_names_and_contents_alone(tmp_path):
    files = {"a.py": "1", "core/b.py": "2", "core/c/d.npz": "3"}
    one = _submission(tmp_path / "one", files)
    two = _submission(tmp_path / "two", dict(reversed(files.items())))
    _submission(two, {"core/__pycache__/b.pyc": "x", ".git/HEAD": "x", "a.pyc": "x"})
    os.utime(two / "a.py", (0, 0))
    (two / "a.py").chmod(0o700)
    (two / "link.py").symlink_to(one / "a.py")
    assert submission_hash(one) == submission_hash(two)


def test_the_order_in_which_files_are_listed_does_not_count(tmp_path, monkeypatch):
    folder = _submission(tmp_path, {"a.py": "1", "core/b.py": "2", "core/c/d.npz": "3"})
    before = submission_hash(folder)
    listed = submission_hashing._files
    monkeypatch.setattr(submission_hashing, "_files", lambda of: reversed(list(listed(of))))
    assert submission_hash(folder) == before


@pytest.mark.parametrize(
    "files",
    [
        {"a.py": "1", "b.py": "3"},
        {"a.py": "1", "c.py": "2"},
        {"a.py": "1"},
        {"a.py": "12", "b.py": ""},
        {"a.py": "2", "b.py": "1"},
        {"a.py": "1", "core/b.py": "2"},
        {},
    ],
)
def test_other_files_have_another_hash(tmp_path, files):
    first = _submission(tmp_path / "first", {"a.py": "1", "b.py": "2"})
    (tmp_path / "other").mkdir()
    assert submission_hash(_submission(tmp_path / "other", files)) != submission_hash(first)


def test_what_the_sandbox_leaves_out_is_not_in_the_hash_either():
    copying = pytest.importorskip("tasks.assess.sandbox.submission_copy")
    assert copying.SKIPPED == submission_hashing.SKIPPED
    assert copying.MOST_BYTES == submission_hashing.MOST_BYTES


def test_hostile_files_neither_block_nor_fill_nor_break_the_hash(tmp_path):
    folder = _submission(tmp_path / "s", {"a.py": "1"})
    plain = submission_hash(folder)
    os.mkfifo(folder / "pipe.py")
    (folder / "loop").symlink_to(folder)
    assert submission_hash(folder) == plain
    with open(folder / "huge.bin", "wb") as file:
        file.truncate(10 * 1024**3)
    huge = submission_hash(folder)
    assert huge != plain
    (folder / os.fsdecode(b"\xff\xfe.py")).write_text("x")
    deep = folder
    for _ in range(60):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "x.py").write_text("x")
    assert submission_hash(folder) not in (plain, huge)


def test_work_came_when_its_newest_file_was_written(tmp_path):
    now = datetime(2027, 3, 1, tzinfo=UTC)
    folder = _submission(tmp_path / "s", {"a.py": "1", "core/b.py": "2", ".git/HEAD": "x"})
    os.utime(folder / "a.py", (0, 1_700_000_000))
    os.utime(folder / "core/b.py", (0, 1_700_000_060))
    assert handed_in_at(folder, now) == datetime.fromtimestamp(1_700_000_060, UTC)
    os.utime(folder / "a.py", (0, 60_000_000_000))
    assert handed_in_at(folder, now) == now, "a time that is still to come is not believed"


def test_a_folder_of_submissions_is_a_class(tmp_path):
    for name in ("bob", "ada", "Zoë Smith", ".cache", "__pycache__", "-rf"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "ada")
    roster = read_roster(tmp_path)
    assert [one.student for one in roster.students] == ["Zoë Smith", "ada", "bob"]
    assert roster.find("ada").folder == tmp_path / "ada"
    assert len(roster.warnings) == 3
    with pytest.raises(BadInput, match="no student 'eve' in the class"):
        roster.find("eve")


def test_a_csv_names_a_class(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "work").mkdir()
    path = tmp_path / "class.csv"
    path.write_text(
        "\ufeffStudent;Name;folder;consent;extension;group;submitted\r\n"
        'ada;"Lovelace; Ada";;yes;2;A;2027-03-01 18:00\r\n'
        "\r\n"
        "bob;;work;No;;B\r\n"
        "eve;;;;;\r\n"
    )
    roster = read_roster(path)
    ada, bob, eve = roster.students
    assert (ada.name, ada.folder, ada.consent) == ("Lovelace; Ada", tmp_path / "ada", True)
    assert (ada.extension, bob.extension) == (2, 0)
    assert (ada.submitted, bob.submitted) == (datetime(2027, 3, 1, 18), None)
    assert (bob.name, bob.folder, bob.consent) == ("bob", tmp_path / "work", False)
    assert (eve.folder, eve.consent) == (None, None), "nothing handed in, nothing said"
    assert roster.warnings == ["Column 'group' of class.csv is not used."]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name\nada\n", "no column 'student'"),
        ("", "no column 'student'"),
        ("student\n", "names no student"),
        ("student,student\nada,bob\n", "two columns 'student'"),
        ("student\nada\nada\n", "names 'ada' twice"),
        ("student\nada\nADA\n", "twice"),
        ("student,name\n,Ada\n", "line 2: the student '' cannot stand: it is empty"),
        ("student\n../../etc\n", "begins with '.'"),
        ("student\na/b\n", "contains a slash"),
        ("student\n/etc\n", "contains a slash"),
        ("student\na\x1bb\n", "cannot be seen"),
        ("student\na\u202eb\n", "cannot be seen"),
        (f"student\n{'a' * 200}\n", "longer than 120"),
        ("student,folder\nada,../other\n", "line 2: the folder '../other' leads out"),
        ("student,folder\nada,w\nbob,w\n", "have the same folder"),
        ("student,folder\nada,l\n", "is a link"),
        ("student,consent\nada,perhaps\n", "line 2: consent 'perhaps' is neither yes nor no"),
        ("student,extension\nada,-1\n", "is no number of days"),
        ("student,extension\nada,9999\n", "is no number of days"),
        ("student,submitted\nada,yesterday\n", "is no time like"),
        ("student\nada,bob\n", "more cells than the first line"),
        ('student\n"ada\n', "is not valid CSV"),
    ],
)
def test_a_roster_that_cannot_be_meant_is_refused_with_the_line(tmp_path, text, says):
    (tmp_path / "w").mkdir()
    (tmp_path / "l").symlink_to(tmp_path / "w")
    path = tmp_path / "class.csv"
    path.write_text(text)
    with pytest.raises(BadInput) as caught:
        read_roster(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_roster_that_is_not_text_or_not_there_is_refused(tmp_path):
    path = tmp_path / "class.csv"
    path.write_bytes(b"student\n\xff\xfe\n")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_roster(path)
    with pytest.raises(BadInput, match="there is no such class"):
        read_roster(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="names no student"):
        read_roster(tmp_path / "empty")


def _roster(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text("student,consent\nada,yes\nbob,no\neve,\nkay,yes\n")
    return read_roster(path)


def test_work_is_shared_only_where_consent_is_on_file(tmp_path):
    roster = _roster(tmp_path)
    assert students_with_consent(tmp_path, roster) == {"ada", "kay"}
    (tmp_path / "consent.csv").write_text(
        "student,consent,date\n"
        "kay,no,2027-02-02\n"
        "bob,yes,2027-02-01\n"
        "kay,yes,2027-02-01\n"
        "eve,yes,2027-02-01\n"
        "eve,no,2027-02-01\n"
        "gone,yes,2027-02-01\n"
    )
    assert students_with_consent(tmp_path, roster) == {"ada", "bob"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student,consent\nada,yes\n", "no column 'date'"),
        ("student,consent,date\nada,maybe,2027-01-01\n", "line 2: consent 'maybe'"),
        ("student,consent,date\nada,,2027-01-01\n", "neither yes nor no"),
        ("student,consent,date\nada,yes,01.02.2027\n", "is no date like"),
    ],
)
def test_consent_that_is_unclear_is_refused(tmp_path, text, says):
    roster = _roster(tmp_path)
    (tmp_path / "consent.csv").write_text(text)
    with pytest.raises(BadInput, match=says):
        students_with_consent(tmp_path, roster)
