"""A year of an estate, acted out: who lives and works there, what a day brings, what people do about it."""
