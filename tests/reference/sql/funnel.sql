-- visit, cart, buy, in this order, within a window from the visit. Every visit is tried. Of a user's
-- attempts the furthest counts; of several the one that gets there first, then the one begun last.
WITH attempts AS (
    SELECT v.dataset, v.user_id, v.at AS visit, c.at AS cart, b.at AS buy
    FROM events v
    JOIN datasets d USING (dataset)
    LEFT JOIN LATERAL (
        SELECT min(e.at) AS at FROM events e
        WHERE e.dataset = v.dataset AND e.user_id = v.user_id AND e.event = 'cart'
            AND e.at >= v.at AND e.at <= v.at + d.hours * interval '1 hour'
    ) c ON true
    LEFT JOIN LATERAL (
        SELECT min(e.at) AS at FROM events e
        WHERE e.dataset = v.dataset AND e.user_id = v.user_id AND e.event = 'buy'
            AND e.at >= c.at AND e.at <= v.at + d.hours * interval '1 hour'
    ) b ON true
    WHERE v.event = 'visit'
), best AS (
    SELECT DISTINCT ON (dataset, user_id) *
    FROM attempts
    ORDER BY dataset, user_id,
        (cart IS NOT NULL)::int + (buy IS NOT NULL)::int DESC,
        coalesce(buy, cart, visit), visit DESC
)
SELECT dataset,
    count(*) AS visited, count(cart) AS carted, count(buy) AS bought,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM cart - visit)::float8) AS median_cart,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM buy - cart)::float8) AS p90_buy,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM buy - visit)::float8) AS median_total
FROM best GROUP BY dataset
ORDER BY dataset
