"""Telegram: updates in, typed Bot API calls out. Only this package knows python-telegram-bot."""
