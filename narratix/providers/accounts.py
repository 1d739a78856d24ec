"""The accounts that the settings hold keys for, and one client each."""

from __future__ import annotations

from dataclasses import dataclass, field

from narratix.ports import ProviderError, Storage
from narratix.providers.elevenlabs import ElevenLabs
from narratix.providers.replicate import Replicate, Wait, sleeping


@dataclass(slots=True, kw_only=True)
class Accounts:
    """Keys, empty where there is none. `storage` keeps notes of what was begun at a vendor. Replicate tells of an
    end at `replicate_webhook`, which wakes who is in `replicate_wait`."""

    storage: Storage
    elevenlabs_key: str = ""
    elevenlabs_url: str = ""
    elevenlabs_model: str = ""
    elevenlabs_calls: int = 5
    openai_key: str = ""
    openai_url: str = ""
    openai_model: str = ""
    hume_key: str = ""
    hume_url: str = ""
    replicate_token: str = ""
    replicate_url: str = ""
    replicate_version: str = ""
    replicate_webhook: str = ""
    replicate_wait: Wait = sleeping
    _elevenlabs: ElevenLabs | None = field(default=None, init=False)
    _replicate: Replicate | None = field(default=None, init=False)

    @property
    def speech(self) -> list[str]:
        """The names of the speech engines that there is a key for, the best first."""
        keys = {"elevenlabs": self.elevenlabs_key, "openai": self.openai_key, "hume": self.hume_key}
        return [name for name, key in keys.items() if key]

    def to_elevenlabs(self) -> ElevenLabs:
        """Raises ProviderError without a key."""
        if not self.elevenlabs_key:
            raise ProviderError("ElevenLabs needs a key: set ELEVENLABS_API_KEY.", permanent=True)
        if self._elevenlabs is None:
            self._elevenlabs = ElevenLabs(self.elevenlabs_key, self.elevenlabs_url, calls=self.elevenlabs_calls)
        return self._elevenlabs

    def to_replicate(self) -> Replicate:
        """Raises ProviderError without a token and the version of a model."""
        if not (self.replicate_token and self.replicate_version):
            raise ProviderError(
                "Replicate needs a token and a model: set REPLICATE_API_TOKEN and NARRATIX_REPLICATE_VERSION.",
                permanent=True,
            )
        if self._replicate is None:
            self._replicate = Replicate(
                self.replicate_token,
                self.storage,
                self.replicate_url,
                webhook=self.replicate_webhook,
                wait=self.replicate_wait,
            )
        return self._replicate
