-- One row a line. A return has a negative quantity and so a negative amount.
SELECT
  invoice_no,
  starts_with(invoice_no, 'C') AS cancelled,
  stock_code,
  description,
  quantity,
  invoice_date,
  unit_price,
  CAST(quantity * unit_price AS DECIMAL(18, 3)) AS amount,
  customer_id,
  country,
  _delivery,
  _row,
  _record
FROM accepted
