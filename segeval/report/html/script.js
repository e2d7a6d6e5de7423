"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);

  for (const each of all(".controls, .with-script")) each.hidden = false;

  // Tables: a click on a head sorts; numbers as numbers, what is undefined last.
  const number = (text) => {
    const plain = text.trim().replace(/,/g, "").replace("−", "-");
    const found = /^[+-]?\d*\.?\d+(e[+-]?\d+)?/i.exec(plain);
    return found ? Number(found[0]) : NaN;
  };
  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row, place) => ({ row, place, text: row.cells[column].textContent.trim() }));
    const numeric = rows.every(({ text }) => text === "" || text === "–" || !Number.isNaN(number(text)));
    const sign = descending ? -1 : 1;
    rows.sort((a, b) => {
      if (!numeric) return sign * a.text.localeCompare(b.text, "en", { numeric: true }) || a.place - b.place;
      const [x, y] = [number(a.text), number(b.text)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a.place - b.place;
      return sign * (x - y) || a.place - b.place;
    });
    body.append(...rows.map(({ row }) => row));
  };
  for (const table of all("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if ("still" in head.dataset) return;
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, column, descending);
      });
    });
  }

  // Pictures: a click or a key shows a large copy, whose ids are not those of the original.
  const large = one("large");
  const enlarge = (copy) => {
    for (const each of [copy, ...all("*", copy)]) {
      for (const key of ["id", "tabindex", "role", "aria-label", "aria-labelledby"]) each.removeAttribute(key);
    }
    one("large-place").replaceChildren(copy);
    large.showModal();
  };
  for (const chart of all(".zoom")) {
    const figure = chart.closest("figure");
    const button = document.createElement("button");
    const show = () => {
      const copy = figure.cloneNode(true);
      copy.querySelector("button").remove();
      enlarge(copy);
    };
    chart.classList.add("zooms");
    button.type = "button";
    button.className = "enlarge";
    button.textContent = "Enlarge";
    button.setAttribute("aria-label", `Enlarge ${chart.querySelector("title").textContent}`);
    figure.querySelector("figcaption").append(" ", button);
    for (const each of [chart, button]) each.addEventListener("click", show);
  }

  // The list of images: what is typed is looked for in the names.
  const find = one("images-find");
  if (find) {
    const rows = [...one("image-table").tBodies[0].rows];
    find.addEventListener("input", () => {
      const wanted = find.value.toLowerCase();
      let left = 0;
      for (const row of rows) {
        row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
        left += !row.hidden;
      }
      one("images-count").textContent = wanted ? `${left} of ${rows.length}` : "";
    });
  }

  // The gallery: order, filter, keys for the layers, and a large view.
  const order = one("gallery-order");
  if (order) {
    const list = document.querySelector(".cards");
    const cards = all(".card", list);
    const [tag, name] = [one("gallery-tag"), one("gallery-find")];
    const arrange = () => {
      const key = order.value;
      const value = (card) => (card.dataset[key] === "" ? Infinity : Number(card.dataset[key]));
      list.append(...[...cards].sort((a, b) => value(a) - value(b) || cards.indexOf(a) - cards.indexOf(b)));
      let left = 0;
      for (const card of cards) {
        const tagged = !tag.value || card.dataset.tags.split(" ").includes(tag.value);
        card.hidden = !(tagged && card.dataset.id.toLowerCase().includes(name.value.toLowerCase()));
        left += !card.hidden;
      }
      one("gallery-count").textContent = left < cards.length ? `${left} of ${cards.length}` : "";
    };
    name.addEventListener("input", arrange);
    for (const choice of [order, tag]) choice.addEventListener("change", arrange);
    const layers = all(".gallery > input");
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "radio";
      const layer = layers[Number(event.key) - 1];
      if (layer && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) layer.checked = true;
    });
    const seen = (stack) => {
      const copy = stack.cloneNode(true);
      // The layers of the copy show what is shown of the original.
      all("img", stack).forEach((img, n) => {
        const style = getComputedStyle(img);
        if (style.visibility === "hidden") all("img", copy)[n].hidden = true;
      });
      all("img", copy).filter((img) => img.hidden).forEach((img) => img.remove());
      for (const img of all("img", copy)) img.classList.remove("layer");
      if (getComputedStyle(all(".truth", stack)[0]).filter === "none") copy.classList.remove("plain");
      return copy;
    };
    for (const stack of all(".stack", list)) {
      stack.tabIndex = 0;
      stack.setAttribute("role", "button");
      stack.setAttribute("aria-label", `Enlarge ${stack.closest(".card").dataset.id}`);
      stack.addEventListener("click", () => enlarge(seen(stack)));
      stack.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        enlarge(seen(stack));
      });
    }
  }

  // The heat map: one stop of the Tab key, arrows inside, and the images behind a cell.
  const heat = one("heat");
  if (heat) {
    const rows = [...heat.tBodies[0].rows].map((row) => all("td", row));
    const heads = all("thead th", heat).slice(1).map((head) => head.textContent);
    const behind = JSON.parse(one("behind-data").textContent);
    const panel = one("behind");
    let [y, x] = [0, 0];
    const go = (down, right) => {
      rows[y][x].tabIndex = -1;
      y = Math.min(Math.max(down, 0), rows.length - 1);
      x = Math.min(Math.max(right, 0), rows[y].length - 1);
      rows[y][x].tabIndex = 0;
      rows[y][x].focus();
    };
    const tell = () => {
      const cell = rows[y][x];
      const truth = cell.parentElement.cells[0].textContent;
      const said = document.createElement("p");
      const pixels = Number(cell.dataset.n).toLocaleString("en");
      said.textContent = `Truth ${truth}, prediction ${heads[x]}: ${pixels} pixels, ${cell.textContent} %.`;
      const list = document.createElement("ul");
      for (const [id, number] of behind[cell.dataset.k] ?? []) {
        const item = document.createElement("li");
        const card = all(".card").find((each) => each.dataset.id === id);
        const name = document.createElement(card ? "a" : "span");
        name.textContent = id;
        if (card) name.href = `#${card.id}`;
        item.append(name, `: ${number.toLocaleString("en")} pixels`);
        list.append(item);
      }
      panel.replaceChildren(said, list);
      panel.hidden = false;
    };
    rows.forEach((row, down) => row.forEach((cell, right) => {
      cell.tabIndex = -1;
      cell.addEventListener("click", () => { go(down, right); tell(); });
    }));
    if (rows.length) rows[0][0].tabIndex = 0;
    heat.addEventListener("keydown", (event) => {
      const last = rows[y].length - 1;
      const steps = {
        ArrowUp: [y - 1, x], ArrowDown: [y + 1, x], ArrowLeft: [y, x - 1], ArrowRight: [y, x + 1],
        Home: [y, 0], End: [y, last],
      };
      if (event.key in steps) { event.preventDefault(); go(...steps[event.key]); }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); tell(); }
    });
  }
})();
