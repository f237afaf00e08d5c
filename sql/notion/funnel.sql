-- The funnel of those who signed up in half a year and have been observed for 90 days by :as_of.
-- Each stage counts only after the one before: a page created within 168 hours; then active on 3 days
-- before day 30 and on 8 before day 60, counted from the page on; then sharing, then an upgrade, before
-- day 90. The day of sign-up is day 0.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
cohort AS (
    SELECT s.user_id, s.signup_at, s.activates_before, c.day_no AS signup_day
    FROM signups AS s
    JOIN calendar AS c ON c.date = s.signup_date
    WHERE s.signup_date >= (SELECT MIN(c.date) FROM calendar AS c, asked WHERE c.day_no >= asked.day_no - 270)
      AND s.signup_date <= (SELECT MAX(c.date) FROM calendar AS c, asked WHERE c.day_no <= asked.day_no - 89)
),
later AS (
    SELECT h.user_id, h.signup_at, h.activates_before, h.signup_day, a.event_type, a.timestamp, c.day_no
    FROM cohort AS h
    JOIN activity AS a ON a.user_id = h.user_id AND a.timestamp >= h.signup_at
    JOIN calendar AS c ON c.date = a.date
    WHERE c.day_no < h.signup_day + 90
),
activated AS (
    SELECT user_id, MIN(timestamp) AS reached
    FROM later
    WHERE event_type = 'page_create' AND timestamp < activates_before
    GROUP BY user_id
),
active_days AS (
    SELECT
        l.user_id,
        l.day_no - l.signup_day AS day,
        MIN(l.timestamp) AS first,
        ROW_NUMBER() OVER (PARTITION BY l.user_id ORDER BY l.day_no) AS nth
    FROM later AS l
    JOIN activated AS a ON a.user_id = l.user_id AND l.timestamp >= a.reached
    GROUP BY l.user_id, l.day_no, l.signup_day
),
engaged AS (
    SELECT user_id FROM active_days WHERE nth = 3 AND day < 30
),
habit AS (
    SELECT d.user_id, d.first AS reached
    FROM active_days AS d
    JOIN engaged AS e ON e.user_id = d.user_id
    WHERE d.nth = 8 AND d.day < 60
),
collaborated AS (
    SELECT l.user_id, MIN(l.timestamp) AS reached
    FROM later AS l
    JOIN habit AS h ON h.user_id = l.user_id AND l.timestamp >= h.reached
    WHERE l.event_type IN ('comment', 'share', 'invite')
    GROUP BY l.user_id
),
paid AS (
    SELECT DISTINCT l.user_id
    FROM later AS l
    JOIN collaborated AS s ON s.user_id = l.user_id AND l.timestamp >= s.reached
    WHERE l.event_type = 'upgrade'
),
stages AS (
    SELECT 1 AS stage, 'awareness' AS name, (
        SELECT COALESCE(CAST(SUM(v.visitors) AS bigint), 0)
        FROM visitors AS v
        WHERE v.date >= (SELECT MIN(c.date) FROM calendar AS c, asked WHERE c.day_no >= asked.day_no - 270)
          AND v.date <= (SELECT MAX(c.date) FROM calendar AS c, asked WHERE c.day_no <= asked.day_no - 89)
    ) AS users
    UNION ALL SELECT 2, 'signup', COUNT(*) FROM cohort
    UNION ALL SELECT 3, 'activation', COUNT(*) FROM activated
    UNION ALL SELECT 4, 'engagement', COUNT(*) FROM engaged
    UNION ALL SELECT 5, 'habit', COUNT(*) FROM habit
    UNION ALL SELECT 6, 'collaboration', COUNT(*) FROM collaborated
    UNION ALL SELECT 7, 'monetization', COUNT(*) FROM paid
)
SELECT
    CAST(stage AS bigint) AS stage,
    name,
    users,
    LAG(users) OVER (ORDER BY stage) AS previous,
    CAST(users AS double) / NULLIF(LAG(users) OVER (ORDER BY stage), 0) AS step_rate,
    LAG(users) OVER (ORDER BY stage) - users AS dropped
FROM stages
ORDER BY stage;
