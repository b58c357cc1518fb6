-- Totals by month of the sale, UTC. Revenue is what is completed; pending and refunded stand beside it. Months are taken
-- from plain UTC, as days are in daily.sql.
SELECT
  CAST(date_trunc('month', make_timestamp(epoch_us(timestamp))) AS DATE) AS month,
  count(*) AS orders,
  CAST(sum(CASE WHEN status = 'completed' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS revenue,
  CAST(sum(CASE WHEN status = 'pending' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS pending_revenue,
  CAST(sum(CASE WHEN status = 'refunded' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS refunded_revenue,
  CAST(sum(units) AS BIGINT) AS items
FROM transactions
GROUP BY month
