-- How fast cars go, by kind of vehicle and fuel. The average is days / cars.
SELECT
  vehicle_type,
  fuel,
  count(*) AS cars,
  CAST(sum(turnover_days) AS BIGINT) AS days,
  min(turnover_days) AS shortest,
  max(turnover_days) AS longest,
  count(*) FILTER (turnover_days <= 7) AS gone_in_a_week
FROM cars
GROUP BY vehicle_type, fuel
