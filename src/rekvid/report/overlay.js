// The boxes over the picture.

/** Fit a canvas to its place on screen, in real pixels; gives the size in CSS pixels. */
function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

class Overlay {
  constructor(canvas, player, model, filter) {
    Object.assign(this, { canvas, player, model, filter, shown: true });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  draw() {
    const { clientWidth, clientHeight } = this.canvas;
    const context = fitCanvas(this.canvas, clientWidth, clientHeight);
    if (!this.shown) return;
    const picture = this.picture(clientWidth, clientHeight);
    const size = Math.max(11, Math.min(18, picture.width / 45));
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    const found = this.model.detectionsAt(this.player.time).filter((detection) => this.filter.passes(detection));
    const boxes = found.flatMap((detection) => this.boxesOf(detection, picture));
    for (const box of boxes) this.drawBox(context, box);
    const taken = []; // names come after all boxes, so that no line runs through one
    for (const box of boxes) this.drawTag(context, picture, box, size, taken);
  }

  /** Where the picture lies in the canvas: as large as fits, in the middle. */
  picture(width, height) {
    const video = this.player.video;
    const wide = (this.player.hasVideo && video.videoWidth) || this.model.width || 16;
    const high = (this.player.hasVideo && video.videoHeight) || this.model.height || 9;
    const scale = Math.min(width / wide, height / high);
    return { left: (width - wide * scale) / 2, top: (height - high * scale) / 2, width: wide * scale, height: high * scale };
  }

  /** The boxes of a detection that are sure enough, in pixels of the canvas. */
  boxesOf(detection, picture) {
    const { names, name, colours, firstBox, boxes, boxConfidence } = this.model;
    const text = names[name[detection]];
    const found = [];
    for (let box = firstBox[detection]; box < firstBox[detection + 1]; box++) {
      if (boxConfidence[box] < this.filter.minimum) continue;
      const [left, top, width, height] = boxes.subarray(4 * box, 4 * box + 4);
      found.push({
        x: picture.left + left * picture.width, y: picture.top + top * picture.height,
        width: width * picture.width, height: height * picture.height,
        colour: colours[text], text: `${text} ${Math.round(boxConfidence[box])}`,
      });
    }
    return found;
  }

  drawBox(context, { x, y, width, height, colour }) {
    for (const [line, style] of [[4, "rgb(0 0 0 / 55%)"], [2, colour]]) {
      context.lineWidth = line;
      context.strokeStyle = style;
      context.strokeRect(x, y, width, height);
    }
  }

  /** Above the box, else inside at its top, below it, or inside at its bottom: the first place that is free. */
  drawTag(context, picture, box, size, taken) {
    const width = context.measureText(box.text).width + size * 0.8;
    const height = size * 1.5;
    const left = Math.max(picture.left, Math.min(box.x - 1, picture.left + picture.width - width));
    const lowest = picture.top + picture.height - height;
    const tops = [box.y - height, box.y, box.y + box.height, box.y + box.height - height];
    const places = tops.filter((top) => top >= picture.top && top <= lowest);
    const free = (top) => !taken.some((tag) => left < tag.right && tag.left < left + width && top < tag.top + height && tag.top < top + height);
    const top = places.find(free) ?? places[0] ?? picture.top;
    taken.push({ left, top, right: left + width });
    context.fillStyle = box.colour;
    context.fillRect(left, top, width, height);
    context.fillStyle = "#000";
    context.fillText(box.text, left + size * 0.4, top + height / 2 + 0.5);
  }
}
