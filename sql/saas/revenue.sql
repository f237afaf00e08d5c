-- Revenue in US dollars, under both answers to "is the month of churn paid for?": no (`revenue`) and
-- yes (`revenue_if_churn_billed`: whoever was there at the month's start pays for it).
WITH monthly AS (
    SELECT company_size, month_no, COUNT(*) AS clients, SUM(monthly_price_cents) AS cents
    FROM presence
    GROUP BY company_size, month_no
)
SELECT m.month_no,
       m.month,
       z.company_size,
       COALESCE(now.clients, 0) AS clients,
       CAST(COALESCE(now.cents, 0) AS DOUBLE PRECISION) / 100 AS revenue,
       CAST(COALESCE(before.cents, 0) AS DOUBLE PRECISION) / 100 AS revenue_if_churn_billed
FROM calendar AS m
CROSS JOIN sizes AS z
LEFT JOIN monthly AS now
       ON now.month_no = m.month_no AND now.company_size = z.company_size
LEFT JOIN monthly AS before
       ON before.month_no = m.month_no - 1 AND before.company_size = z.company_size
ORDER BY m.month_no, z.company_size;
