-- The cohort matrix by month: size of each cohort, and who is active how many months later.
WITH people AS (
    SELECT u.dataset, u.user_id, u.signup_at, d.zone,
        date_trunc('month', u.signup_at AT TIME ZONE d.zone)::date AS cohort
    FROM users u JOIN datasets d USING (dataset)
), ends AS (
    SELECT dataset, max(month) AS last
    FROM (
        SELECT dataset, date_trunc('month', at AT TIME ZONE zone)::date AS month
        FROM events JOIN datasets USING (dataset)
        UNION ALL SELECT dataset, cohort FROM people
    ) months GROUP BY dataset
), cells AS (
    SELECT c.dataset, c.cohort, c.size, m.month::date AS month,
        (12 * (extract(year FROM m.month) - extract(year FROM c.cohort))
            + extract(month FROM m.month) - extract(month FROM c.cohort))::int AS period
    FROM (SELECT dataset, cohort, count(*) AS size FROM people GROUP BY dataset, cohort) c
    JOIN ends x USING (dataset)
    CROSS JOIN LATERAL generate_series(c.cohort, x.last, interval '1 month') AS m(month)
)
SELECT c.dataset, c.cohort, c.period, c.size,
    (SELECT count(DISTINCT p.user_id) FROM people p JOIN events e USING (dataset, user_id)
     WHERE p.dataset = c.dataset AND p.cohort = c.cohort AND e.at >= p.signup_at
        AND date_trunc('month', e.at AT TIME ZONE p.zone)::date = c.month) AS active
FROM cells c
ORDER BY c.dataset, c.cohort, c.period
