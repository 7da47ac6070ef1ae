// The time that the page shows: that of the video's frame on screen or, without a video, of a clock of our own.

class Player extends EventTarget {
  constructor(video, model) {
    super();
    this.video = video;
    this.model = model;
    this.time = 0;
    this.speed = 1;
    this.hasVideo = false;
    this.running = null; // the clock of our own: when it was last looked at
    video.addEventListener("loadedmetadata", () => this.adopt());
    video.addEventListener("error", () => this.lose());
    for (const name of ["play", "pause", "ended"]) video.addEventListener(name, () => this.tell("state"));
    video.addEventListener("seeked", () => this.arrive());
    if ("requestVideoFrameCallback" in video) this.followFrames();
    else video.addEventListener("timeupdate", () => this.show(video.currentTime));
  }

  get playing() {
    return this.hasVideo ? !this.video.paused && !this.video.ended : this.running !== null;
  }

  /** Show the video at `url`. */
  load(url) {
    this.video.src = url;
  }

  seek(time) {
    const last = this.model.times.rate ? 1 / this.model.times.perMilli : 1;
    this.time = Math.max(0, Math.min(Math.floor(time), Math.ceil(this.model.duration - last)));
    if (this.hasVideo) this.video.currentTime = this.model.times.seekable(this.time);
    this.tell("time");
  }

  step(frames) {
    const { times } = this.model;
    this.pause();
    this.seek(times.rate ? times.timeOf(Math.max(0, times.frameAt(this.time) + frames)) : this.time + frames * 40);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.hasVideo) {
      this.video.play().catch((error) => this.dispatchEvent(new CustomEvent("fault", { detail: error })));
      return;
    }
    if (this.time >= this.model.duration - 100) this.time = 0;
    this.running = performance.now();
    this.tell("state");
    requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.video.pause();
    this.running = null;
    this.tell("state");
  }

  setSpeed(speed) {
    this.speed = speed;
    this.video.playbackRate = speed;
  }

  adopt() {
    this.hasVideo = true;
    this.running = null;
    this.video.playbackRate = this.speed;
    if (!this.model.duration || this.model.duration <= 1) this.model.duration = Math.round(this.video.duration * 1000);
    if (this.time > 0) this.seek(this.time);
    this.tell("source");
  }

  lose() {
    this.hasVideo = false;
    this.tell("source");
  }

  followFrames() {
    const onFrame = (_, frame) => {
      this.show(frame.mediaTime);
      this.video.requestVideoFrameCallback(onFrame);
    };
    this.video.requestVideoFrameCallback(onFrame);
  }

  /** Take the time that was sought: the frame there may have been told of before the seek was over. */
  arrive() {
    const { times } = this.model;
    const there = this.video.currentTime * 1000;
    if (!times.rate || times.frameAt(there) !== times.frameAt(this.time)) this.show(this.video.currentTime);
  }

  show(seconds) {
    // A browser's times are whole microseconds, rounded down, so a hundredth of a millisecond may be missing.
    const time = Math.floor(seconds * 1000 + 0.01);
    if (time === this.time || this.video.seeking) return; // a frame on the way would move the time back
    this.time = time;
    this.tell("time");
  }

  tick(now) {
    if (this.running === null) return;
    this.time = Math.min(this.model.duration, this.time + (now - this.running) * this.speed);
    this.running = this.time < this.model.duration ? now : null;
    this.tell(this.running === null ? "state" : "time");
    requestAnimationFrame((next) => this.tick(next));
  }

  tell(name) {
    this.dispatchEvent(new Event(name));
  }
}
