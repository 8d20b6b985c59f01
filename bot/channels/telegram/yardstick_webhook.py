"""The library's own webhook server with a handler that does nothing, to measure ours against.

`python -m bot.channels.telegram.yardstick_webhook TOKEN BASE_URL PORT SECRET`
"""

from __future__ import annotations

import sys

from telegram import Update
from telegram.ext import ApplicationBuilder, ContextTypes, TypeHandler


def main() -> None:
    """Serve until told to stop."""
    token, base_url, port, secret = sys.argv[1:]
    application = ApplicationBuilder().token(token).base_url(base_url).build()
    application.add_handler(TypeHandler(Update, _nothing))
    application.run_webhook(
        listen="127.0.0.1",
        port=int(port),
        url_path="hook",
        webhook_url=f"http://127.0.0.1:{port}/hook",
        secret_token=secret,
    )


async def _nothing(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer nobody."""


if __name__ == "__main__":
    main()
