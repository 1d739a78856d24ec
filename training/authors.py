"""Who wrote each LitBank work that has siblings: folds must not share an author."""

from __future__ import annotations

from typing import Final

_WORKS: Final = {
    "burroughs": ("62_", "78_"),
    "cather": ("24_", "44_"),
    "conrad": ("219_", "974_"),
    "fitzgerald": ("805_", "9830_"),
    "grey": ("3457_", "502_"),
    "haggard": ("2166_", "711_"),
    "hardy": ("110_", "27_"),
    "hawthorne": ("33_", "77_"),
    "joyce": ("2814_", "4217_", "4300_"),
    "melville": ("11231_", "2489_"),
    "poe": ("1064_", "932_"),
    "twain": ("74_", "76_"),
}
_AUTHOR_OF: Final = {work: author for author, works in _WORKS.items() for work in works}


def author_of(work: str) -> str:
    """The author of a work by its file's name; a work without siblings stands for its own author."""
    return _AUTHOR_OF.get(work.split("_")[0] + "_", work)


def folds(works: list[str], count: int) -> dict[str, int]:
    """Work -> number of its fold; works of one author share it. Authors are dealt out in the order of their works."""
    authors: dict[str, int] = {}
    for work in sorted(works):
        authors.setdefault(author_of(work), len(authors) % count)
    return {work: authors[author_of(work)] for work in works}
