-- What is unusual, scored and said in words. A sale is compared with its own month and the two before it, so that a
-- publication changes nothing but the months that it touches and the two after them.
--   high_amount    the total against the customer's median, in robust deviations (1.4826 MAD, at least a tenth of the median)
--   burst          orders of one customer within five minutes
--   odd_hour       an order between 01:00 and 05:00 UTC of a customer who hardly ever orders then
--   repeated_card  customers who pay with a card of the same last digits within an hour
--   odd_price      the price of a line against the median of its category, from 30 lines on; the worst line of a sale
-- Months, hours and distances are taken from plain UTC: with a time zone, the engine needs six times as long for them.
WITH sales AS NOT MATERIALIZED (
  SELECT transaction_id, timestamp, customer_id, card_last4, total_eur, _delivery, _row,
    CAST(date_trunc('month', make_timestamp(epoch_us(timestamp))) AS DATE) AS month,
    hour(make_timestamp(epoch_us(timestamp))) BETWEEN 1 AND 4 AS at_night
  FROM transactions
),
by_month AS (
  SELECT customer_id, month, count(*) AS orders, sum(total_eur) AS amount, max(total_eur) AS highest,
    count(*) FILTER (at_night) AS nights
  FROM sales
  GROUP BY customer_id, month
),
-- customers with a history, and something in this month that is worth a look: an order at night, or one far over the mean
usual AS MATERIALIZED (
  SELECT customer_id, month, orders, nights, near_nights, highest * orders >= 2.5 * amount AS has_high
  FROM (
    SELECT customer_id, month, highest, nights,
      sum(orders) OVER near AS orders, sum(amount) OVER near AS amount, sum(nights) OVER near AS near_nights
    FROM by_month
    WINDOW near AS (
      PARTITION BY customer_id ORDER BY 12 * year(month) + month(month) RANGE BETWEEN 2 PRECEDING AND CURRENT ROW
    )
  )
  WHERE orders >= 8 AND (nights > 0 OR highest * orders >= 2.5 * amount)
),
history AS (
  SELECT usual.customer_id, usual.month, usual.orders, sales.total_eur
  FROM sales
  JOIN usual
    ON sales.customer_id = usual.customer_id AND sales.month BETWEEN usual.month - INTERVAL 2 MONTH AND usual.month
  WHERE usual.has_high
),
middle AS (
  SELECT customer_id, month, orders, median(total_eur) AS median_eur, mad(total_eur) AS mad_eur
  FROM history
  GROUP BY customer_id, month, orders
),
high_amount AS MATERIALIZED (
  SELECT sales.*, (total_eur - median_eur) / greatest(1.4826 * mad_eur, 0.1 * median_eur) AS score, median_eur, orders
  FROM sales
  JOIN middle USING (customer_id, month)
  WHERE total_eur >= 5 * median_eur
),
gaps AS (
  SELECT customer_id, month, timestamp AS last_at,
    lag(timestamp, 4) OVER (PARTITION BY customer_id, month ORDER BY timestamp) AS first_at
  FROM sales
),
bursts AS MATERIALIZED (
  SELECT sales.transaction_id, sales.timestamp, sales.customer_id, sales.total_eur,
    count(DISTINCT near.transaction_id) AS orders
  FROM sales
  JOIN (SELECT * FROM gaps WHERE epoch_us(last_at) - epoch_us(first_at) <= 300000000) AS run
    ON run.customer_id = sales.customer_id AND run.month = sales.month
      AND sales.timestamp BETWEEN run.first_at AND run.last_at
  JOIN sales AS near
    ON near.customer_id = sales.customer_id AND near.month = sales.month
      AND near.timestamp BETWEEN sales.timestamp - INTERVAL 5 MINUTE AND sales.timestamp + INTERVAL 5 MINUTE
  GROUP BY sales.transaction_id, sales.timestamp, sales.customer_id, sales.total_eur
),
odd_hour AS MATERIALIZED (
  SELECT sales.*, usual.orders, usual.near_nights
  FROM sales
  JOIN usual USING (customer_id, month)
  WHERE sales.at_night AND usual.near_nights * 4 <= usual.orders
),
card_gaps AS (
  SELECT card_last4, month, timestamp AS last_at,
    lag(timestamp, 4) OVER (PARTITION BY card_last4, month ORDER BY timestamp) AS first_at
  FROM sales
  WHERE card_last4 IS NOT NULL
),
cards AS MATERIALIZED (
  SELECT sales.transaction_id, sales.timestamp, sales.customer_id, sales.total_eur,
    count(DISTINCT near.customer_id) AS customers
  FROM sales
  JOIN (SELECT DISTINCT card_last4, month FROM card_gaps WHERE epoch_us(last_at) - epoch_us(first_at) <= 3600000000) AS used
    ON used.card_last4 = sales.card_last4 AND used.month = sales.month
  JOIN sales AS near
    ON near.card_last4 = sales.card_last4 AND near.month = sales.month
      AND near.timestamp BETWEEN sales.timestamp - INTERVAL 1 HOUR AND sales.timestamp + INTERVAL 1 HOUR
  GROUP BY sales.transaction_id, sales.timestamp, sales.customer_id, sales.total_eur
  HAVING count(DISTINCT near.customer_id) >= 5
),
-- Prices are skewed: most of a category costs little, some a hundred times as much, and no clean line may stand out for
-- that. So their logarithms are compared, where a high and a low price are alike, and one deviation is at least 1, a factor
-- of 2.7. Rounded to steps of one percent, the prices of a category are at most some hundred, however many lines there are:
-- these are counted, and median and MAD are read off the counts. A line of nothing is a gift. A line is known by the row
-- of its delivery, which is read faster than the transaction's id.
lines AS NOT MATERIALIZED (
  SELECT _delivery, _row, line, category,
    CAST(date_trunc('month', make_timestamp(epoch_us(timestamp))) AS DATE) AS month,
    CAST(line_total_eur AS DOUBLE) / quantity AS price_eur
  FROM items
  WHERE line_total_eur > 0 AND quantity > 0
),
price_steps AS MATERIALIZED (
  SELECT category, month, CAST(round(100 * ln(price_eur)) AS INTEGER) AS step, count(*) AS lines,
    min(price_eur) AS lowest_eur
  FROM lines
  GROUP BY category, month, step
),
near_steps AS (
  SELECT here.category, here.month, near.step, near.lines, near.lowest_eur
  FROM price_steps AS near
  JOIN (SELECT DISTINCT category, month FROM price_steps) AS here
    ON here.category = near.category AND near.month BETWEEN here.month - INTERVAL 2 MONTH AND here.month
),
price_medians AS (
  SELECT category, month, of_lines, min(step) AS median_step, min(lowest_eur) AS median_eur
  FROM (
    SELECT category, month, step, lowest_eur,
      sum(lines) OVER (PARTITION BY category, month ORDER BY step) AS up_to,
      sum(lines) OVER (PARTITION BY category, month) AS of_lines
    FROM near_steps
  )
  WHERE up_to * 2 >= of_lines AND of_lines >= 30
  GROUP BY category, month, of_lines
),
price_spreads AS (
  SELECT category, month, of_lines, median_eur, greatest(1.4826 * min(distance) / 100, 1) AS deviation
  FROM (
    SELECT category, month, of_lines, median_eur, abs(step - median_step) AS distance,
      sum(lines) OVER (PARTITION BY category, month ORDER BY abs(step - median_step)) AS up_to
    FROM near_steps
    JOIN price_medians USING (category, month)
  )
  WHERE up_to * 2 >= of_lines
  GROUP BY category, month, of_lines, median_eur
),
-- through a list, so that the engine takes them for few and holds them beside the stream of lines, not the other way round
price_ranges AS MATERIALIZED (
  SELECT r.category AS category, r.month AS month, r.of_lines AS of_lines, r.median_eur AS median_eur, r.deviation AS deviation,
    r.median_eur * exp(-$price_score * r.deviation) AS low_eur, r.median_eur * exp($price_score * r.deviation) AS high_eur
  FROM (SELECT unnest(list(s ORDER BY s.category, s.month)) AS r FROM price_spreads AS s)
),
odd_lines AS MATERIALIZED (
  SELECT lines.*, of_lines, median_eur, abs(ln(price_eur / median_eur)) / deviation AS score
  FROM lines
  JOIN price_ranges USING (category, month)
  WHERE price_eur NOT BETWEEN low_eur AND high_eur
  QUALIFY row_number() OVER (PARTITION BY _delivery, _row ORDER BY score DESC, line) = 1
),
odd_price AS MATERIALIZED (
  SELECT odd_lines.*, sales.transaction_id, sales.timestamp, sales.customer_id, sales.total_eur
  FROM sales
  JOIN odd_lines USING (_delivery, _row)
),
found AS (
  SELECT transaction_id, timestamp, customer_id, total_eur, round(score, 1) AS score, 'high_amount' AS kind,
    'One order is ' || CAST(round(total_eur / median_eur) AS INTEGER) || ' times the usual.' AS explanation,
    transaction_id || ' over ' || total_eur || ' EUR; the median of ' || orders || ' orders of customer ' || customer_id
      || ' is ' || CAST(median_eur AS DECIMAL(18, 2)) || ' EUR.' AS evidence
  FROM high_amount
  WHERE score >= $anomaly_score
  UNION ALL
  SELECT transaction_id, timestamp, customer_id, total_eur, CAST(orders AS DOUBLE) * 1.5, 'burst',
    orders || ' orders of one customer within five minutes.',
    'Customer ' || customer_id || ' around ' || strftime(timezone('UTC', timestamp), '%Y-%m-%d %H:%M') || ' UTC.'
  FROM bursts
  UNION ALL
  SELECT transaction_id, timestamp, customer_id, total_eur, least(CAST(orders AS DOUBLE) / near_nights, 20), 'odd_hour',
    'An order at an hour when this customer hardly ever orders.',
    'Customer ' || customer_id || ' at ' || strftime(timezone('UTC', timestamp), '%H:%M') || ' UTC; of ' || orders
      || ' orders ' || near_nights || ' lie between 01:00 and 05:00.'
  FROM odd_hour
  UNION ALL
  SELECT transaction_id, timestamp, customer_id, total_eur, CAST(customers AS DOUBLE) * 1.5, 'repeated_card',
    'One card was used by ' || customers || ' customers within an hour.',
    'Around ' || strftime(timezone('UTC', timestamp), '%Y-%m-%d %H:%M') || ' UTC; the card is masked in reports.'
  FROM cards
  UNION ALL
  SELECT transaction_id, timestamp, customer_id, total_eur, round(score, 1), 'odd_price',
    'One price is ' || CAST(round(greatest(price_eur / median_eur, median_eur / price_eur)) AS INTEGER) || ' times '
      || if(price_eur > median_eur, '', 'below ') || 'the usual of its category.',
    transaction_id || ' line ' || line || ' at ' || CAST(price_eur AS DECIMAL(18, 2)) || ' EUR a piece; the median of '
      || of_lines || ' lines in ' || category || ' is about ' || CAST(median_eur AS DECIMAL(18, 2)) || ' EUR.'
  FROM odd_price
)
SELECT transaction_id, timestamp, customer_id, total_eur, score, kind, explanation, evidence
FROM found
QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY score DESC, kind) = 1
