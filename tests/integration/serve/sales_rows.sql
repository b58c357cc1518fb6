-- A year of sales from counters and hashes: the same rows on every run. Variables: per_day (orders on a plain weekday)
-- and run (deliveries of the last two days). Garden goods sell badly from 19 November on, so that something moves.
CREATE TEMP TABLE goods AS
SELECT *, sum(weight) OVER (ORDER BY product_id) AS upto, sum(weight) OVER () AS whole
FROM (VALUES
  ('P01', 'Notebook A5, dotted', 'Stationery', 3.20::DECIMAL(12,2), 9), ('P02', 'Kettle 1.7 l', 'Kitchen', 39.90, 14),
  ('P03', 'Desk lamp', 'Lighting', 24.50, 12), ('P04', 'Wool socks, 3 pairs', 'Clothing', 13.00, 13),
  ('P05', 'Bird seed 2.5 kg', 'Pets', 8.90, 8), ('P06', 'Wooden train, 40 parts', 'Toys', 29.90, 9),
  ('P07', 'Headphones, over ear', 'Electronics', 89.00, 6), ('P08', 'Rain jacket', 'Clothing', 74.00, 5),
  ('P09', 'Watering can 10 l', 'Garden', 19.80, 9), ('P10', 'Yoga mat', 'Sports', 27.00, 6),
  ('P11', 'Atlas of rivers', 'Books', 34.00, 5), ('P12', 'Hand cream', 'Beauty', 7.40, 6),
  ('P13', 'Screwdriver set', 'Tools', 22.00, 3), ('P14', 'Pan 28 cm, cast iron', 'Kitchen', 59.00, 7)
) AS listed(product_id, name, category, unit_price, weight);

CREATE TEMP TABLE counts AS
SELECT day::DATE AS day, if(day = DATE '2026-11-20', 1.0 / 3, 1) AS part,
  (getvariable('per_day') * part * (1 + if(isodow(day) >= 6, 0.22, 0) + if(month(day) = 12, 0.5, 0)
    + 0.10 * sin(dayofyear(day) / 9.0) + 0.08 * (hash(day) % 100) / 100))::INTEGER AS orders
FROM range(DATE '2025-12-01', DATE '2026-11-21', INTERVAL 1 DAY) AS dates(day);

CREATE TEMP TABLE drawn AS
SELECT day, n, 'T' || strftime(day, '%Y%m%d') || '-' || lpad(n::VARCHAR, 5, '0') AS transaction_id,
  day + to_seconds((hash(day, n, 'time') % 86400 * part)::INTEGER) AS sold_at,
  floor(getvariable('per_day') * 40 * power(hash(day, n, 'customer') % 100000 / 100000.0, 2.2))::INTEGER AS customer,
  hash(day, n, 'status') % 100 AS fate
FROM counts, range(counts.orders) AS numbered(n);

INSERT INTO transactions BY NAME
SELECT n AS _row, transaction_id,
  if(day >= DATE '2026-11-19' AND n % 8 = 0, 'N', 'C') || lpad(customer::VARCHAR, 5, '0') AS customer_id,
  if(day < DATE '2026-11-19', 'd-' || strftime(day, '%Y%m%d') || '00000000', getvariable('run')[1 + n % 3]) AS _delivery,
  (sold_at::VARCHAR || '+00')::TIMESTAMPTZ AS "timestamp", 'Erika Beispiel' AS customer_name, '4242' AS card_last4,
  ['DE', 'AT', 'FR', 'NL'][1 + n % 4] AS country, 'EUR' AS currency, 4.90 AS shipping_cost,
  CASE WHEN fate < 3 THEN 'pending' WHEN fate < 5 THEN 'refunded' ELSE 'completed' END AS status
FROM drawn;

INSERT INTO items BY NAME
WITH lines AS (
  SELECT sale.*, line, hash(transaction_id, line, 'goods') AS pick, 1 + (hash(transaction_id, line) % 3)::BIGINT AS quantity
  FROM transactions AS sale, range(1, 4) AS numbered(line) WHERE line <= 1 + hash(transaction_id, 'lines') % 3
)
SELECT _delivery, _row, transaction_id, line, "timestamp", product_id, name, category, quantity, unit_price, status,
  unit_price * quantity AS line_total, unit_price * quantity AS line_total_eur
