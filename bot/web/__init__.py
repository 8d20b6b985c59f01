"""The pages that people open in a browser: landing page, chat, the demo's lab."""
