-- What each brand offers. The average price is asked / cars, the average time on offer days / cars.
SELECT
  brand,
  count(*) AS cars,
  CAST(sum(price) AS DECIMAL(38, 2)) AS asked,
  min(price) AS cheapest,
  max(price) AS dearest,
  CAST(sum(odometer_km) AS BIGINT) AS kilometres,
  CAST(sum(turnover_days) AS BIGINT) AS days
FROM cars
GROUP BY brand
