"""Telling other services of a job's end, and hearing from those that work for us: owed, signed, sent, heard."""
