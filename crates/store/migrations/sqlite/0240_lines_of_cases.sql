-- What lists show and searches ask of a case beyond the first columns, as JSON; the text that is searched, in lower case; and
-- how the row was made: those of an older make are made again from their records.
ALTER TABLE summaries ADD COLUMN assignee TEXT;
ALTER TABLE summaries ADD COLUMN more TEXT NOT NULL DEFAULT '{}';
ALTER TABLE summaries ADD COLUMN sought TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN make INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cases_by_stage ON summaries (stage, case_id);
CREATE INDEX cases_by_end ON summaries (open, case_id);
CREATE INDEX cases_by_make ON summaries (make) WHERE make < 1;
