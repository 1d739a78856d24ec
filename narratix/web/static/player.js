/** The sound of a drama, while it is made and when it is finished, and where in its script it is. */

import { messages } from "./messages.js";
import { attach } from "./stream.js";
import { batch, signal } from "./ui.js";

const RETRY = 2000;

/** @param {() => void} renewResult asks for new addresses of the files; the answer comes to `perform` */
export function player(renewResult) {
  const audio = document.createElement("audio");
  const [at, playing, waiting, line, word, failed] = [0, false, false, null, null, false].map((value) => signal(value));
  const length = signal(0);
  let script = [];
  let result = null;
  let source = null;
  let detach = () => {};
  let renewed = false;
  let frame = 0;

  // -- sources ---------------------------------------------------------------------------------

  async function listen(url, from = 0) {
    source = url;
    try {
      const end = await attach(audio, url, from, lost);
      if (source === url) detach = end;
      else end();
    } catch {
      lost();
    }
  }

  /** The service was away longer than the stream could bear. */
  function lost() {
    const url = source;
    const resume = !audio.paused;
    const from = at.value;
    detach();
    setTimeout(async () => {
      if (source !== url || result !== null) return;
      await listen(url, from);
      if (resume) play();
    }, RETRY);
  }

  function load({ audio: file, captions }, language) {
    const { currentTime, playbackRate } = audio;
    source = "file";
    detach();
    detach = () => audio.removeAttribute("src");
    audio.replaceChildren();
    const track = captions?.vtt && new URL(captions.vtt, location.href);
    // A track from elsewhere would need the storage's consent; the script on the page says the same.
    if (track && track.origin === location.origin) {
      const element = document.createElement("track");
      Object.assign(element, { kind: "captions", src: track.href, srclang: language ?? "en", label: messages.captionsLabel });
      audio.append(element);
    }
    audio.preload = "metadata";
    audio.src = new URL(file.url, location.href).href;
    audio.currentTime = currentTime;
    audio.playbackRate = playbackRate;
  }

  // -- time ------------------------------------------------------------------------------------

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
  audio.addEventListener("pause", () => {
    playing.value = waiting.value = false;
    // The finished file has the same sound at the same second: a pause is the moment to change over unheard, unless
    // it is over by the time that this is told.
    if (result !== null && source !== "file" && audio.paused) load(result, result.language);
  });
  audio.addEventListener("waiting", () => { waiting.value = !audio.paused; });
  for (const name of ["playing", "seeked"]) audio.addEventListener(name, () => { waiting.value = false; });
  for (const name of ["seeked", "timeupdate", "ended"]) audio.addEventListener(name, locate);
  audio.addEventListener("error", () => {
    if (source === null) return;
    if (source !== "file") return void (result === null ? lost() : load(result, result.language));
    // Addresses of files expire: ask once for new ones, and go on where it stopped.
    playing.value = false;
    if (renewed) { failed.value = true; return; }
    renewed = true;
    renewResult();
  });

  const play = () => audio.play().catch((error) => {
    if (error.name !== "AbortError" && error.name !== "NotAllowedError") failed.value = true;
  });

  return {
    audio, at, playing, waiting, line, word, failed, length, play,
    get streams() { return source !== null && source !== "file"; },
    /** Play from a stream that still grows. */
    listen,
    /** What can be heard by now: the lines of the script in time, and how many seconds there are. */
    follow(lines, seconds) {
      if (result !== null) return;
      script = lines;
      length.value = seconds;
    },
    /** The drama is finished. Whoever listens to the stream is not disturbed. */
    perform(latest, language) {
      const renewing = result !== null;
      result = { ...latest, language };
      script = latest.script;
      length.value = latest.audio.duration_seconds;
      if (source === null || renewing || audio.paused) load(result, language);
    },
    toggle: () => (audio.paused ? play() : audio.pause()),
    seek(seconds) {
      audio.currentTime = Math.min(Math.max(seconds, 0), length.value);
      at.value = audio.currentTime;
      locate();
    },
    has: (number) => script[number]?.ends <= length.value,
    playLine(number) {
      if (!(script[number].ends > script[number].begins)) return undefined;
      if (number === line.value && !audio.paused) return audio.pause();
      audio.currentTime = script[number].begins + 0.01;
      locate();
      return play();
    },
    speed: (factor) => { audio.playbackRate = factor; },
    describe(title) {
      if (!("mediaSession" in navigator)) return;
      navigator.mediaSession.metadata = new MediaMetadata({ title: title || messages.untitled, artist: messages.name });
    },
    close() {
      source = null;
      audio.pause();
      cancelAnimationFrame(frame);
      detach();
    },
  };
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
