"""Alembic's revisions, one after the other from the first table."""
