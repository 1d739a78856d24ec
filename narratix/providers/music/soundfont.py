"""SoundFont files, and excerpts of them.

Decoding all the Ogg-compressed samples of an orchestra takes over a second and 300 MB; a piece plays
half a dozen instruments. An excerpt keeps the file as it is and blanks the headers of the samples
that no wanted preset plays: the synthesiser decodes only what begins with "OggS".

Format: SoundFont Technical Specification 2.04, sections 7.2-7.10; SF3 = SF2 with Ogg Vorbis samples.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from narratix.ports import ProviderError

Preset = tuple[int, int]
"""(bank, program); bank 128 holds the percussion kits."""

_INSTRUMENT_GENERATOR = 41
_SAMPLE_GENERATOR = 53

_PRESET_HEADER = np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("reserved", "V12")])
_INSTRUMENT_HEADER = np.dtype([("name", "S20"), ("bag", "<u2")])
_BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
_GENERATOR = np.dtype([("operator", "<u2"), ("amount", "<u2")])
_SAMPLE_HEADER_BYTES = 46
_SAMPLE_START_OFFSET = 20  # a name of 20 bytes, then start and end


class SoundFont:
    """The instruments of a SoundFont file."""

    def __init__(self, path: Path) -> None:
        """Raises ProviderError(permanent=True) when the file cannot be read as a SoundFont."""
        try:
            self._file = path.read_bytes()
        except OSError as error:
            raise ProviderError(
                f"The music's instruments cannot be read from {path} ({error.strerror}); "
                "install the assets with npm ci --ignore-scripts.",
                permanent=True,
            ) from error
        try:
            self._samples_of, self._headers = _index(self._file)
        except (KeyError, IndexError, ValueError, struct.error) as error:
            raise ProviderError(
                f"{path} is not a complete SoundFont file; install the assets again with npm ci --ignore-scripts.",
                permanent=True,
            ) from error

    @property
    def presets(self) -> Collection[Preset]:
        return self._samples_of.keys()

    def excerpt(self, presets: Collection[Preset]) -> bytes:
        """A SoundFont in which `presets` sound as in the whole; no other may be played. Raises ProviderError for one that is not in the file."""
        missing = [preset for preset in presets if preset not in self._samples_of]
        if missing:
            raise ProviderError(f"The SoundFont has no preset {missing[0]} (bank, program).", permanent=True)
        wanted = frozenset[int]().union(*(self._samples_of[preset] for preset in presets))
        copy = bytearray(self._file)
        for sample, header in enumerate(self._headers):
            if sample not in wanted:
                copy[header + _SAMPLE_START_OFFSET : header + _SAMPLE_START_OFFSET + 8] = bytes(8)
        return bytes(copy)


def _index(file: bytes) -> tuple[dict[Preset, frozenset[int]], range]:
    """The sample numbers behind each preset, and the place of each sample header in the file."""
    if file[:4] != b"RIFF" or file[8:12] != b"sfbk":
        raise ValueError("no SoundFont signature")
    chunks = {
        name: (begin, size)
        for _, begin, size in _chunks(file, 12, len(file))
        for name, begin, size in _chunks(file, begin + 4, begin + size)
    }

    def table(name: bytes, dtype: np.dtype[np.void]) -> npt.NDArray[np.void]:
        begin, size = chunks[name]
        return np.frombuffer(file, dtype, size // dtype.itemsize, begin)

    instruments = _zones(table(b"inst", _INSTRUMENT_HEADER), table(b"ibag", _BAG), table(b"igen", _GENERATOR))
    samples_of_instrument = [_amounts(zone, _SAMPLE_GENERATOR) for zone in instruments]
    headers = table(b"phdr", _PRESET_HEADER)
    samples_of = {
        (int(header["bank"]), int(header["program"])): frozenset[int]().union(
            *(samples_of_instrument[number] for number in _amounts(zone, _INSTRUMENT_GENERATOR))
        )
        for header, zone in zip(
            headers, _zones(headers, table(b"pbag", _BAG), table(b"pgen", _GENERATOR)), strict=False
        )
    }
    begin, size = chunks[b"shdr"]
    return samples_of, range(begin, begin + size - _SAMPLE_HEADER_BYTES, _SAMPLE_HEADER_BYTES)


def _chunks(file: bytes, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while begin + 8 <= end:
        (size,) = struct.unpack_from("<I", file, begin + 4)
        yield file[begin : begin + 4], begin + 8, size
        begin += 8 + size + size % 2


def _zones(
    headers: npt.NDArray[np.void], bags: npt.NDArray[np.void], generators: npt.NDArray[np.void]
) -> list[npt.NDArray[np.void]]:
    """The generators of each header; the last header of a table only marks its end."""
    edges = bags["generator"][headers["bag"]]
    return [generators[begin:end] for begin, end in itertools.pairwise(edges)]


def _amounts(generators: npt.NDArray[np.void], operator: int) -> frozenset[int]:
    return frozenset(int(amount) for amount in generators["amount"][generators["operator"] == operator])
