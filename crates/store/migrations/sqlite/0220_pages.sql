-- Pages to the people on duty: what happened to each, in order, and where it stands.
CREATE TABLE pages (
    page_id INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,             -- the number of its newest entry
    standing TEXT NOT NULL,               -- open, acknowledged, resolved
    bundle TEXT NOT NULL,                 -- what is told together while it is open
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT;
CREATE INDEX pages_by_standing ON pages (standing, page_id);

CREATE TABLE page_entries (
    page_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (page_id, version)
) STRICT, WITHOUT ROWID;

-- What was told, by its key: the same is never told twice.
CREATE TABLE page_keys (
    page_key TEXT NOT NULL PRIMARY KEY,
    page_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
