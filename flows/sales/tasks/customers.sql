-- What each customer bought. The average order and the time since the last one are derived where they are read.
SELECT
  customer_id,
  max(country) AS country,
  count(*) AS orders,
  CAST(sum(CASE WHEN status = 'completed' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS revenue,
  min(timestamp) AS first_order,
  max(timestamp) AS last_order
FROM transactions
GROUP BY customer_id
