/** The sound of a finished drama, and where in its script it is. */

import { messages } from "./messages.js";
import { batch, signal } from "./ui.js";

export function player(result, language, renewResult) {
  const audio = document.createElement("audio");
  const [at, playing, line, word, failed] = [signal(0), signal(false), signal(null), signal(null), signal(false)];
  let script = result.script;
  let renewed = false;
  let frame = 0;

  function load({ audio: file, captions }) {
    const address = new URL(file.url, location.href);
    audio.replaceChildren();
    const track = captions?.vtt && new URL(captions.vtt, location.href);
    // A track from elsewhere would need the storage's consent; the script on the page says the same.
    if (track && track.origin === location.origin) {
      const element = document.createElement("track");
      Object.assign(element, { kind: "captions", src: track.href, srclang: language ?? "en", label: messages.captionsLabel });
      audio.append(element);
    }
    audio.preload = "metadata";
    audio.src = address.href;
  }

  function locate() {
    const now = audio.currentTime;
    const found = lineAt(script, now);
    batch(() => {
      at.value = now;
      line.value = found;
      word.value = found === null ? null : wordAt(script[found].words, now, word.value);
    });
  }

  function tick() {
    locate();
    frame = audio.paused ? 0 : requestAnimationFrame(tick);
  }

  audio.addEventListener("play", () => { playing.value = true; failed.value = false; if (!frame) tick(); });
  audio.addEventListener("pause", () => { playing.value = false; });
  for (const name of ["seeked", "timeupdate", "ended"]) audio.addEventListener(name, locate);
  audio.addEventListener("error", () => {
    // Addresses of files expire: ask once for new ones, and go on where it stopped.
    playing.value = false;
    if (renewed) { failed.value = true; return; }
    renewed = true;
    renewResult();
  });
  load(result);

  const play = () => audio.play().catch((error) => { if (error.name !== "AbortError") failed.value = true; });

  const self = {
    audio, at, playing, line, word, failed,
    toggle: () => (audio.paused ? play() : audio.pause()),
    seek(seconds) {
      audio.currentTime = Math.min(Math.max(seconds, 0), result.audio.duration_seconds);
      at.value = audio.currentTime;
      locate();
    },
    playLine(number) {
      if (!(script[number].ends > script[number].begins)) return undefined;
      if (number === line.value && !audio.paused) return audio.pause();
      audio.currentTime = script[number].begins + 0.01;
      locate();
      return play();
    },
    speed: (factor) => { audio.playbackRate = factor; },
    renew(latest) {
      if (latest === result) return;
      const { currentTime } = audio;
      result = latest;
      script = latest.script;
      load(latest);
      audio.currentTime = currentTime;
    },
    describe(title) {
      if (!("mediaSession" in navigator)) return;
      navigator.mediaSession.metadata = new MediaMetadata({ title: title || messages.untitled, artist: messages.name });
    },
    close() {
      audio.pause();
      cancelAnimationFrame(frame);
      audio.removeAttribute("src");
    },
  };
  return self;
}

/** The line that is spoken at a time; in a silence, the one before it. Lines without sound are passed over. */
export function lineAt(script, seconds) {
  let found = null;
  for (let i = 0; i < script.length; i++) {
    if (script[i].begins > seconds) break;
    if (script[i].ends > script[i].begins) found = i;
  }
  return found;
}

/** The same array while the word is the same, so that nothing is drawn again for it. */
function wordAt(words, seconds, before) {
  const found = words?.find(([, , begins, ends]) => begins <= seconds && seconds < ends);
  if (!found) return null;
  return before && before[0] === found[0] && before[1] === found[1] ? before : [found[0], found[1]];
}
