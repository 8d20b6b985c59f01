"""Text messages: numbered choices, counted segments, and gateways that are told apart only here."""
