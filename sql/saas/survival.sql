-- Survival: of all companies acquired, how many are still there at the end of the month (survival),
-- and how many of those at risk were lost in it (hazard). Nobody leaves observation before the end,
-- so survival is a plain share.
WITH there AS (
    SELECT b.company_size, p.month_no, COUNT(*) AS companies
    FROM presence AS p
    JOIN breakdown AS b ON b.contains = p.company_size
    GROUP BY b.company_size, p.month_no
),
acquired AS (
    SELECT b.company_size, COUNT(*) AS companies
    FROM companies AS c
    JOIN breakdown AS b ON b.contains = c.company_size
    GROUP BY b.company_size
)
SELECT b.company_size,
       m.month_no,
       COALESCE(was.companies, 0) AS at_risk,
       COALESCE(was.companies, 0) - COALESCE(now.companies, 0) AS lost,
       CAST(was.companies - COALESCE(now.companies, 0) AS DOUBLE PRECISION) / was.companies
           AS hazard,
       CAST(COALESCE(now.companies, 0) AS DOUBLE PRECISION) / a.companies AS survival
FROM calendar AS m
CROSS JOIN (SELECT DISTINCT company_size FROM breakdown) AS b
LEFT JOIN acquired AS a ON a.company_size = b.company_size
LEFT JOIN there AS was ON was.month_no = m.month_no - 1 AND was.company_size = b.company_size
LEFT JOIN there AS now ON now.month_no = m.month_no AND now.company_size = b.company_size
ORDER BY b.company_size, m.month_no;
