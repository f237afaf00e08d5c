-- Usage: sessions of an average client, among companies that had any. The division is of real
-- numbers: integers would turn 5.47 into 5.
WITH active AS (
    SELECT c.company_size, a.month_no, COUNT(*) AS clients,
           CAST(SUM(a.sessions) AS BIGINT) AS sessions
    FROM active_months AS a
    JOIN companies AS c ON c.company_id = a.company_id
    GROUP BY c.company_size, a.month_no
)
SELECT m.month_no,
       m.month,
       z.company_size,
       COALESCE(a.clients, 0) AS clients,
       COALESCE(a.sessions, 0) AS sessions,
       CAST(a.sessions AS DOUBLE PRECISION) / a.clients AS sessions_per_client
FROM calendar AS m
CROSS JOIN sizes AS z
LEFT JOIN active AS a ON a.month_no = m.month_no AND a.company_size = z.company_size
ORDER BY m.month_no, z.company_size;
