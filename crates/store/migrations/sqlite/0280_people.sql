-- What each operator may do. Whoever was one before this could do everything, and still can.
ALTER TABLE operators ADD COLUMN role TEXT NOT NULL DEFAULT 'admin';
ALTER TABLE operators ADD COLUMN cuts_off INTEGER NOT NULL DEFAULT 1 CHECK (cuts_off IN (0, 1));
-- Where they log in: 'password', or the issuer and subject of an identity provider.
ALTER TABLE operators ADD COLUMN origin TEXT NOT NULL DEFAULT 'password';
-- Since when they may no longer log in; what they did stays in their name.
ALTER TABLE operators ADD COLUMN retired INTEGER;

-- A session that still waits for its second factor lets nobody in.
ALTER TABLE sessions ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits IN (0, 1));

-- The TOTP secret of an operator (RFC 6238); in force once a code was right. A step that was used is not taken again.
CREATE TABLE second_factors (
    operator TEXT NOT NULL PRIMARY KEY REFERENCES operators (name),
    secret BLOB NOT NULL,
    since INTEGER,
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    operator TEXT NOT NULL REFERENCES operators (name),
    code_hash BLOB NOT NULL,               -- SHA-256
    used INTEGER,
    PRIMARY KEY (operator, code_hash)
) STRICT, WITHOUT ROWID;

-- From which networks somebody logged in before: they are not made to wait for what strangers try in their name.
CREATE TABLE operator_networks (
    operator TEXT NOT NULL REFERENCES operators (name),
    net TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (operator, net)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_tokens (
    name TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,       -- SHA-256
    made_by TEXT NOT NULL,
    role TEXT NOT NULL,
    cuts_off INTEGER NOT NULL CHECK (cuts_off IN (0, 1)),
    made INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER,
    revoked INTEGER
) STRICT;

-- What people did, as entries of the log: whose deed each is and what it is about. The words are in the log alone.
CREATE TABLE deeds (
    seq INTEGER NOT NULL PRIMARY KEY REFERENCES log (seq),
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    deed TEXT NOT NULL,
    about TEXT NOT NULL
) STRICT;
CREATE INDEX deeds_by_person ON deeds (who, seq);
CREATE INDEX deeds_by_subject ON deeds (about, seq);
