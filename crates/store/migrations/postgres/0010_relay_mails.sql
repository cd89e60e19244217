-- Test mails that were handed to a line's mail server and may still be delivered: it may hold them for hours.
-- landed, bounced: the address from which a mail reached us, relayed or as undeliverable.
CREATE TABLE relay_mails (
    nonce TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    target TEXT COLLATE "C" NOT NULL,
    form TEXT COLLATE "C" NOT NULL,
    expires BIGINT NOT NULL,
    taken BIGINT,
    landed TEXT COLLATE "C",
    bounced TEXT COLLATE "C"
);
