-- One row a sale, flat. Amounts in EUR at the rate of the day, rounded half up on the row, so that no sum depends on order;
-- the day is taken from plain UTC, as days are in daily.sql.
SELECT
  transaction_id,
  timestamp,
  customer.customer_id AS customer_id,
  customer.name AS customer_name,
  customer.email AS customer_email,
  customer.country AS country,
  payment.method AS payment_method,
  payment.card_last4 AS card_last4,
  payment.currency AS currency,
  shipping.address AS shipping_address,
  shipping.city AS city,
  shipping.postal_code AS postal_code,
  shipping.method AS shipping_method,
  shipping.cost AS shipping_cost,
  len(items) AS lines,
  CAST(list_sum([i.quantity FOR i IN items]) AS BIGINT) AS units,
  subtotal,
  tax,
  total,
  CAST(round(total * fx_rates(payment.currency, make_timestamp(epoch_us(timestamp))), 2) AS DECIMAL(18, 2)) AS total_eur,
  status,
  _delivery,
  _row,
  _record
FROM accepted
