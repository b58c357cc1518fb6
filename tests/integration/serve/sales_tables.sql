-- The published tables of sales, as far as a report reads them.
CREATE TABLE transactions (
  _delivery VARCHAR, _row BIGINT, transaction_id VARCHAR, "timestamp" TIMESTAMPTZ, customer_id VARCHAR,
  customer_name VARCHAR, country VARCHAR, payment_method VARCHAR, card_last4 VARCHAR, currency VARCHAR, city VARCHAR,
  shipping_cost DECIMAL(12,2), subtotal DECIMAL(12,2), tax DECIMAL(12,2), total DECIMAL(12,2), total_eur DECIMAL(18,2),
  status VARCHAR);
CREATE TABLE items (
  _delivery VARCHAR, _row BIGINT, transaction_id VARCHAR, line BIGINT, "timestamp" TIMESTAMPTZ, product_id VARCHAR,
  name VARCHAR, category VARCHAR, quantity BIGINT, unit_price DECIMAL(12,2), line_total DECIMAL(12,2),
  line_total_eur DECIMAL(18,2), status VARCHAR);
CREATE TABLE daily (
  day DATE, orders BIGINT, revenue DECIMAL(38,2), pending_revenue DECIMAL(38,2), refunded_revenue DECIMAL(38,2),
  items BIGINT, tax DECIMAL(38,2));
CREATE TABLE monthly (
  month DATE, orders BIGINT, revenue DECIMAL(38,2), pending_revenue DECIMAL(38,2), refunded_revenue DECIMAL(38,2),
  items BIGINT);
CREATE TABLE customers (
  customer_id VARCHAR, country VARCHAR, orders BIGINT, revenue DECIMAL(38,2), first_order TIMESTAMP,
  last_order TIMESTAMP);
CREATE TABLE products (
  product_id VARCHAR, name VARCHAR, category VARCHAR, units BIGINT, revenue DECIMAL(38,2), orders BIGINT);
CREATE TABLE categories (category VARCHAR, units BIGINT, revenue DECIMAL(38,2), orders BIGINT);
CREATE TABLE anomalies (
  transaction_id VARCHAR, "timestamp" TIMESTAMP, customer_id VARCHAR, total_eur DECIMAL(12,2), score DOUBLE,
  kind VARCHAR, explanation VARCHAR, evidence VARCHAR);
