// The film as a strip: cards, takes by their frames, inserts, captions, sound beneath. Edges are dragged, takes in and out.

import { clock, count, el, fill } from "/page/dom.js";

const LEAST_PX = 3, NARROW_PX = 30, PHONE_PX = 600, PART_PX = 44;

export class Strip {
  /** `on` has select(item), go(frame), stretch(item, seconds), remove(item), add(section, iteration), place(item, target), isBusy(). */
  constructor(on) {
    this.on = on;
    this.clips = el("div", { className: "strip-row clips", role: "listbox", "aria-label": "The film's parts", "aria-orientation": "horizontal" });
    this.captions = el("div", { className: "strip-row captions", "aria-hidden": "true" });
    this.sound = el("canvas", { className: "strip-sound", "aria-hidden": "true" });
    this.needle = el("div", { className: "needle" });
    this.ruler = el("div", { className: "strip-row ruler", "aria-hidden": "true" });
    this.inner = el("div", { className: "strip-inner" }, this.ruler, this.clips, this.captions, this.sound, this.needle);
    this.node = el("div", { className: "strip", tabindex: "-1" }, this.inner);
    this.items = [];
    this.selected = null;
    this.zoom = 1;
    this.outlines = new Map();
    this.queue = [];
    this.thumbs = new IntersectionObserver((seen) => seen.forEach((one) => { if (one.isIntersecting) this.picture(one.target); }), { root: this.node, rootMargin: "100px" });
    this.ruler.addEventListener("pointerdown", (event) => this.scrub(event));
    this.sound.addEventListener("pointerdown", (event) => this.scrub(event));
    new ResizeObserver(() => this.story && this.lay()).observe(this.node);
  }

  get scale() { return Math.max(1, this.node.clientWidth - 4) * this.zoom / this.story.total; }

  take(story) {
    const key = this.selected?.key, isFirst = !this.story;
    this.story = story;
    this.items = [];
    for (const clip of story.clips) {
      if (clip.kind !== "scene") {
        this.items.push({ key: `${clip.kind}-${clip.name}-${clip.insert ?? clip.own ?? clip.song ?? ""}`, kind: clip.kind, label: clip.kind !== "card" ? clip.name : clip.name.replace("-", " "), ...clip });
      } else {
        for (const sound of clip.sounds) {
          const label = sound.kind === "recording" ? "recording" : count(sound.iteration);
          this.items.push({ ...sound, key: `${clip.section}-${sound.kind}-${sound.iteration}`, kind: sound.kind === "recording" ? "recording" : "take", label, section: clip.section });
        }
      }
    }
    this.selected = this.items.find((one) => one.key === key) ?? null;
    if (isFirst && this.node.clientWidth < PHONE_PX) this.zoom = Math.max(1, this.items.length * PART_PX / this.node.clientWidth);
    this.build();
    this.lay();
  }

  build() {
    this.thumbs.disconnect();
    fill(this.clips, this.items.map((item) => {
      const isTake = item.kind === "take";
      const seconds = (item.end - item.start) / this.story.frame_rate;
      item.node = el("div", { className: `clip ${item.kind} ${item.made_up ? "made-up" : ""} ${item.fixed ? "fixed" : ""}`, role: "option", tabindex: "-1", "aria-selected": "false", "data-key": item.key,
        "aria-label": `${item.kind === "take" ? "take " : ""}${item.label}, ${seconds.toFixed(1)} s, at ${clock(item.start / this.story.frame_rate)}` },
      el("span", { className: "clip-label" }, item.best && "best ", item.label), el("span", { className: "clip-length" }, `${seconds.toFixed(1)} s`),
      isTake && el("span", { className: "edge", title: "Drag to give it more or less time" }));
      item.node.item = item;
      item.node.addEventListener("pointerdown", (event) => (event.target.classList.contains("edge") ? this.stretch(event, item) : this.grab(event, item)));
      this.thumbs.observe(item.node);
      return item.node;
    }));
    fill(this.captions, this.story.captions.map((one) => {
      const node = el("div", { className: "caption", title: one.text }, one.text);
      node.caption = one;
      return node;
    }));
    this.mark();
  }

