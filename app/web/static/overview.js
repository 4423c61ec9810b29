// The page is complete without this. It keeps the figures current, piece by piece, so that nothing moves and what is
// being read, selected or opened stays.

/** Milliseconds between two looks. */
const EACH = 2000;

const place = document.getElementById("overview");

function isBusy(piece) {
  const selection = getSelection();
  const selects = String(selection) !== "" && selection.containsNode(piece, true);
  return selects || piece.querySelector("details[open], :focus:not(.across)") !== null;
}

function replace(shown, piece) {
  // Who scrolls the table by keyboard goes on doing so.
  const [before, after] = [shown.querySelector(".across"), piece.querySelector(".across")];
  const focused = before !== null && before === document.activeElement;
  const scrolled = before?.scrollLeft ?? 0;
  shown.replaceWith(piece);
  if (focused) after?.focus({ preventScroll: true });
  if (after) after.scrollLeft = scrolled;
}

function update(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const piece of fresh.querySelectorAll("[data-live]")) {
    const shown = place.querySelector(`[data-live="${piece.dataset.live}"]`);
    if (shown && shown.outerHTML !== piece.outerHTML && !isBusy(shown)) replace(shown, piece);
  }
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(place.dataset.part);
    // With 503 it shows what is known.
    if (answer.ok || answer.status === 503) update(await answer.text());
  } catch {
    // That the server does not answer is shown by its notices.
  }
}

async function keep() {
  await look();
  setTimeout(keep, EACH);
}

setTimeout(keep, EACH);
document.addEventListener("visibilitychange", look);
