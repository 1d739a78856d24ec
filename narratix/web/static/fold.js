/**
 * The state of a job as the page shows it: a fold of what the server sent.
 *
 * `fold(state, message)` is pure and serves the live view, a replay and the tests alike. A message is
 * `{kind: "recorded", data}` with a recorded event, or `{kind: "status", data}` with a status view. Recorded events
 * are taken in the order of their versions, each once; a later one shows in `gap` and changes nothing else. Figures
 * that the events tell are derived from them alone; the status view adds what they cannot tell (progress, time left,
 * the sentence about the current step) and counts of stages unknown here.
 */

export const STAGES = [
  "write_script", "cast_voices", "plan_sound", "speak_line",
  "compose_music", "render_effect", "mix_drama", "publish_drama",
];

export const ENDED = new Set(["completed", "failed", "cancelled", "expired"]);

export const initial = Object.freeze({
  jobId: null,
  version: 0,
  gap: null,
  status: "unknown",
  statusVersion: 0,
  title: "",
  options: null,
  progress: null,
  stage: null,
  step: "",
  etaSeconds: null,
  createdAt: null,
  updatedAt: null,
  links: {},
  cast: [],
  engine: "",
  language: null,
  notes: Object.freeze([]),
  notice: null,
  segments: [],
  lines: [],
  spoken: 0,
  latestLine: null,
  linesTotal: null,
  music: null,
  effects: null,
  composed: [],
  rendered: [],
  stream: Object.freeze({ opened: false, sealed: false, seconds: 0, passages: Object.freeze([]), begins: Object.freeze([]) }),
  mixed: null,
  published: false,
  revisions: Object.freeze({}),
  planned: false,
  reported: [],
  troubles: [],
  failure: null,
  rating: null,
  latest: null,
});

export function fold(state, message) {
  return message.kind === "status" ? foldStatus(state, message.data) : foldRecorded(state, message.data);
}

/** The stages in the order of the work: `{name, done, total, state}`; `total` is null while it is not known. */
export function stages(state) {
  const reported = new Map(state.reported.map((stage) => [stage.name, stage]));
  const known = STAGES.map((name) => ({ ...derived(state, name), name }));
  const others = state.reported.filter((stage) => !STAGES.includes(stage.name));
  // Before the script is written the service counts 0 lines, which does not mean that none are needed.
  const all = known.map((stage) => ({ ...stage, total: stage.total ?? (reported.get(stage.name)?.total || null) }));
  all.splice(STAGES.indexOf("mix_drama"), 0, ...others);
  return all.map((stage) => ({ ...stage, state: stageState(state, stage) }));
}

export const hasEnded = (state) => ENDED.has(state.status);

/** Who speaks, with the number of their lines. */
export function castWithLines(state) {
  const counts = new Map();
  for (const segment of state.segments) counts.set(segment.speaker, (counts.get(segment.speaker) ?? 0) + 1);
  return state.cast.map((member) => ({ ...member, lines: counts.get(member.id) ?? member.lines ?? 0 }));
}

function foldStatus(state, view) {
  if (view.version < state.statusVersion) return state;
  const fromView = view.version >= state.version;
  const status = fromView ? view.status : state.status;
  const sameRun = state.status === status || !ENDED.has(state.status);
  return {
    ...state,
    jobId: view.job_id,
    statusVersion: view.version,
    status,
    title: state.title || view.title || "",
    progress: sameRun ? Math.max(state.progress ?? 0, view.progress) : view.progress,
    stage: view.stage ?? state.stage,
    step: view.step ?? "",
    etaSeconds: view.eta_seconds ?? null,
    createdAt: state.createdAt ?? view.created_at ?? null,
    updatedAt: view.updated_at ?? state.updatedAt,
    links: { ...state.links, ...view.links },
    cast: mergeCast(state.cast, view.cast ?? []),
    linesTotal: view.lines?.total || state.linesTotal,
    reported: view.stages ?? state.reported,
    notice: view.notice ?? null,
    failure: status === "failed" ? (state.failure ?? failureOf(view.error)) : state.failure,
  };
}

