-- What was sold of each product, returns taken off.
SELECT
  stock_code,
  min(description) AS description,
  count(*) AS lines,
  CAST(sum(quantity) AS BIGINT) AS units,
  CAST(sum(amount) AS DECIMAL(38, 3)) AS revenue
FROM invoice_lines
GROUP BY stock_code
