-- The e-commerce platform on SQLite. Only this file and schema.postgres.sql differ between the two
-- databases; the queries are one text for both.

CREATE TABLE products (
    product_id   TEXT PRIMARY KEY,
    product_name TEXT NOT NULL,
    category     TEXT NOT NULL,
    price        REAL NOT NULL CHECK (price > 0)
) STRICT;

CREATE TABLE users (
    user_id           TEXT    PRIMARY KEY,
    email             TEXT    NOT NULL,
    registration_date TEXT    NOT NULL CHECK (registration_date IS date(registration_date)),
    age               INTEGER NOT NULL CHECK (age BETWEEN 18 AND 65),
    gender            TEXT    NOT NULL CHECK (gender IN ('F', 'M')),
    location          TEXT    NOT NULL,
    segment           TEXT    NOT NULL CHECK (segment IN ('High Value', 'Regular', 'Occasional', 'New'))
) STRICT;

CREATE TABLE sessions (
    session_id INTEGER PRIMARY KEY,
    user_id    TEXT    NOT NULL REFERENCES users,
    started_at TEXT    NOT NULL CHECK (started_at IS datetime(started_at)),
    ended_at   TEXT    NOT NULL CHECK (ended_at >= started_at)
) STRICT;

-- event_id is no key: a tracker that sends an event twice is one of the things to find.
CREATE TABLE events (
    event_id   INTEGER NOT NULL,
    user_id    TEXT    NOT NULL,
    session_id INTEGER NOT NULL REFERENCES sessions,
    event_type TEXT    NOT NULL CHECK (event_type IN
        ('session_start', 'product_view', 'add_to_cart', 'purchase', 'session_end')),
    timestamp  TEXT    NOT NULL CHECK (timestamp IS datetime(timestamp)),
    product_id TEXT    REFERENCES products,
    category   TEXT,
    price      REAL    CHECK (price > 0),
    quantity   INTEGER CHECK (quantity > 0)
) STRICT;

-- What the cohorts read of the sessions, what the funnel reads of the events, and what was bought.
CREATE INDEX sessions_by_user ON sessions (user_id, started_at);
CREATE INDEX events_by_session ON events (session_id, event_type, timestamp);
CREATE INDEX purchases_by_product ON events (product_id, session_id) WHERE event_type = 'purchase';

-- Months are numbered since the year 0, so that they can be subtracted. What is written before a
-- registration is no return.
CREATE VIEW registrations AS
SELECT
    user_id,
    substr(registration_date, 1, 7) AS month,
    CAST(substr(registration_date, 1, 4) AS INTEGER) * 12
        + CAST(substr(registration_date, 6, 2) AS INTEGER) AS month_no
FROM users;

CREATE VIEW active_months AS
SELECT DISTINCT
    s.user_id,
    CAST(substr(s.started_at, 1, 4) AS INTEGER) * 12
        + CAST(substr(s.started_at, 6, 2) AS INTEGER) AS month_no
FROM sessions AS s
JOIN users AS u ON u.user_id = s.user_id
WHERE s.started_at >= u.registration_date;

-- Observation ends with the last month in which anything happened.
CREATE VIEW last_month AS
SELECT MAX(month_no) AS month_no
FROM (SELECT month_no FROM registrations UNION ALL SELECT month_no FROM active_months) AS months;