function foldRecorded(state, recorded) {
  if (recorded.version <= state.version) return state;
  if (recorded.version > state.version + 1) return { ...state, gap: { after: state.version, got: recorded.version } };
  const next = {
    ...state,
    gap: null,
    jobId: recorded.job_id,
    version: recorded.version,
    updatedAt: recorded.recorded_at,
    latest: { type: recorded.type, version: recorded.version, hash: recorded.hash, at: recorded.recorded_at },
  };
  if (isStale(state, recorded)) return next;
  const running = { ...next, status: state.status === "queued" || state.status === "unknown" ? "running" : state.status };
  const evolve = EVOLVE[recorded.type];
  return evolve ? evolve(running, recorded.data, recorded) : running;
}

/** Whether something was made before what it depends on was revised: it then counts for nothing. */
function isStale(state, { type, data }) {
  const since = (what) => state.revisions[what] ?? 0;
  switch (type) {
    case "LineSpoken": return (data.revision ?? 0) !== since(`line ${data.line}`);
    case "PassageMixed": return (data.revision ?? 0) !== since(`passage ${data.passage}`);
    case "DramaMixed":
    case "DramaPublished": return (data.revision ?? 0) !== since("drama");
    default: return false;
  }
}

const EVOLVE = {
  JobSubmitted: (state, data, recorded) => ({
    ...state,
    status: "queued",
    title: data.title,
    options: data.options,
    createdAt: recorded.recorded_at,
  }),
  ScriptWritten: (state, data) => ({
    ...without(state, "write_script"),
    language: data.language || null,
    notes: data.notes ?? [],
    segments: data.segments,
    lines: data.segments.map(() => null),
    cast: mergeCast(data.cast, state.cast),
  }),
  VoicesCast: (state, data) => ({
    ...without(state, "cast_voices"),
    engine: data.engine,
    cast: state.cast.map((member) => ({ ...member, voice: data.voices[member.id] ?? member.voice })),
  }),
  SoundPlanned: (state, data) => ({
    ...without(state, "plan_sound"),
    planned: true,
    music: data.music,
    effects: data.effects,
  }),
  LineRevised: (state, data, recorded) => {
    const [segments, lines] = [state.segments.slice(), state.lines.slice()];
    segments[data.line] = {
      ...segments[data.line], speaker: data.speaker, direction: data.direction, reworded: data.text_key !== "",
    };
    lines[data.line] = null;
    const revised = ["drama", `line ${data.line}`, ...data.passages.map((passage) => `passage ${passage}`)];
    return {
      ...state,
      segments,
      lines,
      spoken: state.spoken - (data.spoken ? 1 : 0),
      mixed: null,
      published: false,
      progress: null,
      revisions: { ...state.revisions, ...Object.fromEntries(revised.map((what) => [what, recorded.version])) },
    };
  },
  LineSpoken: (state, data) => {
    const lines = state.lines.slice();
    const again = lines[data.line] != null;
    lines[data.line] = {
      clipKey: data.clip_key,
      duration: data.duration,
      energies: data.energies,
      words: data.words,
      cached: data.usage.cached,
    };
    return {
      ...without(state, "speak_line", data.line),
      lines,
      spoken: state.spoken + (again ? 0 : 1),
      latestLine: data.line,
    };
  },
  MusicComposed: (state, data) => ({
    ...without(state, "compose_music", data.cue),
    composed: including(state.composed, data.cue),
  }),
  EffectRendered: (state, data) => ({
    ...without(state, "render_effect", data.effect),
    rendered: including(state.rendered, data.effect),
  }),
  PassageMixed: (state, data) => ({ ...without(state, "stream_drama", data.passage), stream: grown(state.stream, data) }),
  StreamOpened: (state) => ({ ...without(state, "stream_drama"), stream: { ...state.stream, opened: true } }),
  StreamSealed: (state) => ({ ...without(state, "stream_drama"), stream: { ...state.stream, sealed: true } }),
  DramaMixed: (state, data) => ({
    ...without(state, "mix_drama"),
    mixed: { duration: data.duration, loudness: data.loudness_lufs, truePeak: data.true_peak_dbtp, gates: data.gates },
  }),
  DramaPublished: (state) => ({ ...without(state, "publish_drama"), published: true }),
  JobCompleted: (state) => ({
    ...state,
    status: "completed",
    progress: 100,
    etaSeconds: null,
    step: "",
    failure: null,
    troubles: [],
  }),
  AttemptFailed: (state, data, recorded) => ({
    ...state,
    troubles: [
      ...without(state, data.stage, data.item).troubles,
      {
        stage: data.stage,
        item: data.item,
        attempt: data.attempt,
        attempts: data.attempts,
        reason: data.reason,
        retryIn: data.retry_in,
        at: recorded.recorded_at,
      },
    ],
  }),
  JobFailed: (state, data) => ({ ...state, status: "failed", etaSeconds: null, step: "", failure: data }),
  JobCancelled: (state) => ({ ...state, status: "cancelled", etaSeconds: null, step: "" }),
  JobRetried: (state) => ({ ...state, status: "running", failure: null, troubles: [] }),
  FeedbackGiven: (state, data) => ({ ...state, rating: { rating: data.rating, comment: data.comment } }),
  DramaExpired: (state) => ({ ...state, status: "expired" }),
};