  lay() {
    const scale = this.scale;
    this.inner.style.width = `${this.story.total * scale}px`;
    for (const { node, start, end } of this.items) {
      node.style.left = `${start * scale}px`;
      node.style.width = `${Math.max(LEAST_PX, (end - start) * scale - 1)}px`;
      node.classList.toggle("narrow", (end - start) * scale < NARROW_PX);
    }
    for (const node of this.captions.children) {
      node.style.left = `${node.caption.start * scale}px`;
      node.style.width = `${Math.max(LEAST_PX, (node.caption.end - node.caption.start) * scale - 1)}px`;
    }
    const total = this.story.total / this.story.frame_rate;
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800].find((one) => one * this.story.frame_rate * scale >= 64) ?? 3600;
    fill(this.ruler, Array.from({ length: Math.floor(total / step) + 1 }, (_, n) => {
      const node = el("span", {}, clock(n * step));
      node.style.left = `${n * step * this.story.frame_rate * scale}px`;
      return node;
    }));
    this.drawSound();
    this.move(this.frame ?? 0);
  }

  move(frame) {
    this.frame = frame;
    if (!this.story) return;
    const x = frame * this.scale;
    this.needle.style.transform = `translateX(${x}px)`;
    if (x < this.node.scrollLeft || x > this.node.scrollLeft + this.node.clientWidth) this.node.scrollLeft = x - this.node.clientWidth * .3;
  }

  setZoom(zoom) {
    const middle = (this.node.scrollLeft + this.node.clientWidth / 2) / this.inner.clientWidth;
    this.zoom = Math.max(1, Math.min(60, zoom));
    this.lay();
    this.node.scrollLeft = middle * this.inner.clientWidth - this.node.clientWidth / 2;
  }

  select(item, { focus = false } = {}) {
    this.selected = item;
    this.mark();
    if (focus) item?.node.focus({ preventScroll: true });
    item?.node.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.on.select(item);
  }

  mark() {
    this.items.forEach((item, n) => {
      const isIt = item === this.selected;
      item.node.setAttribute("aria-selected", String(isIt));
      item.node.tabIndex = isIt || (!this.selected && n === 0) ? 0 : -1;
    });
  }

  step(by) {
    const at = this.items.indexOf(this.selected);
    const next = this.items[Math.max(0, Math.min(this.items.length - 1, at + by))];
    this.select(next, { focus: true });
    this.on.go(next.start + Math.min(12, (next.end - next.start) >> 1));
  }

  /** Thumbnails are drawn one after the other, and only while no frame is waited for. */
  picture(node) {
    this.thumbs.unobserve(node);
    if (node.clientWidth < NARROW_PX) return;
    this.queue.push(node);
    if (this.queue.length === 1) this.pump();
  }

  async pump() {
    while (this.queue.length) {
      const node = this.queue[0], item = node.item, story = this.story;
      if (!node.isConnected) { this.queue.shift(); continue; }
      if (this.on.isBusy()) { await new Promise((done) => setTimeout(done, 120)); continue; }
      const by = Math.max(1, Math.min(16, Math.floor(story.width / 160)));
      const picture = el("img", { alt: "", src: `/api/frame?n=${(item.start + item.end) >> 1}&by=${by}&stamp=${story.stamp}&cut=${encodeURIComponent(story.cut ?? "")}` });
      await picture.decode().then(() => node.prepend(picture)).catch(() => {});
      this.queue.shift();
    }
  }

  /** Outlines of sounds by item key: `low` and `high` from -100 to 100, and their length in seconds. */
  setOutline(key, outline) {
    this.outlines.set(key, outline);
    this.drawSound();
  }

  drawSound() {
    const ratio = Math.min(devicePixelRatio || 1, 2), width = Math.min(16000, this.inner.clientWidth), height = 46;
    if (!width || !this.story) return;
    this.sound.style.width = `${width}px`;
    this.sound.width = Math.min(16000, width * ratio);
    this.sound.height = height * ratio;
    const c = this.sound.getContext("2d"), scale = this.scale;
    c.scale(this.sound.width / width, ratio);
    c.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--mean").trim();
    for (const item of this.items) {
      const outline = this.outlines.get(item.key);
      if (!outline) continue;
      const seconds = (item.end - item.start) / this.story.frame_rate;
      const count = Math.min(outline.low.length, Math.ceil(outline.low.length * seconds / outline.seconds));
      const each = (item.end - item.start) * scale / Math.max(1, outline.low.length * seconds / outline.seconds);
      for (let n = 0; n < count; n += 1) {
        const top = height / 2 - outline.high[n] / 100 * height * .46, bottom = height / 2 - outline.low[n] / 100 * height * .46;
        c.fillRect(item.start * scale + n * each, top, Math.max(.6, each), Math.max(1, bottom - top));
      }
    }
  }

  frameAt(event) { return (event.clientX - this.inner.getBoundingClientRect().left) / this.scale; }

  scrub(event) {
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    this.on.go(this.frameAt(event));
    const move = (one) => this.on.go(this.frameAt(one));
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", () => target.removeEventListener("pointermove", move), { once: true });
  }

  /** Show another length of a part before it is written. */
  resize({ node }, seconds) {
    node.style.width = `${seconds * this.story.frame_rate * this.scale}px`;
    node.querySelector(".clip-length").textContent = `${seconds.toFixed(1)} s`;
  }

  stretch(event, item) {
    event.preventDefault();
    event.stopPropagation();
    const { node } = item, from = event.clientX, scale = this.scale, rate = this.story.frame_rate;
    let seconds = (item.end - item.start) / rate;
    const first = seconds;
    node.setPointerCapture(event.pointerId);
    node.classList.add("dragged");
    const move = (one) => {
      seconds = Math.max(.3, first + (one.clientX - from) / scale / rate);
      this.resize(item, seconds);
    };
    node.addEventListener("pointermove", move);
    node.addEventListener("pointerup", () => {
      node.removeEventListener("pointermove", move);
      node.classList.remove("dragged");
      if (Math.abs(seconds - first) > .04) this.on.stretch(item, Math.round(seconds * 10) / 10);
      else { // it was only pressed: of a narrow take the edge is all there is
        this.lay();
        this.select(item, { focus: true });
        this.on.go(this.frameAt(event));
      }
    }, { once: true });
  }

  grab(event, item) {
    if (event.button) return;
    const { node } = item, x = event.clientX, y = event.clientY;
    let moved = false;
    node.setPointerCapture(event.pointerId);
    const move = (one) => {
      moved ||= Math.hypot(one.clientX - x, one.clientY - y) > 6;
      if (!moved) return;
      node.classList.add("dragged");
      node.style.transform = `translate(${one.clientX - x}px, ${one.clientY - y}px)`;
      this.node.classList.toggle("dropping-out", item.kind === "take" && this.isOutside(one));
    };
    const end = (one) => {
      node.removeEventListener("pointermove", move);
      node.classList.remove("dragged");
      node.style.transform = "";
      this.node.classList.remove("dropping-out");
      if (!moved) { this.select(item, { focus: true }); this.on.go(this.frameAt(one)); }
      else if (item.kind === "take" && this.isOutside(one)) this.on.remove(item);
      else if (item.kind !== "take" && item.kind !== "recording") this.on.place(item, this.itemAt(one, item));
    };
    node.addEventListener("pointermove", move);
    node.addEventListener("pointerup", end, { once: true });
    node.addEventListener("pointercancel", () => { moved = true; node.style.transform = ""; node.removeEventListener("pointermove", move); }, { once: true });
  }

  isOutside(event) {
    const box = this.node.getBoundingClientRect();
    return event.clientY < box.top - 24 || event.clientY > box.bottom + 24;
  }

  itemAt(event, except) {
    const frame = this.frameAt(event);
    return this.items.find((one) => one !== except && one.start <= frame && frame < one.end) ?? null;
  }
}
