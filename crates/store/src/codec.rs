//! How values look in a row.
