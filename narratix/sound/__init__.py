"""Sound as pure functions: arrays and plain values in, arrays and plain values out.

Contents, in the order in which a drama is made:

* `levels`: decibels and LUFS as numbers; `grid`: whole samples, and where a drama may be cut; `profiles`: what it must be;
* `filters`: what a filter does to each frequency; `loudness`: K-weighting and gated loudness (ITU-R BS.1770-5);
* `peaks`: true peaks, oversampled only where they could matter;
* `limiter`: a limiter with finite memory;
* `clip`: a spoken line made ready for the mix; `codec`: FLAC in memory; `wording`: what a line says instead of its own words;
* `rooms`: what a place adds to the sounds in it; `media`: what speech is heard through; `takes`: what is heard of a clip;
* `planning`: which music and effects there are, and where; `lines`, `timeline`: where everything lies in time; `captions`,
  `chapters`, `cover`: what a player shows;
* `envelopes`: fades and ducking; `prediction`: the master gain, before the first sample;
* `mixer`: the drama, block by block; `meters`: what passes by, measured; `gates`: is it good?
* `passages`: stretches of lines that are mixed as soon as they are settled; `fmp4`: AAC as fragments; `hls`: the
  playlist of a drama that is heard while it is made; `mp3`: its frames, cut and joined.
"""
