"""How often the cast's gender is right, on LitBank's speakers whose gender the story leaves in no doubt.

    python -m benchmarks.genders FOLDER NOVELS [--context CHARACTERS]

The genders below were noted by hand from the novels. A speaker is the member of the cast who bears the same
name, else the one who says most of the same lines: whether lines are given to whom they belong is `attribution`'s question.
Somebody who is nobody in the cast, and "unknown", count as wrong. So do four whom nobody can find as they are annotated: Buck
Mulligan and Stephen (NOVELS lacks Ulysses, and LitBank's text of it has neither paragraphs nor marks of speech), Harry, who
is dead when the narrator of Allan Quatermain asks what is noted as his, and Smith, whose saying the narrator of To Have and
to Hold remembers.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.attribution import Gold, books, overlapping
from narratix.script.engine import write_script

_FEMALE: Final = [
    "113:MARY_LENNOX-0",
    "113:MRS__LENNOX-7",
    "1260:JANE_EYRE-2",
    "1260:MRS__REED-1",
    "1260:ELIZA_REED-5",
    "12677:his_mother-24",
    "15265:a_girl-13",
    "18581:Florence-2",
    "2005:a_girl-42",
    "217:Mrs__Morel-71",
    "217:Annie_Morel-86",
    "233:Caroline_Meeber-0",
    "24:his_sister-39",
    "271:Duchess-8",
    "2775:Leonora-27",
    "27:a_woman_____young___and_attractive-30",
    "2814:my_aunt-10",
    "33:a_hard-featured_dame_of_fifty-48",
    "33:a_third_autumnal_matron-54",
    "33:a_young_wife-56",
    "33:another_female-58",
    "345:a_cheery-looking_elderly_woman-81",
    "351:Philip_s_nurse-0",
    "351:Mrs__Carey-6",
    "351:Emma-28",
    "351:Henrietta_Watkin-21",
    "351:her_sister-42",
    "367:Mrs__Todd-22",
    "4051:Mrs_Gildea-0",
    "41286:maid_Ellis-7",
    "41286:Miss_Marjoribanks-0",
    "4217:Mrs__Dedalus-4",
    "4217:Dante-7",
    "4276:MARGARET-1",
    "4276:MRS__SHAW-14",
    "4276:Mrs__Gibson-33",
    "434:narrator-0",
    "44:Thea_Kronborg-59",
    "514:Jo-1",
    "514:Meg-2",
    "514:Amy-3",
    "514:Beth-9",
    "543:Carol_Milford-3",
    "599:Jemima_Pinkerton-15",
    "599:Barbara_Pinkerton-1",
    "73:his_mother-50",
    "74:Tom_s_aunt-1",
    "76:Miss_Watson-26",
    "805:Beatrice_Amory_Blaine-2",
    "876:the_woman-119",
    "95:Rose-2",
    "969:Mrs__Markham-4",
    "969:Rose_Markham-19",
    "974:Winnie_Verloc-3",
]
_MALE: Final = [
    "110:Jack_Durbeyfield-0",
    "110:Parson_Tringham-4",
    "110:Fred-66",
    "11231:Turkey-28",
    "11231:narrator-0",
    "113:FAIR_BOY_OFFICER-18",
    "113:The_first_man_who_came_in-38",
    "1206:the_Old_Man-2",
    "1206:Irish-12",
    "1206:Cal_Emmett-13",
    "1206:Mr__Rapponi-6",
    "1206:Big_Medicine-21",
    "1206:Slim-27",
    "1206:Pink-11",
    "1206:Weary-23",
    "1206:Happy_Jack-10",
    "120:The_Old_Sea-dog-0",
    "1260:JOHN_REED-6",
    "12677:Jock_McChesney-22",
    "145:an_amiable_handsome_baronet-66",
    "15265:The_boy-1",
    "155:John_Herncastle-5",
    "155:narrator-1",
    "171:Montraville-2",
    "171:Belcour-1",
    "171:MR__Temple-28",
    "171:Captain_Eldridge-41",
    "18581:Uncle-1",
    "18581:Curtis_Waring-9",
    "2005:Mr__Peter_Pett-2",
    "2005:Ogden-24",
    "2084:Mr__Pontifex-1",
    "2084:my_father-7",
    "2084:Edward_Overton-0",
    "215:man_sold_to-58",
    "215:Manuel-50",
    "217:William_Morel-84",
    "219:Marlow-19",
    "233:a_man-26",
    "238:Jervis-4",
    "24:a_little_Swede_boy-35",
    "24:A_shabby_little_traveling_man___who_was_just_then_coming_out_of_the_store_on_his_way_to_the_saloon-48",
    "24:Carl-47",
    "271:Black_Beauty-0",
    "27:FARMER_OAK-0",
    "27:the_man_at_the_toll-bar-41",
    "2807:Smith-16",
    "2807:John_Rolfe-30",
    "2807:Ralph_Percy-0",
    "2814:Father_Flynn-1",
    "2814:Old_Cotter-8",
    "2814:My_uncle-13",
    "2814:Narrator-2",
    "32:Terry_O__Nicholson-17",
    "32:Jeff_Margrave-19",
    "32:narrator-0",
    "33:a_man_in_the_crowd-62",
    "3457:Snake-30",
    "3457:Moze-32",
    "3457:Jim-34",
    "345:JONATHAN_HARKER-0",
    "345:Count_Dracula-22",
    "351:The_doctor-9",
    "351:Philip-2",
    "4051:the_postman-31",
    "41286:Miss_Marjoribank_s_father-8",
    "41:ICHABOD_CRANE-58",
    "4217:Nasty_Roche-24",
    "4217:Stephen_Dedalus-1",
    "4217:Cantwell-29",
    "4217:Father_Arnall-58",
    "4300:Buck_Mulligan-0",
    "4300:Stephen-3",
    "434:Halsey-11",
    "434:Thomas_Johnson-84",
    "44:Dr__Howard_Archie-0",
    "44:Mr__Kronborg-24",
    "472:a_colored_man-51",
    "502:a_white_man-11",
    "502:Cameron-0",
    "521:my_father-4",
    "5348:Ragged_Dick-0",
    "5348:Mr__Greyson-18",
    "543:Stewart_Snyder-87",
    "550:the_old_man-54",
    "6053:Mr__Evelyn-14",
    "60:Sergeant_Bibot-40",
    "60:his_trusted_corporal-85",
    "6593:Mr_Pope-30",
    "711:Narrator-2",
    "711:Captain_John_Good___RN-7",
    "711:Sir_Henry_Curtis-6",
    "711:Harry-1",
    "73:a_certain_tall_soldier-11",
    "73:Henry_Fleming-37",
    "74:TOM-0",
    "74:Sid-18",
    "74:A_stranger-31",
    "768:I-0",
    "768:Mr__Heathcliff-6",
    "768:Joseph-9",
    "76:Tom_Sawyer-3",
    "76:Huck-1",
    "76:Jim-51",
    "77:Matthew_Maule-25",
    "805:Amory-1",
    "805:Bishop_Wiston-77",
    "95:Rudolf_narrator-4",
    "95:Robert_brother-5",
    "969:Gilbert_Markham-1",
    "969:Fergus_Markham-20",
    "9830:Anthony__Father-9",
]
GENDERS: Final = {**dict.fromkeys(_FEMALE, "female"), **dict.fromkeys(_MALE, "male")}


def plain(name: str) -> str:
    """ "Mrs__Carey-6", as LitBank writes it, and "Mrs. Carey", as a cast does, alike."""
    return " ".join(re.findall(r"[^\W\d_]+", name.casefold()))


def found_genders(name: str, text: str, gold: list[Gold]) -> dict[str, tuple[str, str]]:
    """Speaker -> the gender noted and the one found, "nobody" where no member of the cast says their lines."""
    script = write_script(text)
    spoken = [segment for segment in script.segments if segment.kind == "speech"]
    pairs = [(overlapping(quote, spoken), quote.speaker) for quote in gold]
    votes = Counter((own.speaker, who) for own, who in pairs if own is not None)
    named = {plain(called): member.id for member in reversed(script.cast) for called in (member.name, *member.aliases)}
    match = {quote.speaker: named[who] for quote in gold if (who := plain(quote.speaker)) in named}
    for (member, who), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
        if who not in match and member not in match.values():
            match[who] = member
    genders = {member.id: member.gender for member in script.cast}
    work = name.split("_")[0]
    return {
        f"{work}:{who}": (GENDERS[f"{work}:{who}"], genders[match[who]] if who in match else "nobody")
        for who in sorted({quote.speaker for quote in gold})
        if f"{work}:{who}" in GENDERS
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("novels", type=Path)
    parser.add_argument("--context", type=int, default=40_000, help="characters to read on behind each sample")
    arguments = parser.parse_args()
    outcomes = Counter[str]()
    for name, text, gold in books(arguments.folder, arguments.novels, arguments.context):
        for who, (noted, found) in found_genders(name, text, gold).items():
            outcome = "right" if noted == found else found if found in ("nobody", "unknown") else "wrong"
            outcomes[outcome] += 1
            if outcome != "right":
                print(f"{who}: {noted}, found {found}")
    total = outcomes.total()
    matched = total - outcomes["nobody"]
    print(
        f"right {outcomes['right'] / total:.1%} of {total} speakers, {outcomes['right'] / matched:.1%} of the {matched} found"
    )
    print(", ".join(f"{outcome} {count}" for outcome, count in sorted(outcomes.items())))


if __name__ == "__main__":
    main()
