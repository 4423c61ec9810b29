// Completes the query while it is typed, and keeps the last queries in this browser. Where the cursor stands and how a
// value is quoted the server knows: it has the one grammar. Nothing here holds up typing; late answers are dropped.

/** Queries kept, and characters of the longest. */
const KEPT = 50;
const LONGEST = 1000;
/** Milliseconds without a key before the server is asked. */
const PAUSE = 70;
/** What would act instead of showing, as the page's other views show it. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

const root = document.documentElement.dataset.root;
const input = document.getElementById("q");

const visible = (text) => text.replace(HIDDEN, (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, "0")}`);
/** The server counts characters, the browser units of UTF-16. */
const characters = (text, units) => [...text.slice(0, units)].length;
const units = (text, count) => [...text].slice(0, count).join("").length;

function make(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

/** The last queries, newest first. They never leave this browser. */
const past = {
  key: `logingestor.queries${root}`,
  all() {
    try {
      const found = JSON.parse(localStorage.getItem(this.key));
      return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
    } catch {
      return [];
    }
  },
  keep(queries) {
    try {
      if (queries.length) localStorage.setItem(this.key, JSON.stringify(queries.slice(0, KEPT)));
      else localStorage.removeItem(this.key);
    } catch {
      // Without storage there is no history.
    }
  },
  add(query) {
    if (query && query.length <= LONGEST) this.keep([query, ...this.all().filter((one) => one !== query)]);
  },
  forget(query) {
    this.keep(this.all().filter((one) => one !== query));
  },
};

class Bar {
  constructor() {
    this.list = make("ul", { role: "listbox", id: "suggestions", "aria-label": "Suggestions" });
    this.hint = make("p", { class: "hint" });
    this.box = make("div", { class: "suggest", hidden: "" }, this.list, this.hint);
    this.status = make("span", { class: "unseen", role: "status" });
    input.parentNode.append(this.box, this.status);
    const styles = make("link", { rel: "stylesheet", href: new URL("suggest.css", import.meta.url) });
    input.addEventListener("focus", () => document.head.append(styles), { once: true });
    const combobox = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "suggestions" };
    for (const [name, value] of Object.entries(combobox)) input.setAttribute(name, value);
    this.number = 0;
    this.close();
    input.addEventListener("input", (event) => !event.isComposing && !this.putting && this.later());
    input.addEventListener("compositionend", () => this.later());
    input.addEventListener("keydown", (event) => !event.isComposing && this.press(event));
    input.addEventListener("keyup", (event) => /^(Arrow(Left|Right)|Home|End)$/.test(event.key) && this.open && this.later());
    input.addEventListener("focus", () => input.value || this.remember());
    input.addEventListener("click", () => (input.value ? this.open && this.later() : this.remember()));
    input.parentNode.addEventListener("focusout", (event) => input.parentNode.contains(event.relatedTarget) || this.close());
    this.list.addEventListener("pointerdown", (event) => {
      // The input keeps the focus: a combobox points at its options.
      event.preventDefault();
      this.pressed = event.button ? undefined : this.at(event.target);
    });
    // A late answer may draw the list anew between press and release: no click comes then, and what was pressed is meant.
    this.list.addEventListener("pointerup", () => this.pressed?.item.isConnected === false && this.accept(this.pressed.option));
    addEventListener("pointerup", () => (this.pressed = undefined));
    this.list.addEventListener("click", (event) => {
      const chosen = this.at(event.target);
      if (chosen) this.accept(chosen.option);
    });
  }

  get open() {
    return !this.box.hidden;
  }

  /** Return the option that an element of the list belongs to, with its item. */
  at(element) {
    const item = element.closest("li");
    return item ? { item, option: this.options[[...this.list.children].indexOf(item)] } : undefined;
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.number += 1;
    this.show([], "");
  }

  /** Ask once nothing was typed for a moment; an empty bar offers what was asked before. */
  later() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.point(-1);
    if (!input.value.trim()) this.remember();
    else this.timer = setTimeout(() => this.ask(), PAUSE);
  }

  async ask() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = new AbortController();
    const number = ++this.number;
    const text = input.value;
    const asked = { q: text, at: characters(text, input.selectionStart) };
    for (const name of ["from", "to", "tz", "clock"]) asked[name] = input.form.elements.namedItem(name)?.value ?? "";
    try {
      const answer = await fetch(`${root}/logs/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(asked),
        signal: this.asking.signal,
      });
      const found = await answer.json();
      if (number !== this.number || text !== input.value) return;
      if (!answer.ok) this.show([], `No suggestions: ${found.message}`);
      else this.offer(text, found);
    } catch (error) {
      if (error.name !== "AbortError" && number === this.number) this.show([], "No suggestions: the server can't be reached.");
    }
  }

  offer(text, found) {
    const [start, end] = [units(text, found.start), units(text, found.end)];
    const options = found.completions.map((one) => ({ ...one, count: found.exact ? one.count : undefined, start, end, of: text }));
    const hint = found.problem ? this.fault(text, found.problem) : found.exact ? "" : "From the newest logs only.";
    this.show(options, hint);
  }

  /** Return what can't be read in the text before the cursor, with its place marked. */
  fault(text, problem) {
    const at = units(text, problem.position);
    const wrong = String.fromCodePoint(text.codePointAt(at) ?? 32);
    const marked = make("code", {}, visible(text.slice(Math.max(at - 20, 0), at)), make("mark", {}, visible(wrong)));
    marked.append(visible(text.slice(at + wrong.length, at + 20)));
    return make("span", { class: "fault" }, `${visible(problem.message)}: `, marked);
  }

  /** Offer what was asked before. */
  remember() {
    clearTimeout(this.timer);
    this.number += 1;
    const queries = past.all();
    if (!queries.length) return this.show([], "");
    const forget = make("button", { type: "button" }, "Forget all");
    forget.addEventListener("click", () => {
      past.keep([]);
      input.focus();
      this.close();
    });
    const of = input.value;
    const options = queries.map((text) => ({ kind: "earlier", text, insert: text, start: 0, end: of.length, of }));
    this.show(options, make("span", {}, "Earlier queries, kept in this browser only. ", forget));
  }

  show(options, hint) {
    this.options = options;
    this.list.replaceChildren(
      ...options.map((one, number) =>
        make(
          "li",
          { role: "option", id: `suggestion-${number}`, "aria-selected": "false", class: one.kind },
          make("bdi", {}, visible(one.text)),
          make("small", {}, one.about ?? ""),
          make("span", {}, one.count?.toLocaleString("en") ?? ""),
        ),
      ),
    );
    this.hint.replaceChildren(hint);
    this.hint.hidden = !hint;
    this.list.hidden = !options.length;
    this.box.hidden = !options.length && !hint;
    input.setAttribute("aria-expanded", String(options.length > 0));
    this.status.textContent = options.length ? `${options.length} suggestions` : this.hint.textContent;
    this.point(-1);
  }

  /** Mark the option that the keyboard is at; -1: none, so that Enter searches. */
  point(at) {
    this.list.querySelector("[aria-selected=true]")?.setAttribute("aria-selected", "false");
    this.active = at;
    const option = this.list.children[at];
    if (!option) return input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", option.id);
  }

  press(event) {
    const { key, altKey, ctrlKey, metaKey, shiftKey } = event;
    const chosen = this.options[this.active];
    const around = this.options.length + 1;
    if (key === "ArrowDown" && altKey) this.remember();
    else if (key === "ArrowUp" && altKey) this.close();
    else if (key === "ArrowDown" && !this.options.length) input.value ? this.ask() : this.remember();
    else if (key === " " && ctrlKey) this.ask();
    else if (key === "ArrowDown") this.point(((this.active + 2) % around) - 1);
    else if (key === "ArrowUp" && this.options.length) this.point(((this.active + around) % around) - 1);
    else if (key === "Escape" && this.open) this.close();
    else if (chosen && (key === "Enter" || (key === "Tab" && !shiftKey)) && !ctrlKey && !metaKey) this.accept(chosen);
    else if (chosen?.kind === "earlier" && key === "Delete" && shiftKey) {
      past.forget(chosen.text);
      this.remember();
    } else {
      if (key === "Enter") this.close();
      return;
    }
    event.preventDefault();
  }

  accept(option) {
    // Typed on meanwhile: the place is another one.
    if (option.of !== input.value) return;
    this.putting = true;
    input.focus();
    input.setSelectionRange(option.start, option.end);
    // Unlike setRangeText this can be undone.
    if (!document.execCommand("insertText", false, option.insert)) input.setRangeText(option.insert, option.start, option.end, "end");
    const at = option.start + units(option.insert, option.caret ?? Infinity);
    input.setSelectionRange(at, at);
    this.putting = false;
    this.close();
    if (option.kind !== "value" && option.kind !== "earlier") this.ask();
  }
}

/** A sheet of the page's closes as people expect: by Escape, and by a click elsewhere. */
function closing(sheet) {
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !sheet.open) return;
    sheet.open = false;
    sheet.querySelector("summary").focus();
  });
  addEventListener("pointerdown", (event) => sheet.contains(event.target) || (sheet.open = false));
}

if (input) {
  new Bar();
  closing(document.querySelector(".syntax"));
  const { fault } = input.dataset;
  if (fault === undefined && input.getAttribute("aria-invalid") !== "true") past.add(input.value);
  else if (fault !== undefined) {
    input.focus({ preventScroll: true });
    const at = units(input.value, Number(fault));
    input.setSelectionRange(at, at + String.fromCodePoint(input.value.codePointAt(at) ?? 0).length);
  }
}
