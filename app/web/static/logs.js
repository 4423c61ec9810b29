// What can't be done without a script: to copy a log. And what is quicker with one: to choose how the table looks, which
// is remembered then, and to choose two logs.

const root = document.documentElement.dataset.root;
document.documentElement.classList.add("scripted");

// Without TLS browsers offer no clipboard but that of a selection.
async function put(words) {
  if (navigator.clipboard) return navigator.clipboard.writeText(words);
  const area = document.createElement("textarea");
  area.value = words;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser does not allow it");
}

async function text(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.text();
}

async function copy(button) {
  const place = button.closest(".copy");
  const status = place.querySelector("[role=status]");
  status.textContent = "";
  try {
    await put(await text(`${place.dataset.page}?part=${button.dataset.copy}`));
    status.textContent = `${button.textContent} copied`;
  } catch (error) {
    status.textContent = `Not copied: ${error.message}`;
  }
}

/** Let the tables look as a link of the menu says, and the browser remember it. */
function look(link) {
  for (const one of link.parentNode.children) one.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const chosen = [...document.querySelectorAll("[data-look][aria-current]")].map((one) => one.dataset.look);
  const names = chosen.filter(Boolean);
  document.cookie = `logingestor_look=${names.join("-")}; path=${root || "/"}; max-age=31536000; samesite=strict`;
  const url = new URL(location.href);
  const said = ["wrap", "density"].filter((name) => url.searchParams.has(name));
  for (const name of said) url.searchParams.delete(name);
  // The page's other links would say it again.
  if (said.length) location.assign(url);
  for (const table of document.querySelectorAll(".logs")) {
    for (const name of ["nowrap", "compact"]) table.classList.toggle(name, names.includes(name));
  }
}

/** Let two logs be chosen, no more and no less. */
function choose() {
  const form = document.getElementById("compare");
  if (!form) return;
  const boxes = [...document.querySelectorAll(".logs [type=checkbox]")];
  const chosen = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.disabled = chosen > 1 && !box.checked;
  form.firstElementChild.disabled = chosen !== 2;
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-copy], a[data-look]");
  if (!pressed) return;
  event.preventDefault();
  if (pressed.dataset.copy) copy(pressed);
  else look(pressed);
});
document.addEventListener("change", (event) => event.target.matches(".logs [type=checkbox]") && choose());
choose();
