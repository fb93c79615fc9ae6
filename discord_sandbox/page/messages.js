// What is done to messages: reactions, buttons, menus, the tools that appear beside each.

import { $, askIn, complain, entry, here, openBeside, send } from "./tools.js";

const EMOJI = [..."👍👎💛🔥🎧🎵😂😮😢🙏🎉👀💃🕺🌙🤘"];
let reactingTo;

/** Do something to the message of a list item, and show below it what went wrong. */
async function act(item, action, data) {
  const answer = await send(action, { message: item.id.slice(1), ...data });
  if (answer.modal) askIn(answer);
  complain(answer.error ?? "", action === "react" || action === "delete" ? null : item);
}

async function press(button, item, action, data) {
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  await act(item, action, data);
  button.ariaBusy = null;
}

function pick(item, place) {
  reactingTo = item;
  openBeside($("picker"), place);
}

function authorOf(item) {
  while (item && !item.querySelector(".head .name")) item = item.previousElementSibling;
  return item?.querySelector(".head .name").textContent ?? "";
}

function tell(kind, item, detail = {}) {
  document.dispatchEvent(new CustomEvent(kind, { detail: { id: item.id.slice(1), name: authorOf(item), ...detail } }));
}

function more(item, place) {
  const edit = item.querySelector('[data-do="edit"]');
  const tool = item.querySelector('[data-do="more"]');
  if (!tool) return;
  const entries = [
    entry("Add a reaction", () => pick(item, place)),
    entry("Reply", () => tell("reply", item)),
    ...(edit ? [entry("Edit message", () => tell("edit", item, { text: edit.dataset.text }))] : []),
    ...here.menus.map((name) => entry(`Apps ▸ ${name}`, () => act(item, "menu", { name }))),
    ...(tool.dataset.delete === "1" ? [entry("Delete message", () => act(item, "delete"), "danger")] : []),
  ];
  $("more").replaceChildren(...entries);
  openBeside($("more"), place);
}

function clicked(event) {
  const button = event.target.closest("[data-react], [data-click], [data-choose], [data-do]");
  const item = button?.closest("li.message");
  if (!item) return;
  const { react, click, choose, do: what } = button.dataset;
  if (react) return void act(item, "react", { emoji: react });
  if (click) return void press(button, item, "click", { custom_id: click });
  if (choose) {
    const ticked = [...button.parentElement.querySelectorAll(":checked")].map((box) => box.value);
    return void press(button, item, "select", { custom_id: choose, values: ticked });
  }
  const place = button.getBoundingClientRect();
  if (what === "dismiss") act(item, "delete");
  if (what === "pick") pick(item, place);
  if (what === "reply") tell("reply", item);
  if (what === "edit") tell("edit", item, { text: button.dataset.text });
  if (what === "more") more(item, place);
}

async function changed({ target }) {
  if (!target.dataset.select || !target.value) return;
  await act(target.closest("li.message"), "select", { custom_id: target.dataset.select, values: [target.value] });
  target.value = "";
}

function menuAt(event) {
  const item = event.target.closest("li.message");
  if (!item || event.target.closest("a, img, audio, input, select") || String(getSelection())) return;
  event.preventDefault();
  more(item, { left: event.clientX, top: event.clientY, bottom: event.clientY });
}

export function start() {
  $("log").addEventListener("click", clicked);
  $("log").addEventListener("change", changed);
  $("log").addEventListener("contextmenu", menuAt);
  const react = (emoji) => act(reactingTo, "react", { emoji });
  const buttons = EMOJI.map((emoji) => entry(emoji, () => react(emoji), "emoji"));
  $("picker").querySelector(".grid").replaceChildren(...buttons);
  $("picker").querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    react(event.target.emoji.value);
    event.target.reset();
    $("picker").hidePopover();
  });
}
