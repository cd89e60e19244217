-- Which case and when a verdict came from: only so many a day make a record.
ALTER TABLE verdicts ADD COLUMN case_id BIGINT;
ALTER TABLE verdicts ADD COLUMN at BIGINT NOT NULL DEFAULT 0;

-- Who reported how often on each case; the reports themselves are in the log.
CREATE TABLE case_reporters (
    case_id BIGINT NOT NULL,
    reporter TEXT COLLATE "C" NOT NULL,
    authenticated BIGINT NOT NULL CHECK (authenticated IN (0, 1)),
    reports BIGINT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (case_id, reporter, authenticated)
);
CREATE INDEX cases_of_reporter ON case_reporters (reporter, authenticated);
