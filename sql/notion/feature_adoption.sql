-- Which features the users who signed up by :as_of have used by then, and how much. It reads the whole
-- history: no index helps.
WITH asked AS (
    SELECT date, day_no FROM calendar WHERE date = :'as_of'
),
used AS (
    SELECT a.event_type AS feature, a.user_id, COUNT(*) AS events
    FROM activity AS a
    JOIN user_profiles AS u ON u.user_id = a.user_id AND a.timestamp >= u.signup_at
    WHERE a.timestamp < (SELECT c.date FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1)
    GROUP BY a.event_type, a.user_id
),
everybody AS (
    SELECT COUNT(*) AS users FROM user_profiles AS u, asked WHERE u.signup_date <= asked.date
)
SELECT
    feature,
    everybody.users,
    COUNT(*) AS adopted,
    CAST(COUNT(*) AS double) / everybody.users AS rate,
    CAST(SUM(events) AS bigint) AS events,
    CAST(SUM(events) AS double) / COUNT(*) AS events_per_adopter
FROM used, everybody
GROUP BY feature, everybody.users
ORDER BY adopted DESC, feature;
