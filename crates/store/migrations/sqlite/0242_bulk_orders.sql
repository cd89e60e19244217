-- What somebody asked of many cases at once: it waits for a moment in which it can be taken back, then it is done.
CREATE TABLE bulk_orders (
    id INTEGER NOT NULL PRIMARY KEY,
    ordered_by TEXT NOT NULL,
    ordered_at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    state TEXT NOT NULL,
    settled_at INTEGER,
    wish TEXT NOT NULL,
    cases TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;
CREATE INDEX bulk_orders_waiting ON bulk_orders (due) WHERE state = 'waiting';
