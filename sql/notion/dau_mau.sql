-- Daily, weekly and monthly active users and stickiness, on the 30 days that end with :as_of.
-- Windows are of 7 and 30 days and end with the day; one that begins before the data is empty.
WITH asked AS (
    SELECT day_no FROM calendar WHERE date = :'as_of'
),
days AS (
    SELECT c.date, c.day_no
    FROM calendar AS c
    JOIN asked ON c.day_no BETWEEN asked.day_no - 29 AND asked.day_no
),
active AS (
    SELECT DISTINCT a.user_id, c.day_no
    FROM activity AS a
    JOIN calendar AS c ON c.date = a.date
    WHERE a.timestamp >= (SELECT MIN(c.date) FROM calendar AS c, asked WHERE c.day_no >= asked.day_no - 58)
      AND a.timestamp < (SELECT c.date FROM calendar AS c, asked WHERE c.day_no = asked.day_no + 1)
),
counted AS (
    SELECT
        d.date,
        d.day_no,
        COUNT(DISTINCT CASE WHEN a.day_no = d.day_no THEN a.user_id END) AS dau,
        COUNT(DISTINCT CASE WHEN a.day_no > d.day_no - 7 THEN a.user_id END) AS wau,
        COUNT(DISTINCT a.user_id) AS mau
    FROM days AS d
    LEFT JOIN active AS a ON a.day_no BETWEEN d.day_no - 29 AND d.day_no
    GROUP BY d.date, d.day_no
),
begun AS (
    SELECT MIN(day_no) AS day_no FROM calendar
)
SELECT
    CAST(n.date AS varchar(10)) AS date,
    n.dau,
    CASE WHEN n.day_no >= begun.day_no + 6 THEN n.wau END AS wau,
    CASE WHEN n.day_no >= begun.day_no + 29 THEN n.mau END AS mau,
    CASE WHEN n.day_no >= begun.day_no + 29 THEN CAST(n.dau AS double) / NULLIF(n.mau, 0) END
        AS stickiness
FROM counted AS n, begun
ORDER BY n.day_no;
