"""Files of owners, units and money as offices keep them: read, looked at as a whole, then applied in steps."""
