"""The stages, in the order in which things happen. Adding one: its file and its line here."""

from __future__ import annotations

from typing import Final

from narratix.handlers.cast_voices import CAST_VOICES
from narratix.handlers.compose_music import COMPOSE_MUSIC
from narratix.handlers.handler import Handler
from narratix.handlers.mix_drama import MIX_DRAMA
from narratix.handlers.plan_sound import PLAN_SOUND
from narratix.handlers.publish_drama import PUBLISH_DRAMA
from narratix.handlers.render_effect import RENDER_EFFECT
from narratix.handlers.speak_line import SPEAK_LINE
from narratix.handlers.stream_drama import STREAM_DRAMA
from narratix.handlers.write_script import WRITE_SCRIPT

HANDLERS: Final[tuple[Handler, ...]] = (
    WRITE_SCRIPT,
    CAST_VOICES,
    PLAN_SOUND,
    SPEAK_LINE,
    COMPOSE_MUSIC,
    RENDER_EFFECT,
    STREAM_DRAMA,
    MIX_DRAMA,
    PUBLISH_DRAMA,
)
