-- Every letter we have begun to send: what keeps answers rare, and finds the case of an answer to one of them.

CREATE TABLE letters (
    letter_key TEXT NOT NULL PRIMARY KEY,  -- what makes it the same letter as another
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,                 -- in lower case
    domain TEXT NOT NULL,
    about TEXT NOT NULL,                   -- what it accuses, where it accuses; else empty
    case_id INTEGER NOT NULL,              -- 0 where it follows from no case
    message_id TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX letters_to_address ON letters (address, at);
CREATE INDEX letters_to_domain ON letters (domain, at);
CREATE INDEX letters_about ON letters (about, at);
CREATE UNIQUE INDEX letters_by_message_id ON letters (message_id);
