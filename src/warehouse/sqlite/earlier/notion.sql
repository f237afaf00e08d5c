-- The Notion-style study on SQLite. Only the schema files differ between PostgreSQL, SQLite and Spark; the
-- queries are one text for all three.

CREATE TABLE plans (
    plan_type       TEXT    PRIMARY KEY,
    dollars_a_month REAL    NOT NULL CHECK (dollars_a_month >= 0)
) STRICT;

-- One row a day, from the first day observed to the first that was not. Days are numbered, so that they
-- can be subtracted; months are numbered since the year 0; week is the Monday.
CREATE TABLE calendar (
    date     TEXT    PRIMARY KEY CHECK (date IS date(date)),
    day_no   INTEGER NOT NULL UNIQUE,
    month_no INTEGER NOT NULL,
    month    TEXT    NOT NULL,
    week     TEXT    NOT NULL CHECK (week IS date(week))
) STRICT;

CREATE TABLE visitors (
    date     TEXT    NOT NULL REFERENCES calendar CHECK (date IS date(date)),
    channel  TEXT    NOT NULL,
    visitors INTEGER NOT NULL CHECK (visitors >= 0),
    PRIMARY KEY (date, channel)
) STRICT;

CREATE TABLE workspaces (
    workspace_id INTEGER PRIMARY KEY,
    created_at   TEXT    NOT NULL CHECK (created_at IS datetime(created_at)),
    segment      TEXT    NOT NULL,
    members      INTEGER NOT NULL CHECK (members > 0),
    plan_type    TEXT    NOT NULL REFERENCES plans
) STRICT;

CREATE TABLE user_profiles (
    user_id             INTEGER PRIMARY KEY,
    signup_date         TEXT    NOT NULL REFERENCES calendar CHECK (signup_date IS date(signup_date)),
    signup_at           TEXT    NOT NULL CHECK (signup_at IS datetime(signup_at)),
    segment             TEXT    NOT NULL CHECK (segment IN ('individual', 'small_team', 'enterprise', 'education')),
    acquisition_channel TEXT    NOT NULL,
    device              TEXT    NOT NULL,
    region              TEXT    NOT NULL,
    use_case            TEXT    NOT NULL,
    plan_type           TEXT    NOT NULL REFERENCES plans,
    paid_since          TEXT    CHECK (paid_since >= signup_date) CHECK (paid_since IS date(paid_since)),
    workspace_id        INTEGER NOT NULL REFERENCES workspaces
) STRICT;

CREATE TABLE workspace_members (
    workspace_id INTEGER NOT NULL REFERENCES workspaces,
    user_id      INTEGER NOT NULL REFERENCES user_profiles,
    role         TEXT    NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at    TEXT    NOT NULL CHECK (joined_at IS datetime(joined_at)),
    PRIMARY KEY (workspace_id, user_id)
) STRICT;

CREATE TABLE user_events (
    event_id     INTEGER PRIMARY KEY,
    user_id      INTEGER NOT NULL REFERENCES user_profiles,
    workspace_id INTEGER NOT NULL REFERENCES workspaces,
    session_id   INTEGER NOT NULL,
    event_type   TEXT    NOT NULL,
    timestamp    TEXT    NOT NULL CHECK (timestamp IS datetime(timestamp)),
    properties   TEXT    NOT NULL
) STRICT;

-- A user's events in order: the funnel. With what it reads of them, the table itself is not visited.
CREATE INDEX events_by_user ON user_events (user_id, timestamp, event_type);
-- Everybody's events of some days: active users, power users, the North Star.
CREATE INDEX events_by_time ON user_events (timestamp, user_id, workspace_id, event_type);
-- Who signed up in some days, and who pays since when.
CREATE INDEX users_by_signup ON user_profiles (signup_date);
CREATE INDEX users_by_payment ON user_profiles (paid_since, plan_type) WHERE paid_since IS NOT NULL;

-- Active is who did something beside signing up.
CREATE VIEW activity AS
SELECT user_id, workspace_id, event_type, timestamp, date(timestamp) AS date
FROM user_events
WHERE event_type <> 'signup';

-- A week after sign-up, to the second: how long activation may take.
CREATE VIEW signups AS
SELECT user_id, signup_at, signup_date, datetime(signup_at, '+168 hours') AS activates_before
FROM user_profiles;
