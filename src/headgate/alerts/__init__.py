"""Alerts: what is wrong now, who is told of it and when, and how it reaches them."""
