"""Every rule and every row of the house."""
