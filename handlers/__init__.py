"""What can be said: forms, commands, and the one door that events come in by."""
