// Recording the microphone: a level meter, a text to read, and a WAV that is on disk as it comes.

import { attempt, post, send } from "/page/api.js";
import { button, clock, el, fill, sign } from "/page/dom.js";

const EVERY_S = 1;
const LOUD_DB = -3, QUIET_DB = -35;

export function createMicrophone(ondone) {
  let going = null;
  const meter = el("meter", { min: "-60", max: "0", low: String(QUIET_DB), high: String(LOUD_DB), optimum: "-12", value: -60, "aria-label": "Level" });
  const words = el("p", { className: "small muted", role: "status" }, "Your browser asks whether it may use the microphone. The sound stays on this machine.");
  const start = button("Record", () => (going ? stop() : begin()), { icon: "microphone", kind: "primary" });
  const text = el("div", { className: "reading", tabindex: "0", "aria-label": "A text to read aloud" });
  const node = el("section", { className: "card stack microphone", "aria-label": "Record your voice" }, el("div", { className: "row apart" }, el("h2", {}, "Or record your voice"), start), meter, words, text);

  async function begin() {
    await attempt(async () => {
      const media = navigator.mediaDevices;
      if (!media) throw new Error("This page may not use the microphone: open it on this machine, as localhost or 127.0.0.1.");
      const stream = await media.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 } })
        .catch(() => { throw new Error("The microphone can't be used: allow it for this page, and look whether one is there."); });
      const context = new AudioContext();
      await context.audioWorklet.addModule("/page/parts/capture.js");
      const { name } = await post("/api/microphone", { rate_hz: context.sampleRate });
      const capture = new AudioWorkletNode(context, "capture");
      context.createMediaStreamSource(stream).connect(capture);
      going = { stream, context, name, parts: [], samples: 0, isNew: false, isWriting: false, fault: "", peak: 0 };
      capture.port.onmessage = (event) => take(event.data);
      fill(start, sign("stop", true), "Stop");
      start.classList.remove("primary");
    });
  }

  function take(samples) {
    if (!going) return;
    let peak = 0;
    const whole = new Int16Array(samples.length);
    for (let n = 0; n < samples.length; n += 1) {
      peak = Math.max(peak, Math.abs(samples[n]));
      whole[n] = Math.max(-32768, Math.min(32767, Math.round(samples[n] * 32767)));
    }
    going.parts.push(whole);
    going.samples += samples.length;
    going.peak = Math.max(peak, going.peak * .9);
    const level = 20 * Math.log10(going.peak + 1e-6);
    meter.value = level;
    meter.setAttribute("aria-valuetext", `${level.toFixed(0)} dB`);
    words.textContent = `${clock(going.samples / going.context.sampleRate)} recorded · ${level.toFixed(0)} dB${level > LOUD_DB ? " · too loud: go back a little" : level < QUIET_DB ? " · quiet" : ""}${going.fault}`;
    if (going.parts.reduce((sum, one) => sum + one.length, 0) >= EVERY_S * going.context.sampleRate) write(going);
  }

  /** Write what came so far. What can't be written stays here until it can; a studio that was started again meanwhile
   * gets a new file, as it does not know where the one before ends. */
  async function write(now) {
    if (now.isWriting) return;
    now.isWriting = true;
    try {
      while (now.parts.length) {
        const parts = [...now.parts];
        try {
          await send(`/api/microphone/${encodeURIComponent(now.name)}`, new Blob(parts));
          now.parts = now.parts.slice(parts.length);
          now.isNew = false;
        } catch (error) {
          if (error.status !== 400 || now.isNew) throw error;
          ({ name: now.name } = await post("/api/microphone", { rate_hz: now.context.sampleRate }));
          now.isNew = true;
        }
      }
      now.fault = "";
    } catch (error) {
      now.fault = ` · ${error.message.split("\n")[0]} What you say is kept here until it does.`;
    }
    now.isWriting = false;
  }

  async function stop() {
    const now = going;
    going = null;
    now.stream.getTracks().forEach((track) => track.stop());
    for (await write(now); now.parts.length || now.isWriting; await write(now)) {
      if (now.fault) words.textContent = `Not all of it is written yet${now.fault}`;
      await new Promise((done) => setTimeout(done, 300));
    }
    await now.context.close();
    await attempt(() => post(`/api/microphone/${encodeURIComponent(now.name)}/end`));
    meter.value = -60;
    fill(start, sign("microphone"), "Record");
    start.classList.add("primary");
    words.textContent = "Recorded. Record again for more; all recordings are learned.";
    ondone();
  }

  return {
    node,
    text(lines) { fill(text, lines.trim().split(/\n+/).map((line) => el("p", {}, line))); },
    leave() { if (going) stop(); },
  };
}
