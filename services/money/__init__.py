"""Money: what units owe and why, what was paid, what finance is asked."""
