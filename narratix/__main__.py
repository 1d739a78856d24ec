"""`python -m narratix`: the command. The engines' worker processes import this module again, so it only acts as a program."""

from __future__ import annotations

if __name__ == "__main__":
    from narratix.cli import main

    main()
