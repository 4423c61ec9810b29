// Keeps the page of notices up to date: it is asked for once more when a notice begins, changes or is over.

/** Milliseconds after a notice: the record has it then; and who was told of it. */
const AGAIN = [800, 4000];
/** Milliseconds to wait while somebody is at a button in what would be replaced. */
const BUSY = 3000;

const current = document.getElementById("current");
let soon = null;
let late = null;

async function refresh() {
  const focus = document.activeElement;
  if (current.contains(focus) && focus.matches("button, a")) {
    clearTimeout(late);
    late = setTimeout(refresh, BUSY);
    return;
  }
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const reading = focus?.closest("#current details")?.id;
    // What is being read stays open.
    for (const { id } of current.querySelectorAll("details[open]")) page.getElementById(id)?.setAttribute("open", "");
    current.replaceChildren(...page.getElementById("current").childNodes);
    if (reading) document.getElementById(reading)?.querySelector("summary").focus({ preventScroll: true });
    document.title = page.title;
  } catch {
    // That the server does not answer is said by the board.
  }
}

document.addEventListener("notice", () => {
  soon ??= setTimeout(() => {
    soon = null;
    refresh();
  }, AGAIN[0]);
  clearTimeout(late);
  late = setTimeout(refresh, AGAIN[1]);
});
