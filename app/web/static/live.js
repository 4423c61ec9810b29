// Follows the record over a WebSocket and puts what fits on top of the table.

/** Rows kept in the table, so that a page left open for a week stays light. */
const ROWS = 500;
/** Rows held back while the reader looks at older ones. */
const HELD = 2000;
/** Milliseconds before the next try after a lost connection: first, and at most. */
const AGAIN = [500, 10000];

const place = document.getElementById("live");

class Tail {
  constructor() {
    this.button = place.querySelector("button");
    this.status = place.querySelector("[role=status]");
    this.cursor = place.dataset.after;
    this.held = [];
    this.came = 0;
    this.skipped = 0;
    this.pause = AGAIN[0];
    this.button.addEventListener("click", () => (this.on ? this.stop() : this.start()));
    addEventListener("scroll", () => this.on && this.flush(), { passive: true });
  }

  get body() {
    return document.querySelector(".logs > tbody");
  }

  start() {
    this.on = true;
    this.button.setAttribute("aria-pressed", "true");
    const empty = document.getElementById("arriving");
    if (empty) {
      empty.hidden = false;
      document.querySelector(".empty")?.remove();
    }
    this.connect();
  }

  stop() {
    this.on = false;
    clearTimeout(this.timer);
    this.button.setAttribute("aria-pressed", "false");
    this.socket?.close();
    this.say("");
  }

  connect() {
    const url = new URL(`${document.documentElement.dataset.root}/logs/tail`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.search = place.dataset.look;
    for (const [name, value] of Object.entries({ q: place.dataset.query, as: "row", after: this.cursor })) url.searchParams.set(name, value);
    this.socket = new WebSocket(url);
    this.socket.onopen = () => {
      this.pause = AGAIN[0];
      this.report();
    };
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onclose = (event) => this.lost(event.code);
  }

  lost(code) {
    if (!this.on) return;
    if (code === 1008) {
      this.on = false;
      this.button.setAttribute("aria-pressed", "false");
      return;
    }
    // Comes back with the cursor of the last log seen: nothing is missed meanwhile.
    this.say("connection lost, trying again");
    this.timer = setTimeout(() => this.connect(), this.pause);
    this.pause = Math.min(this.pause * 2, AGAIN[1]);
  }

  take(message) {
    if (message.errors) return this.say(message.message);
    if (message.skipped) this.skipped += message.skipped;
    if ("trouble" in message) return message.trouble ? this.say(message.trouble) : this.report();
    if (message.row) {
      this.cursor = message.cursor;
      this.came += 1;
      this.held.push(message.row);
      if (this.held.length > HELD) {
        this.held.shift();
        this.skipped += 1;
      }
    }
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.flush();
    });
  }

  /** Show what came, unless that would move what the reader is looking at. */
  flush() {
    const top = this.body.closest("table").getBoundingClientRect().top;
    if (top < 0 || !this.held.length) return this.report();
    const template = document.createElement("template");
    template.innerHTML = this.held.splice(0).reverse().join("");
    for (const row of [...template.content.querySelectorAll("tr")]) {
      if (document.getElementById(row.id)) row.remove();
      else row.classList.add("new");
    }
    this.body.prepend(template.content);
    const rows = this.body.querySelectorAll(":scope > tr[id]");
    for (const row of [...rows].slice(ROWS)) {
      if (row.nextElementSibling?.classList.contains("opened")) row.nextElementSibling.remove();
      row.remove();
    }
    this.report();
  }

  report() {
    const parts = [`${this.came.toLocaleString("en")} arrived`];
    if (this.held.length) parts.unshift(`${this.held.length.toLocaleString("en")} new above`);
    if (this.skipped) parts.push(`${this.skipped.toLocaleString("en")} skipped: too fast to show, or damaged`);
    this.say(parts.join(", "));
  }

  say(text) {
    this.status.textContent = text;
  }
}

if (place) {
  place.hidden = false;
  new Tail();
}
