// Lists of any length, of which only the rows that are seen are in the document.

class VirtualRows {
  /** Rows of `height` pixels in `body`, which `scroller` scrolls; `make(number)` gives the element of one. */
  constructor(scroller, body, height, make) {
    Object.assign(this, { scroller, body, height, make, count: 0, first: -1, last: -1 });
    scroller.addEventListener("scroll", () => this.render());
    new ResizeObserver(() => this.render()).observe(scroller);
  }

  setCount(count) {
    this.count = count;
    this.refresh();
  }

  /** Make all rows anew. */
  refresh() {
    this.first = this.last = -1;
    this.render();
  }

  render() {
    const seen = Math.ceil((this.scroller.clientHeight || 400) / this.height);
    const top = Math.floor(Math.max(0, this.scroller.scrollTop - this.body.offsetTop) / this.height);
    const first = Math.max(0, Math.min(top - 8, this.count - seen));
    const last = Math.min(this.count, top + seen + 8);
    if (first === this.first && last === this.last) return;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.row : undefined;
    [this.first, this.last] = [first, last];
    const rows = [this.space(first)];
    for (let i = first; i < last; i++) rows.push(this.make(i));
    rows.push(this.space(this.count - last));
    this.body.replaceChildren(...rows);
    if (focused !== undefined) this.body.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
  }

  space(rows) {
    const element = document.createElement(this.body.tagName === "TBODY" ? "tr" : "li");
    element.setAttribute("aria-hidden", "true");
    element.className = "space";
    element.style.height = `${rows * this.height}px`;
    return element;
  }

  /** Scroll so that row `number` is seen. */
  reveal(number) {
    const top = number * this.height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop || top + 3 * this.height > scrollTop + clientHeight) {
      this.scroller.scrollTop = Math.max(0, top - clientHeight / 3);
    }
  }
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function swatch(colour) {
  const made = element("span", { className: "swatch" });
  made.style.background = colour;
  return made;
}

/** A row of a table whose first cell seeks; `cells` are texts, or elements. */
function tableRow(number, time, cells, player, model) {
  const button = element("button", { type: "button", className: "seek", textContent: model.times.write(time) });
  button.dataset.row = number;
  button.addEventListener("click", () => player.seek(time));
  const row = element("tr", {}, element("td", {}, button));
  cells.forEach((cell, at) => row.append(element("td", { className: at >= 2 ? "number" : "" }, cell)));
  row.setAttribute("aria-rowindex", String(number + 2)); // the heading is the first
  return row;
}

function segmentRow(number, model, player) {
  const { start, end, name, firstFrame, lastFrame, confidence, isShot } = model.segments[number];
  const frames = firstFrame === null ? "" : `${firstFrame}–${lastFrame}`;
  const what = element("span", {}, isShot ? "" : swatch(model.colours[name]), name);
  return tableRow(number, start, [model.times.write(end - 1), what, frames, confidence?.toFixed(1) ?? ""], player, model);
}

function detectionRow(number, model, player, filter) {
  const detection = filter.rows[number];
  const name = model.names[model.name[detection]];
  const boxes = model.firstBox[detection + 1] - model.firstBox[detection];
  const what = element("span", {}, swatch(model.colours[name]), name);
  const cells = [model.times.write(model.end[detection] - 1), what, String(boxes || ""), model.confidence[detection].toFixed(1)];
  return tableRow(number, model.start[detection], cells, player, model);
}

function nameRow(number, model, filter) {
  const name = filter.listed[number];
  const box = element("input", { type: "checkbox", checked: filter.ticked[name] === 1 });
  box.dataset.row = `tick ${name}`;
  box.addEventListener("change", () => filter.tick(name, box.checked ? 1 : 0));
  const only = element("button", { type: "button", className: "quiet only", textContent: "Only" });
  only.setAttribute("aria-label", `Only ${model.names[name]}`);
  only.dataset.row = `only ${name}`;
  only.addEventListener("click", () => filter.only(name));
  const text = element("span", { className: "name", textContent: model.names[name], title: model.names[name] });
  const count = element("span", { className: "count", textContent: filter.totals[name].toLocaleString("en") });
  const row = element("li", {}, element("label", {}, box, swatch(model.colours[model.names[name]]), text), only, count);
  row.setAttribute("aria-setsize", String(filter.listed.length));
  row.setAttribute("aria-posinset", String(number + 1));
  return row;
}
