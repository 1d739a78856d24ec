"""What works here and what is missing: every promise of the design that this machine and its accounts must keep."""
