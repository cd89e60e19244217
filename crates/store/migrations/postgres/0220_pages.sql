-- Pages to the people on duty: what happened to each, in order, and where it stands.
CREATE TABLE pages (
    page_id BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,              -- the number of its newest entry
    standing TEXT COLLATE "C" NOT NULL,   -- open, acknowledged, resolved
    bundle TEXT COLLATE "C" NOT NULL,     -- what is told together while it is open
    opened BIGINT NOT NULL,
    updated BIGINT NOT NULL
);
CREATE INDEX pages_by_standing ON pages (standing, page_id);

CREATE TABLE page_entries (
    page_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    entry TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (page_id, version)
);

-- What was told, by its key: the same is never told twice.
CREATE TABLE page_keys (
    page_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    page_id BIGINT NOT NULL
);
