-- What DNS blocklists said of our addresses, one row for each list, day and address. What was asked for: an address of an
-- open case ('case'), one picked of a home prefix ('sample'), or whether the list works at all ('list', no address).
CREATE TABLE blocklist_looks (
    zone TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,                  -- days since 1970, UTC
    address TEXT COLLATE "C" NOT NULL,
    asked_for TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    listed BOOLEAN NOT NULL,
    said TEXT COLLATE "C" NOT NULL,                 -- its codes and words, or why it does not work
    PRIMARY KEY (zone, day, address)
);
CREATE INDEX blocklist_looks_by_day ON blocklist_looks (day);
