-- Links to customers' own pages, each by the SHA-256 of its token: which case it is for, until when, and when it was first
-- opened and how often.
CREATE TABLE customer_links (
    token_hash BLOB NOT NULL PRIMARY KEY,
    case_id INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    language TEXT NOT NULL,               -- empty: the usual one
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    opened INTEGER,
    opens INTEGER NOT NULL,
    answers INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_links_of_case ON customer_links (case_id);
CREATE INDEX customer_links_by_end ON customer_links (expires);

-- When the relay took a letter, and when it came back as undeliverable.
ALTER TABLE letters ADD COLUMN taken INTEGER;
ALTER TABLE letters ADD COLUMN returned INTEGER;
