-- Times are microseconds since 1970 UTC, addresses and JSON are text (never jsonb: the text is what was hashed).
-- Text is compared by its bytes, as SQLite does, so that lists and archives have the same order on both.
-- The SQLite file of the same number makes the same tables with the same columns and says what they mean.

CREATE TABLE blobs (
    id BYTEA NOT NULL PRIMARY KEY,          -- SHA-256 of bytes
    bytes BYTEA NOT NULL
);

CREATE TABLE log (
    seq BIGINT NOT NULL PRIMARY KEY,      -- from 1 without gaps
    id BYTEA NOT NULL UNIQUE REFERENCES blobs (id),
    delivery TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    envelope TEXT COLLATE "C" NOT NULL,                -- JSON, exactly as hashed
    received BIGINT NOT NULL,
    len BIGINT NOT NULL,
    hash BYTEA NOT NULL                     -- the chain up to here
);

CREATE TABLE records (
    case_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (case_id, version)
);

CREATE TABLE summaries (
    case_id BIGINT NOT NULL PRIMARY KEY,
    subscriber TEXT COLLATE "C" NOT NULL,
    stage TEXT COLLATE "C" NOT NULL,
    open BOOLEAN NOT NULL,
    opened BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL,
    due BIGINT,
    harm BIGINT NOT NULL,
    proxy BOOLEAN NOT NULL,
    addresses TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX one_open_case_per_subscriber ON summaries (subscriber) WHERE open;
CREATE INDEX cases_of_subscriber ON summaries (subscriber);

CREATE TABLE case_addresses (
    address TEXT COLLATE "C" NOT NULL,
    case_id BIGINT NOT NULL REFERENCES summaries (case_id),
    PRIMARY KEY (address, case_id)
);

CREATE TABLE readings (
    evidence BYTEA NOT NULL PRIMARY KEY REFERENCES log (id),
    outcome TEXT COLLATE "C" NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    case_id BIGINT,
    reading TEXT COLLATE "C" NOT NULL
);
CREATE INDEX readings_by_outcome ON readings (outcome);

CREATE TABLE cursors (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);

CREATE TABLE errands (
    errand_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    case_id BIGINT NOT NULL,
    due BIGINT NOT NULL,
    errand TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    worker TEXT COLLATE "C",
    held_until BIGINT,
    last_failure TEXT COLLATE "C",
    done BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX errands_to_do ON errands (due) WHERE NOT done;

-- net: 16 bytes of address (IPv4 mapped into ::ffff:0:0/96) and one byte of prefix length on that scale.
-- to_us: 4611686018427387904 while no end is known. Ports: -1 to -1 means all of them.
CREATE TABLE leases (
    net BYTEA NOT NULL,
    from_us BIGINT NOT NULL,
    to_us BIGINT NOT NULL,
    first_port BIGINT NOT NULL,
    last_port BIGINT NOT NULL,
    subscriber TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    record TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (net, from_us, first_port, last_port, subscriber)
);
-- Leases of more than two days: few, and looked up apart, so that a look-up need not walk an address's whole history.
CREATE INDEX long_leases ON leases (net, from_us) WHERE to_us - from_us > 172800000000;
CREATE INDEX leases_of_subscriber ON leases (subscriber, to_us);
-- The prefix lengths that occur: what a look-up has to try.
CREATE TABLE lease_lengths (length BIGINT NOT NULL PRIMARY KEY);

CREATE TABLE contacts (
    subscriber TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    contact TEXT COLLATE "C" NOT NULL
);

CREATE TABLE verdicts (
    domain TEXT COLLATE "C" NOT NULL,
    evidence BYTEA NOT NULL,
    confirmed BOOLEAN NOT NULL,
    PRIMARY KEY (domain, evidence)
);

CREATE TABLE operators (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    password_hash TEXT COLLATE "C" NOT NULL
);

CREATE TABLE sessions (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    csrf TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % only grows', TG_TABLE_NAME;
END $$;
CREATE TRIGGER log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON log EXECUTE FUNCTION refuse_change();
CREATE TRIGGER blobs_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON blobs EXECUTE FUNCTION refuse_change();
CREATE TRIGGER records_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON records EXECUTE FUNCTION refuse_change();
