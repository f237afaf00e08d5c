-- The Notion-style study on PostgreSQL. Only the schema files differ between PostgreSQL, SQLite and Spark; the
-- queries are one text for all three.

-- What SQLite and Spark call double has two words here.
CREATE DOMAIN double AS double precision;

CREATE TABLE plans (
    plan_type       text             PRIMARY KEY,
    dollars_a_month double precision NOT NULL CHECK (dollars_a_month >= 0)
);

-- One row a day, from the first day observed to the first that was not. Days are numbered, so that they
-- can be subtracted; months are numbered since the year 0; week is the Monday.
CREATE TABLE calendar (
    date     date   PRIMARY KEY,
    day_no   bigint NOT NULL UNIQUE,
    month_no bigint NOT NULL,
    month    text   NOT NULL,
    week     date   NOT NULL
);

CREATE TABLE visitors (
    date     date   NOT NULL REFERENCES calendar,
    channel  text   NOT NULL,
    visitors bigint NOT NULL CHECK (visitors >= 0),
    PRIMARY KEY (date, channel)
);

CREATE TABLE workspaces (
    workspace_id bigint    PRIMARY KEY,
    created_at   timestamp NOT NULL,
    segment      text      NOT NULL,
    members      bigint    NOT NULL CHECK (members > 0),
    plan_type    text      NOT NULL REFERENCES plans
);

CREATE TABLE user_profiles (
    user_id             bigint    PRIMARY KEY,
    signup_date         date      NOT NULL REFERENCES calendar,
    signup_at           timestamp NOT NULL,
    segment             text      NOT NULL CHECK (segment IN ('individual', 'small_team', 'enterprise', 'education')),
    acquisition_channel text      NOT NULL,
    device              text      NOT NULL,
    region              text      NOT NULL,
    use_case            text      NOT NULL,
    plan_type           text      NOT NULL REFERENCES plans,
    paid_since          date      CHECK (paid_since >= signup_date),
    paid_until          date      CHECK (paid_until IS NULL OR (paid_since IS NOT NULL AND paid_until > paid_since)),
    workspace_id        bigint    NOT NULL REFERENCES workspaces
);

CREATE TABLE workspace_members (
    workspace_id bigint    NOT NULL,
    user_id      bigint    NOT NULL,
    role         text      NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at    timestamp NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);

CREATE TABLE user_events (
    event_id     bigint    PRIMARY KEY,
    user_id      bigint    NOT NULL,
    workspace_id bigint    NOT NULL,
    session_id   bigint    NOT NULL,
    event_type   text      NOT NULL,
    timestamp    timestamp NOT NULL,
    properties   text      NOT NULL
);

-- Large tables' rows are compared with their parents all at once: faster than each when it comes.
ALTER TABLE workspace_members ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;
ALTER TABLE workspace_members ADD FOREIGN KEY (user_id) REFERENCES user_profiles;
ALTER TABLE user_events ADD FOREIGN KEY (user_id) REFERENCES user_profiles;
ALTER TABLE user_events ADD FOREIGN KEY (workspace_id) REFERENCES workspaces;

-- A user's events in order: the funnel. With what it reads of them, the table itself is not visited.
CREATE INDEX events_by_user ON user_events (user_id, timestamp) INCLUDE (event_type);
-- Everybody's events of some days: active users, power users, the North Star.
CREATE INDEX events_by_time ON user_events (timestamp) INCLUDE (user_id, workspace_id, event_type);
-- Who signed up in some days, and who pays since when and until when.
CREATE INDEX users_by_signup ON user_profiles (signup_date);
CREATE INDEX users_by_payment ON user_profiles (paid_since, plan_type) WHERE paid_since IS NOT NULL;
CREATE INDEX users_by_end ON user_profiles (paid_until, plan_type) WHERE paid_until IS NOT NULL;

-- Active is who did something beside signing up.
CREATE VIEW activity AS
SELECT user_id, workspace_id, event_type, timestamp, CAST(timestamp AS date) AS date
FROM user_events
WHERE event_type <> 'signup';

-- A week after sign-up, to the second: how long activation may take.
CREATE VIEW signups AS
SELECT user_id, signup_at, signup_date, signup_at + INTERVAL '168 hours' AS activates_before
FROM user_profiles;
