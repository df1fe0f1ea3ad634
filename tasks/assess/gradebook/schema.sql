CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('grade', 'regrade', 'judgement')),
    student TEXT NOT NULL,
    milestone TEXT NOT NULL,
    submission_hash TEXT,
    submitted TEXT,
    grader_version TEXT,
    data_seed INTEGER,
    score REAL,
    -- the whole result or judgement, as JSON
    content TEXT NOT NULL,
    -- the signature of the entry before, so that none can be taken out unseen
    previous TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS of_student ON entries (student, milestone);

CREATE TRIGGER IF NOT EXISTS nothing_is_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE (ABORT, 'the gradebook is append-only: nothing in it is changed'); END;

CREATE TRIGGER IF NOT EXISTS nothing_is_deleted BEFORE DELETE ON entries
BEGIN SELECT RAISE (ABORT, 'the gradebook is append-only: nothing in it is deleted'); END;

-- REPLACE would delete without the trigger above.
CREATE TRIGGER IF NOT EXISTS only_at_the_end BEFORE INSERT ON entries
WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM entries)
BEGIN SELECT RAISE (ABORT, 'the gradebook is append-only: entries come at the end'); END;
