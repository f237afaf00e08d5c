-- Daily, weekly and monthly active users, counted day by day.
WITH days AS (
    SELECT d.dataset, e.user_id, (e.at AT TIME ZONE d.zone)::date AS day
    FROM events e JOIN datasets d USING (dataset)
), span AS (
    SELECT dataset, min(day) AS first, max(day) AS last FROM days GROUP BY dataset
), calendar AS (
    SELECT dataset, first, generate_series(first, last, interval '1 day')::date AS day FROM span
)
SELECT c.dataset, c.day,
    (SELECT count(DISTINCT user_id) FROM days a WHERE a.dataset = c.dataset AND a.day = c.day) AS dau,
    CASE WHEN c.day >= c.first + 6 THEN (
        SELECT count(DISTINCT user_id) FROM days a
        WHERE a.dataset = c.dataset AND a.day BETWEEN c.day - 6 AND c.day) END AS wau,
    CASE WHEN c.day >= c.first + 29 THEN (
        SELECT count(DISTINCT user_id) FROM days a
        WHERE a.dataset = c.dataset AND a.day BETWEEN c.day - 29 AND c.day) END AS mau
FROM calendar c
ORDER BY c.dataset, c.day
