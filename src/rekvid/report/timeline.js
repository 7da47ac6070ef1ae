// The timeline: a ruler, the shots, the technical cues, and a track for each label, of which only what is seen is drawn.

const RULER = 24;
const SHOTS = 26;
const TRACK = 20;
const STEPS = [40, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 144e5];

class Timeline {
  constructor(player, model, filter) {
    Object.assign(this, { player, model, filter });
    this.place = document.getElementById("tracks");
    this.canvas = document.getElementById("tracks-canvas");
    this.spacer = document.getElementById("tracks-height");
    this.tip = document.getElementById("tip");
    this.from = 0;
    this.to = model.duration;
    this.cueKinds = [...new Set(model.cues.map((cue) => cue.name))];
    this.listen();
    this.resize();
  }

  listen() {
    new ResizeObserver(() => this.resize()).observe(this.place);
    this.place.addEventListener("scroll", () => this.draw());
    this.place.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    this.place.addEventListener("pointerdown", (event) => this.onDown(event));
    this.place.addEventListener("pointermove", (event) => this.onMove(event));
    this.place.addEventListener("pointerleave", () => (this.tip.hidden = true));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  get fixedHeight() {
    return RULER + (this.model.shots.length ? SHOTS : 0);
  }

  get rows() {
    return [...this.cueKinds.map((kind) => ({ kind })), ...this.filter.tracks.map((name) => ({ name }))];
  }

  resize() {
    const wanted = this.fixedHeight + this.rows.length * TRACK + 8;
    this.place.style.height = `${Math.min(Math.max(wanted, 56), 320)}px`;
    this.width = this.place.clientWidth;
    this.height = this.place.clientHeight;
    this.gutter = this.rows.length === 0 && !this.model.shots.length ? 0 : Math.min(140, Math.max(84, this.width * 0.14));
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.spacer.style.height = `${Math.max(0, wanted - this.height)}px`;
    this.draw();
  }

  x(time) {
    return this.gutter + ((time - this.from) / (this.to - this.from)) * (this.width - this.gutter - 8);
  }

  timeAt(x) {
    const share = (x - this.gutter) / (this.width - this.gutter - 8);
    return Math.max(0, Math.min(this.model.duration, this.from + share * (this.to - this.from)));
  }

  /** Show `factor` times the present span, with `time` staying where it is. */
  zoom(factor, time = this.player.time) {
    const span = Math.max(400, Math.min(this.model.duration, (this.to - this.from) * factor));
    const share = Math.max(0, Math.min(1, (time - this.from) / (this.to - this.from)));
    this.showFrom(time - share * span, span);
  }

  showFrom(from, span) {
    this.from = Math.max(0, Math.min(from, this.model.duration - span));
    this.to = this.from + span;
    this.draw();
  }

  /** Turn the page where the time has left it. */
  follow() {
    const span = this.to - this.from;
    const { time } = this.player;
    if (time < this.from || time > this.to) this.showFrom(time - span * 0.1, span);
    else this.draw();
  }

  onWheel(event) {
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(event.deltaY / 300), this.timeAt(this.local(event).x));
    else if (sideways) this.showFrom(this.from + (sideways / this.width) * (this.to - this.from), this.to - this.from);
    else return;
    event.preventDefault();
  }

  onDown(event) {
    const { x } = this.local(event);
    if (event.button !== 0 || x > this.width) return; // the scroll bar
    this.place.setPointerCapture(event.pointerId);
    this.player.seek(this.timeAt(x));
  }

  onMove(event) {
    const { x, y } = this.local(event);
    if (this.place.hasPointerCapture(event.pointerId)) this.player.seek(this.timeAt(x));
    const what = x < this.gutter ? "" : this.whatIsAt(y, this.timeAt(x));
    this.tip.hidden = x < this.gutter;
    this.tip.textContent = `${this.model.times.write(this.timeAt(x))}${what ? `  ${what}` : ""}`;
    const box = this.tip.parentElement.getBoundingClientRect();
    this.tip.style.left = `${Math.min(event.clientX - box.left + 12, box.width - this.tip.offsetWidth - 8)}px`;
    this.tip.style.top = `${event.clientY - box.top + 16}px`;
  }

