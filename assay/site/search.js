// Finds the entries that hold every word. Without it the page is a list of everything.
"use strict";
{
  const most = 40;
  const entries = JSON.parse(document.getElementById("index").textContent);
  const form = document.getElementById("search");
  const [list, said] = [form.querySelector("ul"), form.querySelector("output")];
  const texts = entries.map((entry) => `${entry.title} ${entry.text}`.toLowerCase());
  const show = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length ? entries.filter((_, at) => words.every((word) => texts[at].includes(word))) : [];
    list.replaceChildren(...found.slice(0, most).map((entry) => {
      const [item, link, text] = ["li", "a", "span"].map((name) => document.createElement(name));
      link.href = entry.href;
      link.textContent = entry.title;
      text.textContent = entry.text.slice(0, 300);
      item.append(link, text);
      return item;
    }));
    const rest = found.length > most ? `, the first ${most} are shown` : "";
    said.textContent = words.length ? `${found.length} found${rest}` : "";
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
