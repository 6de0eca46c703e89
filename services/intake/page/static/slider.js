// Moves a candidate's page to another instant without loading all of it. Without this module, the links beside the
// slider and the list of instants do the same.
const moment = () => document.getElementById("moment");

let latest = 0;

async function show(address, focus) {
  const mine = ++latest;
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("moment");
  if (!answer.ok || found === null) {
    window.location.assign(address);
    return;
  }
  if (mine !== latest) {
    return; // the slider has moved on meanwhile
  }
  moment().replaceWith(found);
  history.replaceState(null, "", address);
  document.title = page.title;
  prepare();
  document.getElementById(focus)?.focus();
}

function prepare() {
  const slider = document.getElementById("slider");
  const choice = document.getElementById("at");
  if (slider === null || choice === null) {
    return;
  }
  slider.closest("[hidden]")?.removeAttribute("hidden");
  const options = [...choice.options];
  const read = () => options[Number(slider.value)];
  slider.setAttribute("aria-valuetext", read().textContent.trim());
  slider.addEventListener("input", () => {
    const text = read().textContent.trim();
    document.getElementById("instant").textContent = text;
    slider.setAttribute("aria-valuetext", text);
  });
  slider.addEventListener("change", () => show(addressOf(read().value), "slider"));
  choice.addEventListener("change", () => show(addressOf(choice.value), "at"));
}

function addressOf(at) {
  const address = new URL(window.location.href);
  address.searchParams.delete("at");
  if (at !== "") {
    address.searchParams.set("at", at);
  }
  return address.pathname + address.search;
}

prepare();
