-- What other programs are to be told: written with what it tells of, sent until it is taken or given up.
CREATE TABLE hook_messages (
    id TEXT NOT NULL PRIMARY KEY,
    hook TEXT NOT NULL,
    body TEXT NOT NULL,
    made INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL,
    note TEXT NOT NULL
) STRICT;
CREATE INDEX hook_messages_waiting ON hook_messages (hook, due) WHERE state = 'waiting';
CREATE INDEX hook_messages_over ON hook_messages (made) WHERE state <> 'waiting';
