// The page is complete without this. It opens a log's fields in place instead of by a new page,
// lets a click anywhere on a row do so, and takes "/" to the query.

const html = (text) => new DOMParser().parseFromString(text, "text/html").body;

// The address stays a link to what is shown; only the search page has such a state.
function remember(id) {
  if (!document.getElementById("q")) return;
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
    const answer = await fetch(`${document.documentElement.dataset.root}/log/${button.value}?part=fields`);
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
  const row = event.target.closest(".logs > tbody > tr[id]");
  const selecting = String(getSelection()) !== "";
  if (row && !selecting && !event.target.closest("a, button")) toggle(row.querySelector("button[aria-expanded]"));
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const query = document.getElementById("q");
  if (!query) return;
  event.preventDefault();
  query.select();
});
