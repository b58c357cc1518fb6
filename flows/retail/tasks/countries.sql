-- What was sold to each country, returns taken off.
SELECT
  country,
  count(*) AS lines,
  CAST(sum(amount) AS DECIMAL(38, 3)) AS revenue,
  count(*) FILTER (cancelled) AS returned_lines
FROM invoice_lines
GROUP BY country
