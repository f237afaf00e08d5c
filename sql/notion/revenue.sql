-- Monthly recurring revenue by plan, in the 12 months that are over by :as_of: customers, and revenue in
-- dollars a month, in all, new and churned. A plan is paid for from the month in which it begins to the one
-- before that in which it ends.
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
moved AS (
    SELECT u.plan_type, c.month_no, COUNT(*) AS began, 0 AS ended
    FROM user_profiles AS u
    JOIN calendar AS c ON c.date = u.paid_since
    GROUP BY u.plan_type, c.month_no
    UNION ALL
    SELECT u.plan_type, c.month_no, 0, COUNT(*)
    FROM user_profiles AS u
    JOIN calendar AS c ON c.date = u.paid_until
    GROUP BY u.plan_type, c.month_no
),
counted AS (
    SELECT
        m.month,
        p.plan_type,
        p.dollars_a_month,
        CAST(COALESCE(SUM(k.began - k.ended), 0) AS bigint) AS customers,
        CAST(COALESCE(SUM(CASE WHEN k.month_no = m.month_no THEN k.began END), 0) AS bigint) AS new_customers,
        CAST(COALESCE(SUM(CASE WHEN k.month_no = m.month_no THEN k.ended END), 0) AS bigint) AS lost_customers
    FROM months AS m
    CROSS JOIN plans AS p
    LEFT JOIN moved AS k ON k.plan_type = p.plan_type AND k.month_no <= m.month_no
    WHERE p.dollars_a_month > 0
    GROUP BY m.month, m.month_no, p.plan_type, p.dollars_a_month
)
SELECT
    month,
    plan_type,
    customers,
    new_customers,
    lost_customers,
    customers * dollars_a_month AS mrr,
    new_customers * dollars_a_month AS new_mrr,
    lost_customers * dollars_a_month AS churned_mrr
FROM counted
ORDER BY month, plan_type;
