"""How much each sign in a story tells of somebody's sex: the weights of `narratix.script.sexes`.

    python -m training.weigh_sexes NOVELS

NOVELS is a folder of plain texts. Of every name whose sex a title or a given name tells, the signs that the narration gives are
counted, as if the name told nothing. A row is a kind of sign: how many there were, the decibans of "she" and of "he", and the weight in
use. Below, how often the verdict by the signs alone is right, by how often the name is told.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from pathlib import Path

from narratix.script.layout import find_blocks
from narratix.script.lexicon import Sex
from narratix.script.quotes import find_quotes
from narratix.script.reading import read
from narratix.script.sexes import WEIGHTS, sex_of, signs, verdict

_OFTEN = ((16, "16 times and more"), (4, "4 to 15 times"), (1, "up to 3 times"))


def decibans(counts: Counter[tuple[Sex, Sex]], told: Sex) -> float:
    """How much likelier a pronoun of this sex stands behind somebody of it than behind others, from (true, told) counts."""
    other: Sex = "male" if told == "female" else "female"
    shares = [(counts[true, told] + 1) / (counts[true, "female"] + counts[true, "male"] + 2) for true in (told, other)]
    return 10 * math.log10(shares[0] / shares[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("novels", type=Path)
    arguments = parser.parse_args()
    kinds: dict[str, Counter[tuple[Sex, Sex]]] = defaultdict(Counter)
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(arguments.novels.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        blocks = find_blocks(text)
        reading = read(text, blocks, find_quotes(text, blocks))
        for block in reading.mentions:
            for sign in signs(text, block):
                if sign.reference.form == "name" and (true := sex_of(sign.reference)) != "unknown":
                    kinds[sign.kind][true, sign.sex] += 1
        for reference, count in Counter(mention.reference for block in reading.mentions for mention in block).items():
            if reference.form == "name" and (true := sex_of(reference)) != "unknown":
                found = verdict(reading.sexes.get(reference, {}))
                often = next(name for least, name in _OFTEN if count >= least)
                verdicts[often]["right" if found == true else found if found == "unknown" else "wrong"] += 1
    print(f"{'sign':32}{'number':>8}{'she':>7}{'he':>7}{'weight':>8}")
    for kind, counts in sorted(kinds.items(), key=lambda item: -WEIGHTS[item[0]]):
        she, he = decibans(counts, "female"), decibans(counts, "male")
        print(f"{kind:32}{counts.total():8}{she:7.1f}{he:7.1f}{WEIGHTS[kind]:8}")
    for often, outcomes in verdicts.items():
        shares = ", ".join(f"{outcome} {count / outcomes.total():.1%}" for outcome, count in sorted(outcomes.items()))
        print(f"a name told {often}: {shares} of {outcomes.total()}")


if __name__ == "__main__":
    main()
