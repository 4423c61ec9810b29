// The page is complete without this. It looks whether the first log has landed, and copies what is to be copied.

/** Milliseconds between two looks. */
const EACH = 1500;

const place = document.getElementById("arrived");
let address = place.dataset.part;

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(address);
    if (!answer.ok && answer.status !== 503) return;
    const made = place.cloneNode(false);
    made.innerHTML = await answer.text();
    // A page that was opened while the record was away waits from its first answer on.
    const since = made.querySelector("[data-since]")?.dataset.since;
    if (since && !address.includes("since=")) address += `&since=${since}`;
    // Only what is new is put there: a reader aloud would say it again each time.
    if (made.innerHTML.trim() !== place.innerHTML.trim() && !place.contains(document.activeElement)) {
      place.replaceChildren(...made.childNodes);
    }
  } catch {
    // That the server does not answer is shown by its notices.
  }
}

async function keep() {
  await look();
  setTimeout(keep, EACH);
}

for (const code of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "taken";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${code.getAttribute("aria-label")}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent.trim() + "\n");
      button.textContent = "Copied";
    } catch {
      // Without a secure connection a browser lets nobody write there: it is selected instead.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  const frame = document.createElement("div");
  frame.className = "copied";
  code.replaceWith(frame);
  frame.append(code, button);
}

keep();
document.addEventListener("visibilitychange", look);
