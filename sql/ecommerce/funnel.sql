-- Sessions by how far they got: each step after the one before, in the same session.
WITH viewed AS (
    SELECT session_id, MIN(timestamp) AS at
    FROM events
    WHERE event_type = 'product_view'
    GROUP BY session_id
),
carted AS (
    SELECT e.session_id, MIN(e.timestamp) AS at
    FROM events AS e
    JOIN viewed AS v ON v.session_id = e.session_id AND e.timestamp >= v.at
    WHERE e.event_type = 'add_to_cart'
    GROUP BY e.session_id
),
bought AS (
    SELECT e.session_id, MIN(e.timestamp) AS at
    FROM events AS e
    JOIN carted AS c ON c.session_id = e.session_id AND e.timestamp >= c.at
    WHERE e.event_type = 'purchase'
    GROUP BY e.session_id
)
SELECT
    u.segment,
    COUNT(v.session_id) AS product_view,
    COUNT(c.session_id) AS add_to_cart,
    COUNT(b.session_id) AS purchase
FROM sessions AS s
JOIN users AS u ON u.user_id = s.user_id
LEFT JOIN viewed AS v ON v.session_id = s.session_id
LEFT JOIN carted AS c ON c.session_id = s.session_id
LEFT JOIN bought AS b ON b.session_id = s.session_id
GROUP BY u.segment
ORDER BY u.segment;
