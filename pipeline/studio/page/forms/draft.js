// What a form says beside what the file says: a copy of its values, and the edits that lead from one to the other.

import { isSame } from "/page/forms/schema.js";

export const isTable = (value) => Boolean(value) && typeof value === "object" && !Array.isArray(value);
const isTables = (value) => Array.isArray(value) && value.length > 0 && value.every(isTable);

export class Draft {
  /** `values` are what the file says; they stay as they are. */
  constructor(values) {
    this.before = values;
    this.values = structuredClone(values);
    this.origins = new WeakMap(); // of each table in a list that the file has: its place there
    this.remember(this.values);
  }

  remember(value) {
    if (isTables(value)) value.forEach((item, n) => this.origins.set(item, n));
    if (value && typeof value === "object") for (const one of Object.values(value)) this.remember(one);
  }

  get(path) { return path.reduce((at, step) => at?.[step], this.values); }

  /** What the file says at a place of the draft. */
  was(path) {
    let now = this.values, before = this.before;
    for (const step of path) {
      now = now?.[step];
      before = before?.[this.origins.has(now) ? this.origins.get(now) : typeof step === "number" && isTable(now) ? -1 : step];
    }
    return before;
  }

  isChanged(path) { return !isSame(this.get(path), this.was(path)); }

  /** Set a value; null takes it away, and tables that only it has made. */
  set(path, value) {
    const way = path.slice(0, -1), last = path.at(-1);
    let at = this.values;
    for (const [n, step] of way.entries()) at = at[step] ??= typeof path[n + 1] === "number" ? [] : {};
    if (value !== null) at[last] = value;
    else delete at[last];
    for (let n = way.length; n > 0 && value === null; n -= 1) {
      const holder = this.get(way.slice(0, n)), step = way[n - 1];
      if (typeof step === "number" || Object.keys(holder).length || this.was(way.slice(0, n)) !== undefined) break;
      delete this.get(way.slice(0, n - 1))[step];
    }
  }

  /** Add a table to a list; returns its place. */
  add(path, item) {
    const list = this.get(path) ?? [];
    list.push(item);
    this.set(path, list);
    return list.length - 1;
  }

  /** Take a table out of a list. */
  remove(path) {
    const list = this.get(path.slice(0, -1));
    list.splice(path.at(-1), 1);
    if (!list.length) this.set(path.slice(0, -1), null);
  }

  /** Move a table in its list. */
  move(path, to) {
    const list = this.get(path.slice(0, -1));
    list.splice(to, 0, ...list.splice(path.at(-1), 1));
  }

  /** The edits that the server makes of it, one after the other. */
  edits() { return this.between([], this.before, this.values); }

  between(path, before, now) {
    const gone = Object.keys(before).filter((key) => !(key in now));
    const edits = gone.flatMap((key) => (isTables(before[key]) ? this.ofList([...path, key], before[key], []) : [{ path: [...path, key], value: null }]));
    for (const [key, value] of Object.entries(now)) {
      const here = [...path, key], old = before[key];
      if (isTables(value) && (old === undefined || isTables(old))) edits.push(...this.ofList(here, old ?? [], value));
      else if (isTable(value) && Object.keys(value).length && (old === undefined || isTable(old))) edits.push(...this.between(here, old ?? {}, value));
      else if (!isSame(old, value)) edits.push({ path: here, value });
    }
    return edits;
  }

  ofList(path, before, now) {
    const kept = now.filter((item) => this.origins.has(item));
    const order = before.map((_, n) => n).filter((n) => kept.some((item) => this.origins.get(item) === n));
    const edits = before.map((_, n) => n).filter((n) => !order.includes(n)).reverse().map((n) => ({ path: [...path, n], value: null }));
    kept.forEach((item, n) => {
      const at = order.indexOf(this.origins.get(item));
      if (at === n) return;
      edits.push({ path: [...path, at], to: n });
      order.splice(n, 0, ...order.splice(at, 1));
    });
    now.forEach((item, n) => { if (!this.origins.has(item)) edits.push({ path: [...path, n], insert: item }); });
    now.forEach((item, n) => { if (this.origins.has(item)) edits.push(...this.between([...path, n], before[this.origins.get(item)], item)); });
    return edits;
  }

  /** The same changes of what the file says now; null where its lists have other tables by now. */
  onto(values) {
    const lengths = (of) => (path) => path.map((_, n) => path.slice(0, n).reduce((at, step) => at?.[step], of)?.length);
    const edits = this.edits(), next = new Draft(values);
    for (const { path, value, to, insert } of edits) {
      if (!isSame(lengths(this.before)(path), lengths(values)(path))) return null;
      if (insert) { next.add(path.slice(0, -1), insert); next.move([...path.slice(0, -1), next.get(path.slice(0, -1)).length - 1], path.at(-1)); }
      else if (to !== undefined) next.move(path, to);
      else if (typeof path.at(-1) === "number" && value === null) next.remove(path);
      else next.set(path, value);
    }
    return next;
  }
}
