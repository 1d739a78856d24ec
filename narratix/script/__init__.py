"""A story's text as a script, by rules and a small model alone: plain values in, plain values out.

Contents, in the order in which a text is read:

* `language`: which language it is in; `layout`: its blocks; `sentences`, `words`, `lexicon`: what they are made of;
* `quotes`: what is said aloud; `tiling`: the text parted into spans that cover it exactly;
* `references`: names, descriptions, pronouns; `cues`: the words beside a speech that say who speaks; `addresses`: whom a speech
  calls; `reading`: all of these, turn by turn;
* `names`, `talk`, `sexes`, `gathering`, `cast`: which references are one person; `tellers`: who says "I"; `revealing`: the
  stranger who turns out to be somebody; `company`: who is in the story, before any turn is decided;
* `presence`, `evidence`, `ranker`, `exchange`, `decoding`, `attribution`: who speaks each turn (`speakers.md` tells of the model);
* `directions`: how a line is spoken; `moods`: what the music feels like; `places`, `weather`: where and in what weather the story
  happens; `effects`, `sounds`: what is heard on which word;
* `engine`: the script of all that;
* `casting`: who gets which voice; `pronunciations`, `respelling`, `ipa`: how words are to be said.
"""
