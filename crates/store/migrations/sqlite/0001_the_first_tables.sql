-- Times are microseconds since 1970 UTC, addresses and JSON are text, booleans are 0 and 1.
-- The PostgreSQL file of the same number makes the same tables with the same columns.

CREATE TABLE blobs (
    id BLOB NOT NULL PRIMARY KEY,          -- SHA-256 of bytes
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE log (
    seq INTEGER NOT NULL PRIMARY KEY,      -- from 1 without gaps
    id BLOB NOT NULL UNIQUE REFERENCES blobs (id),
    delivery TEXT NOT NULL,
    source TEXT NOT NULL,
    envelope TEXT NOT NULL,                -- JSON, exactly as hashed
    received INTEGER NOT NULL,
    len INTEGER NOT NULL,
    hash BLOB NOT NULL                     -- the chain up to here
) STRICT;

CREATE TABLE records (
    case_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (case_id, version)
) STRICT;

CREATE TABLE summaries (
    case_id INTEGER NOT NULL PRIMARY KEY,
    subscriber TEXT NOT NULL,
    stage TEXT NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    opened INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    version INTEGER NOT NULL,
    due INTEGER,
    harm INTEGER NOT NULL,
    proxy INTEGER NOT NULL CHECK (proxy IN (0, 1)),
    addresses TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_case_per_subscriber ON summaries (subscriber) WHERE open;
CREATE INDEX cases_of_subscriber ON summaries (subscriber);

CREATE TABLE case_addresses (
    address TEXT NOT NULL,
    case_id INTEGER NOT NULL REFERENCES summaries (case_id),
    PRIMARY KEY (address, case_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE readings (
    evidence BLOB NOT NULL PRIMARY KEY REFERENCES log (id),
    outcome TEXT NOT NULL,
    note TEXT NOT NULL,
    case_id INTEGER,
    reading TEXT NOT NULL
) STRICT;
CREATE INDEX readings_by_outcome ON readings (outcome);

CREATE TABLE cursors (
    name TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT;

CREATE TABLE errands (
    errand_key TEXT NOT NULL PRIMARY KEY,
    case_id INTEGER NOT NULL,
    due INTEGER NOT NULL,
    errand TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    held_until INTEGER,
    last_failure TEXT,
    done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1))
) STRICT;
CREATE INDEX errands_to_do ON errands (due) WHERE NOT done;

-- net: 16 bytes of address (IPv4 mapped into ::ffff:0:0/96) and one byte of prefix length on that scale.
-- to_us: 4611686018427387904 while no end is known. Ports: -1 to -1 means all of them.
CREATE TABLE leases (
    net BLOB NOT NULL,
    from_us INTEGER NOT NULL,
    to_us INTEGER NOT NULL,
    first_port INTEGER NOT NULL,
    last_port INTEGER NOT NULL,
    subscriber TEXT NOT NULL,
    source TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (net, from_us, first_port, last_port, subscriber)
) STRICT, WITHOUT ROWID;
-- Leases of more than two days: few, and looked up apart, so that a look-up need not walk an address's whole history.
CREATE INDEX long_leases ON leases (net, from_us) WHERE to_us - from_us > 172800000000;
CREATE INDEX leases_of_subscriber ON leases (subscriber, to_us);
-- The prefix lengths that occur: what a look-up has to try.
CREATE TABLE lease_lengths (length INTEGER NOT NULL PRIMARY KEY) STRICT;

CREATE TABLE contacts (
    subscriber TEXT NOT NULL PRIMARY KEY,
    contact TEXT NOT NULL
) STRICT;

CREATE TABLE verdicts (
    domain TEXT NOT NULL,
    evidence BLOB NOT NULL,
    confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
    PRIMARY KEY (domain, evidence)
) STRICT, WITHOUT ROWID;

CREATE TABLE operators (
    name TEXT NOT NULL PRIMARY KEY,
    password_hash TEXT NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (name),
    csrf TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TRIGGER log_is_never_changed BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the evidence log only grows'); END;
CREATE TRIGGER log_is_never_cut BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the evidence log only grows'); END;
CREATE TRIGGER blobs_are_never_changed BEFORE UPDATE ON blobs BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER blobs_are_never_cut BEFORE DELETE ON blobs BEGIN SELECT RAISE(ABORT, 'evidence is never removed'); END;
CREATE TRIGGER records_are_never_changed BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'case records only grow'); END;
CREATE TRIGGER records_are_never_cut BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'case records only grow'); END;
