// Writing: messages with files, replies, edits, and slash commands with their options.

import { $, askIn, complain, entry, here, openBeside, post, send } from "./tools.js";

const SUGGEST_AFTER = 150; // milliseconds without a key
let files = [];
let replying = "";
let editing = "";
let command = null;
let offers = []; // what the list above the field offers, as {label, about, choose}
let current = 0;
let timer;
let asked = 0;

// -- the list of commands or of an option's choices

function offer(field, list, none = "") {
  offers = list;
  current = 0;
  const options = list.map(({ label, about = "" }, i) => {
    const option = Object.assign(document.createElement("div"), { id: `offer${i}`, role: "option" });
    option.setAttribute("role", "option");
    option.append(Object.assign(document.createElement("b"), { textContent: label }), ` ${about}`);
    option.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      choose(i);
    });
    return option;
  });
  $("offers").replaceChildren(...options, ...(list.length ? [] : none ? [none] : []));
  $("offers").hidden = !list.length && !none;
  field.setAttribute("aria-expanded", String(!$("offers").hidden));
  mark(field);
}

function mark(field) {
  [...$("offers").querySelectorAll("[role=option]")].forEach((option, i) => {
    option.setAttribute("aria-selected", String(i === current));
    if (i === current) option.scrollIntoView({ block: "nearest" });
  });
  if (offers.length) field.setAttribute("aria-activedescendant", `offer${current}`);
  else field.removeAttribute("aria-activedescendant");
}

function choose(i) {
  const { choose: chosen } = offers[i];
  offer($("text"), []);
  chosen();
}

/** Keys for the list; whether one was for it. */
function keyInOffers(event) {
  if (!offers.length || event.isComposing) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    current = (current + step + offers.length) % offers.length;
    mark(event.target);
  } else if (event.key === "Enter" || event.key === "Tab") choose(current);
  else if (event.key === "Escape") offer(event.target, []);
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

function offerCommands() {
  const typed = $("text").value;
  if (!typed.startsWith("/") || editing) return offer($("text"), []);
  const wanted = typed.slice(1).trimEnd().toLowerCase();
  const fitting = here.commands.filter(({ name }) => name.includes(wanted));
  fitting.sort((a, b) => b.name.startsWith(wanted) - a.name.startsWith(wanted));
  const list = fitting.map((c) => ({ label: `/${c.name}`, about: c.description, choose: () => begin(c) }));
  offer($("text"), list);
}

// -- filling in a command

function begin(chosen) {
  command = chosen;
  const name = Object.assign(document.createElement("b"), { textContent: `/${chosen.name}` });
  $("command").innerHTML = chosen.fields;
  $("command").prepend(name);
  $("command").hidden = false;
  $("text").value = "";
  $("text").hidden = true;
  say(chosen.description);
  ($("command").querySelector("input, select") ?? $("send")).focus();
}

function leaveCommand() {
  command = null;
  clearTimeout(timer);
  asked += 1;
  $("command").replaceChildren();
  $("command").hidden = true;
  $("text").hidden = false;
  offer($("text"), []);
  say("");
}

function optionsGiven() {
  const fields = [...$("command").querySelectorAll("input:not([type=file]), select")];
  return Object.fromEntries(fields.map((field) => [field.name, field.dataset.value ?? field.value]));
}

async function suggest(field) {
  const mine = ++asked;
  const data = { name: command.name, option: field.name, typed: field.value, options: optionsGiven() };
  const { choices, error } = await send("suggest", data);
  if (mine !== asked || document.activeElement !== field) return;
  const take = ({ name, value }) => {
    field.value = name;
    field.dataset.value = value;
    field.focus();
  };
  const list = (choices ?? []).map((choice) => ({ label: choice.name, choose: () => take(choice) }));
  offer(field, list, error ?? "No options match your search.");
}

function typedInOption({ target }) {
  delete target.dataset.value;
  clearTimeout(timer);
  if ("suggest" in target.dataset) timer = setTimeout(suggest, SUGGEST_AFTER, target);
}

// -- the line above the field: what is answered, edited or used

function say(text) {
  $("context").hidden = !text;
  $("context").firstElementChild.textContent = text;
}

function forget() {
  if (command) leaveCommand();
  if (editing) $("text").value = "";
  replying = editing = "";
  say("");
}

