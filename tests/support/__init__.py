"""What the tests stand on: a PostgreSQL server, databases to spare, the report, the house rules."""
