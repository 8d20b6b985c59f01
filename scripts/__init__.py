"""The command `ownerline` and tools for those who look after it."""
