// What ties the page together: controls, keys, and what a screen reader is told.

const byId = (id) => document.getElementById(id);
const model = new Model(JSON.parse(byId("data").textContent));
const filter = new Filter(model);
const player = new Player(byId("video"), model);
const overlay = new Overlay(byId("overlay"), player, model, filter);
const timeline = new Timeline(player, model, filter);
const names = new VirtualRows(byId("names"), byId("names-rows"), 30, (number) => nameRow(number, model, filter));
const segments = new VirtualRows(byId("panel-segments"), byId("segments").tBodies[0], 34, (number) => segmentRow(number, model, player));
const detections = new VirtualRows(byId("panel-detections"), byId("detections").tBodies[0], 34, (number) => detectionRow(number, model, player, filter));
const counted = (number, what) => `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;

function showFacts() {
  const { rate } = model.times;
  const size = model.width && model.height ? `${model.width}×${model.height}` : "";
  const frames = rate ? `${Number((rate.numerator / rate.denominator).toFixed(3))} fps` : "";
  const found = [model.shots.length && counted(model.shots.length, "shot"), model.cues.length && counted(model.cues.length, "cue"), model.count && counted(model.count, "detection")];
  byId("facts").textContent = [size, frames, model.codec, clockOf(model.duration), ...found].filter(Boolean).join(" · ");
  byId("length").textContent = `/ ${model.times.write(model.duration)}`;
  byId("tracks").setAttribute("aria-valuemax", String(model.duration));
  if (model.width && model.height) byId("screen").style.aspectRatio = `${model.width} / ${model.height}`;
}

function showTime() {
  byId("clock").textContent = model.times.write(player.time);
  overlay.draw();
  timeline.follow();
  showNow();
}

function showNow() {
  const best = new Map();
  for (const detection of model.detectionsAt(player.time)) {
    if (!filter.passes(detection)) continue;
    const name = model.name[detection];
    best.set(name, Math.max(best.get(name) ?? 0, model.confidence[detection]));
  }
  const shown = [...best].sort((a, b) => b[1] - a[1]);
  const shot = model.shotAt(player.time);
  const cues = model.cues.filter((cue) => cue.start <= player.time && player.time < cue.end);
  const chips = shown.slice(0, 24).map(([name, confidence]) =>
    element("li", {}, swatch(model.colours[model.names[name]]), `${model.names[name]} `, element("b", { textContent: String(Math.round(confidence)) })));
  const segmentsNow = [...(shot ? [shot] : []), ...cues].map((each) => element("li", { className: "segment", textContent: each.name }));
  byId("now").replaceChildren(...segmentsNow, ...chips);
  say([model.times.write(player.time), shot?.name, ...cues.map((cue) => cue.name), ...shown.slice(0, 8).map(([name, confidence]) => `${model.names[name]} ${Math.round(confidence)} %`)]);
}

/** Tell a screen reader where a seek has led, once the seeking has come to rest. A film that runs is not talked over. */
function say(parts) {
  clearTimeout(say.timer);
  if (player.playing) return;
  say.timer = setTimeout(() => (byId("said").textContent = parts.filter(Boolean).join(", ")), 400);
}

function showFilter() {
  byId("counts").textContent = `${filter.rows.length.toLocaleString("en")} of ${counted(model.count, "detection")}`;
  byId("confidence-value").textContent = String(filter.minimum);
  byId("detections-count").textContent = filter.rows.length.toLocaleString("en");
  byId("segments-count").textContent = model.segments.length.toLocaleString("en");
  byId("segments").setAttribute("aria-rowcount", String(model.segments.length + 1));
  byId("detections").setAttribute("aria-rowcount", String(filter.rows.length + 1));
  byId("panel-segments").querySelector(".empty").hidden = model.segments.length > 0;
  byId("panel-detections").querySelector(".empty").hidden = filter.rows.length > 0;
  names.setCount(filter.listed.length);
  detections.setCount(filter.rows.length);
  timeline.resize();
  overlay.draw();
  showNow();
}

function showState() {
  document.body.classList.toggle("playing", player.playing);
  byId("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  if (!player.playing) showNow();
}

function showSource() {
  byId("missing").hidden = player.hasVideo;
  byId("mute").hidden = !player.hasVideo;
  byId("missing-text").textContent = model.video && byId("video").error
    ? `${model.title} can't be played: it isn't where this page expects it, or this browser doesn't know its codec.`
    : "No video is loaded. Boxes and times work without it.";
  showFacts();
  overlay.draw();
}

