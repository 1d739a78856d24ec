"""Which language a text is in, and what becomes of one that the rules cannot cast."""

from __future__ import annotations

import pytest

from narratix.ports import ProviderError
from narratix.providers.language.rules import RulesLanguage
from narratix.script.engine import write_script
from narratix.script.language import detect_language

SAMPLES = {
    "en": "It was the best of times, it was the worst of times, and she had not said that he was with them for the day.",
    "de": "Es war einmal ein kleines Mädchen, das hatte jeder lieb, der sie nur ansah, und die Großmutter wusste gar nicht, was sie dem Kind geben sollte.",
    "fr": "Il était une fois une petite fille de village, la plus jolie que l’on pût voir, et sa mère en était folle, dans une maison qui est sur la place.",
    "es": "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, no ha mucho tiempo que vivía un hidalgo de los de lanza en astillero.",
    "it": "C’era una volta un pezzo di legno. Non era un legno di lusso, ma un semplice pezzo da catasta, di quelli che si mettono nelle stufe per il fuoco.",
    "pt": "Era uma vez um rei que não tinha filhos, e que vivia com a rainha em um castelo que ficava no alto da montanha, mais para o norte do que para o sul.",
    "nl": "Er was eens een klein meisje dat met haar moeder in een huis aan de rand van het bos woonde, en zij had een rode mantel die ze op zondag droeg.",
    "und": "Olipa kerran pieni tyttö joka asui metsän reunassa äitinsä kanssa ja hänellä oli punainen viitta jota hän piti aina päällään kun meni kylään.",
}


@pytest.mark.parametrize(("language", "text"), SAMPLES.items())
def test_given_a_text_when_its_common_words_are_counted_then_its_language_is_known(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["Hello", "“Go!” said Tom.", "42", "“Run!” shouted Ann."])
def test_given_a_few_latin_words_when_detected_then_they_are_english(text: str) -> None:
    assert detect_language(text) == "en"


def test_given_japanese_when_detected_then_it_is_undetermined() -> None:
    assert detect_language("むかしむかし、あるところに、おじいさんとおばあさんがありました。") == "und"


def test_given_french_dialogue_when_written_then_the_narrator_reads_all_of_it_and_says_why() -> None:
    text = SAMPLES["fr"] + "\n\n— Bonjour, dit la petite fille.\n\n— Bonjour, dit le loup."
    script = write_script(text)
    assert script.language == "fr"
    assert {segment.speaker for segment in script.segments} == {"narrator"}
    assert "".join(text[s.start : s.end] for s in script.segments) == text
    assert any("French" in note for note in script.notes)


async def test_given_the_port_when_a_text_is_written_then_use_is_counted_and_costs_nothing() -> None:
    script = await RulesLanguage().write_script("“Go!” said Tom.")
    assert script.engine == "rules-2"
    (usage,) = script.usage
    assert (usage.provider, usage.unit, usage.units, usage.cost_usd) == ("rules", "characters", 15.0, 0.0)


async def test_given_the_port_when_there_is_nothing_to_read_then_the_fault_is_permanent() -> None:
    with pytest.raises(ProviderError, match="nothing to read") as caught:
        await RulesLanguage().write_script("  \n ")
    assert caught.value.permanent
