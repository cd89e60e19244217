-- Which playbook was live from when: its text is evidence in the log. What is live is the row with the highest number.
CREATE TABLE playbooks (
    seq INTEGER NOT NULL PRIMARY KEY,
    evidence BLOB NOT NULL REFERENCES log (id),
    number INTEGER NOT NULL,                  -- as the text says
    hash TEXT NOT NULL,                   -- the beginning of the SHA-256 of the text
    name TEXT NOT NULL,
    source TEXT NOT NULL,                 -- configuration or page
    made_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER playbooks_are_never_changed BEFORE UPDATE ON playbooks BEGIN SELECT RAISE(ABORT, 'what was live only grows'); END;
CREATE TRIGGER playbooks_are_never_cut BEFORE DELETE ON playbooks BEGIN SELECT RAISE(ABORT, 'what was live only grows'); END;
