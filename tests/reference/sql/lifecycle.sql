-- New, retained, resurrected and dormant users by week.
WITH active AS (
    SELECT DISTINCT d.dataset, e.user_id, date_trunc('week', e.at AT TIME ZONE d.zone)::date AS week
    FROM events e JOIN datasets d USING (dataset)
), placed AS (
    SELECT *, lag(week) OVER (PARTITION BY dataset, user_id ORDER BY week) AS before,
        lead(week) OVER (PARTITION BY dataset, user_id ORDER BY week) AS after
    FROM active
), calendar AS (
    SELECT dataset, generate_series(min(week), max(week), interval '7 days')::date AS week
    FROM active GROUP BY dataset
)
SELECT c.dataset, c.week,
    count(p.user_id) AS active,
    count(p.user_id) FILTER (WHERE p.before IS NULL) AS new,
    count(p.user_id) FILTER (WHERE p.before = c.week - 7) AS retained,
    count(p.user_id) FILTER (WHERE p.before < c.week - 7) AS resurrected,
    (SELECT count(*) FROM placed g
     WHERE g.dataset = c.dataset AND g.week = c.week - 7 AND g.after IS DISTINCT FROM c.week) AS dormant
FROM calendar c LEFT JOIN placed p ON p.dataset = c.dataset AND p.week = c.week
GROUP BY c.dataset, c.week
ORDER BY c.dataset, c.week
