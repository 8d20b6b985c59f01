"""What those who lead read: the morning's digest, what is not cleared in the evening, the sheets of week and month."""
