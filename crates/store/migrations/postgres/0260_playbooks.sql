-- Which playbook was live from when: its text is evidence in the log. What is live is the row with the highest number.
CREATE TABLE playbooks (
    seq BIGINT NOT NULL PRIMARY KEY,
    evidence BYTEA NOT NULL REFERENCES log (id),
    number BIGINT NOT NULL,                  -- as the text says
    hash TEXT COLLATE "C" NOT NULL,                   -- the beginning of the SHA-256 of the text
    name TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,                 -- configuration or page
    made_by TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);
CREATE TRIGGER playbooks_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON playbooks EXECUTE FUNCTION refuse_change();