FROM lines JOIN goods ON pick % whole < upto AND pick % whole >= upto - weight
WHERE NOT (category = 'Garden' AND "timestamp" >= TIMESTAMPTZ '2026-11-19 00:00:00+00' AND pick % 100 < 85);

UPDATE transactions
SET subtotal = coalesce(net, 0), tax = coalesce(net, 0) * 0.19, total = coalesce(net, 0) * 1.19 + 4.90,
  total_eur = coalesce(net, 0) * 1.19 + 4.90
FROM (
  SELECT sale.transaction_id AS id, sum(line_total_eur) AS net
  FROM transactions AS sale LEFT JOIN items USING (transaction_id) GROUP BY ALL
) AS sums
WHERE sums.id = transactions.transaction_id;

CREATE TEMP VIEW sales AS SELECT *, make_timestamp(epoch_us("timestamp")) AS sold_at FROM transactions;

INSERT INTO daily BY NAME
SELECT sold_at::DATE AS day, count(*) FILTER (WHERE status = 'completed') AS orders,
  coalesce(sum(total_eur) FILTER (WHERE status = 'completed'), 0) AS revenue,
  coalesce(sum(total_eur) FILTER (WHERE status = 'pending'), 0) AS pending_revenue,
  coalesce(sum(total_eur) FILTER (WHERE status = 'refunded'), 0) AS refunded_revenue, sum(tax) AS tax
FROM sales GROUP BY ALL;

INSERT INTO monthly BY NAME
SELECT date_trunc('month', day) AS month, sum(orders) AS orders, sum(revenue) AS revenue,
  sum(pending_revenue) AS pending_revenue, sum(refunded_revenue) AS refunded_revenue
FROM daily GROUP BY ALL;

INSERT INTO customers BY NAME
SELECT customer_id, min(country) AS country, count(*) AS orders, sum(total_eur) AS revenue, min(sold_at) AS first_order,
  max(sold_at) AS last_order
FROM sales WHERE status = 'completed' GROUP BY customer_id;

INSERT INTO products BY NAME
SELECT product_id, min(name) AS name, min(category) AS category, sum(quantity) AS units, sum(line_total_eur) AS revenue,
  count(DISTINCT transaction_id) AS orders
FROM items WHERE status = 'completed' GROUP BY product_id;

INSERT INTO categories BY NAME
SELECT category, sum(quantity) AS units, sum(line_total_eur) AS revenue, count(DISTINCT transaction_id) AS orders
FROM items WHERE status = 'completed' GROUP BY category;

INSERT INTO anomalies BY NAME
SELECT transaction_id, sold_at AS "timestamp", customer_id, total_eur, 14.4 - 2.6 * n + 0.07 * n * n AS score, kind,
  explanation, evidence
FROM (
  SELECT *, row_number() OVER (ORDER BY total_eur DESC, transaction_id) AS n FROM sales
  WHERE sold_at >= TIMESTAMP '2026-11-19' AND status = 'completed' QUALIFY n <= 7
) JOIN (VALUES
  (1, 'high_amount', 'This order is many times the usual.', 'The median order of this customer is 44.10 EUR.'),
  (2, 'burst', '23 orders of one customer in four minutes.', 'On its usual day there is 1 order.'),
  (3, 'shipping', 'Express orders lack their shipping cost.', '398 are short by exactly that; before 06:00 none was.'),
  (4, 'card', 'One card was used by 9 customers within an hour.', 'The usual number is 1.'),
  (5, 'night', 'The hour is one in which this customer never bought.', 'All 41 earlier orders came from 07:00 to 21:00.'),
  (6, 'basket', 'One basket holds 40 kettles.', 'The most before were 6.'),
  (7, 'country', 'Orders from three countries within one hour.', 'The usual number is 1.')
) AS found(n, kind, explanation, evidence) USING (n);
