"""Mastering: the timeline's clips become one sound, encoded and measured.

`FfmpegMastering` mixes with `narratix.sound`, encodes and decodes with ffmpeg, a program of its own. It
is quick enough to need no stand-in: tests run the real thing.

Contents: `formats` the deliverables, `process` ffmpeg under watch, `files` what is read and written. In worker processes:
`reel` a minute of a drama from its clips to its files, `join` those files as one deliverable, `measure` what that sounds
like, `passage` a stretch for listening at once. `ffmpeg` is the port's adapter, `decode` foreign audio for adapters of
other ports.
"""
