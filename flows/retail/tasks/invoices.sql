-- Totals by invoice.
SELECT
  invoice_no,
  min(invoice_date) AS invoice_date,
  min(country) AS country,
  count(*) AS lines,
  CAST(sum(quantity) AS BIGINT) AS units,
  CAST(sum(amount) AS DECIMAL(38, 3)) AS amount
FROM invoice_lines
GROUP BY invoice_no
