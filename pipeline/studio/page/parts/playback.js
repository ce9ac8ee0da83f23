// The film's true frames, drawn by the server as the film draws them: scrubbed, stepped through, and played with sound.

import { clock, el, notice } from "/page/dom.js";
import { FramesAhead } from "/page/parts/frames.js";

const SMALLEST_PX = 320, STANDING_PX = 560;

export class Playback {
  constructor() {
    this.canvas = el("canvas", { role: "img", "aria-label": "Frame of the film" });
    this.audio = el("audio", { preload: "none" });
    this.note = el("p", { className: "small muted preview-note", role: "status" });
    this.overlay = el("div", { className: "overlay" });
    this.node = el("div", { className: "preview" }, this.canvas, this.overlay, this.note, this.audio);
    this.story = null;
    this.frame = 0;
    this.shownFrame = -1;
    this.wanted = null;
    this.isFlying = false;
    this.ahead = null;
    this.count = 0;
    this.isFull = false;
    this.isPlaying = false;
    this.mix = "";
    this.audio.addEventListener("ended", () => this.pause());
  }

  /** Take in a film as it is now; the place stays where it is, in seconds, and what plays goes on with the new sound. */
  take(story) {
    const seconds = this.story ? this.frame / this.story.frame_rate : 1.5;
    const goesOn = this.isPlaying;
    this.story = story;
    this.node.style.aspectRatio = `${story.width} / ${story.height}`;
    this.node.style.setProperty("--shape", String(story.width / story.height));
    this.shownFrame = -1;
    this.frame = Math.min(Math.round(seconds * story.frame_rate), story.total - 1);
    if (goesOn) this.pause();
    this.show();
    if (goesOn) this.toggle();
  }

  /** Whether a frame is waited for. */
  get isBusy() { return this.isFlying || this.wanted !== null || this.isPlaying; }

  get seconds() { return this.frame / (this.story?.frame_rate || 1); }

  /** By what its sides are divided: a frame that stands is not so small that it looks blurred, as a draft's half would. */
  divisor(share) {
    if (this.isFull && !this.isPlaying) return 1;
    const { width, height } = this.story;
    return Math.max(1, Math.min(share, Math.floor(this.isPlaying ? width / SMALLEST_PX : Math.max(width, height) / STANDING_PX)));
  }

  go(frame) {
    if (!this.story) return;
    this.frame = Math.max(0, Math.min(this.story.total - 1, Math.round(frame)));
    if (this.isPlaying) { this.audio.currentTime = this.seconds; this.ask(); } else this.show();
    this.onmove?.(this.frame);
  }

  full() { this.isFull = !this.isFull; this.shownFrame = -1; this.show(); return this.isFull; }

  film(story) { return `stamp=${story.stamp}&cut=${encodeURIComponent(story.cut ?? "")}`; }

  /** Ask for the frame at hand; while one is on its way only the latest wish is kept. */
  show() {
    if (!this.story) return;
    this.wanted = { frame: this.frame, by: this.divisor(2), story: this.story };
    this.pump();
  }

  async pump() {
    if (!this.wanted || this.isFlying) return;
    const { frame, by, story } = this.wanted;
    this.wanted = null;
    this.isFlying = true;
    try {
      const response = await fetch(`/api/frame?n=${frame}&by=${by}&${this.film(story)}`);
      if (!response.ok) throw new Error((await response.json().catch(() => null))?.error?.what ?? "The frame can't be drawn.");
      const picture = await createImageBitmap(await response.blob());
      if (story === this.story && !this.isPlaying) this.paint(picture, frame);
      this.note.textContent = "";
    } catch (error) {
      if (story === this.story) this.note.textContent = error.message;
    } finally {
      this.isFlying = false;
      this.pump();
    }
  }

  paint(picture, frame) {
    this.shownFrame = frame;
    this.count += 1;
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) Object.assign(this.canvas, { width: picture.width, height: picture.height });
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    Object.assign(this.canvas.dataset, { frame: String(frame), stamp: this.story.stamp });
    this.canvas.setAttribute("aria-label", `Frame of the film at ${clock(frame / this.story.frame_rate)}`);
  }

  async toggle() {
    if (this.isPlaying) return this.pause();
    if (!this.story) return;
    if (this.frame >= this.story.total - 2) this.frame = 0;
    const mix = `/api/mix?${this.film(this.story)}`;
    if (mix !== this.mix) { this.mix = mix; this.audio.src = mix; this.note.textContent = "The sound is mixed…"; }
    this.isPlaying = true;
    this.onplay?.(true);
    try {
      this.audio.currentTime = this.seconds;
      await this.audio.play();
      this.note.textContent = "";
      this.ask();
      this.tick();
    } catch (error) {
      if (error.name === "AbortError") return;  // paused meanwhile, or begun anew: whoever did so has said how it goes on
      notice("The sound can't be played.", { bad: true });
      this.pause();
    }
  }

  /** Ask for frames ahead of the sound, from where it is. */
  ask() {
    this.ahead?.close();
    const story = this.story, by = this.divisor(4);
    this.ahead = new FramesAhead({
      rate: story.frame_rate, total: story.total, now: () => this.audio.currentTime * story.frame_rate,
      address: (first, step, count) => `/api/frames?n=${first}&step=${step}&count=${count}&by=${by}&${this.film(story)}`,
      onfault: (error) => { if (story === this.story) this.note.textContent = error.message; },
    });
  }

  pause() {
    this.isPlaying = false;
    this.ahead?.close();
    this.ahead = null;
    this.audio.pause();
    this.onplay?.(false);
    this.show();
  }

  /** The sound is the clock: what it has come to is shown, what it has passed is dropped. */
  tick() {
    if (!this.isPlaying || !this.node.isConnected) return;
    this.frame = Math.min(this.story.total - 1, Math.floor(this.audio.currentTime * this.story.frame_rate));
    const found = this.ahead?.take();
    if (found) this.paint(found.picture, found.frame);
    this.onmove?.(this.frame);
    requestAnimationFrame(() => this.tick());
  }

  close() { this.isPlaying = false; this.ahead?.close(); this.audio.pause(); this.audio.removeAttribute("src"); this.story = null; }
}
