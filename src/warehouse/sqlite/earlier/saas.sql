-- The SaaS take-home on SQLite. Only this file and schema.postgres.sql differ between the two
-- databases; views.sql and the queries are one text for both.

CREATE TABLE plans (
    company_size        TEXT    PRIMARY KEY CHECK (company_size IN ('small', 'large')),
    monthly_price_cents INTEGER NOT NULL CHECK (monthly_price_cents >= 0)
) STRICT;

-- Every month observed, whether or not anything happened in it: a month in which nobody was left
-- must show up as 0, not be missing.
CREATE TABLE months (
    month_no    INTEGER PRIMARY KEY CHECK (month_no >= 1),
    month_start TEXT    NOT NULL UNIQUE CHECK (month_start IS date(month_start))
) STRICT;

CREATE TABLE companies (
    company_id   INTEGER PRIMARY KEY CHECK (company_id >= 1),
    company_size TEXT    NOT NULL REFERENCES plans,
    acquired_on  TEXT    NOT NULL CHECK (acquired_on IS date(acquired_on))
) STRICT;

CREATE TABLE sessions (
    session_id INTEGER PRIMARY KEY,
    company_id INTEGER NOT NULL REFERENCES companies,
    created_at TEXT    NOT NULL CHECK (created_at IS datetime(created_at))
) STRICT;

-- What every query reads of the sessions: which company, when. It covers them, so the table itself is
-- never touched.
CREATE INDEX sessions_by_company ON sessions (company_id, created_at);

CREATE VIEW calendar AS
SELECT month_no, substr(month_start, 1, 7) AS month
FROM months;

CREATE VIEW active_months AS
SELECT s.company_id, m.month_no, COUNT(*) AS sessions
FROM (
    SELECT company_id, substr(created_at, 1, 7) || '-01' AS month_start
    FROM sessions
) AS s
JOIN months AS m ON m.month_start = s.month_start
GROUP BY s.company_id, m.month_no;

CREATE VIEW acquisitions AS
SELECT c.company_id, m.month_no
FROM companies AS c
JOIN months AS m ON m.month_start = substr(c.acquired_on, 1, 7) || '-01';