function cancel() {
  forget();
  $("text").focus();
}

function reply({ detail }) {
  cancel();
  replying = detail.id;
  say(`Replying to ${detail.name}`);
}

function edit({ detail }) {
  cancel();
  editing = detail.id;
  $("text").value = detail.text;
  say("Editing your message");
}

// -- files

function showFiles() {
  $("files").hidden = !files.length;
  const chips = files.map((file, i) => {
    const chip = document.createElement("li");
    const drop = entry("✕", () => showFiles(files.splice(i, 1)), "plain");
    drop.setAttribute("aria-label", `Remove ${file.name}`);
    chip.append(file.name, drop);
    return chip;
  });
  $("files").replaceChildren(...chips);
}

function addFiles(list) {
  files.push(...list);
  showFiles();
  $("text").focus();
}

async function listSongs({ target }) {
  if (!target.open || $("songs").childElementCount) return;
  const titles = await (await fetch("/songs")).json();
  $("songs").replaceChildren(...titles.map((title, i) => entry(title, () => addSong(i))));
}

async function addSong(number) {
  const answer = await fetch(`/songs/${number}`);
  addFiles([new File([await answer.blob()], answer.headers.get("X-Name"), { type: "audio/mpeg" })]);
}

// -- sending

async function submit(event) {
  event?.preventDefault();
  complain("");
  const answer = command ? useCommand() : postText();
  document.dispatchEvent(new Event("posted"));
  const { error, ...rest } = (await answer) ?? {};
  if (error) complain(error);
  if (rest.modal) askIn(rest);
}

function useCommand() {
  const uploads = [...$("command").querySelectorAll("input[type=file]")].map((field) => [field.name, [...field.files]]);
  const data = { name: command.name, options: optionsGiven() };
  cancel();
  return send("command", data, Object.fromEntries(uploads));
}

async function postText() {
  const [text, mine, was, old] = [$("text").value, files, editing, replying];
  if (!text.trim() && !mine.length) return;
  $("text").value = "";
  files = [];
  showFiles();
  cancel();
  const answer = was
    ? await send("edit", { message: was, text })
    : await send("post", { text, reply_to: old }, { files: mine });
  if (answer.error && !$("text").value) $("text").value = text;
  return answer;
}

function key(event) {
  if (keyInOffers(event)) return;
  if (event.key === "Escape") cancel();
  if (event.key === "Enter" && event.target.matches("#command select")) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
  if (event.target !== $("text") || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) submit(event);
  if (event.key === "ArrowUp" && !$("text").value) {
    const last = [...$("messages").querySelectorAll('[data-do="edit"]')].at(-1);
    event.preventDefault();
    if (last) edit({ detail: { id: last.closest("li").id.slice(1), text: last.dataset.text } });
  }
}

function dropped(event) {
  const list = (event.dataTransfer ?? event.clipboardData).files;
  if (!list.length) return;
  event.preventDefault();
  addFiles(list);
}

export function start() {
  $("composer").addEventListener("submit", submit);
  $("composer").addEventListener("keydown", key);
  $("text").addEventListener("input", offerCommands);
  $("text").addEventListener("paste", dropped);
  $("command").addEventListener("input", typedInOption);
  $("command").addEventListener("focusin", ({ target }) => {
    if (target.title) say(`${target.name}: ${target.title}`);
    if ("suggest" in target.dataset) suggest(target);
    else offer($("text"), []);
  });
  $("context").querySelector("button").addEventListener("click", cancel);
  $("plus").addEventListener("click", () => openBeside($("extras"), $("plus").getBoundingClientRect()));
  $("choose").addEventListener("click", () => $("upload").click());
  $("upload").addEventListener("change", ({ target }) => {
    $("extras").hidePopover();
    addFiles(target.files);
    target.value = "";
  });
  $("extras").querySelector("details").addEventListener("toggle", listSongs);
  for (const button of $("extras").querySelectorAll("[data-extra]"))
    button.addEventListener("click", async () => {
      $("extras").hidePopover();
      complain((await post(`/extras/${button.dataset.extra}`)).error ?? "");
    });
  document.addEventListener("reply", reply);
  document.addEventListener("edit", edit);
  document.addEventListener("moved", forget);
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", dropped);
}
