-- What came back of each product.
SELECT
  stock_code,
  min(description) AS description,
  count(*) AS lines,
  CAST(sum(-quantity) AS BIGINT) AS units,
  CAST(sum(-amount) AS DECIMAL(38, 3)) AS refunded
FROM invoice_lines
WHERE cancelled
GROUP BY stock_code
