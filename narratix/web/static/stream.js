/** A growing HLS stream in an audio element: played by the browser itself where it can, else by hls.js, which is loaded then. */

const TYPE = "application/vnd.apple.mpegurl";

/** Have at hand what a stream is going to need. If that fails now, whoever attaches one is told. */
export function prepare() {
  import("./vendor/hls.js").catch(() => {});
}

/**
 * @param {HTMLAudioElement} audio
 * @param {string} url of the playlist
 * @param {number} from the second to begin at
 * @param {() => void} onLost the stream cannot go on by itself
 * @returns {Promise<() => void>} ends it
 */
export async function attach(audio, url, from, onLost) {
  const { default: Hls } = await import("./vendor/hls.js");
  if (!Hls.isSupported()) return attachNative(audio, url, from);
  // A worker would come from a blob, which the page's policy forbids; packets of sound are soon unpacked.
  const hls = new Hls({ enableWorker: false, startPosition: from, backBufferLength: Infinity, maxBufferLength: 60 });
  hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
    if (!fatal) return;
    if (type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else onLost();
  });
  hls.loadSource(url);
  hls.attachMedia(audio);
  return () => hls.destroy();
}

function attachNative(audio, url, from) {
  if (audio.canPlayType(TYPE) === "") throw new Error("This browser plays no HLS.");
  audio.src = url;
  audio.currentTime = from;
  return () => audio.removeAttribute("src");
}
