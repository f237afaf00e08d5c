-- The SaaS take-home on SQLite. Only this file and schema.postgres.sql differ between the two
-- databases; views.sql and the queries are one text for both.
--
-- Days and moments are text, moments to the second or with a fraction of it, so that they sort as they follow each
-- other. What is declared is what they come back as.
--
-- A STRICT table knows neither DATE nor TIMESTAMP. A table that has them checks of each column what STRICT would: that
-- no value of another type is kept. `moment(x)` stands for the long expression that says so of a moment: the warehouse puts it
-- there, as SQLite has no functions of one's own.

CREATE TABLE plans (
    company_size        TEXT    NOT NULL PRIMARY KEY CHECK (company_size IN ('small', 'large')),
    monthly_price_cents INTEGER NOT NULL CHECK (monthly_price_cents >= 0)
) STRICT;

-- Every month observed, whether or not anything happened in it: a month in which nobody was left
-- must show up as 0, not be missing.
CREATE TABLE months (
    month_no    INTEGER   PRIMARY KEY CHECK (month_no >= 1),
    month_start DATE TEXT NOT NULL UNIQUE CHECK (month_start IS date(month_start))
);

CREATE TABLE companies (
    company_id   INTEGER   PRIMARY KEY CHECK (company_id >= 1),
    company_size TEXT      NOT NULL REFERENCES plans CHECK (typeof(company_size) = 'text'),
    acquired_on  DATE TEXT NOT NULL CHECK (acquired_on IS date(acquired_on))
);

CREATE TABLE sessions (
    session_id INTEGER        PRIMARY KEY,
    company_id INTEGER        NOT NULL REFERENCES companies CHECK (typeof(company_id) = 'integer'),
    created_at TIMESTAMP TEXT NOT NULL CHECK (moment(created_at))
);

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
