// Frames of the film that are asked for ahead of the sound, several at a time, and shown when it has come to them.

const HEAD_BYTES = 8; // before each picture: the number of its frame, and its length
const AHEAD_S = 1, LEAD_S = .15, BATCH_S = 1; // so far ahead frames wait; so far ahead of the sound they are asked for
const LATE_S = .1, LONGEST_STILL_MS = 500; // a frame that is later is dropped, unless the picture has stood still for so long
const MOST_A_SECOND = 30; // as drafts have at most

/** The pictures of an answer, as they come. */
async function* pictures(response) {
  const reader = response.body.getReader();
  let held = new Uint8Array(0);
  while (true) {
    const { value, done } = await reader.read();
    if (done) return;
    const all = new Uint8Array(held.length + value.length);
    all.set(held);
    all.set(value, held.length);
    held = all;
    while (held.length >= HEAD_BYTES) {
      const head = new DataView(held.buffer, held.byteOffset, HEAD_BYTES);
      const frame = head.getUint32(0, true), end = HEAD_BYTES + head.getUint32(4, true);
      if (held.length < end) break;
      yield { frame, picture: await createImageBitmap(new Blob([held.subarray(HEAD_BYTES, end)], { type: "image/jpeg" })) };
      held = held.subarray(end);
    }
  }
}

export class FramesAhead {
  /** `address(first, step, count)` is where frames are; `now()` is the frame that is heard, with its fraction. */
  constructor({ rate, total, now, address, onfault }) {
    Object.assign(this, { rate, total, now, address, onfault });
    this.step = Math.max(1, Math.ceil(rate / MOST_A_SECOND));
    this.waiting = [];
    this.shownAt = 0;
    this.abort = new AbortController();
    this.feed();
  }

  /** Ask for frames as long as somebody plays; those that the sound has passed meanwhile are left out. */
  async feed() {
    let next = Math.floor(this.now());
    while (!this.abort.signal.aborted && next < this.total) {
      const heard = this.now();
      if (next - heard > AHEAD_S * this.rate) { await new Promise((done) => setTimeout(done, 50)); continue; }
      if (next < heard) next = Math.ceil(heard + LEAD_S * this.rate);
      const count = Math.max(2, Math.min(Math.round(BATCH_S * this.rate / this.step), Math.ceil((this.total - next) / this.step)));
      const begun = performance.now();
      let got = 0;
      try {
        const response = await fetch(this.address(next, this.step, count), { signal: this.abort.signal });
        if (!response.ok) throw new Error((await response.json().catch(() => null))?.error?.what ?? "Frames can't be drawn.");
        for await (const one of pictures(response)) {
          if (this.abort.signal.aborted) { one.picture.close(); return; }
          this.waiting.push(one);
          got += 1;
          next = one.frame + this.step;
          if (next + this.step < this.now()) break; // late: what is left of this answer is of no use
        }
      } catch (error) {
        if (error.name !== "AbortError") this.onfault(error);
        return;
      }
      if (!got) return;
      const possible = got / ((performance.now() - begun) / 1000); // a second, which is evenly spread
      this.step = Math.max(1, Math.ceil(this.rate / Math.min(MOST_A_SECOND, Math.max(1, .9 * possible))));
    }
  }

  /** The frame to be shown now, where there is a new one; those before it, and one that comes late, are dropped. */
  take() {
    const now = this.now(), at = performance.now();
    let found = null;
    while (this.waiting.length && this.waiting[0].frame <= now) {
      found?.picture.close();
      found = this.waiting.shift();
    }
    if (!found) return null;
    const isLate = now - found.frame > this.step + LATE_S * this.rate;
    if (isLate && at - this.shownAt < LONGEST_STILL_MS) { found.picture.close(); return null; }
    this.shownAt = at;
    return found;
  }

  close() {
    this.abort.abort();
    for (const one of this.waiting.splice(0)) one.picture.close();
  }
}
