-- What somebody asked of many cases at once: it waits for a moment in which it can be taken back, then it is done.
CREATE TABLE bulk_orders (
    id BIGINT NOT NULL PRIMARY KEY,
    ordered_by TEXT NOT NULL,
    ordered_at BIGINT NOT NULL,
    due BIGINT NOT NULL,
    state TEXT NOT NULL,
    settled_at BIGINT,
    wish TEXT NOT NULL,
    cases TEXT NOT NULL,
    outcome TEXT NOT NULL
);
CREATE INDEX bulk_orders_waiting ON bulk_orders (due) WHERE state = 'waiting';
