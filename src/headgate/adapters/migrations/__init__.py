"""The ledger's schema over its versions; a new database is made at the newest one without them."""
