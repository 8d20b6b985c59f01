"""A strict loopback stand-in for Telegram's Bot API, and the people who talk through it."""
