-- The firewall of each line that is known: its profile, the configuration's number and the token of its link, what was
-- seen of it (JSON) and how it stands. The address and its neighbourhood are those it was last seen at.
CREATE TABLE firewall_lines (
    subscriber TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    profile TEXT COLLATE "C" NOT NULL,
    server TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    token TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C",
    net TEXT COLLATE "C",
    record TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    since BIGINT,
    step TEXT COLLATE "C",
    stepped BIGINT,
    updated BIGINT NOT NULL
);
CREATE UNIQUE INDEX firewall_lines_by_token ON firewall_lines (token);
CREATE INDEX firewall_lines_by_state ON firewall_lines (state, net);

-- How many lines stood how on each day (days since 1970).
CREATE TABLE firewall_days (
    day BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    lines BIGINT NOT NULL,
    PRIMARY KEY (day, state)
);

-- Who asked to send mail directly (tcp/25 out), and what was decided.
CREATE TABLE mail_exemptions (
    subscriber TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    asked BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    decided_by TEXT COLLATE "C",
    until BIGINT
);

-- Tests that customers asked for in the walled garden, each with the question of the case that it is, or a later one; and
-- what came of it, none yet while it runs.
CREATE TABLE garden_tests (
    subscriber TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    question BIGINT NOT NULL,
    outcome TEXT COLLATE "C",
    PRIMARY KEY (subscriber, at)
);
