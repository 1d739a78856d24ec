"""Narratix turns a story text into a full-cast audio drama and keeps every step of its making on record."""

import os

__version__ = "3.0.0"

# ONNX Runtime's wheels (1.32) tell their maker of how they are used; stories are nobody's business but ours. Here, since it
# must be said before any process of ours loads it.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
