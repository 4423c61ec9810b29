// The page is complete without this. It opens a log's fields in place instead of by a new page, lets a click anywhere
// on a row do so, closes menus, and takes "/" to the query.

const root = document.documentElement.dataset.root;
const html = (text) => new DOMParser().parseFromString(text, "text/html").body;

// The address stays a link to what is shown, and so does what the buttons send; only the search page has such a state.
function remember(id) {
  if (!document.getElementById("q")) return;
  const state = document.getElementById("state");
  state.elements.open?.remove();
  if (id) state.insertAdjacentHTML("beforeend", `<input type="hidden" name="open" value="${id}">`);
  const url = new URL(location.href);
  if (id) url.searchParams.set("open", id);
  else url.searchParams.delete("open");
  history.replaceState(null, "", url);
}

async function toggle(button) {
  const row = button.closest("tr");
  const open = button.getAttribute("aria-expanded") === "true";
  if (row.nextElementSibling?.classList.contains("opened")) row.nextElementSibling.remove();
  button.setAttribute("aria-expanded", String(!open));
  remember(open ? null : button.value);
  if (open) return;
  const opened = document.createElement("tr");
  opened.className = "opened";
  opened.setAttribute("role", "row");
  const cell = opened.insertCell();
  cell.colSpan = row.cells.length;
  cell.setAttribute("role", "cell");
  row.after(opened);
  try {
    // What was searched for is marked in the fields too. On the search page the address may say less: while a row is begun.
    const url = new URL(`${root}/log/${button.value}`, location.href);
    const searching = document.getElementById("q");
    url.search = searching ? new URLSearchParams(new FormData(document.getElementById("state"))) : location.search;
    url.searchParams.set("part", "fields");
    url.searchParams.delete("message");
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    cell.replaceChildren(...html(await answer.text()).childNodes);
  } catch (error) {
    cell.textContent = `The fields could not be loaded: ${error.message}`;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("tbody button[aria-expanded]");
  if (button) {
    event.preventDefault();
    toggle(button);
    return;
  }
  for (const menu of document.querySelectorAll(".menu[open]")) menu.open = menu.contains(event.target);
  const row = event.target.closest(".logs > tbody > tr[id]");
  const selecting = String(getSelection()) !== "";
  if (row && !selecting && !event.target.closest("a, button, input")) toggle(row.querySelector("button[aria-expanded]"));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false;
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const query = document.getElementById("q");
  if (!query) return;
  event.preventDefault();
  query.select();
});

// Back from one of its buttons a menu is open as it was.
const menu = document.getElementById(location.hash.slice(1));
if (menu?.classList.contains("menu")) menu.open = true;
