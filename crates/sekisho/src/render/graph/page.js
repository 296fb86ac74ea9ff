(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const ends = all(".stage .end");
  const links = all(".stage .link[data-link]");
  const rows = all("tbody tr");
  const search = document.getElementById("search");
  const port = document.getElementById("port");
  const count = document.getElementById("count");
  let chosen = null;

  // An end is touched by what is said of it, of its whole card, and of every set that it is in.
  const sets = new Map();
  for (const end of ends) {
    const id = end.dataset.end;
    const dot = id.indexOf(".");
    sets.set(id, new Set(dot < 0 ? [id] : [id, id.slice(0, dot)]));
  }
  for (const [id, mine] of sets) if (!id.includes(".")) {
    for (const other of sets.keys()) if (other.startsWith(id + ".")) mine.add(other);
  }
  const namespaces = new Set(data.namespaces.map(String));
  for (const [set, members] of Object.entries(data.members)) {
    for (const member of members) sets.get(member)?.add(set);
  }
  for (const [id, mine] of sets) {
    if (data.cluster !== null && namespaces.has(id.split(".")[0])) mine.add(String(data.cluster));
  }

  const touches = (link, id) => {
    const mine = sets.get(id);
    return link.from.some((end) => mine.has(end)) || link.to.some((end) => mine.has(end));
  };
  // A port is also allowed by its whole protocol, by a range around it, and by "all".
  const covers = (term, asked) => {
    if (term === asked || term === "all") return true;
    const [protocol, range] = term.split("/");
    const [wanted, number] = asked.split("/");
    if (protocol !== wanted || number === undefined) return false;
    if (range === undefined) return true;
    const [first, last = first] = range.split("-").map(Number);
    const [from, to = from] = number.split("-").map(Number);
    return first <= from && to <= last;
  };
  const hasPort = (link) => port.value === "" || link.ports.some((term) => covers(term, port.value));
  const found = () => {
    const text = search.value.trim().toLowerCase();
    if (text === "") return null;
    return new Set(ends.filter((end) => end.querySelector("title").textContent.toLowerCase().includes(text))
      .map((end) => end.dataset.end));
  };

  const show = (hovered) => {
    const matches = found();
    const focus = hovered ? new Set([hovered]) : chosen ? new Set([chosen]) : matches;
    const neighbours = new Set(focus ?? []);
    const through = new Set();
    let shown = 0;
    for (const link of links) {
      const at = Number(link.dataset.link);
      const of = data.links[at];
      const fits = hasPort(of);
      const near = focus !== null && [...focus].some((id) => touches(of, id));
      link.classList.toggle("gone", !fits);
      link.classList.toggle("away", focus !== null && !near);
      link.classList.toggle("near", near && fits);
      const mine = new Set([...(focus ?? [])].flatMap((id) => [...sets.get(id)]));
      const isFrom = of.from.some((end) => mine.has(end));
      const isTo = of.to.some((end) => mine.has(end));
      for (const wire of all(".wire", link)) {
        const { from, to } = wire.dataset;
        const aside = near && ((from && !mine.has(from) && !isTo) || (to && !mine.has(to) && !isFrom));
        wire.classList.toggle("aside", Boolean(aside));
      }
      if (near && fits) {
        if (isTo) of.from.forEach((end) => neighbours.add(end));
        if (isFrom) of.to.forEach((end) => neighbours.add(end));
        // The sets by which it is said of an end, but not all that are in them.
        [...of.from, ...of.to].filter((end) => mine.has(end)).forEach((end) => through.add(end));
      }
      const row = rows[at];
      const visible = fits && (focus === null || near);
      if (!hovered) row.hidden = !visible;
      row.classList.toggle("near", Boolean(hovered) && near && fits);
      shown += visible ? 1 : 0;
    }
    for (const end of ends) {
      const id = end.dataset.end;
      end.classList.toggle("chosen", id === chosen || (matches !== null && matches.has(id)));
      const mine = sets.get(id);
      const isNear = through.has(id) || [...mine].some((of) => neighbours.has(of));
      end.classList.toggle("away", focus !== null && !isNear);
      end.setAttribute("aria-pressed", String(id === chosen));
    }
    if (!hovered) count.textContent = shown === links.length ? `${shown} rows` : `${shown} of ${links.length} rows`;
  };

  const choose = (id) => {
    chosen = chosen === id ? null : id;
    show(null);
  };
  for (const end of ends) {
    const id = end.dataset.end;
    end.setAttribute("tabindex", "0");
    end.setAttribute("role", "button");
    end.setAttribute("aria-label", end.querySelector("title").textContent);
    end.addEventListener("mouseenter", () => { if (!chosen) show(id); });
    end.addEventListener("mouseleave", () => show(null));
    end.addEventListener("click", (event) => { event.stopPropagation(); choose(id); });
    end.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(id); }
    });
  }
  const fit = document.getElementById("fit");
  const stage = document.querySelector(".stage");
  const resize = () => stage.classList.toggle("fit", fit.checked);
  fit.checked = stage.querySelector("svg").width.baseVal.value > stage.clientWidth;
  fit.addEventListener("change", resize);
  resize();
  const clear = () => { chosen = null; search.value = ""; port.value = ""; show(null); };
  stage.addEventListener("click", () => { if (chosen) choose(chosen); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") clear(); });
  search.addEventListener("input", () => { chosen = null; show(null); });
  port.addEventListener("change", () => show(null));
  document.getElementById("clear").addEventListener("click", clear);
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  const dark = document.getElementById("dark");
  const paint = () => document.documentElement.classList.toggle("dark", dark.checked);
  dark.checked = matchMedia("(prefers-color-scheme: dark)").matches;
  dark.addEventListener("change", paint);
  // Paper is white.
  addEventListener("beforeprint", () => document.documentElement.classList.remove("dark"));
  addEventListener("afterprint", paint);
  paint();
  show(null);
})();
