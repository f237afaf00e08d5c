-- Views that are the same text on SQLite and PostgreSQL.

-- The sizes that companies have, and what a table is broken down by: each size, and "all".
CREATE VIEW sizes AS
SELECT DISTINCT company_size FROM companies;

CREATE VIEW breakdown AS
SELECT company_size, company_size AS contains FROM sizes
UNION ALL
SELECT 'all' AS company_size, company_size AS contains FROM sizes;

-- One row per company and month it was there at the end of: a month with a session. A company that
-- was just acquired counts as there at the end of the month before, so that one that never had a
-- session is lost in its first month instead of appearing nowhere.
CREATE VIEW presence AS
SELECT a.company_id, c.company_size, p.monthly_price_cents, a.month_no
FROM (
    SELECT company_id, month_no FROM active_months
    UNION ALL
    SELECT company_id, month_no - 1 AS month_no FROM acquisitions
) AS a
JOIN companies AS c ON c.company_id = a.company_id
JOIN plans AS p ON p.company_size = c.company_size;
