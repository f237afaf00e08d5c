-- Of the users who registered in a month: how many came for a session so many months later.
WITH RECURSIVE months (month_no, last) AS (
    SELECT (SELECT MIN(month_no) FROM registrations), (SELECT month_no FROM last_month)
    UNION ALL
    SELECT month_no + 1, last FROM months WHERE month_no < last
),
cohorts AS (
    SELECT month, month_no, COUNT(*) AS size FROM registrations GROUP BY month, month_no
),
active AS (
    SELECT r.month_no AS cohort_no, a.month_no, COUNT(*) AS users
    FROM registrations AS r
    JOIN active_months AS a ON a.user_id = r.user_id
    GROUP BY r.month_no, a.month_no
)
SELECT
    c.month AS cohort,
    m.month_no - c.month_no AS period,
    c.size,
    COALESCE(a.users, 0) AS active
FROM cohorts AS c
JOIN months AS m ON m.month_no >= c.month_no
LEFT JOIN active AS a ON a.cohort_no = c.month_no AND a.month_no = m.month_no
ORDER BY cohort, period;
