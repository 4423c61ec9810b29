// Lets the server know the browser's zone, takes "z" and "c" to the next zone and the other clock, and makes the panel
// beside the time range quick: calendars, a preview, names of zones. Without this all of it is text, links and a form.

const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const root = document.documentElement.dataset.root;

/** Let pages without a zone in their address know the browser's; it is no secret of anyone's. */
function report() {
  if (!own || document.cookie.split("; ").includes(`browser_zone=${own}`)) return;
  document.cookie = `browser_zone=${own}; path=${root || "/"}; max-age=31536000; samesite=lax`;
}

/** A link to "local" was followed before the server knew the browser's zone. */
function resolve() {
  const url = new URL(location.href);
  if (url.searchParams.get("tz") !== "local" || !own) return;
  url.searchParams.set("tz", own);
  location.replace(url);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  // Without a table only the panel has the zones.
  const links = { z: ["#next-zone", "#picker [data-next]"], c: ["#other-clock"] }[event.key] ?? [];
  links.map((link) => document.querySelector(link)).find(Boolean)?.click();
});

/** Inputs that decide what a range means. */
const SENT = ["from", "to", "tz", "was_from", "was_to", "was_tz"];
/** Milliseconds of rest before what is typed is asked about. */
const REST = 200;

class Picker {
  constructor(place) {
    this.place = place;
    this.form = place.closest("form");
    this.preview = place.querySelector(".preview");
    this.calendars = {};
    for (const name of ["from", "to"]) {
      this.form.elements[name].addEventListener("input", () => this.ask());
      this.preview.before(this.calendar(name));
    }
    this.form.elements.tz.addEventListener("input", () => this.ask());
    place.addEventListener("toggle", () => place.open && this.open());
    document.addEventListener("keydown", (event) => event.key === "Escape" && place.open && this.close());
    document.addEventListener("pointerdown", (event) => place.contains(event.target) || (place.open = false));
  }

  /** Return a calendar that writes into an input of the form; only a script could carry that over. */
  calendar(name) {
    const calendar = Object.assign(document.createElement("input"), { type: "datetime-local", step: 1 });
    calendar.addEventListener("input", () => {
      this.form.elements[name].value = calendar.value.replace("T", " ");
      this.ask();
    });
    this.calendars[name] = calendar;
    const label = document.createElement("label");
    label.className = "calendar";
    label.append(name === "from" ? "From" : "To", calendar);
    return label;
  }

  open() {
    const names = this.place.querySelector("datalist");
    if (!names.children.length)
      names.append(...Intl.supportedValuesOf("timeZone").map((name) => new Option(name, name)));
    this.ask();
  }

  close() {
    this.place.open = false;
    this.place.querySelector("summary").focus();
  }

  ask() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(), REST);
  }

  /** Show what From and To mean, as the server reads them, and set the calendars to it. */
  async show() {
    if (!this.place.open) return;
    const asked = new URLSearchParams(SENT.map((name) => [name, this.form.elements[name]?.value ?? ""]));
    try {
      const answer = await fetch(`${this.preview.dataset.part}?${asked}`);
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const said = await answer.json();
      this.preview.textContent = said.said;
      this.preview.classList.toggle("wrong", said.wrong);
      for (const name of ["from", "to"]) {
        if (this.calendars[name] !== document.activeElement) this.calendars[name].value = said[name];
      }
    } catch (error) {
      this.preview.textContent = `What this means could not be asked: ${error.message}`;
    }
  }
}

report();
resolve();
const picker = document.getElementById("picker");
if (picker) new Picker(picker);
