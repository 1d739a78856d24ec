/** Every sentence of the page, and the forms of its numbers and dates. A translation replaces this one file. */

export const locale = "en";

const plurals = new Intl.PluralRules(locale);
const integers = new Intl.NumberFormat(locale);
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "negative" });
const kilobytes = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat(locale, { style: "currency", currency: "USD" });
const dates = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", year: "numeric" });
const times = new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", hour: "numeric", minute: "2-digit" });
const lists = new Intl.ListFormat(locale, { style: "long", type: "conjunction" });

const counted = (n, one, other) => `${integers.format(n)} ${plurals.select(n) === "one" ? one : other}`;

export const number = (n) => integers.format(n);
export const date = (instant) => dates.format(new Date(instant));
export const moment = (instant) => times.format(new Date(instant));
export const list = (items) => lists.format(items);
export const size = (bytes) =>
  bytes < 1_000_000 ? `${kilobytes.format(bytes / 1000)} kB` : `${kilobytes.format(bytes / 1_000_000)} MB`;

/** Thousands of bytes as limits are stated: 1 KB = 1,024 bytes. */
const kibi = (bytes) => kilobytes.format(bytes / 1024);

/** "4:07", "1:02:33" */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "4 minutes 7 seconds" */
export function spokenTime(seconds) {
  const whole = Math.round(seconds);
  const parts = [[Math.floor(whole / 60), "minute", "minutes"], [whole % 60, "second", "seconds"]];
  return parts.filter(([n], i) => n > 0 || (i === 1 && whole < 60)).map(([n, one, other]) => counted(n, one, other)).join(" ");
}

/** "20 seconds", "7 minutes" */
const roughly = (seconds) =>
  seconds < 55
    ? counted(Math.max(5, Math.round(seconds / 5) * 5), "second", "seconds")
    : counted(Math.max(1, Math.round(seconds / 60)), "minute", "minutes");

const signed = (n) => tenths.format(n).replace("-", "\u2212");

export const stageNames = {
  write_script: "Reading the story",
  cast_voices: "Casting the voices",
  plan_sound: "Planning the sound",
  speak_line: "Speaking the lines",
  compose_music: "Composing the music",
  render_effect: "Making the effects",
  stream_drama: "Streaming the beginning",
  mix_drama: "Mixing",
  publish_drama: "Publishing",
};

