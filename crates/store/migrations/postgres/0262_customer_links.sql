-- Links to customers' own pages, each by the SHA-256 of its token: which case it is for, until when, and when it was first
-- opened and how often.
CREATE TABLE customer_links (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    case_id BIGINT NOT NULL,
    subscriber TEXT COLLATE "C" NOT NULL,
    language TEXT COLLATE "C" NOT NULL,               -- empty: the usual one
    made BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    opened BIGINT,
    opens BIGINT NOT NULL,
    answers BIGINT NOT NULL
);
CREATE INDEX customer_links_of_case ON customer_links (case_id);
CREATE INDEX customer_links_by_end ON customer_links (expires);

-- When the relay took a letter, and when it came back as undeliverable.
ALTER TABLE letters ADD COLUMN taken BIGINT;
ALTER TABLE letters ADD COLUMN returned BIGINT;
