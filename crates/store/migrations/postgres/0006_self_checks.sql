-- Mails that the desk sends to its own addresses to see whether they come back. A failed one was not taken by the relay.
CREATE TABLE self_checks (
    nonce TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    address TEXT COLLATE "C" NOT NULL,
    sent BIGINT NOT NULL,
    failure TEXT COLLATE "C",
    returned BIGINT,
    via TEXT COLLATE "C"
);
CREATE INDEX self_checks_of_address ON self_checks (address, sent);

-- How each thing that is checked stands: an address, our abuse contact in the registry, our mail exchangers.
-- told: whether the operators know of this standing.
CREATE TABLE self_check_standings (
    subject TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    works BOOLEAN NOT NULL,
    since BIGINT NOT NULL,
    checked BIGINT NOT NULL,
    note TEXT COLLATE "C" NOT NULL,
    told BOOLEAN NOT NULL
);

-- Secrets of this desk's own, such as the key that self-checks are signed with. Not part of a backup.
CREATE TABLE own_keys (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret BYTEA NOT NULL
);
