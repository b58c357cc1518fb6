"""Second step: typed columns, rules, verdicts."""
