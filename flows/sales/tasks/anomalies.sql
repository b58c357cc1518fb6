-- What is unusual, scored and said in words. A sale is compared with its own month and the two before it, so that a
-- publication changes nothing but the months that it touches and the two after them.
--   high_amount    the total against the customer's median, in robust deviations (1.4826 MAD, at least a tenth of the median)
--   burst          orders of one customer within five minutes
--   odd_hour       an order between 01:00 and 05:00 UTC of a customer who hardly ever orders then
--   repeated_card  customers who pay with a card of the same last digits within an hour
WITH sales AS (
  SELECT transaction_id, timestamp, customer_id, card_last4, total_eur,
    CAST(date_trunc('month', timestamp) AS DATE) AS month,
    hour(timestamp) BETWEEN 1 AND 4 AS at_night
  FROM transactions
),
by_month AS (
  SELECT customer_id, month, count(*) AS orders, sum(total_eur) AS amount, max(total_eur) AS highest,
    count(*) FILTER (at_night) AS nights
  FROM sales
  GROUP BY customer_id, month
),
usual AS (
  SELECT this.customer_id, this.month, this.highest, this.nights,
    sum(near.orders) AS orders, sum(near.amount) AS amount, sum(near.nights) AS near_nights
  FROM by_month AS this
  JOIN by_month AS near
    ON near.customer_id = this.customer_id AND near.month BETWEEN this.month - INTERVAL 2 MONTH AND this.month
  GROUP BY this.customer_id, this.month, this.highest, this.nights
),
-- only customers with a history and one order far over their mean need a median
history AS (
  SELECT usual.customer_id, usual.month, usual.orders, sales.total_eur
  FROM usual
  JOIN sales
    ON sales.customer_id = usual.customer_id AND sales.month BETWEEN usual.month - INTERVAL 2 MONTH AND usual.month
  WHERE usual.orders >= 8 AND usual.highest * usual.orders >= 2.5 * usual.amount
),
middle AS (
  SELECT customer_id, month, orders, median(total_eur) AS median_eur, mad(total_eur) AS mad_eur
  FROM history
  GROUP BY customer_id, month, orders
),
high_amount AS (
  SELECT sales.*, (total_eur - median_eur) / greatest(1.4826 * mad_eur, 0.1 * median_eur) AS score, median_eur, orders
  FROM sales
  JOIN middle USING (customer_id, month)
  WHERE total_eur >= 5 * median_eur
),
gaps AS (
  SELECT customer_id, month, timestamp AS last_at,
    lag(timestamp, 4) OVER (PARTITION BY customer_id, month ORDER BY timestamp, transaction_id) AS first_at
  FROM sales
),
bursts AS (
  SELECT sales.transaction_id, count(DISTINCT near.transaction_id) AS orders
  FROM sales
  JOIN (SELECT * FROM gaps WHERE last_at - first_at <= INTERVAL 5 MINUTE) AS run
    ON run.customer_id = sales.customer_id AND run.month = sales.month
      AND sales.timestamp BETWEEN run.first_at AND run.last_at
  JOIN sales AS near
    ON near.customer_id = sales.customer_id AND near.month = sales.month
      AND near.timestamp BETWEEN sales.timestamp - INTERVAL 5 MINUTE AND sales.timestamp + INTERVAL 5 MINUTE
  GROUP BY sales.transaction_id
),
odd_hour AS (
  SELECT sales.*, usual.orders, usual.near_nights
  FROM sales
  JOIN usual USING (customer_id, month)
  WHERE sales.at_night AND usual.orders >= 8 AND usual.near_nights * 4 <= usual.orders
),
card_gaps AS (
  SELECT card_last4, month, timestamp AS last_at,
    lag(timestamp, 4) OVER (PARTITION BY card_last4, month ORDER BY timestamp, transaction_id) AS first_at
  FROM sales
  WHERE card_last4 IS NOT NULL
),
cards AS (
  SELECT sales.transaction_id, count(DISTINCT near.customer_id) AS customers
  FROM sales
  JOIN (SELECT DISTINCT card_last4, month FROM card_gaps WHERE last_at - first_at <= INTERVAL 1 HOUR) AS used
    ON used.card_last4 = sales.card_last4 AND used.month = sales.month
  JOIN sales AS near
    ON near.card_last4 = sales.card_last4 AND near.month = sales.month
      AND near.timestamp BETWEEN sales.timestamp - INTERVAL 1 HOUR AND sales.timestamp + INTERVAL 1 HOUR
  GROUP BY sales.transaction_id
  HAVING count(DISTINCT near.customer_id) >= 5
),
found AS (
  SELECT transaction_id, 'high_amount' AS kind, round(score, 1) AS score,
    'One order is ' || CAST(round(total_eur / median_eur) AS INTEGER) || ' times the usual.' AS explanation,
    transaction_id || ' over ' || total_eur || ' EUR; the median of ' || orders || ' orders of customer ' || customer_id
      || ' is ' || CAST(median_eur AS DECIMAL(18, 2)) || ' EUR.' AS evidence
  FROM high_amount
  WHERE score >= $anomaly_score
  UNION ALL
  SELECT transaction_id, 'burst', CAST(orders AS DOUBLE) * 1.5,
    orders || ' orders of one customer within five minutes.',
    'Customer ' || customer_id || ' around ' || strftime(timezone('UTC', timestamp), '%Y-%m-%d %H:%M') || ' UTC.'
  FROM bursts
  JOIN sales USING (transaction_id)
  UNION ALL
  SELECT transaction_id, 'odd_hour', least(CAST(orders AS DOUBLE) / near_nights, 20),
    'An order at an hour when this customer hardly ever orders.',
    'Customer ' || customer_id || ' at ' || strftime(timezone('UTC', timestamp), '%H:%M') || ' UTC; of ' || orders
      || ' orders ' || near_nights || ' lie between 01:00 and 05:00.'
  FROM odd_hour
  UNION ALL
  SELECT transaction_id, 'repeated_card', CAST(customers AS DOUBLE) * 1.5,
    'One card was used by ' || customers || ' customers within an hour.',
    'Around ' || strftime(timezone('UTC', timestamp), '%Y-%m-%d %H:%M') || ' UTC; the card is masked in reports.'
  FROM cards
  JOIN sales USING (transaction_id)
)
SELECT
  transaction_id,
  sales.timestamp,
  sales.customer_id,
  sales.total_eur,
  found.score,
  found.kind,
  found.explanation,
  found.evidence
FROM found
JOIN sales USING (transaction_id)
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY found.score DESC, found.kind) = 1
