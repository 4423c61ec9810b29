// Fetches the counts that were not made with the page, and makes the chart quick: a range is dragged, arrow keys
// go from bar to bar, the bar pointed at is said at once. Without this its bars are links all the same.

/** Pixels from which on a pressed pointer drags instead of clicking. */
const DRAG = 5;
const SVG = "http://www.w3.org/2000/svg";

/** Return the instant as the page's links have it: without decimals that are none, or the last of its millisecond. */
const first = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
const last = (ms) => new Date(ms).toISOString().replace("Z", "999999Z");

/** Return the address of a path with the state of this page. That of the page may say less: while a row is begun. */
function here(path) {
  const url = new URL(path, location.href);
  url.search = new URLSearchParams(new FormData(document.getElementById("state")));
  for (const name of ["cursor", "back", "open"]) url.searchParams.delete(name);
  return url;
}

async function part(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  // 503 says in its own words what can't be counted.
  if (!answer.ok && answer.status !== 503) throw new Error(`the server answered ${answer.status}`);
  return body;
}

function failed(place, error) {
  const words = document.createElement("p");
  words.className = "cut";
  words.setAttribute("role", "status");
  words.textContent = `The counts could not be loaded: ${error.message}`;
  place.replaceChildren(words);
}

class Chart {
  constructor(svg) {
    this.svg = svg;
    this.output = svg.closest(".chart").querySelector("output");
    this.range = [...this.output.childNodes];
    const { start, step, size } = svg.dataset;
    [this.start, this.step, this.size] = [start, step, size].map(Number);
    this.bars = [...svg.querySelectorAll("a")];
    this.bars.slice(0, -1).forEach((bar) => bar.setAttribute("tabindex", "-1"));
    svg.addEventListener("keydown", (event) => this.walk(event));
    svg.addEventListener("pointerover", (event) => this.say(event.target.closest("a")));
    svg.addEventListener("pointerleave", () => this.say(null));
    svg.addEventListener("focusin", (event) => this.say(event.target.closest("a")));
    svg.addEventListener("focusout", () => this.say(null));
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    svg.addEventListener("pointerup", (event) => this.release(event));
    svg.addEventListener("pointercancel", () => this.forget());
    svg.addEventListener("click", (event) => this.dragged && event.preventDefault());
    addEventListener("keydown", (event) => event.key === "Escape" && this.forget());
  }

  say(bar) {
    if (this.selection) return;
    if (bar) this.output.textContent = bar.querySelector("title").textContent;
    else this.output.replaceChildren(...this.range);
  }

  walk(event) {
    const at = this.bars.indexOf(event.target.closest("a"));
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.bars.length - 1 }[event.key];
    if (at < 0 || next === undefined || !this.bars[next]) return;
    event.preventDefault();
    this.bars[at].setAttribute("tabindex", "-1");
    this.bars[next].removeAttribute("tabindex");
    this.bars[next].focus();
  }

  /** Return the number of the bucket beneath the pointer. */
  bucket(event) {
    const room = this.svg.getBoundingClientRect();
    const at = Math.floor(((event.clientX - room.left) / room.width) * this.size);
    return Math.min(Math.max(at, 0), this.size - 1);
  }

  press(event) {
    this.dragged = false;
    if (event.button || event.pointerType === "touch") return;
    this.pressed = { x: event.clientX, bucket: this.bucket(event) };
  }

  drag(event) {
    if (!this.pressed || (!this.selection && Math.abs(event.clientX - this.pressed.x) < DRAG)) return;
    if (!this.selection) {
      this.dragged = true;
      this.svg.setPointerCapture(event.pointerId);
      this.selection = document.createElementNS(SVG, "rect");
      this.selection.setAttribute("class", "selection");
      this.selection.setAttribute("height", "72");
      this.svg.append(this.selection);
    }
    const [low, high] = this.chosen(event);
    this.selection.setAttribute("x", low);
    this.selection.setAttribute("width", high - low + 1);
    const [from, to] = this.ends(low, high);
    this.output.textContent = `${this.local(from)} to ${this.local(to)}`;
  }

  /** Return the first and last bucket between where the pointer was pressed and where it is. */
  chosen(event) {
    return [this.pressed.bucket, this.bucket(event)].sort((a, b) => a - b);
  }

  /** Return the first and last instant of the buckets, within the ends that the search has already. */
  ends(low, high) {
    const { low: begin, high: end } = this.svg.dataset;
    const from = low === 0 ? begin : first(this.start + low * this.step);
    const to = high === this.size - 1 ? end : last(this.start + (high + 1) * this.step - 1);
    return [from, to];
  }

  /** Return an instant of a link as the clock of the page's zone shows it. */
  local(text) {
    const two = "2-digit";
    const clock = { year: "numeric", month: two, day: two, hour: two, minute: two, second: two };
    if (this.step < 1000) clock.fractionalSecondDigits = 3;
    try {
      // Swedish dates are written as ours are.
      const format = new Intl.DateTimeFormat("sv-SE", { ...clock, timeZone: this.svg.dataset.zone });
      return format.format(new Date(text)).replace(",", ".");
    } catch {
      return text.replace("T", " "); // a browser that takes no offset for a zone
    }
  }

  release(event) {
    if (this.selection) {
      const url = here(location.pathname);
      const [from, to] = this.ends(...this.chosen(event));
      url.searchParams.set("from", from);
      url.searchParams.set("to", to);
      location.assign(url);
    }
    this.pressed = null;
  }

  forget() {
    this.selection?.remove();
    this.selection = this.pressed = null;
    this.say(null);
  }
}

function begin() {
  const svg = document.querySelector(".chart svg.bars");
  if (svg) new Chart(svg);
}

async function count(chart) {
  const fields = document.getElementById("facets");
  try {
    const body = await part(chart.dataset.part);
    const counted = ["#chart", "#facets"].map((id) => body.querySelector(id));
    if (!counted.every(Boolean)) throw new Error("the answer holds none");
    chart.replaceWith(counted[0]);
    fields.replaceWith(counted[1]);
    begin();
  } catch (error) {
    failed(chart, error);
  }
}

/** Fetch the values of the button's field, and its statistics, in place of what stands beneath its name. */
async function look(button) {
  if (button.disabled) return;
  button.disabled = true;
  const url = here(button.closest("[data-part]").dataset.part);
  for (const name of ["values", "counts"]) url.searchParams.delete(name);
  url.searchParams.set("field", button.value);
  const field = button.closest("details");
  try {
    const body = await part(url);
    field.replaceChildren(field.querySelector("summary"), ...body.childNodes);
  } catch (error) {
    failed(button.parentNode, error);
  }
}

// `toggle` does not bubble; it is caught on its way down.
document.addEventListener(
  "toggle",
  (event) => {
    const button = event.target.open && event.target.querySelector?.(":scope > p > [name=list]");
    if (button && !event.target.querySelector(".values")) look(button);
  },
  true,
);
document.addEventListener("click", (event) => {
  const button = event.target.closest(".facets [name=list]");
  if (!button) return;
  event.preventDefault();
  look(button);
});

const waiting = document.querySelector(".chart[data-part]");
if (waiting) count(waiting);
else begin();
