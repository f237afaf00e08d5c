-- The SaaS take-home on PostgreSQL. Only this file and schema.sqlite.sql differ between the two
-- databases; views.sql and the queries are one text for both.

CREATE TABLE plans (
    company_size        text   PRIMARY KEY CHECK (company_size IN ('small', 'large')),
    monthly_price_cents bigint NOT NULL CHECK (monthly_price_cents >= 0)
);

-- Every month observed, whether or not anything happened in it: a month in which nobody was left
-- must show up as 0, not be missing.
CREATE TABLE months (
    month_no    bigint PRIMARY KEY CHECK (month_no >= 1),
    month_start date   NOT NULL UNIQUE
);

CREATE TABLE companies (
    company_id   bigint PRIMARY KEY CHECK (company_id >= 1),
    company_size text   NOT NULL REFERENCES plans,
    acquired_on  date   NOT NULL
);

CREATE TABLE sessions (
    session_id bigint    PRIMARY KEY,
    company_id bigint    NOT NULL REFERENCES companies,
    created_at timestamp NOT NULL -- UTC
);

-- What every query reads of the sessions: which company, when. It covers them, so the table itself is
-- never touched.
CREATE INDEX sessions_by_company ON sessions (company_id, created_at);

CREATE VIEW calendar AS
SELECT month_no, to_char(month_start, 'YYYY-MM') AS month
FROM months;

CREATE VIEW active_months AS
SELECT s.company_id, m.month_no, COUNT(*) AS sessions
FROM (
    SELECT company_id, CAST(date_trunc('month', created_at) AS date) AS month_start
    FROM sessions
) AS s
JOIN months AS m ON m.month_start = s.month_start
GROUP BY s.company_id, m.month_no;

CREATE VIEW acquisitions AS
SELECT c.company_id, m.month_no
FROM companies AS c
JOIN months AS m ON m.month_start = CAST(date_trunc('month', c.acquired_on) AS date);