  local(event) {
    const box = this.place.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  whatIsAt(y, time) {
    if (y < RULER) return "";
    if (y < this.fixedHeight) return this.model.shotAt(time)?.name ?? "";
    const row = this.rows[Math.floor((y - this.fixedHeight + this.place.scrollTop) / TRACK)];
    return row ? (row.kind ?? this.model.names[row.name]) : "";
  }

  draw() {
    if (this.width < 1) return;
    const context = fitCanvas(this.canvas, this.width, this.height);
    const style = getComputedStyle(this.place);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.ink = { text: colour("--text"), soft: colour("--soft"), line: colour("--line"), panel: colour("--panel"), accent: colour("--accent"), shots: [colour("--shot-even"), colour("--shot-odd")] };
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.drawGrid(context);
    this.drawRows(context);
    context.fillStyle = this.ink.panel;
    context.fillRect(0, 0, this.width, this.fixedHeight);
    this.drawRuler(context);
    if (this.model.shots.length) this.drawShots(context);
    this.drawHead(context);
    this.place.setAttribute("aria-valuenow", String(Math.round(this.player.time)));
    this.place.setAttribute("aria-valuetext", this.model.times.write(this.player.time));
  }

  /** The times that the ruler names: round ones, with room between them. */
  ruled() {
    const room = 96 / (this.width - this.gutter - 8); // of the width, for a time
    const step = STEPS.find((each) => each >= (this.to - this.from) * room) ?? STEPS.at(-1);
    const times = [];
    for (let time = Math.ceil(this.from / step) * step; time <= this.to; time += step) times.push(time);
    return { step, times };
  }

  drawGrid(context) {
    context.fillStyle = this.ink.line;
    for (const time of this.ruled().times) context.fillRect(Math.round(this.x(time)), RULER, 1, this.height);
  }

  drawRuler(context) {
    const { step, times } = this.ruled();
    for (const time of times) {
      const x = Math.round(this.x(time));
      const text = step < 1000 ? this.model.times.write(time) : clockOf(time);
      context.fillStyle = this.ink.line;
      context.fillRect(x, RULER - 7, 1, 7);
      if (x + 4 + context.measureText(text).width > this.width) continue;
      context.fillStyle = this.ink.soft;
      context.fillText(text, x + 4, RULER / 2);
    }
  }

  drawShots(context) {
    this.drawName(context, `Shots (${this.model.shots.length})`, RULER + SHOTS / 2);
    const first = Math.max(0, countUpTo(this.model.shotStarts, this.from) - 1);
    let drawn = -Infinity;
    for (let i = first; i < this.model.shots.length && this.model.shots[i].start < this.to; i++) {
      const shot = this.model.shots[i];
      const [left, right] = [Math.max(this.gutter, this.x(shot.start)), Math.min(this.width, this.x(shot.end))];
      if (right - drawn < 0.5) continue; // under a pixel that is full
      drawn = right;
      context.fillStyle = this.ink.shots[i % 2];
      context.fillRect(left, RULER + 3, Math.max(1, right - left - (right - left > 4 ? 1 : 0)), SHOTS - 6);
      const text = right - left > 64 ? shot.name : String(i + 1);
      if (context.measureText(text).width + 10 > right - left) continue;
      context.fillStyle = this.ink.text;
      context.fillText(text, left + 5, RULER + SHOTS / 2);
    }
  }

  drawRows(context) {
    const { rows } = this;
    const first = Math.floor(this.place.scrollTop / TRACK);
    const last = Math.min(rows.length, Math.ceil((this.place.scrollTop + this.height - this.fixedHeight) / TRACK));
    for (let i = first; i < last; i++) {
      const top = this.fixedHeight + i * TRACK - this.place.scrollTop;
      const row = rows[i];
      context.fillStyle = this.ink.line;
      context.fillRect(this.gutter, top + TRACK - 1, this.width, 1);
      const name = row.kind ?? this.model.names[row.name];
      this.drawName(context, name, top + TRACK / 2);
      context.fillStyle = this.model.colours[name];
      if (row.kind) this.drawBars(context, top, this.cueBars(row.kind));
      else this.drawBars(context, top, this.filter.runs[row.name]);
    }
  }

  cueBars(kind) {
    const cues = this.model.cues.filter((cue) => cue.name === kind);
    return { start: cues.map((cue) => cue.start), end: cues.map((cue) => cue.end) };
  }

  drawBars(context, top, bars) {
    // Bars of one row don't overlap, so their ends are in order too.
    let drawn = -Infinity;
    for (let i = countUpTo(bars.end, this.from); i < bars.start.length && bars.start[i] < this.to; i++) {
      const [left, right] = [Math.max(this.gutter, this.x(bars.start[i])), Math.min(this.width, this.x(bars.end[i]))];
      if (right - drawn < 0.5) continue;
      drawn = Math.max(right, left + 2);
      context.fillRect(left, top + 4, drawn - left, TRACK - 8);
    }
  }

  drawName(context, text, middle) {
    context.fillStyle = this.ink.text;
    context.fillText(shortened(context, text, this.gutter - 14), 2, middle);
  }

  drawHead(context) {
    const x = this.x(this.player.time);
    if (x < this.gutter - 1 || x > this.width) return;
    context.fillStyle = this.ink.accent;
    context.fillRect(Math.round(x) - 1, 0, 2, this.height);
    context.beginPath();
    context.moveTo(x - 6, 0);
    context.lineTo(x + 6, 0);
    context.lineTo(x, 9);
    context.fill();
  }
}

function shortened(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end--;
  return `${text.slice(0, end)}…`;
}
