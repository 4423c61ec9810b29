// Shows what is wrong as it begins, on every page, and lets it go when it is over.

/** Milliseconds before the next try after a lost connection: first, and at most. */
const AGAIN = [500, 10000];
/** Milliseconds for which something over is still shown, and within which a new connection has sent all that is open. */
const OVER = 6000;
const FIRST = 2000;
/** What would act instead of showing: controls, marks of direction, blanks of no width. */
const HIDDEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const list = document.querySelector("#notice-board ul");
let pause = AGAIN[0];
let stale = new Set();

const plain = (text) => text.replace(HIDDEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

function make(name, ...inner) {
  const made = document.createElement(name);
  made.append(...inner);
  return made;
}

function show({ id, severity, state, text, details }) {
  const open = state === "open";
  stale.delete(`n-${id}`);
  let item = document.getElementById(`n-${id}`);
  if (!item) {
    if (!open) return;
    item = make("li", make("bdi"));
    item.id = `n-${id}`;
    const link = make("a", "Details");
    link.href = new URL(`../notices#notice-${id}`, import.meta.url);
    if (id !== "lost") item.append(" ", link);
    list.append(item);
  }
  item.className = open ? severity : "over";
  // The text alone changes, so that a traceback that is being read stays open.
  item.querySelector("bdi").textContent = plain(text);
  if (details.traceback) {
    const code = item.querySelector("pre") ?? make("pre");
    code.className = "code";
    code.textContent = plain(details.traceback);
    if (!code.parentElement) item.append(make("details", make("summary", "Traceback"), code));
  }
  if (!open) setTimeout(() => item.remove(), OVER);
}

function lost(state) {
  const text = "The server does not answer. What this page shows may be out of date.";
  show({ id: "lost", severity: "error", state, text, details: {} });
}

function connect() {
  const url = new URL("../notices", import.meta.url);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onopen = () => {
    pause = AGAIN[0];
    document.getElementById("n-lost")?.remove();
    stale = new Set([...list.children].map((item) => item.id));
    // What was open before the connection was lost, and is not sent again, is over.
    setTimeout(() => stale.forEach((id) => document.getElementById(id)?.remove()), FIRST);
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (!message.id) return;
    show(message);
    document.dispatchEvent(new Event("notice"));
  };
  socket.onclose = ({ code }) => {
    if (code === 1008) return;
    if (pause > 2 * AGAIN[0]) lost("open");
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, AGAIN[1]);
  };
}

connect();
