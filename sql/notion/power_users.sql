-- Users active in the 90 days that end with :as_of, in deciles by how much they did:
-- decile 1 holds the power users.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
counted AS (
    SELECT user_id, COUNT(*) AS events, COUNT(DISTINCT date) AS active_days
    FROM activity
    WHERE timestamp >= (SELECT MIN(c.date) FROM calendar AS c, asked WHERE c.day_no >= asked.day_no - 89)
      AND timestamp < (SELECT c.date FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1)
    GROUP BY user_id
),
ranked AS (
    SELECT events, active_days, NTILE(10) OVER (ORDER BY events DESC, user_id) AS decile
    FROM counted
)
SELECT
    CAST(decile AS bigint) AS decile,
    COUNT(*) AS users,
    CAST(SUM(events) AS bigint) AS events,
    CAST(SUM(events) AS double) / (SELECT CAST(SUM(events) AS bigint) FROM counted) AS share,
    MIN(events) AS min_events,
    MAX(events) AS max_events,
    CAST(SUM(active_days) AS double) / COUNT(*) AS days_per_user
FROM ranked
GROUP BY decile
ORDER BY decile;
