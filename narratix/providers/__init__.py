"""Adapters, a folder for each port. The `contents` page of a folder names its engines, the best first.

It is a module of its own, and the folder's `__init__.py` imports nothing: worker processes take a mixer or a voice out of a
folder and shall hold no client of a vendor.
"""
