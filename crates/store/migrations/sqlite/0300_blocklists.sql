-- What DNS blocklists said of our addresses, one row for each list, day and address. What was asked for: an address of an
-- open case ('case'), one picked of a home prefix ('sample'), or whether the list works at all ('list', no address).
CREATE TABLE blocklist_looks (
    zone TEXT NOT NULL,
    day INTEGER NOT NULL,                  -- days since 1970, UTC
    address TEXT NOT NULL,
    asked_for TEXT NOT NULL,
    at INTEGER NOT NULL,
    listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
    said TEXT NOT NULL,                 -- its codes and words, or why it does not work
    PRIMARY KEY (zone, day, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocklist_looks_by_day ON blocklist_looks (day);
