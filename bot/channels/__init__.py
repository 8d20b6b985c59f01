"""One module per way in and out; each speaks a provider's language outside and the house's inside."""
