-- Retention by cohort: of the users who signed up in a month, how many were active so many calendar
-- months later. Months that are not over by :as_of are left out.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
unfinished AS (
    SELECT c.month_no FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1
),
months AS (
    SELECT DISTINCT c.month_no FROM calendar AS c, unfinished WHERE c.month_no < unfinished.month_no
),
registered AS (
    SELECT u.user_id, u.signup_at, c.month, c.month_no
    FROM user_profiles AS u
    JOIN calendar AS c ON c.date = u.signup_date
),
cohorts AS (
    SELECT month, month_no, COUNT(*) AS size FROM registered GROUP BY month, month_no
),
active AS (
    SELECT r.month_no AS cohort_no, c.month_no, COUNT(DISTINCT a.user_id) AS users
    FROM activity AS a
    JOIN registered AS r ON r.user_id = a.user_id AND a.timestamp >= r.signup_at
    JOIN calendar AS c ON c.date = a.date
    GROUP BY r.month_no, c.month_no
)
SELECT
    h.month AS cohort,
    m.month_no - h.month_no AS period,
    h.size,
    COALESCE(a.users, 0) AS active,
    CAST(COALESCE(a.users, 0) AS double) / h.size AS rate
FROM cohorts AS h
JOIN months AS m ON m.month_no >= h.month_no
LEFT JOIN active AS a ON a.cohort_no = h.month_no AND a.month_no = m.month_no
ORDER BY cohort, period;
