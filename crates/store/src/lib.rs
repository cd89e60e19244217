//! The only SQL: evidence log, events, leases, outbox, on SQLite or PostgreSQL.
