/** Plays single lines, or the lines in their order as far as they are spoken, while the drama is still made. */

import { signal } from "./ui.js";

/**
 * @param {(line: number) => string} urlOf
 * @param {() => (object | null)[]} lines the lines so far, null where not spoken
 */
export function clipPlayer(urlOf, lines) {
  const audio = new Audio();
  const playing = signal(null);
  const listening = signal(false);
  const failed = signal(null);

  async function start(line) {
    failed.value = null;
    playing.value = line;
    audio.src = urlOf(line);
    try {
      await audio.play();
    } catch (error) {
      // Another line that was started in the meantime aborts this one; that is no failure.
      if (error.name === "AbortError" || playing.value !== line) return;
      playing.value = null;
      listening.value = false;
      failed.value = line;
    }
  }

  function stop() {
    listening.value = false;
    playing.value = null;
    awaited = null;
    audio.pause();
  }

  let awaited = null;
  function goOn(line) {
    awaited = null;
    if (line >= lines().length) return stop();
    if (lines()[line] === null) {
      awaited = line;
      playing.value = null;
      return undefined;
    }
    return start(line);
  }

  audio.addEventListener("ended", () => {
    const line = playing.value;
    playing.value = null;
    if (listening.value && line !== null) goOn(line + 1);
  });

  return {
    playing,
    listening,
    failed,
    toggle(line) {
      const same = playing.value === line;
      stop();
      if (!same) start(line);
    },
    listen() {
      if (listening.value) return stop();
      stop();
      listening.value = true;
      return goOn(0);
    },
    /** A line was spoken: the listener may be waiting for it. */
    arrived() {
      if (listening.value && awaited !== null && lines()[awaited] !== null) goOn(awaited);
    },
    stop,
  };
}
