-- The North Star: workspaces in which people worked together, in the 12 weeks that are over by :as_of.
-- Two or more users were active, and at least one commented, shared or invited. Weeks begin on Monday.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
unfinished AS (
    SELECT c.week FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1
),
weeks AS (
    SELECT c.week, MIN(c.day_no) AS first
    FROM calendar AS c, unfinished, asked
    WHERE c.week < unfinished.week AND c.day_no > asked.day_no - 91
    GROUP BY c.week
    HAVING COUNT(*) = 7
    ORDER BY c.week DESC
    LIMIT 12
),
spaces AS (
    SELECT
        w.week,
        a.workspace_id,
        COUNT(DISTINCT a.user_id) AS users,
        MAX(CASE WHEN a.event_type IN ('comment', 'share', 'invite') THEN 1 ELSE 0 END) AS together
    FROM activity AS a
    JOIN calendar AS c ON c.date = a.date
    JOIN weeks AS w ON w.week = c.week
    WHERE a.timestamp >= (SELECT MIN(week) FROM weeks)
      AND a.timestamp < (SELECT week FROM unfinished)
    GROUP BY w.week, a.workspace_id
)
SELECT
    CAST(w.week AS varchar(10)) AS week,
    COUNT(s.workspace_id) AS workspaces,
    COUNT(CASE WHEN s.users > 1 AND s.together = 1 THEN 1 END) AS collaborative,
    CAST(COUNT(CASE WHEN s.users > 1 AND s.together = 1 THEN 1 END) AS double)
        / NULLIF(COUNT(s.workspace_id), 0) AS share,
    CAST(COALESCE(SUM(s.users), 0) AS bigint) AS users
FROM weeks AS w
LEFT JOIN spaces AS s ON s.week = w.week
GROUP BY w.week
ORDER BY w.week;
