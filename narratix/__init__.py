"""Narratix turns a story text into a full-cast audio drama and keeps every step of its making on record."""

__version__ = "3.0.0"
