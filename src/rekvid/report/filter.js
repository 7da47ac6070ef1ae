// Which detections are shown: those whose label is ticked and matches the query, and that are sure enough.

class Filter extends EventTarget {
  constructor(model) {
    super();
    this.model = model;
    this.ticked = new Uint8Array(model.names.length).fill(1);
    this.query = "";
    this.minimum = 0;
    this.totals = new Uint32Array(model.names.length);
    for (const name of model.name) this.totals[name]++;
    this.byCount = model.names.map((_, name) => name).sort((a, b) => this.totals[b] - this.totals[a]);
    this.apply();
  }

  set(changes) {
    Object.assign(this, changes);
    this.apply();
    this.dispatchEvent(new Event("change"));
  }

  tick(name, wanted) {
    this.ticked[name] = wanted;
    this.set({});
  }

  tickAll(wanted) {
    for (const name of this.listed) this.ticked[name] = wanted;
    this.set({});
  }

  only(name) {
    this.ticked.fill(0);
    this.tick(name, 1);
  }

  passes(detection) {
    return this.wanted[this.model.name[detection]] === 1 && this.model.confidence[detection] >= this.minimum;
  }

  apply() {
    const { names, name, start, end, confidence, count } = this.model;
    const query = this.query.trim().toLowerCase();
    const matches = names.map((each) => each.toLowerCase().includes(query));
    this.listed = this.byCount.filter((each) => matches[each]);
    this.wanted = Uint8Array.from(names, (_, each) => (matches[each] ? this.ticked[each] : 0));
    const rows = new Uint32Array(count);
    const runs = names.map(() => ({ start: [], end: [] }));
    let length = 0;
    for (let i = 0; i < count; i++) {
      if (this.wanted[name[i]] === 0 || confidence[i] < this.minimum) continue;
      rows[length++] = i;
      const run = runs[name[i]];
      const last = run.end.length - 1;
      // Neighbours become one bar of the timeline.
      if (last >= 0 && start[i] <= run.end[last]) run.end[last] = Math.max(run.end[last], end[i]);
      else run.start.push(start[i]), run.end.push(end[i]);
    }
    this.rows = rows.subarray(0, length);
    this.runs = runs;
    this.tracks = this.listed.filter((each) => runs[each].start.length > 0);
  }
}
