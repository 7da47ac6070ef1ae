// The data of the page in typed arrays, and the searches in it. Times are milliseconds from the start of the video.

/** How many of `sorted` are at most `value`. */
function countUpTo(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** For each number the largest up to there, at which a search backwards can stop. */
function reachOf(ends) {
  const reach = new Float64Array(ends.length);
  let latest = -Infinity;
  for (let i = 0; i < ends.length; i++) {
    latest = Math.max(latest, ends[i]);
    reach[i] = latest;
  }
  return reach;
}

class Model {
  constructor(data) {
    Object.assign(this, {
      title: data.title, video: data.video, width: data.width, height: data.height, codec: data.codec,
      duration: data.duration, names: data.names, colours: data.colours, segments: data.segments,
    });
    this.times = new Times(data.rate);
    const detections = data.detections;
    this.start = Float64Array.from(detections.start);
    this.end = Float64Array.from(detections.end);
    this.name = Uint32Array.from(detections.name);
    this.confidence = Float32Array.from(detections.confidence);
    this.firstBox = Uint32Array.from(detections.firstBox);
    this.boxes = Float32Array.from(detections.boxes);
    this.boxConfidence = Float32Array.from(detections.boxConfidence);
    this.reach = reachOf(this.end);
    this.shots = this.segments.filter((segment) => segment.isShot);
    this.cues = this.segments.filter((segment) => !segment.isShot);
    this.shotStarts = this.shots.map((shot) => shot.start);
  }

  get count() {
    return this.start.length;
  }

  /** The numbers of the detections that hold at `time`, in order of their starts. */
  detectionsAt(time) {
    const found = [];
    for (let i = countUpTo(this.start, time) - 1; i >= 0 && this.reach[i] > time; i--) {
      if (this.end[i] > time) found.push(i);
    }
    return found.reverse();
  }

  /** The shot at `time`; undefined where there is none. */
  shotAt(time) {
    const shot = this.shots[countUpTo(this.shotStarts, time) - 1];
    return shot && shot.end > time ? shot : undefined;
  }
}

/** Frames, and how times are written. */
class Times {
  constructor(rate) {
    this.rate = rate;
    this.perMilli = rate ? rate.numerator / rate.denominator / 1000 : null;
  }

  /** The number of the frame that is shown at `time`: frame f is shown from floor(f / rate) on. */
  frameAt(time) {
    return Math.max(0, Math.ceil((Math.floor(time) + 1) * this.perMilli - 1e-6) - 1);
  }

  timeOf(frame) {
    return Math.floor(frame / this.perMilli + 1e-6);
  }

  /** A moment in the middle of the frame at `time`, in seconds: a seek to its very start may show the one before. */
  seekable(time) {
    return this.rate ? (this.frameAt(time) + 0.5) / this.perMilli / 1000 : time / 1000 + 0.0005;
  }

  /** hh:mm:ss:ff (SMPTE ST 12-1; with ; before the frames in drop-frame), or hh:mm:ss.mmm where the rate is unknown. */
  write(time) {
    return this.rate ? this.timecode(this.frameAt(time)) : `${clockOf(time)}.${padded(Math.floor(time % 1000), 3)}`;
  }

  timecode(frame) {
    const { nominal, dropFrame } = this.rate;
    let number = frame;
    if (dropFrame) {
      // Two numbers (four at 59.94) are left out at each minute but every tenth.
      const dropped = nominal / 15;
      const tenMinutes = nominal * 600 - dropped * 9;
      const minute = nominal * 60 - dropped;
      const rest = frame % tenMinutes;
      number += dropped * 9 * Math.floor(frame / tenMinutes);
      if (rest >= nominal * 60) number += dropped * (1 + Math.floor((rest - nominal * 60) / minute));
    }
    number %= nominal * 86400; // a clock begins anew after a day
    return `${clockOf(Math.floor(number / nominal) * 1000)}${dropFrame ? ";" : ":"}${padded(number % nominal, 2)}`;
  }
}

function clockOf(time) {
  const seconds = Math.floor(time / 1000);
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => padded(Math.floor(part), 2)).join(":");
}

function padded(number, digits) {
  return String(number).padStart(digits, "0");
}
