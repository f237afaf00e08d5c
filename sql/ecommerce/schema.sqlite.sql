-- The e-commerce platform on SQLite. Only this file and schema.postgres.sql differ between the two
-- databases; the queries are one text for both.
--
-- Days and moments are text, moments to the second or with a fraction of it, so that they sort as they follow each
-- other. What is declared is what they come back as.
--
-- A STRICT table knows neither DATE nor TIMESTAMP. A table that has them checks of each column what STRICT would: that
-- no value of another type is kept. `moment(x)` stands for the long expression that says so of a moment: the warehouse puts it
-- there, as SQLite has no functions of one's own.

CREATE TABLE products (
    product_id   TEXT NOT NULL PRIMARY KEY,
    product_name TEXT NOT NULL,
    category     TEXT NOT NULL,
    price        REAL NOT NULL CHECK (price > 0)
) STRICT;

CREATE TABLE users (
    user_id           TEXT      NOT NULL PRIMARY KEY CHECK (typeof(user_id) = 'text'),
    email             TEXT      NOT NULL CHECK (typeof(email) = 'text'),
    registration_date DATE TEXT NOT NULL CHECK (registration_date IS date(registration_date)),
    age               INTEGER   NOT NULL CHECK (age BETWEEN 18 AND 65) CHECK (typeof(age) = 'integer'),
    gender            TEXT      NOT NULL CHECK (gender IN ('F', 'M')),
    location          TEXT      NOT NULL CHECK (typeof(location) = 'text'),
    segment           TEXT      NOT NULL CHECK (segment IN ('High Value', 'Regular', 'Occasional', 'New'))
);

CREATE TABLE sessions (
    session_id INTEGER        PRIMARY KEY,
    user_id    TEXT           NOT NULL REFERENCES users CHECK (typeof(user_id) = 'text'),
    started_at TIMESTAMP TEXT NOT NULL CHECK (moment(started_at)),
    ended_at   TIMESTAMP TEXT NOT NULL CHECK (ended_at >= started_at) CHECK (moment(ended_at))
);

-- event_id is no key: a tracker that sends an event twice is one of the things to find.
CREATE TABLE events (
    event_id   INTEGER        NOT NULL CHECK (typeof(event_id) = 'integer'),
    user_id    TEXT           NOT NULL CHECK (typeof(user_id) = 'text'),
    session_id INTEGER        NOT NULL REFERENCES sessions CHECK (typeof(session_id) = 'integer'),
    event_type TEXT           NOT NULL CHECK (event_type IN
        ('session_start', 'product_view', 'add_to_cart', 'purchase', 'session_end')),
    timestamp  TIMESTAMP TEXT NOT NULL CHECK (moment(timestamp)),
    product_id TEXT           REFERENCES products CHECK (typeof(product_id) IN ('text', 'null')),
    category   TEXT           CHECK (typeof(category) IN ('text', 'null')),
    price      REAL           CHECK (price > 0) CHECK (typeof(price) IN ('real', 'null')),
    quantity   INTEGER        CHECK (quantity > 0) CHECK (typeof(quantity) IN ('integer', 'null'))
);

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
