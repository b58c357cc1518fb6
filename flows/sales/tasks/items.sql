-- One row a line of a sale. The day of its rate is taken from plain UTC, as days are in daily.sql.
SELECT
  transaction_id,
  line,
  timestamp,
  item.product_id AS product_id,
  item.name AS name,
  item.category AS category,
  item.quantity AS quantity,
  item.unit_price AS unit_price,
  item.line_total AS line_total,
  CAST(round(item.line_total * fx_rates(currency, make_timestamp(epoch_us(timestamp))), 2) AS DECIMAL(18, 2)) AS line_total_eur,
  status,
  _delivery,
  _row
FROM (
  SELECT
    transaction_id,
    timestamp,
    payment.currency AS currency,
    status,
    unnest(items) AS item,
    unnest(range(1, len(items) + 1)) AS line,
    _delivery,
    _row
  FROM accepted
)
