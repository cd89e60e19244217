-- Mails that the desk sends to its own addresses to see whether they come back. A failed one was not taken by the relay.
CREATE TABLE self_checks (
    nonce TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    sent INTEGER NOT NULL,
    failure TEXT,
    returned INTEGER,
    via TEXT
) STRICT;
CREATE INDEX self_checks_of_address ON self_checks (address, sent);

-- How each thing that is checked stands: an address, our abuse contact in the registry, our mail exchangers.
-- told: whether the operators know of this standing.
CREATE TABLE self_check_standings (
    subject TEXT NOT NULL PRIMARY KEY,
    works INTEGER NOT NULL CHECK (works IN (0, 1)),
    since INTEGER NOT NULL,
    checked INTEGER NOT NULL,
    note TEXT NOT NULL,
    told INTEGER NOT NULL CHECK (told IN (0, 1))
) STRICT;

-- Secrets of this desk's own, such as the key that self-checks are signed with. Not part of a backup.
CREATE TABLE own_keys (
    name TEXT NOT NULL PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT;
