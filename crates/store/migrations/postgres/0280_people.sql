-- What each operator may do. Whoever was one before this could do everything, and still can.
ALTER TABLE operators ADD COLUMN role TEXT COLLATE "C" NOT NULL DEFAULT 'admin';
ALTER TABLE operators ADD COLUMN cuts_off BOOLEAN NOT NULL DEFAULT TRUE;
-- Where they log in: 'password', or the issuer and subject of an identity provider.
ALTER TABLE operators ADD COLUMN origin TEXT COLLATE "C" NOT NULL DEFAULT 'password';
-- Since when they may no longer log in; what they did stays in their name.
ALTER TABLE operators ADD COLUMN retired BIGINT;

-- A session that still waits for its second factor lets nobody in.
ALTER TABLE sessions ADD COLUMN waits BOOLEAN NOT NULL DEFAULT FALSE;

-- The TOTP secret of an operator (RFC 6238); in force once a code was right. A step that was used is not taken again.
CREATE TABLE second_factors (
    operator TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES operators (name),
    secret BYTEA NOT NULL,
    since BIGINT,
    last_step BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    code_hash BYTEA NOT NULL,               -- SHA-256
    used BIGINT,
    PRIMARY KEY (operator, code_hash)
);

-- From which networks somebody logged in before: they are not made to wait for what strangers try in their name.
CREATE TABLE operator_networks (
    operator TEXT COLLATE "C" NOT NULL REFERENCES operators (name),
    net TEXT COLLATE "C" NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (operator, net)
);

CREATE TABLE api_tokens (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,       -- SHA-256
    made_by TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    cuts_off BOOLEAN NOT NULL,
    made BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    last_used BIGINT,
    revoked BIGINT
);

-- What people did, as entries of the log: whose deed each is and what it is about. The words are in the log alone.
CREATE TABLE deeds (
    seq BIGINT NOT NULL PRIMARY KEY REFERENCES log (seq),
    at BIGINT NOT NULL,
    who TEXT COLLATE "C" NOT NULL,
    deed TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C" NOT NULL
);
CREATE INDEX deeds_by_person ON deeds (who, seq);
CREATE INDEX deeds_by_subject ON deeds (about, seq);
