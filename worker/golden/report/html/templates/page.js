
(() => {
  "use strict";
  const find = (id) => document.getElementById(id);
  const list = find("list");
  const items = Array.from(list.querySelectorAll("details.item"));
  const fields = { text: find("f-text"), change: find("f-change"), tag: find("f-tag"), sort: find("f-sort") };
  const texts = new Map();

  const textOf = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };

  const matches = (item, words) =>
    (!fields.change.value || item.dataset.change === fields.change.value) &&
    (!fields.tag || !fields.tag.value || item.dataset.tags.split(" ").includes(fields.tag.value)) &&
    words.every((word) => textOf(item).includes(word));

  const filter = () => {
    const words = fields.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      item.hidden = !matches(item, words);
      shown += item.hidden ? 0 : 1;
    }
    find("count").textContent = `${shown} of ${items.length} items shown`;
    find("none").hidden = shown > 0;
  };

  const sort = () => {
    const key = fields.sort.value;
    const rising = key === "rank" || key === "order";
    const value = (item) => (key in item.dataset ? Number(item.dataset[key]) : rising ? Infinity : -Infinity);
    const ordered = items.slice().sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      return x === y ? a.dataset.rank - b.dataset.rank : rising ? x - y : y - x;
    });
    list.append(...ordered);
  };

  const shownItems = () => Array.from(list.children).filter((item) => !item.hidden);

  const step = (by) => {
    const shown = shownItems();
    const here = document.activeElement ? shown.indexOf(document.activeElement.closest("details.item")) : -1;
    const next = shown[here < 0 ? (by > 0 ? 0 : shown.length - 1) : here + by];
    if (next) next.querySelector("summary").focus();
  };

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea")) {
      if (event.key === "Escape" && event.target === fields.text) { fields.text.value = ""; filter(); }
      return;
    }
    if (event.key === "/") { event.preventDefault(); fields.text.focus(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  };

  const light = (event, on) => {
    const touched = event.target.closest("[data-c]");
    const item = touched && touched.closest("details.item");
    if (!item) return;
    const labels = touched.dataset.c.split(" ");
    for (const other of item.querySelectorAll("[data-c]")) {
      if (other.dataset.c.split(" ").some((label) => labels.includes(label))) other.classList.toggle("lit", on);
    }
  };

  const openTarget = () => {
    const target = location.hash.length > 1 ? find(location.hash.slice(1)) : null;
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") { node.open = true; node.hidden = false; }
    }
    target.scrollIntoView();
  };

  for (const field of Object.values(fields)) if (field) field.addEventListener("input", filter);
  fields.sort.addEventListener("input", sort);
  find("controls").addEventListener("submit", (event) => event.preventDefault());
  find("b-open").addEventListener("click", () => { for (const item of shownItems()) item.open = true; });
  find("b-close").addEventListener("click", () => { for (const item of items) item.open = false; });
  document.addEventListener("keydown", onKey);
  list.addEventListener("mouseover", (event) => light(event, true));
  list.addEventListener("mouseout", (event) => light(event, false));
  window.addEventListener("hashchange", openTarget);
  find("controls").hidden = false;
  find("keys").hidden = false;
  const chart = find("chart");
  if (chart) chart.scrollLeft = chart.scrollWidth;
  filter();
  openTarget();
})();
