// A loss graph of any length: the band and mean of the training loss, the validation loss, a mark for each checkpoint.
// Curves come from the server in as many columns as there are pixels; what is shown is asked for again when it moves.

import { get } from "/page/api.js";
import { calm, count } from "/page/dom.js";

export const LEFT = 46, RIGHT = 10, TOP = 10, BOTTOM = 34;

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Graph {
  /** `onpick(iteration)` is called when a mark is clicked; `small` leaves marks and moving out. */
  constructor(section, { onpick = null, small = false, height = 220 } = {}) {
    this.section = section;
    this.onpick = onpick;
    this.small = small;
    this.node = document.createElement("div");
    this.node.className = "graph";
    this.node.style.height = `${height}px`;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Loss against iterations");
    this.node.append(this.canvas);
    this.window = null; // null: all of it
    this.scale = "linear";
    this.data = null;
    this.marks = []; // { iteration, made, favourite, doubt }
    this.at = null;
    this.ask = calm(60, () => this.load());
    new ResizeObserver(() => { this.draw(); this.ask(); }).observe(this.node);
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.draw());
    if (!small) this.listen();
  }

  get width() { return this.node.clientWidth; }
  get height() { return this.node.clientHeight; }
  get columns() { return Math.max(20, this.width - LEFT - RIGHT); }

  async load() {
    if (!this.node.isConnected || !this.width) return;
    this.stop?.abort();
    const stop = this.stop = new AbortController();
    const range = this.window ? `&first=${this.window[0]}&last=${this.window[1]}` : "";
    try {
      this.data = await get(`/api/curves?section=${this.section}&columns=${Math.min(4096, this.columns)}&scale=${this.scale}${range}`, { signal: stop.signal });
      this.draw();
      this.describe();
      this.onload?.(this.data);
    } catch (error) {
      if (error.name !== "AbortError") this.canvas.setAttribute("aria-label", error.message);
    }
  }

  /** What it shows, for those who can't see it. */
  describe() {
    const { validation, unit, last } = this.data, [first, newest] = [validation[0], validation.at(-1)];
    const words = first && newest !== first ? `: validation from ${first[1].toFixed(2)} to ${newest[1].toFixed(2)} ${unit}, at iteration ${count(newest[0])} of ${count(Math.round(last))}` : "";
    this.canvas.setAttribute("aria-label", `Loss against iterations${words}`);
  }

  range() { return this.window ?? [this.data?.first ?? 0, this.data?.last ?? 1]; }

  coordinate(iteration) { return this.scale === "log" ? Math.log10(1 + Math.max(0, iteration)) : iteration; }

  x(iteration) {
    const [a, b] = this.range().map((one) => this.coordinate(one));
    return LEFT + (this.coordinate(iteration) - a) / Math.max(1e-9, b - a) * this.columns;
  }

  iterationAt(x) {
    const [a, b] = this.range().map((one) => this.coordinate(one));
    const value = a + (x - LEFT) / this.columns * (b - a);
    return this.scale === "log" ? 10 ** value - 1 : value;
  }

  /** The lowest and highest loss shown; few spikes of the band may reach beyond. */
  extent() {
    const values = [...(this.data?.training.mean ?? []), ...(this.data?.validation ?? []).map((one) => one[1])].filter(isFinite);
    if (!values.length) return [0, 8];
    let low = Math.min(...values), high = Math.max(...values);
    const room = Math.max(0.05, (high - low) * 0.08);
    return [low - room, high + room];
  }

  draw() {
    const ratio = devicePixelRatio || 1, { width, height } = this;
    if (!width) return;
    this.canvas.width = width * ratio;
    this.canvas.height = height * ratio;
    const c = this.canvas.getContext("2d");
    c.scale(ratio, ratio);
    c.clearRect(0, 0, width, height);
    const bottom = height - BOTTOM;
    const [low, high] = this.extent();
    const y = (loss) => TOP + (high - loss) / (high - low) * (bottom - TOP);
    this.drawGrid(c, y, low, high, bottom);
    if (!this.data) return;
    c.save();
    c.beginPath();
    c.rect(LEFT, TOP - 2, this.columns, bottom - TOP + 4);
    c.clip();
    const { at, low: lows, high: highs, mean } = this.data.training;
    c.strokeStyle = ink("--band");
    c.lineWidth = at.length > this.columns / 2 ? 1.4 : 2;
    c.beginPath();
    at.forEach((iteration, n) => { const x = this.x(iteration); c.moveTo(x, y(highs[n]) - .5); c.lineTo(x, y(lows[n]) + .5); });
    c.stroke();
    this.line(c, at.map((one, n) => [one, mean[n]]), y, ink("--mean"), 1.6);
    this.line(c, this.data.validation, y, ink("--validation"), 2);
    c.restore();
    if (!this.small) this.drawMarks(c, y, bottom);
  }

  line(c, points, y, colour, width) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.lineJoin = "round";
    c.beginPath();
    points.forEach(([at, value], n) => (n ? c.lineTo(this.x(at), y(value)) : c.moveTo(this.x(at), y(value))));
    c.stroke();
  }

  drawGrid(c, y, low, high, bottom) {
    c.font = "12px system-ui, sans-serif";
    c.fillStyle = ink("--muted");
    c.strokeStyle = ink("--line");
    c.lineWidth = 1;
    c.textAlign = "right";
    c.textBaseline = "middle";
    for (const value of ticks(low, high, 5)) {
      const at = Math.round(y(value)) + .5;
      c.beginPath(); c.moveTo(LEFT, at); c.lineTo(this.width - RIGHT, at); c.stroke();
      c.fillText(String(Number(value.toFixed(3))), LEFT - 7, at);
    }
    c.textAlign = "center";
    c.textBaseline = "top";
    const [a, b] = this.range();
    const steps = this.scale === "log" ? decades(a, b) : ticks(a, b, Math.max(2, Math.floor(this.columns / 130))).filter((one) => Number.isInteger(one));
    let last = -100;
    for (const iteration of steps) {
      const x = this.x(iteration);
      if (x < LEFT - 1 || x > this.width - RIGHT + 1 || x - last < 60) continue;
      last = x;
      c.fillText(count(iteration), Math.min(x, this.width - 30), bottom + 16);
    }
  }

  drawMarks(c, y, bottom) {
    const shown = new Map((this.data.validation ?? []).map(([at, loss]) => [at, loss]));
    const at = bottom + 8;
    for (const mark of this.marks) {
      const x = this.x(mark.iteration);
      if (x < LEFT - 4 || x > this.width - RIGHT + 4) continue;
      const isHere = mark.iteration === this.at;
      const colour = isHere ? ink("--text") : mark.doubt ? ink("--warn") : mark.favourite ? ink("--validation") : ink("--accent");
      c.fillStyle = c.strokeStyle = colour;
      c.lineWidth = 1.5;
      c.beginPath();
      if (mark.favourite) star(c, x, at, isHere ? 8 : 6.5);
      else if (mark.doubt) { c.moveTo(x, at - 6); c.lineTo(x + 6, at + 5); c.lineTo(x - 6, at + 5); c.closePath(); }
      else c.arc(x, at, isHere ? 6 : 4.5, 0, 7);
      if (mark.made) c.fill(); else c.stroke();
      if (isHere) {
        c.globalAlpha = .5;
        c.beginPath(); c.moveTo(x, TOP); c.lineTo(x, bottom); c.stroke();
        c.globalAlpha = 1;
        if (shown.has(mark.iteration)) { c.beginPath(); c.arc(x, y(shown.get(mark.iteration)), 4, 0, 7); c.fill(); }
      }
    }
  }

  nearest(x) {
    let best = null, least = 16;
    for (const mark of this.marks) {
      const away = Math.abs(this.x(mark.iteration) - x);
      if (away < least) [best, least] = [mark, away];
    }
    return best;
  }

  /** Zoom by a factor around a place, from 0 to 1; below 1 comes nearer. */
  zoom(factor, share = .5) {
    if (!this.data) return;
    const [a, b] = this.range().map((one) => this.coordinate(one));
    const middle = a + share * (b - a);
    this.look(middle - (middle - a) * factor, middle + (b - middle) * factor);
  }

  pan(share) {
    const [a, b] = this.range().map((one) => this.coordinate(one));
    this.look(a + share * (b - a), b + share * (b - a));
  }

  look(a, b) {
    const whole = this.whole ??= [this.data.first, this.data.last];
    const [low, high] = whole.map((one) => this.coordinate(one));
    const length = Math.min(b - a, high - low);
    a = Math.max(low, Math.min(a, high - length));
    const back = (value) => (this.scale === "log" ? 10 ** value - 1 : value);
    this.window = length >= (high - low) * .999 ? null : [back(a), back(a + length)];
    if (!this.window) this.whole = null;
    this.draw();
    this.ask();
  }

  listen() {
    let from = null;
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const share = (event.offsetX - LEFT) / this.columns;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan((event.deltaX || event.deltaY) / this.columns);
      else this.zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, share);
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => { from = { x: event.offsetX, moved: false }; this.canvas.setPointerCapture(event.pointerId); });
    this.canvas.addEventListener("pointermove", (event) => {
      const mark = this.nearest(event.offsetX);
      this.canvas.style.cursor = from?.moved ? "grabbing" : mark ? "pointer" : "default";
      this.canvas.title = mark ? `Iteration ${count(mark.iteration)}${mark.words ? `: ${mark.words}` : ""}` : "";
      if (!from || Math.abs(event.offsetX - from.x) < 4 && !from.moved) return;
      from.moved = true;
      if (this.window) this.pan((from.x - event.offsetX) / this.columns);
      from.x = event.offsetX;
    });
    this.canvas.addEventListener("pointerup", (event) => {
      const mark = from && !from.moved ? this.nearest(event.offsetX) : null;
      from = null;
      if (mark) this.onpick?.(mark.iteration);
    });
  }
}

function star(c, x, y, size) {
  for (let n = 0; n < 10; n += 1) {
    const [length, angle] = [n % 2 ? size * .45 : size, n * Math.PI / 5 - Math.PI / 2];
    c.lineTo(x + length * Math.cos(angle), y + length * Math.sin(angle));
  }
  c.closePath();
}

function ticks(low, high, most) {
  const rough = (high - low) / most, unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * unit).find((one) => one >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-6; value += step) found.push(Number(value.toPrecision(12)));
  return found;
}

function decades(low, high) {
  const found = low <= 0 ? [0] : [];
  for (let unit = 1; unit <= high; unit *= 10) for (const one of [1, 2, 5]) if (one * unit >= low && one * unit <= high) found.push(one * unit);
  return found;
}
