-- The cases of a time are looked up by when they were opened, whatever became of them.
CREATE INDEX cases_by_opening ON summaries (opened);
