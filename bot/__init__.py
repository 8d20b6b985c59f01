"""The edge: channels, the engine rooms' loops, the web, and the composition root."""
