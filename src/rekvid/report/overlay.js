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
    for (const detection of this.model.detectionsAt(this.player.time)) {
      if (this.filter.passes(detection)) this.drawBoxes(context, picture, detection, size);
    }
  }

  /** Where the picture lies in the canvas: as large as fits, in the middle. */
  picture(width, height) {
    const video = this.player.video;
    const wide = (this.player.hasVideo && video.videoWidth) || this.model.width || 16;
    const high = (this.player.hasVideo && video.videoHeight) || this.model.height || 9;
    const scale = Math.min(width / wide, height / high);
    return { left: (width - wide * scale) / 2, top: (height - high * scale) / 2, width: wide * scale, height: high * scale };
  }

  drawBoxes(context, picture, detection, size) {
    const { names, name, colours, firstBox, boxes, boxConfidence } = this.model;
    const text = names[name[detection]];
    for (let box = firstBox[detection]; box < firstBox[detection + 1]; box++) {
      if (boxConfidence[box] < this.filter.minimum) continue;
      const [left, top, width, height] = boxes.subarray(4 * box, 4 * box + 4);
      const x = picture.left + left * picture.width;
      const y = picture.top + top * picture.height;
      this.drawBox(context, x, y, width * picture.width, height * picture.height, colours[text]);
      const tag = `${text} ${Math.round(boxConfidence[box])}`;
      this.drawTag(context, picture, x, y, tag, colours[text], size);
    }
  }

  drawBox(context, x, y, width, height, colour) {
    for (const [line, style] of [[4, "rgb(0 0 0 / 55%)"], [2, colour]]) {
      context.lineWidth = line;
      context.strokeStyle = style;
      context.strokeRect(x, y, width, height);
    }
  }

  drawTag(context, picture, x, y, text, colour, size) {
    const width = context.measureText(text).width + size * 0.8;
    const height = size * 1.5;
    // Above the box, or inside where there is no room; never past the picture.
    const left = Math.max(picture.left, Math.min(x - 1, picture.left + picture.width - width));
    const top = y - height < picture.top ? Math.max(y, picture.top) : y - height;
    context.fillStyle = colour;
    context.fillRect(left, top, width, height);
    context.fillStyle = "#000";
    context.fillText(text, left + size * 0.4, top + height / 2 + 0.5);
  }
}
