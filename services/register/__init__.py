"""Who has to do with which unit, since when and until when; what follows when that changes."""
