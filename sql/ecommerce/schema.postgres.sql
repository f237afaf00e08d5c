-- The e-commerce platform on PostgreSQL. Only this file and schema.sqlite.sql differ between the two
-- databases; the queries are one text for both.

CREATE TABLE products (
    product_id   text             PRIMARY KEY,
    product_name text             NOT NULL,
    category     text             NOT NULL,
    price        double precision NOT NULL CHECK (price > 0)
);

CREATE TABLE users (
    user_id           text   PRIMARY KEY,
    email             text   NOT NULL,
    registration_date date   NOT NULL,
    age               bigint NOT NULL CHECK (age BETWEEN 18 AND 65),
    gender            text   NOT NULL CHECK (gender IN ('F', 'M')),
    location          text   NOT NULL,
    segment           text   NOT NULL CHECK (segment IN ('High Value', 'Regular', 'Occasional', 'New'))
);

CREATE TABLE sessions (
    session_id bigint    PRIMARY KEY,
    user_id    text      NOT NULL REFERENCES users,
    started_at timestamp NOT NULL,
    ended_at   timestamp NOT NULL CHECK (ended_at >= started_at)
);

-- event_id is no key: a tracker that sends an event twice is one of the things to find.
CREATE TABLE events (
    event_id   bigint    NOT NULL,
    user_id    text      NOT NULL,
    session_id bigint    NOT NULL REFERENCES sessions,
    event_type text      NOT NULL CHECK (event_type IN
        ('session_start', 'product_view', 'add_to_cart', 'purchase', 'session_end')),
    timestamp  timestamp NOT NULL,
    product_id text      REFERENCES products,
    category   text,
    price      double precision CHECK (price > 0),
    quantity   bigint    CHECK (quantity > 0)
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
    to_char(registration_date, 'YYYY-MM') AS month,
    CAST(EXTRACT(YEAR FROM registration_date) * 12 + EXTRACT(MONTH FROM registration_date) AS bigint)
        AS month_no
FROM users;

CREATE VIEW active_months AS
SELECT DISTINCT
    s.user_id,
    CAST(EXTRACT(YEAR FROM s.started_at) * 12 + EXTRACT(MONTH FROM s.started_at) AS bigint)
        AS month_no
FROM sessions AS s
JOIN users AS u ON u.user_id = s.user_id
WHERE s.started_at >= u.registration_date;

-- Observation ends with the last month in which anything happened.
CREATE VIEW last_month AS
SELECT MAX(month_no) AS month_no
FROM (SELECT month_no FROM registrations UNION ALL SELECT month_no FROM active_months) AS months;
