-- Totals by day of the sale, UTC. Revenue is what is completed; pending and refunded stand beside it. Days are taken from
-- plain UTC: with a time zone, the engine needs twice as long for them.
SELECT
  CAST(make_timestamp(epoch_us(timestamp)) AS DATE) AS day,
  count(*) AS orders,
  CAST(sum(CASE WHEN status = 'completed' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS revenue,
  CAST(sum(CASE WHEN status = 'pending' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS pending_revenue,
  CAST(sum(CASE WHEN status = 'refunded' THEN total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS refunded_revenue,
  CAST(sum(units) AS BIGINT) AS items,
  CAST(sum(tax) AS DECIMAL(38, 2)) AS tax
FROM transactions
GROUP BY day
