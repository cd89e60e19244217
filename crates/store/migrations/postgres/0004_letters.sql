-- Every letter we have begun to send: what keeps answers rare, and finds the case of an answer to one of them.

CREATE TABLE letters (
    letter_key TEXT COLLATE "C" NOT NULL PRIMARY KEY,  -- what makes it the same letter as another
    purpose TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,                 -- in lower case
    domain TEXT COLLATE "C" NOT NULL,
    about TEXT COLLATE "C" NOT NULL,                   -- what it accuses, where it accuses; else empty
    case_id BIGINT NOT NULL,              -- 0 where it follows from no case
    message_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX letters_to_address ON letters (address, at);
CREATE INDEX letters_to_domain ON letters (domain, at);
CREATE INDEX letters_about ON letters (about, at);
CREATE UNIQUE INDEX letters_by_message_id ON letters (message_id);
