-- One row an advertisement, with the days that it was on offer.
SELECT
  title,
  brand,
  model,
  vehicle_type,
  fuel,
  gearbox,
  price,
  registration_year,
  power_ps,
  odometer_km,
  has_damage,
  postal_code,
  listed_on,
  CAST(last_seen_at AS DATE) AS removed_on,
  CAST(last_seen_at AS DATE) - listed_on AS turnover_days,
  crawled_at,
  _delivery,
  _row,
  _record
FROM accepted
