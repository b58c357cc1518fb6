-- What was sold of each product.
SELECT
  product_id,
  min(name) AS name,
  min(category) AS category,
  CAST(sum(CASE WHEN status = 'completed' THEN quantity ELSE 0 END) AS BIGINT) AS units,
  CAST(sum(CASE WHEN status = 'completed' THEN line_total_eur ELSE 0 END) AS DECIMAL(38, 2)) AS revenue,
  count(*) AS orders
FROM items
GROUP BY product_id
