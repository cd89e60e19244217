-- Which case and when a verdict came from: only so many a day make a record.
ALTER TABLE verdicts ADD COLUMN case_id INTEGER;
ALTER TABLE verdicts ADD COLUMN at INTEGER NOT NULL DEFAULT 0;

-- Who reported how often on each case; the reports themselves are in the log.
CREATE TABLE case_reporters (
    case_id INTEGER NOT NULL,
    reporter TEXT NOT NULL,
    authenticated INTEGER NOT NULL CHECK (authenticated IN (0, 1)),
    reports INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (case_id, reporter, authenticated)
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_of_reporter ON case_reporters (reporter, authenticated);
