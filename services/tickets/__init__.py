"""Tickets: what may be done to them, by whom, and what follows."""
