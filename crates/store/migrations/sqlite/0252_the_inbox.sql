-- What no case could take waits until somebody settles it: when, who and why.
ALTER TABLE readings ADD COLUMN settled_at INTEGER;
ALTER TABLE readings ADD COLUMN settled_by TEXT;
ALTER TABLE readings ADD COLUMN settled_why TEXT;
CREATE INDEX readings_waiting ON readings (outcome) WHERE settled_at IS NULL AND outcome IN ('orphan', 'unreadable');
