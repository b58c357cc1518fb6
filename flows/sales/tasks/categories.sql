-- What was sold in each category.
SELECT
  category,
  CAST(sum(CASE WHEN status = 'completed' THEN quantity ELSE 0 END) AS BIGINT) AS units,
  CAST(sum(CASE WHEN status = 'completed' THEN line_total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS revenue,
  count(*) AS orders
FROM items
GROUP BY category
