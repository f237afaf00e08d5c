-- Monthly recurring revenue by plan, in the 12 months that are over by :as_of: customers, and revenue in
-- dollars a month, new and in all. A plan is paid for from the month in which it begins.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
unfinished AS (
    SELECT c.month_no FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1
),
months AS (
    SELECT DISTINCT c.month, c.month_no
    FROM calendar AS c, unfinished
    WHERE c.month_no BETWEEN unfinished.month_no - 12 AND unfinished.month_no - 1
),
customers AS (
    SELECT u.plan_type, c.month_no, COUNT(*) AS began
    FROM user_profiles AS u
    JOIN calendar AS c ON c.date = u.paid_since
    GROUP BY u.plan_type, c.month_no
)
SELECT
    m.month,
    p.plan_type,
    CAST(COALESCE(SUM(k.began), 0) AS bigint) AS customers,
    CAST(COALESCE(SUM(CASE WHEN k.month_no = m.month_no THEN k.began END), 0) AS bigint) AS new_customers,
    CAST(COALESCE(SUM(k.began), 0) AS bigint) * p.dollars_a_month AS mrr,
    CAST(COALESCE(SUM(CASE WHEN k.month_no = m.month_no THEN k.began END), 0) AS bigint) * p.dollars_a_month AS new_mrr
FROM months AS m
CROSS JOIN plans AS p
LEFT JOIN customers AS k ON k.plan_type = p.plan_type AND k.month_no <= m.month_no
WHERE p.dollars_a_month > 0
GROUP BY m.month, m.month_no, p.plan_type, p.dollars_a_month
ORDER BY m.month, p.plan_type;
