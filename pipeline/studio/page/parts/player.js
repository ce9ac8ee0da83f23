// One take at a time: its waveform and spectrogram, a needle that moves with the sound, and its level matched to others.

import { get } from "/page/api.js";
import { clock, el, fill } from "/page/dom.js";

const COLUMNS = 900, LEAST_LABEL_PX = 50;

const isLight = () => matchMedia("(prefers-color-scheme: light)").matches;

export class Player {
  constructor() {
    this.audio = el("audio", { preload: "auto" });
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.spectrum = el("img", { alt: "" });
    this.marks = el("div", { className: "marks" });
    this.needle = el("div", { className: "needle" });
    this.time = el("span", { className: "number muted small" });
    this.box = el("div", { className: "sound", role: "slider", tabindex: "0", "aria-label": "Position in the sound", "aria-valuemin": "0" },
      this.canvas, this.spectrum, this.marks, this.needle);
    this.node = el("div", { className: "stack" }, this.audio, this.box);
    this.name = "";
    this.outline = null;
    this.box.addEventListener("click", (event) => this.seek((event.clientX - this.box.getBoundingClientRect().left) / this.box.clientWidth));
    this.box.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -.5, ArrowRight: .5 }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.audio.currentTime = Math.max(0, this.audio.currentTime + step);
    });
    for (const kind of ["play", "pause", "ended"]) this.audio.addEventListener(kind, () => { this.move(); this.onchange?.(this.isPlaying); });
    this.audio.addEventListener("timeupdate", () => this.move());
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.name && this.paint());
  }

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
    fill(this.marks, marks.map(({ word, from_s: from, to_s: to }) => {
      const node = el("span", { className: `mark ${word}`, title: `${word}: ${from.toFixed(2)} to ${to.toFixed(2)} s` },
        (to - from) / seconds * this.box.clientWidth > LEAST_LABEL_PX && el("span", {}, word));
      node.style.left = `${100 * from / seconds}%`;
      node.style.width = `${100 * (Math.min(to, seconds) - from) / seconds}%`;
      return node;
    }));
    this.onmarks?.(marks);
  }

  paint() {
    this.spectrum.src = `/api/sound/${this.name}/spectrum?width=${COLUMNS}&height=120&theme=${isLight() ? "paper" : "midnight"}`;
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

  seek(share) {
    if (this.audio.duration) this.audio.currentTime = share * this.audio.duration;
    this.move();
  }

  draw() {
    const ratio = devicePixelRatio || 1, width = this.box.clientWidth, height = 84;
    if (!width) return;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    c.fillStyle = style.getPropertyValue("--mean").trim();
    if (!this.outline) return;
    const { low, high } = this.outline, count = low.length;
    for (let n = 0; n < count; n += 1) {
      const top = height / 2 - high[n] / 100 * height * .48, bottom = height / 2 - low[n] / 100 * height * .48;
      c.fillRect(n / count * width, top, Math.max(1, width / count), Math.max(1, bottom - top));
    }
    this.move();
  }

  move() {
    const length = this.outline?.seconds || this.audio.duration || 0;
    const at = this.audio.currentTime || 0;
    this.needle.style.left = length ? `${Math.min(100, at / length * 100)}%` : "0";
    this.time.textContent = length ? `${clock(at)} of ${length.toFixed(1)} s` : "";
    this.box.setAttribute("aria-valuemax", length.toFixed(1));
    this.box.setAttribute("aria-valuenow", at.toFixed(1));
    this.box.setAttribute("aria-valuetext", this.time.textContent);
    if (this.isPlaying) requestAnimationFrame(() => this.needle.isConnected && this.glide());
  }

  glide() {
    const length = this.outline?.seconds || this.audio.duration || 0;
    if (length) this.needle.style.left = `${Math.min(100, this.audio.currentTime / length * 100)}%`;
    if (this.isPlaying && this.needle.isConnected) requestAnimationFrame(() => this.glide());
  }
}

/** What a sound's level is multiplied by, so that none is louder than the softest of those that are compared. */
export function gainTo(level, levels) {
  const known = levels.filter((one) => one !== null && isFinite(one) && one > -60);
  if (level === null || !known.length) return 1;
  return Math.min(1, 10 ** ((Math.min(...known) - level) / 20));
}
