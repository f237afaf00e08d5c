-- Clients: companies with at least one session in the month.
WITH active AS (
    SELECT c.company_size, a.month_no, COUNT(*) AS clients
    FROM active_months AS a
    JOIN companies AS c ON c.company_id = a.company_id
    GROUP BY c.company_size, a.month_no
)
SELECT m.month_no,
       m.month,
       z.company_size,
       COALESCE(a.clients, 0) AS clients
FROM calendar AS m
CROSS JOIN sizes AS z
LEFT JOIN active AS a ON a.month_no = m.month_no AND a.company_size = z.company_size
ORDER BY m.month_no, z.company_size;
