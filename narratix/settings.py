"""All settings, read from the environment once. No other module reads it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT = Path(__file__).parent.parent


def _origins(given: object) -> object:
    if not isinstance(given, str):
        return given
    origins = [origin.strip().rstrip("/").lower() for origin in given.split(",") if origin.strip()]
    for origin in origins:
        if not re.fullmatch(r"https?://[^/?#@*\s]+", origin):
            raise ValueError(f"{origin!r} is no origin; write it as in https://example.org, without a path")
    # as browsers write them: without the port that goes without saying
    return tuple(re.sub(r"^(https(?=.*:443$)|http(?=.*:80$))(://.+):\d+$", r"\1\2", origin) for origin in origins)


class Settings(BaseSettings):
    """Each field is an environment variable of the same name in capitals, with NARRATIX_ before it unless its
    alias says otherwise. Empty means the default."""

    model_config = SettingsConfigDict(
        env_prefix="NARRATIX_", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    environment: Literal["development", "staging", "production"] = "development"
    home: Path = PROJECT / ".narratix"
    """Where the embedded services keep their data."""

    database_url: SecretStr | None = Field(default=None, validation_alias="DATABASE_URL")
    direct_database_url: SecretStr | None = None
    """The same database without the transaction pooler that DATABASE_URL leads through: for notifications, elections
    and migrations. Neon's is found by itself."""
    postgres_binaries: Path | None = None
    s3_endpoint: str = ""
    s3_bucket: str = ""
    s3_access_key: SecretStr = SecretStr("")
    s3_secret_key: SecretStr = SecretStr("")
    public_url: str = ""
    """The address that browsers use, for links that leave the page. Empty: relative links."""
    signing_key: SecretStr | None = None
    """Signs file addresses and anchors. By default a random one is kept in `home`."""
    former_signing_keys: SecretStr = SecretStr("")
    """Those that were used before, parted by blanks: the anchors that they signed are still believed."""
    anchor_seconds: float = Field(default=600.0, ge=1, le=24 * 3600)
    """How soon after the log has grown an anchor of it goes to object storage (docs/audit.md)."""

    language: str = ""
    """Script engines, the best first, by commas ("claude,rules"). By default Claude where there is a key for it, and the
    rules behind it; else the rules alone."""
    anthropic_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="ANTHROPIC_API_KEY")
    anthropic_url: str = ""
    """Instead of the address of Anthropic's API: a gateway."""
    claude_model: str = "claude-haiku-5-5"
    compatible_url: str = ""
    """An endpoint that speaks OpenAI's chat completions (Ollama, llama.cpp, vLLM), ending in /v1."""
    compatible_key: SecretStr = SecretStr("")
    compatible_model: str = ""
    retention_days: float = Field(default=30.0, gt=0)
    """How long a drama's files are kept after it ended."""
    spend_cap_per_job: float = Field(default=2.0, ge=0)
    """US dollars that one story may cost by its estimate. Local engines cost nothing and are never refused."""
    spend_cap_per_client: float = Field(default=5.0, ge=0)
    """US dollars a day for one client: an API key, or an address."""
    spend_cap_per_day: float = Field(default=10.0, ge=0)
    spend_cap_per_month: float = Field(default=20.0, ge=0)
    replay_only: bool = False
    """Ask no language model anything: only answers that were kept before are used. For demos and tests."""
    speech: str = "kokoro"
    """The engine of jobs that name none: kokoro, fast, or elevenlabs where there is a key for it."""
    pronunciations: Path | None = None
    """A TOML file of words and how they are pronounced in every drama: Hermione = "her-MY-oh-nee", or IPA between
    slashes."""
    music: str = "composed"
    """Engines of music, the best first, by commas ("elevenlabs,composed")."""
    effects: str = "synthesised"
    """Engines of sound effects, the best first, by commas ("replicate,synthesised")."""
    elevenlabs_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="ELEVENLABS_API_KEY")
    elevenlabs_url: str = ""
    elevenlabs_model: str = "eleven_multilingual_v2"
    elevenlabs_calls: int = Field(default=5, ge=1, le=50)
    """How many calls at once the plan allows."""
    elevenlabs_voices: int = Field(default=0, ge=0, le=100)
    """How many of the plan's voice slots may hold voices that are designed for the characters of dramas, from what the
    story tells of them. 0: none is designed. Each costs about a tenth of a dollar; unused for a day, it is deleted."""
    openai_api_key: SecretStr = SecretStr("")
    """Turns OpenAI's voices on, which are off by default: their service ends on 2027-01-06."""
    openai_url: str = ""
    openai_speech_model: str = "gpt-4o-mini-tts"
    hume_api_key: SecretStr = SecretStr("")
    """Turns Hume's voices on, which are off by default: their service ended on 2026-11-13. Needs NARRATIX_HUME_URL."""
    hume_url: str = ""
    """An endpoint that still speaks Hume's protocol."""
    replicate_api_token: SecretStr = Field(default=SecretStr(""), validation_alias="REPLICATE_API_TOKEN")
    replicate_url: str = ""
    replicate_version: str = ""
    """The version of the model that makes music and effects there (stackadoc/stable-audio-open-1.0)."""
    replicate_webhook_secret: SecretStr = SecretStr("")
    """What Replicate signs its webhooks with (`GET /v1/webhooks/default/secret` of its API). With it, and an https
    address in NARRATIX_PUBLIC_URL, Replicate tells when a sound is done; without, it is asked again and again."""
    webhook_url: SecretStr = SecretStr("")
    """Told of every job that completes or fails; an address that may hold a token. Submitters name their own."""
    webhook_secret: SecretStr = SecretStr("")
    """Signs what goes there, as in Standard Webhooks: "whsec_" and base64 of 24 bytes or more."""
    speech_workers: int = Field(default_factory=lambda: len(os.sched_getaffinity(0)), ge=1, le=64)
    packages: Path = PROJECT / "node_modules"
    """The directory of the npm packages: voices, SoundFont, the page's libraries."""
    ffmpeg: str = ""

    rebuild_at_start: bool = False
    """Whether read models that an older release built are built anew when the service starts, beside those that serve
    meanwhile. Otherwise `narratix projections rebuild` does it when somebody asks for it."""
    quiet_seconds: float = Field(default=60.0, gt=0, le=24 * 3600)
    """With nothing open for so long, the service asks its database nothing until somebody comes: one that is paid by
    the hour can sleep. Not so for the embedded one, nor where a process has the role of a worker alone."""
    lease_seconds: float = Field(default=30.0, ge=0.5, le=600)
    """After this long without a sign of life a worker's work is given to another one."""
    limits: dict[str, PositiveInt] = {}
    """How many calls may be under way at once in all processes together, for each kind of port, as JSON: {"speech": 5}.
    For vendors that allow so many. Where ElevenLabs comes first, its plan's calls are shared out by themselves; another kind
    that is not named is bounded in each process alone."""
    link_seconds: int = Field(default=24 * 3600, ge=60, le=7 * 24 * 3600)
    rate_limit_per_minute: int = Field(default=10, ge=1)
    max_text_bytes: int = 50 * 1024
    max_streams_per_address: int = Field(default=32, ge=1)
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()
    """The origins ("https://example.org", separated by commas) whose pages may use the API here, with a key."""
    trusted_proxy: bool = False
    """Whether every request comes through a proxy of ours that sets X-Real-IP to the client's address."""
    commit: str = Field(default="", validation_alias="RAILWAY_GIT_COMMIT_SHA")
    """The commit that runs here, which `/health/ready` names; the platform sets it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    sentry_dsn: SecretStr = Field(default=SecretStr(""), validation_alias="SENTRY_DSN")
    """Where errors go: which, where in the code and for which job, nothing of what a story says. Empty: nowhere."""
    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """The OpenTelemetry collector that gets traces, over HTTP, as in https://otel.example.org:4318. Empty: none."""
    otlp_headers: SecretStr = Field(default=SecretStr(""), validation_alias="OTEL_EXPORTER_OTLP_HEADERS")
    """What it is sent with every call, as in authorization=Bearer ...,x-team=narratix."""

    @property
    def languages(self) -> list[str]:
        """The names of the script engines, the best first."""
        if self.language:
            return self.engines(self.language)
        return ["claude", "rules"] if self.anthropic_api_key.get_secret_value() else ["rules"]

    @staticmethod
    def engines(names: str) -> list[str]:
        """Names by commas, the best first."""
        return [name.strip() for name in names.split(",") if name.strip()]

    @property
    def uses_s3(self) -> bool:
        return bool(self.s3_endpoint and self.s3_bucket)
