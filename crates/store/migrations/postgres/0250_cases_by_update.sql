-- What happened in a shift is asked of cases whose newest record is not older than it.
CREATE INDEX cases_by_update ON summaries (updated);