function toShot(direction) {
  const at = countUpTo(model.shotStarts, player.time) - 1; // -1 before the first
  const shot = model.shots[direction > 0 ? at + 1 : shotBack(at)];
  if (shot) player.seek(shot.start);
}

/** The shot that `[` leads to: the start of this one or, within half a second of it, the one before. */
function shotBack(at) {
  return at > 0 && player.time - model.shotStarts[at] < 500 ? at - 1 : Math.max(0, at);
}

function choose(tab) {
  for (const each of ["segments", "detections"]) {
    const chosen = each === tab;
    byId(`tab-${each}`).setAttribute("aria-selected", String(chosen));
    byId(`tab-${each}`).tabIndex = chosen ? 0 : -1;
    byId(`panel-${each}`).hidden = !chosen;
  }
  (tab === "segments" ? segments : detections).refresh();
}

const KEYS = {
  " ": () => player.toggle(),
  k: () => player.toggle(),
  j: () => player.seek(player.time - 5000),
  l: () => player.seek(player.time + 5000),
  ArrowLeft: (event) => (event.shiftKey ? player.seek(player.time - 1000) : player.step(-1)),
  ArrowRight: (event) => (event.shiftKey ? player.seek(player.time + 1000) : player.step(1)),
  PageUp: () => player.seek(player.time - 10000),
  PageDown: () => player.seek(player.time + 10000),
  Home: () => player.seek(0),
  End: () => player.seek(model.duration),
  "[": () => toShot(-1),
  "]": () => toShot(1),
  "+": () => timeline.zoom(0.5),
  "=": () => timeline.zoom(0.5),
  "-": () => timeline.zoom(2),
  0: () => timeline.zoom(Infinity),
  b: () => byId("boxes").click(),
  "/": () => byId("query").focus(),
  "?": () => byId("keys").showModal(),
};
const SCROLLING = new Set(["PageUp", "PageDown", "Home", "End"]); // these scroll, but where the timeline has the focus

function onKey(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  if (target.matches("input:not([type=checkbox]), select, textarea")) return;
  if (event.key === " " && target.matches("button, input, summary")) return; // space presses them
  if (target.matches("[role=tab]") && event.key.startsWith("Arrow")) return;
  if (SCROLLING.has(event.key) && !target.matches("#tracks, body")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act(event);
}

function connect() {
  const on = (id, name, act) => byId(id).addEventListener(name, act);
  player.addEventListener("time", showTime);
  player.addEventListener("state", showState);
  player.addEventListener("source", showSource);
  player.addEventListener("fault", (event) => (byId("said").textContent = `The video can't be played: ${event.detail.message}`));
  filter.addEventListener("change", showFilter);
  document.addEventListener("keydown", onKey);
  on("play", "click", () => player.toggle());
  on("screen", "click", (event) => event.target.closest(".missing") ?? player.toggle());
  on("frame-back", "click", () => player.step(-1));
  on("frame-on", "click", () => player.step(1));
  on("shot-back", "click", () => toShot(-1));
  on("shot-on", "click", () => toShot(1));
  on("speed", "change", (event) => player.setSpeed(Number(event.target.value)));
  on("boxes", "change", (event) => { overlay.shown = event.target.checked; overlay.draw(); });
  on("mute", "click", (event) => event.target.setAttribute("aria-pressed", String((player.video.muted = !player.video.muted))));
  on("choose", "change", (event) => event.target.files[0] && player.load(URL.createObjectURL(event.target.files[0])));
  on("query", "input", (event) => filter.set({ query: event.target.value }));
  on("confidence", "input", (event) => filter.set({ minimum: Number(event.target.value) }));
  on("all", "click", () => filter.tickAll(1));
  on("none", "click", () => filter.tickAll(0));
  on("zoom-in", "click", () => timeline.zoom(0.5));
  on("zoom-out", "click", () => timeline.zoom(2));
  on("zoom-all", "click", () => timeline.zoom(Infinity));
  on("help", "click", () => byId("keys").showModal());
  for (const tab of ["segments", "detections"]) {
    const other = tab === "segments" ? "detections" : "segments";
    on(`tab-${tab}`, "click", () => choose(tab));
    on(`tab-${tab}`, "keydown", (event) => { if (event.key === "ArrowLeft" || event.key === "ArrowRight") choose(other), byId(`tab-${other}`).focus(); });
  }
}

connect();
showSource();
showFilter();
showTime();
segments.setCount(model.segments.length);
choose(model.segments.length ? "segments" : "detections");
if (model.video) player.load(model.video);
