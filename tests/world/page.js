// Finding and ordering; without it the page has everything, in groups.
const tools = document.querySelector(".tools");
tools.hidden = false;
const tables = [...document.querySelectorAll("table")].map((table) => ({
  table,
  bodies: [...table.tBodies],
  rows: [...table.querySelectorAll("tbody tr:not(.group)")].map((row) => ({row, body: row.parentElement})),
}));
const orders = {
  faults: (a, b) => a.dataset.faults - b.dataset.faults || a.dataset.name.localeCompare(b.dataset.name),
  name: (a, b) => a.dataset.name.localeCompare(b.dataset.name),
};
const order = (how) => {
  for (const {bodies, rows} of tables) {
    for (const body of bodies) body.querySelector(".group").hidden = how !== "group";
    if (how === "group") for (const {row, body} of rows) body.append(row);
    else bodies[0].append(...rows.map(({row}) => row).sort(orders[how]));
  }
  for (const button of tools.querySelectorAll("button")) button.ariaPressed = button.dataset.order === how;
};
tools.addEventListener("click", ({target}) => { if (target.dataset.order) order(target.dataset.order); });
tools.addEventListener("input", ({target}) => {
  const words = target.value.toLowerCase().trim();
  for (const {row} of tables.flatMap(({rows}) => rows)) {
    row.hidden = !`${row.dataset.name} ${row.dataset.group.toLowerCase()}`.includes(words);
  }
});
addEventListener("keydown", ({key}) => { if (key === "Escape") location.hash = "#-"; });
