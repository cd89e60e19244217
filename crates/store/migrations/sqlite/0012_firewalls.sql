-- The firewall of each line that is known: its profile, the configuration's number and the token of its link, what was
-- seen of it (JSON) and how it stands. The address and its neighbourhood are those it was last seen at.
CREATE TABLE firewall_lines (
    subscriber TEXT NOT NULL PRIMARY KEY,
    profile TEXT NOT NULL,
    server TEXT NOT NULL,
    number INTEGER NOT NULL,
    token TEXT NOT NULL,
    address TEXT,
    net TEXT,
    record TEXT NOT NULL,
    state TEXT NOT NULL,
    since INTEGER,
    step TEXT,
    stepped INTEGER,
    updated INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX firewall_lines_by_token ON firewall_lines (token);
CREATE INDEX firewall_lines_by_state ON firewall_lines (state, net);

-- How many lines stood how on each day (days since 1970).
CREATE TABLE firewall_days (
    day INTEGER NOT NULL,
    state TEXT NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (day, state)
) STRICT;

-- Who asked to send mail directly (tcp/25 out), and what was decided.
CREATE TABLE mail_exemptions (
    subscriber TEXT NOT NULL PRIMARY KEY,
    asked INTEGER NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    decided_by TEXT,
    until INTEGER
) STRICT;

-- Tests that customers asked for in the walled garden, each with the question of the case that it is, or a later one; and
-- what came of it, none yet while it runs.
CREATE TABLE garden_tests (
    subscriber TEXT NOT NULL,
    at INTEGER NOT NULL,
    case_id INTEGER NOT NULL,
    question INTEGER NOT NULL,
    outcome TEXT,
    PRIMARY KEY (subscriber, at)
) STRICT;
