"""Dunning: steps towards households that owe, their promises, what collectors do."""
