-- The Notion-style study on SQLite. Only the schema files differ between PostgreSQL, SQLite and Spark; the
-- queries are one text for all three.
--
-- Days and moments are text, moments to the second or with a fraction of it, so that they sort as they follow each
-- other. What is declared is what they come back as.
--
-- A STRICT table knows neither DATE nor TIMESTAMP. A table that has them checks of each column what STRICT would: that
-- no value of another type is kept. `moment(x)` stands for the long expression that says so of a moment: the warehouse puts it
-- there, as SQLite has no functions of one's own.

CREATE TABLE plans (
    plan_type       TEXT NOT NULL PRIMARY KEY,
    dollars_a_month REAL NOT NULL CHECK (dollars_a_month >= 0)
) STRICT;

-- One row a day, from the first day observed to the first that was not. Days are numbered, so that they
-- can be subtracted; months are numbered since the year 0; week is the Monday.
CREATE TABLE calendar (
    date     DATE TEXT NOT NULL PRIMARY KEY CHECK (date IS date(date)),
    day_no   INTEGER   NOT NULL UNIQUE CHECK (typeof(day_no) = 'integer'),
    month_no INTEGER   NOT NULL CHECK (typeof(month_no) = 'integer'),
    month    TEXT      NOT NULL CHECK (typeof(month) = 'text'),
    week     DATE TEXT NOT NULL CHECK (week IS date(week))
);

CREATE TABLE visitors (
    date     DATE TEXT NOT NULL REFERENCES calendar CHECK (date IS date(date)),
    channel  TEXT      NOT NULL CHECK (typeof(channel) = 'text'),
    visitors INTEGER   NOT NULL CHECK (visitors >= 0) CHECK (typeof(visitors) = 'integer'),
    PRIMARY KEY (date, channel)
);

CREATE TABLE workspaces (
    workspace_id INTEGER        PRIMARY KEY,
    created_at   TIMESTAMP TEXT NOT NULL CHECK (moment(created_at)),
    segment      TEXT           NOT NULL CHECK (typeof(segment) = 'text'),
    members      INTEGER        NOT NULL CHECK (members > 0) CHECK (typeof(members) = 'integer'),
    plan_type    TEXT           NOT NULL REFERENCES plans CHECK (typeof(plan_type) = 'text')
);

CREATE TABLE user_profiles (
    user_id             INTEGER        PRIMARY KEY,
    signup_date         DATE TEXT      NOT NULL REFERENCES calendar CHECK (signup_date IS date(signup_date)),
    signup_at           TIMESTAMP TEXT NOT NULL CHECK (moment(signup_at)),
    segment             TEXT           NOT NULL CHECK (segment IN ('individual', 'small_team', 'enterprise', 'education')),
    acquisition_channel TEXT           NOT NULL CHECK (typeof(acquisition_channel) = 'text'),
    device              TEXT           NOT NULL CHECK (typeof(device) = 'text'),
    region              TEXT           NOT NULL CHECK (typeof(region) = 'text'),
    use_case            TEXT           NOT NULL CHECK (typeof(use_case) = 'text'),
    plan_type           TEXT           NOT NULL REFERENCES plans CHECK (typeof(plan_type) = 'text'),
    paid_since          DATE TEXT      CHECK (paid_since >= signup_date) CHECK (paid_since IS date(paid_since)),
    paid_until          DATE TEXT      CHECK (paid_until IS NULL OR (paid_since IS NOT NULL AND paid_until > paid_since)) CHECK (paid_until IS date(paid_until)),
    workspace_id        INTEGER        NOT NULL REFERENCES workspaces CHECK (typeof(workspace_id) = 'integer')
);

CREATE TABLE workspace_members (
    workspace_id INTEGER        NOT NULL REFERENCES workspaces CHECK (typeof(workspace_id) = 'integer'),
    user_id      INTEGER        NOT NULL REFERENCES user_profiles CHECK (typeof(user_id) = 'integer'),
    role         TEXT           NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at    TIMESTAMP TEXT NOT NULL CHECK (moment(joined_at)),
    PRIMARY KEY (workspace_id, user_id)
);

CREATE TABLE user_events (
    event_id     INTEGER        PRIMARY KEY,
    user_id      INTEGER        NOT NULL REFERENCES user_profiles CHECK (typeof(user_id) = 'integer'),
    workspace_id INTEGER        NOT NULL REFERENCES workspaces CHECK (typeof(workspace_id) = 'integer'),
    session_id   INTEGER        NOT NULL CHECK (typeof(session_id) = 'integer'),
    event_type   TEXT           NOT NULL CHECK (typeof(event_type) = 'text'),
    timestamp    TIMESTAMP TEXT NOT NULL CHECK (moment(timestamp)),
    properties   TEXT           NOT NULL CHECK (typeof(properties) = 'text')
);

-- A user's events in order: the funnel. With what it reads of them, the table itself is not visited.
CREATE INDEX events_by_user ON user_events (user_id, timestamp, event_type);
-- Everybody's events of some days: active users, power users, the North Star.
CREATE INDEX events_by_time ON user_events (timestamp, user_id, workspace_id, event_type);
-- Who signed up in some days, and who pays since when and until when.
CREATE INDEX users_by_signup ON user_profiles (signup_date);
CREATE INDEX users_by_payment ON user_profiles (paid_since, plan_type) WHERE paid_since IS NOT NULL;
CREATE INDEX users_by_end ON user_profiles (paid_until, plan_type) WHERE paid_until IS NOT NULL;

-- Active is who did something beside signing up.
CREATE VIEW activity AS
SELECT user_id, workspace_id, event_type, timestamp, substr(timestamp, 1, 10) AS date
FROM user_events
WHERE event_type <> 'signup';

-- A week after sign-up, to the second: how long activation may take.
CREATE VIEW signups AS
SELECT user_id, signup_at, signup_date, datetime(substr(signup_at, 1, 19), '+168 hours') || substr(signup_at, 20)
    AS activates_before
FROM user_profiles;
