-- Churn: of the companies there at the month's start, how many were lost, and what of their monthly
-- price was kept. Gross retention (grr) counts no company above what it paid before; net retention
-- (nrr) would also count those that now pay more. A ratio over nothing is null.
WITH moves AS (
    SELECT b.company_size,
           was.month_no + 1 AS month_no,
           was.monthly_price_cents AS before_cents,
           COALESCE(now.monthly_price_cents, 0) AS now_cents,
           CASE WHEN now.company_id IS NULL THEN 1 ELSE 0 END AS lost
    FROM presence AS was
    JOIN breakdown AS b ON b.contains = was.company_size
    LEFT JOIN presence AS now
           ON now.company_id = was.company_id AND now.month_no = was.month_no + 1
),
monthly AS (
    SELECT company_size,
           month_no,
           COUNT(*) AS clients_start,
           CAST(SUM(lost) AS BIGINT) AS clients_lost,
           CAST(SUM(before_cents) AS DOUBLE PRECISION) / 100 AS mrr_start,
           CAST(SUM(CASE WHEN now_cents < before_cents THEN now_cents ELSE before_cents END)
                AS DOUBLE PRECISION) / 100 AS mrr_kept,
           CAST(SUM(now_cents) AS DOUBLE PRECISION) / 100 AS mrr_now
    FROM moves
    GROUP BY company_size, month_no
)
SELECT m.month_no,
       m.month,
       b.company_size,
       COALESCE(x.clients_start, 0) AS clients_start,
       COALESCE(x.clients_lost, 0) AS clients_lost,
       CAST(x.clients_lost AS DOUBLE PRECISION) / x.clients_start AS logo_churn,
       COALESCE(x.mrr_start, 0.0) AS mrr_start,
       COALESCE(x.mrr_start - x.mrr_kept, 0.0) AS mrr_lost,
       (x.mrr_start - x.mrr_kept) / NULLIF(x.mrr_start, 0) AS revenue_churn,
       x.mrr_kept / NULLIF(x.mrr_start, 0) AS grr,
       x.mrr_now / NULLIF(x.mrr_start, 0) AS nrr
FROM calendar AS m
CROSS JOIN (SELECT DISTINCT company_size FROM breakdown) AS b
LEFT JOIN monthly AS x ON x.month_no = m.month_no AND x.company_size = b.company_size
ORDER BY m.month_no, b.company_size;
