-- Test mails that were handed to a line's mail server and may still be delivered: it may hold them for hours.
-- landed, bounced: the address from which a mail reached us, relayed or as undeliverable.
CREATE TABLE relay_mails (
    nonce TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    form TEXT NOT NULL,
    expires INTEGER NOT NULL,
    taken INTEGER,
    landed TEXT,
    bounced TEXT
) STRICT;