export const messages = {
  name: "Narratix",
  documentTitle: (title) => (title ? `${title} · Narratix` : "Narratix"),
  tagline: "A theatre for the ear",
  skip: "Skip to the content",
  home: "Narratix, to the front page",
  newDrama: "A new drama",
  unreachable: "The service cannot be reached. Check the connection and try again; nothing you wrote is lost.",
  keepsTrying: "The service does not answer; the page keeps trying.",
  loadingShort: "One moment …",

  heroTitle: "Give it a story. Hear it performed.",
  heroText:
    "Narratix finds who speaks, casts a voice for each, plays every line, scores it and mixes a finished radio drama, while you watch and already listen.",
  storyLegend: "The story",
  storyLabel: "Text",
  storyHint: "Prose with dialogue works best. Plain text, up to 50 KB.",
  titleLabel: "Title",
  optional: "optional",
  bytes: (used, limit) => `${kibi(used)} of ${kibi(limit)} KB`,
  bytesOver: (over) => `${kibi(over)} KB too long. Shorten the text, or use the command line, which takes any length.`,
  emptyText: "There is no story yet. Paste one, pick a sample, or have one written.",
  samplesLabel: "Or begin with one of these",
  samplesFailed: "The samples could not be loaded.",
  sampleBy: (author) => `by ${author}`,
  sampleTaken: (title) => `“${title}” is in the text field now.`,
  generateLabel: "Or have one written",
  templateLabel: "Kind of story",
  premiseLabel: "Premise",
  premiseHint: "A sentence or two. Leave it empty to be surprised.",
  lengthLabel: "Length",
  lengths: { 300: "A scene, about two minutes", 600: "A short piece, about four minutes", 1200: "A story, about eight minutes" },
  generateButton: "Write it",
  generating: "Writing …",
  generated: (title) => `“${title}” was written into the text field. Change it as you like.`,
  optionsLegend: "The performance",
  engineLabel: "Voices",
  engineDefault: "Default",
  engineVoices: (n) => counted(n, "voice", "voices"),
  engineFailed: "The choice of voices could not be loaded; the default will be used.",
  musicLabel: "Music under the scenes",
  effectsLabel: "Sound effects on the words",
  estimating: "Reckoning …",
  estimateLength: (seconds) => `About ${roughly(seconds)} long`,
  estimateFree: "costs nothing",
  estimateCost: (usd) => `costs ${dollars.format(Math.max(0.01, usd))} at most`,
  estimateWait: (seconds) => `ready in about ${roughly(seconds)}`,
  estimateBeyond: (left) => `more than may be spent now (${dollars.format(left)})`,
  estimateFailed: "How long it will be cannot be told now; the drama can be made all the same.",
  submitButton: "Make the drama",
  submitting: "Sending …",
  submitFailed: "The story was not accepted.",
  tryAgainIn: (seconds) => (seconds > 0 ? `Try again in ${counted(seconds, "second", "seconds")}.` : "You can try again now."),

  libraryTitle: "Lately performed",
  libraryEmpty: "Nothing yet. The first one will be yours.",
  libraryFailed: "The list could not be loaded.",

  kickers: {
    unknown: "Opening the record",
    queued: "In the queue",
    running: "In the making",
    completed: "Now playing",
    failed: "Interrupted",
    cancelled: "Called off",
    expired: "Off the repertoire",
  },
  untitled: "Untitled",
  submittedAt: (instant) => `Submitted ${moment(instant)}`,
  recordedEvents: (n) => `${counted(n, "event", "events")} on record`,
  connection: {
    connecting: "Connecting …",
    live: "Live",
    lost: "Connection lost. Trying again …",
    ended: "",
    refused: "Not available",
  },
  resumed: (n) => `Resumed at event ${integers.format(n)}, nothing missed`,
  progressLabel: "Progress of the drama",
  percent: (n) => `${integers.format(Math.floor(n))} %`,
  eta: (seconds) =>
    seconds < 50 ? "less than a minute left" : `about ${counted(Math.max(1, Math.round(seconds / 60)), "minute", "minutes")} left`,
  cancelButton: "Call it off",
  cancelSure: "Really call it off?",
  cancelNo: "Keep going",
  retryButton: "Go on from here",
  failedTitle: "The drama could not be finished",
  failedAt: (stage) => `It stopped at: ${stage}.`,
  failedKept: "Everything made so far is kept; going on repeats only what is missing.",
  cancelledText: "This drama was called off. Everything made so far is kept.",
  expiredText: "The sound and the text of this drama were deleted after 30 days. Its history remains.",
  missingTitle: "Not in the programme",
  stagesTitle: "Order of work",
  count: (done, total) => (total === null ? integers.format(done) : `${integers.format(done)} / ${integers.format(total)}`),
  stageStates: { done: "done", now: "in progress", open: "to come", failed: "failed", none: "none needed" },
  attempt: (attempt, attempts) => `Attempt ${Math.min(attempt + 1, attempts)} of ${attempts}.`,
  lineNumber: (n) => `Line ${integers.format(n)}:`,
  attemptReason: (attempt, attempts, reason) => (attempt < attempts ? `The one before failed: ${reason}` : reason),
  attemptsOver: (attempts) => (attempts === 1 ? "Trying again cannot help." : `All ${counted(attempts, "attempt", "attempts")} failed.`),
  castTitle: "The cast",
  castWaiting: "Names appear as they are found in the text.",
  narrator: "Narrator",
  lines: (n) => counted(n, "line", "lines"),
  voiceWaiting: "voice to be cast",
  genders: { female: "female", male: "male" },
  ages: { child: "child", young: "young", adult: "", old: "old" },
  alsoKnown: (names) => `also ${list(names)}`,

  scriptTitle: "The script",
  scriptWaiting: "The story is being read.",
  scriptGone: "The text of this drama is no longer kept.",
  scriptHint: "Arrow keys move between lines, Enter plays one.",
  playLine: (n, speaker) => `Play line ${n}, ${speaker}`,
  stopLine: (n, speaker) => `Stop line ${n}, ${speaker}`,
  unspokenLine: (n, speaker) => `Line ${n}, ${speaker}, not spoken yet`,
  newLines: (n) => counted(n, "new line", "new lines"),
  backToLine: "Back to the current line",
  listenFromStart: "Listen from the beginning",
  listenStop: "Stop listening",
  listenWaiting: "Waiting for the next line …",
  clipFailed: (line) => `Line ${line} could not be played. Try it again in a moment.`,

  streamTitle: "Already playing",
  streamText: "The beginning can be heard while the rest is made.",
  streamSoFar: (seconds) => `${clock(seconds)} so far`,
  streamWaiting: "Waiting for the next lines …",
  play: "Play",
  pause: "Pause",
  seekLabel: "Position in the drama",
  seekText: (at, total, speaker) => `${spokenTime(at)} of ${spokenTime(total)}${speaker ? `, ${speaker}` : ""}`,
  speedLabel: "Speed",
  speed: (factor) => `${factor}×`,
  playerFailed: "The sound could not be played. Load the page again, or download the file.",
  captionsLabel: "Captions",
  downloadsTitle: "To keep",
  download: { mp3: "MP3", m4b: "M4B with chapters", wav: "WAV, lossless", opus: "Opus", vtt: "Captions (WebVTT)", srt: "Captions (SRT)", words: "Words with their times (JSON)" },
  soundTitle: "The sound",
  duration: "Duration",
  loudness: "Loudness",
  truePeak: "True peak",
  lufs: (n) => `${signed(n)} LUFS`,
  dbtp: (n) => `${signed(n)} dBTP`,
  enginesLabel: "Engines",
  cost: "Cost",
  resultFailed: "The finished drama could not be loaded.",
  loadAgain: "Load again",

  feedbackTitle: "How was it?",
  ratingLabel: "Your rating",
  stars: (n) => counted(n, "star", "stars"),
  commentLabel: "A word about it",
  feedbackButton: "Send",
  feedbackThanks: "Thank you. It is on record.",
  ratingMissing: "Choose one to five stars first.",

  announceStage: (stage) => `${stage}.`,
  announceProgress: (percent) => `${percent} percent.`,
  announceCompleted: "The drama is finished and ready to play.",
  announceLost: "Connection lost. Trying again.",
};
