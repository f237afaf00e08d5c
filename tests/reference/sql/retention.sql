-- Day-N retention: by calendar day and by 24 hours, exactly on the day and on or after it.
WITH people AS (
    SELECT u.*, d.zone, (u.signup_at AT TIME ZONE d.zone)::date AS signup_day
    FROM users u JOIN datasets d USING (dataset)
), activity AS (
    SELECT p.dataset, p.user_id,
        (e.at AT TIME ZONE p.zone)::date - p.signup_day AS calendar_day,
        floor(extract(epoch FROM e.at - p.signup_at) / 86400)::int AS rolling_day
    FROM people p JOIN events e USING (dataset, user_id)
    WHERE e.at >= p.signup_at
), ends AS (
    SELECT dataset, max(day) AS last_day, ((max(day) + 1)::timestamp AT TIME ZONE max(zone)) AS last_moment
    FROM (
        SELECT dataset, zone, (at AT TIME ZONE zone)::date AS day FROM events JOIN datasets USING (dataset)
        UNION ALL
        SELECT dataset, zone, signup_day FROM people
    ) all_days GROUP BY dataset
), asked AS (
    SELECT unnest(ARRAY[0, 1, 3, 7, 14]) AS day
), judged AS (
    SELECT p.dataset, a.day,
        p.signup_day + a.day <= x.last_day AS calendar,
        p.signup_at + (a.day + 1) * interval '24 hours' <= x.last_moment AS rolling,
        EXISTS (SELECT FROM activity y WHERE y.dataset = p.dataset AND y.user_id = p.user_id
            AND y.calendar_day = a.day) AS calendar_on,
        EXISTS (SELECT FROM activity y WHERE y.dataset = p.dataset AND y.user_id = p.user_id
            AND y.calendar_day >= a.day) AS calendar_after,
        EXISTS (SELECT FROM activity y WHERE y.dataset = p.dataset AND y.user_id = p.user_id
            AND y.rolling_day = a.day) AS rolling_on
    FROM people p JOIN ends x USING (dataset) CROSS JOIN asked a
)
SELECT dataset, day,
    count(*) FILTER (WHERE calendar) AS eligible,
    count(*) FILTER (WHERE calendar AND calendar_on) AS on_day,
    count(*) FILTER (WHERE calendar AND calendar_after) AS on_or_after,
    count(*) FILTER (WHERE rolling) AS eligible_24h,
    count(*) FILTER (WHERE rolling AND rolling_on) AS on_day_24h
FROM judged GROUP BY dataset, day
ORDER BY dataset, day
