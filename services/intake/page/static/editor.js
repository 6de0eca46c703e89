// Completes words in the editor of the playground. Without this module it is a plain text field.
const area = document.getElementById("text");
const list = document.getElementById("completions");
const MOST = 8;
let words = [];
let shown = [];
let chosen = 0;

async function load() {
  const answer = await fetch("/page/playground/words");
  words = answer.ok ? await answer.json() : [];
}

function prefix() {
  const before = area.value.slice(0, area.selectionStart);
  return /[a-z][a-z0-9_.-]*$/.exec(before)?.[0] ?? "";
}

function suggest() {
  const start = prefix();
  const found = start.length < 2 ? [] : words.filter((one) => one.word.startsWith(start) && one.word !== start);
  const seen = new Set();
  shown = found.filter((one) => !seen.has(one.word) && seen.add(one.word)).slice(0, MOST);
  chosen = 0;
  draw();
}

function draw() {
  list.replaceChildren(...shown.map((one, place) => {
    const item = document.createElement("li");
    item.id = `completion-${place}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(place === chosen));
    const word = document.createElement("code");
    word.textContent = one.word;
    item.append(word, ` ${one.about}`);
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      chosen = place;
      accept();
    });
    return item;
  }));
  list.hidden = shown.length === 0;
  area.setAttribute("aria-expanded", String(shown.length > 0));
  area.setAttribute("aria-activedescendant", shown.length > 0 ? `completion-${chosen}` : "");
}

function accept() {
  const start = area.selectionStart - prefix().length;
  area.setRangeText(shown[chosen].word, start, area.selectionStart, "end");
  shown = [];
  draw();
}

function steer(event) {
  if (shown.length === 0) {
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step !== undefined) {
    chosen = (chosen + step + shown.length) % shown.length;
    draw();
  } else if (event.key === "Enter" || event.key === "Tab") {
    accept();
  } else if (event.key === "Escape") {
    shown = [];
    draw();
  } else {
    return;
  }
  event.preventDefault();
}

if (area !== null && list !== null) {
  area.addEventListener("input", suggest);
  area.addEventListener("keydown", steer);
  area.addEventListener("blur", () => {
    shown = [];
    draw();
  });
  load();
}