/** The stream with one more passage: what can be heard ends where the first one is missing. */
function grown(stream, { passage, first_line: firstLine, lines, begins, duration }) {
  const passages = stream.passages.slice();
  passages[passage] = begins + duration;
  const missing = Array.from(passages).findIndex((ends) => ends === undefined);
  const seconds = passages[(missing < 0 ? passages.length : missing) - 1] ?? 0;
  const placed = stream.begins.slice();
  lines.forEach((second, i) => { placed[firstLine + i] = second; });
  return { ...stream, passages, seconds, begins: placed };
}

/** The script as the stream plays it: for every line the seconds and words that are known by now. */
export function streamedScript(state) {
  return state.segments.map((segment, i) => {
    const begins = state.stream.begins[i];
    const spoken = state.lines[i];
    if (begins === undefined || !spoken) return { ...segment, begins: Infinity, ends: Infinity, words: [] };
    const words = segment.reworded ? [] : spoken.words.map(([start, end, from, to]) => [start, end, begins + from, begins + to]);
    return { ...segment, begins, ends: begins + spoken.duration, words, energies: spoken.energies };
  });
}

function derived(state, name) {
  const one = (isDone) => ({ done: isDone ? 1 : 0, total: 1 });
  switch (name) {
    case "write_script": return one(state.segments.length > 0);
    case "cast_voices": return one(state.engine !== "");
    case "plan_sound": return one(state.planned);
    case "speak_line": return { done: state.spoken, total: state.linesTotal ?? (state.segments.length || null) };
    case "compose_music": return { done: state.composed.length, total: state.music?.length ?? null };
    case "render_effect": return { done: state.rendered.length, total: state.effects?.length ?? null };
    case "mix_drama": return one(state.mixed);
    default: return one(state.published);
  }
}

function stageState(state, stage) {
  if (state.failure?.stage === stage.name) return "failed";
  if (stage.total === 0) return "none";
  if (stage.total !== null && stage.done >= stage.total) return "done";
  if (ENDED.has(state.status)) return "open";
  if (stage.done > 0 || state.stage === stage.name) return "now";
  return state.troubles.some((trouble) => trouble.stage === stage.name) ? "now" : "open";
}

/** The state without the troubles of a piece of work that succeeded; an item is named by its number or its id. */
function without(state, stage, item = null) {
  const solved = (trouble) => trouble.stage === stage && (item === null || sameItem(trouble.item, item));
  return state.troubles.some(solved) ? { ...state, troubles: state.troubles.filter((t) => !solved(t)) } : state;
}

const sameItem = (left, right) => itemName(left) === itemName(right);
/** The name of a piece of work without the revision of its inputs. */
export const itemName = (item) => String(item).split("@")[0];

const including = (list, item) => (list.includes(item) ? list : [...list, item]);

/** Members keep their order of appearance; what `more` knows in addition (a voice, a count) is taken over. */
function mergeCast(cast, more) {
  const additions = new Map(more.map((member) => [member.id, member]));
  const known = cast.map((member) => ({ ...additions.get(member.id), ...defined(member) }));
  const ids = new Set(cast.map((member) => member.id));
  return [...known, ...more.filter((member) => !ids.has(member.id))];
}

const defined = (record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value != null && value !== ""));

const failureOf = (error) => (error ? { stage: error.stage ?? null, item: error.item ?? "", reason: reasonOf(error) } : null);
const reasonOf = (error) => (typeof error === "string" ? error : error.reason ?? error.detail ?? error.title ?? "");
