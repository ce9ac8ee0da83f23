// One take at a time: its waveform and spectrogram scroll under a fixed playhead in step with the sound, beneath them the
// whole of it; its level is matched to others. Who wants less motion sees all of it, and a needle that moves.

import { get } from "/page/api.js";
import { clock, el, fill } from "/page/dom.js";

const COLUMNS = 2400, LEAST_LABEL_PX = 50, HEIGHT = 84, WHOLE_HEIGHT = 22, STEP_S = .5;
const SHORTEST_S = 1.5, LONGEST_S = 4, SHARE = .7, HEAD = 1 / 3; // how much is seen at once, and where the playhead stands in it
const WIDEST_PX = 8192; // canvases are no wider: of longer sounds more is seen at once

const lightness = matchMedia("(prefers-color-scheme: light)"), stillness = matchMedia("(prefers-reduced-motion: reduce)");

export class Player {
  constructor() {
    this.audio = el("audio", { preload: "auto" });
    this.canvas = el("canvas");
    this.spectrum = el("img", { alt: "" });
    this.marks = el("div", { className: "marks" });
    this.track = el("div", { className: "sound-track" }, this.canvas, this.spectrum, this.marks);
    this.head = el("div", { className: "needle" });
    this.view = el("div", { className: "sound-view" }, this.track, this.head);
    this.small = el("canvas");
    this.smallMarks = el("div", { className: "marks" });
    this.needle = el("div", { className: "needle" });
    this.whole = el("div", { className: "sound-whole" }, this.small, this.smallMarks, this.needle);
    this.time = el("span", { className: "number muted small" });
    this.box = el("div", { className: "sound", role: "slider", tabindex: "0", "aria-label": "Position in the sound", "aria-valuemin": "0" },
      this.view, this.whole);
    this.node = el("div", { className: "stack" }, this.audio, this.box);
    this.name = "";
    this.outline = null;
    this.view.addEventListener("click", ({ clientX }) => this.seek(this.isStill ? this.share(this.view, clientX) * this.seconds : this.at + (this.share(this.view, clientX) - HEAD) * this.view.clientWidth / this.scale));
    this.whole.addEventListener("click", ({ clientX }) => this.seek(this.share(this.whole, clientX) * this.seconds));
    this.box.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: this.at - STEP_S, ArrowRight: this.at + STEP_S, Home: 0, End: this.seconds }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.seek(to);
    });
    for (const kind of ["play", "pause", "ended"]) this.audio.addEventListener(kind, () => { this.move(); this.onchange?.(this.isPlaying); });
    for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) this.audio.addEventListener(kind, () => this.move());
    new ResizeObserver(() => { this.draw(); this.mark(); }).observe(this.box);
    stillness.addEventListener("change", () => { this.draw(); this.mark(); });
    lightness.addEventListener("change", () => { if (this.name) this.paint(); this.draw(); });
  }

  get seconds() { return this.outline?.seconds || this.audio.duration || 0; }
  get at() { return this.audio.currentTime || 0; }
  get isStill() { return stillness.matches; }

  /** Pixels that a second is wide. */
  get scale() {
    const width = this.view.clientWidth, seconds = this.seconds || 1;
    if (this.isStill) return width / seconds;
    return Math.min(width / Math.min(LONGEST_S, Math.max(SHORTEST_S, SHARE * seconds)), Math.max(width, WIDEST_PX) / seconds);
  }

  share(node, x) { return (x - node.getBoundingClientRect().left) / node.clientWidth; }

  get isPlaying() { return !this.audio.paused && !this.audio.ended; }

  /** Load a sound by its name, `gain` from 0 to 1, and play it. */
  async load(name, gain, { plays = true } = {}) {
    const again = name === this.name;
    this.audio.volume = Math.min(1, Math.max(0.001, gain));
    if (!again) {
      this.name = name;
      this.outline = null;
      this.mark();
      this.audio.src = `/api/sound/${name}`;
      this.paint();
      this.draw();
      get(`/api/sound/${name}/outline?columns=${COLUMNS}`).then((outline) => { if (this.name === name) { this.outline = outline; this.draw(); this.mark(); } }).catch(() => {});
    }
    if (plays) {
      if (again) this.audio.currentTime = 0;
      await this.audio.play().catch(() => {});
    }
  }

  /** Show where doubts were found, over the waveform; they are listed too, for those who can't see them there. */
  mark() {
    const { marks = [], seconds } = this.outline ?? {};
    for (const [node, width] of [[this.marks, seconds * this.scale], [this.smallMarks, 0]]) {
      fill(node, marks.map(({ word, from_s: from, to_s: to }) => {
        const one = el("span", { className: `mark ${word}`, title: `${word}: ${from.toFixed(2)} to ${to.toFixed(2)} s` },
          (to - from) / seconds * width > LEAST_LABEL_PX && el("span", {}, word));
        one.style.left = `${100 * from / seconds}%`;
        one.style.width = `${100 * (Math.min(to, seconds) - from) / seconds}%`;
        return one;
      }));
    }
    this.onmarks?.(marks);
  }

  paint() {
    this.spectrum.src = `/api/sound/${this.name}/spectrum?width=${COLUMNS}&height=120&theme=${lightness.matches ? "paper" : "midnight"}`;
  }

  clear() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.audio.load(); // or it keeps the length of the sound before
    this.spectrum.removeAttribute("src");
    this.name = "";
    this.outline = null;
    this.mark();
    this.draw();
  }

  toggle() {
    if (!this.name) return;
    if (this.isPlaying) this.audio.pause(); else this.audio.play().catch(() => {});
  }

  /** Play from a second on. */
  play(from) {
    this.audio.currentTime = from;
    this.audio.play().catch(() => {});
  }

  seek(to) {
    if (this.seconds) this.audio.currentTime = Math.min(this.seconds, Math.max(0, to));
    this.move();
  }

  /** Draw the waveform once, as wide as it is scrolled; then it is only moved. */
  draw() {
    const width = this.view.clientWidth;
    if (!width) return;
    this.box.classList.toggle("still", this.isStill);
    const long = Math.max(1, Math.round(this.scale * this.seconds)), ratio = Math.min(devicePixelRatio || 1, Math.max(1, WIDEST_PX / long));
    this.track.style.width = `${long}px`;
    this.canvas.width = long * ratio;
    this.canvas.height = HEIGHT * ratio;
    const c = this.canvas.getContext("2d");
    c.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--mean").trim();
    const { low = [], high = [] } = this.outline ?? {}, step = this.canvas.width / low.length, half = this.canvas.height / 2;
    for (let n = 0; n < low.length; n += 1) {
      const top = half - high[n] / 100 * half * .96, bottom = half - low[n] / 100 * half * .96;
      c.fillRect(n * step, top, Math.max(1, step), Math.max(1, bottom - top));
    }
    this.small.width = width * ratio;
    this.small.height = WHOLE_HEIGHT * ratio;
    if (this.outline) this.small.getContext("2d").drawImage(this.canvas, 0, 0, this.small.width, this.small.height);
    this.move();
  }

  /** Say where it is, and follow the sound. */
  move() {
    if (this.isStill !== this.box.classList.contains("still") && this.view.clientWidth) { // no event has told of it yet
      this.draw();
      this.mark();
    }
    const { seconds, at } = this;
    this.time.textContent = seconds ? `${clock(at)} of ${seconds.toFixed(1)} s` : "";
    this.box.setAttribute("aria-valuemax", seconds.toFixed(1));
    this.box.setAttribute("aria-valuenow", at.toFixed(1));
    this.box.setAttribute("aria-valuetext", this.time.textContent);
    this.follow();
  }

  /** Put what is heard now at the playhead, in every frame of the screen while it plays. */
  follow() {
    cancelAnimationFrame(this.next);
    const { seconds, at, isStill } = this, share = `${seconds ? Math.min(100, at / seconds * 100) : 0}%`;
    this.head.style.left = isStill ? share : `${100 * HEAD}%`;
    this.needle.style.left = share;
    this.track.style.transform = isStill ? "" : `translateX(${HEAD * this.view.clientWidth - at * this.scale}px)`;
    if (this.isPlaying && this.box.isConnected) this.next = requestAnimationFrame(() => this.follow());
  }
}

/** What a sound's level is multiplied by, so that none is louder than the softest of those that are compared. */
export function gainTo(level, levels) {
  const known = levels.filter((one) => one !== null && isFinite(one) && one > -60);
  if (level === null || !known.length) return 1;
  return Math.min(1, 10 ** ((Math.min(...known) - level) / 20));
}
