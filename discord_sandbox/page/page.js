// The page's frame: what the server sends goes into its place; where one is stands in the address, as #member/channel.

import { start as startComposer } from "./composer.js";
import { start as startMessages } from "./messages.js";
import { $, fill, here, morph } from "./tools.js";

const NEAR = 120; // pixels above the end that still count as being there
const read = new Map(); // the newest message that was seen, by member and channel
let events;
let wanted = ""; // a message to jump to, once it is there
let stick = true;

function connect() {
  events?.close();
  const [as = "", inside = ""] = location.hash.slice(1).split("/");
  events = new EventSource(`/events?as=${encodeURIComponent(as)}&in=${encodeURIComponent(inside)}`);
  events.addEventListener("place", ({ data }) => showPlace(JSON.parse(data)));
  events.addEventListener("messages", ({ data }) => showMessages(JSON.parse(data)));
  events.onopen = () => document.body.classList.remove("lost");
  events.onerror = () => document.body.classList.add("lost");
}

async function showPlace(place) {
  const moved = here.as !== place.as || here.in !== place.in;
  Object.assign(here, { as: place.as, in: place.in });
  document.title = place.title;
  for (const [id, html] of Object.entries(place.regions)) fill($(id), html);
  $("speaker").value = place.as;
  const text = $("text");
  text.disabled = !place.hint;
  text.placeholder = place.hint || "You do not have permission to send messages in this channel.";
  text.setAttribute("aria-label", text.placeholder);
  markUnread();
  if (!moved) return;
  stick = !wanted;
  history.replaceState(null, "", `#${place.as}/${place.in}`);
  document.dispatchEvent(new Event("moved"));
  Object.assign(here, await (await fetch(`/commands?as=${place.as}&in=${place.in}`)).json());
}

function markUnread() {
  for (const link of $("channels").querySelectorAll("a")) {
    const key = link.hash;
    const newest = BigInt(link.dataset.newest);
    if (!read.has(key) || link.ariaCurrent) read.set(key, newest);
    link.classList.toggle("unread", newest > read.get(key));
  }
}

function showMessages({ order, html }) {
  const list = $("messages");
  const old = new Map([...list.children].map((item) => [item.id, item]));
  let last = null;
  for (const id of order) {
    let item = old.get(id);
    old.delete(id);
    if (id in html) {
      const fresh = document.createElement("ol");
      fresh.innerHTML = html[id];
      if (item) morph(item, fresh.firstChild);
      else item = fresh.firstChild;
    }
    const next = last ? last.nextSibling : list.firstChild;
    if (item !== next) list.insertBefore(item, next);
    last = item;
  }
  for (const item of old.values()) item.remove();
  if (wanted && $(wanted)) jump();
  else toEnd();
}

function toEnd() {
  if (stick) $("log").scrollTop = $("log").scrollHeight;
}

function jump() {
  const item = $(wanted);
  wanted = "";
  item.scrollIntoView({ block: "center" });
  item.classList.add("found");
  item.addEventListener("animationend", () => item.classList.remove("found"), { once: true });
}

function follow(event) {
  const link = event.target.closest('a[href^="https://discord.com/channels/"]');
  const [channel, message] = link?.pathname.split("/").slice(3) ?? [];
  if (!channel) return;
  event.preventDefault();
  wanted = message ? `m${message}` : "";
  if (channel !== here.in) location.hash = `#${here.as}/${channel}`;
  else if ($(wanted)) jump();
}

function drawer(open) {
  $("drawer").classList.toggle("open", open);
  $("open-drawer").setAttribute("aria-expanded", open);
}

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  localStorage.setItem("theme", name);
}

const log = $("log");
log.addEventListener("scroll", () => (stick = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR));
log.addEventListener("load", toEnd, true); // pictures
log.addEventListener("click", follow);
new ResizeObserver(toEnd).observe(log);
document.addEventListener("posted", () => (stick = true));
$("open-drawer").addEventListener("click", () => drawer(!$("drawer").classList.contains("open")));
document.querySelector("main").addEventListener("pointerdown", (event) => {
  if (!event.target.closest("#open-drawer")) drawer(false);
});
document.addEventListener("keydown", ({ key }) => key === "Escape" && drawer(false));
document.addEventListener("change", ({ target }) => {
  if (target.id === "speaker") location.hash = `#${target.value}/${here.in}`;
});
addEventListener("hashchange", () => {
  drawer(false);
  connect();
});
$("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset.theme;
  const dark = now ? now === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme(dark ? "light" : "dark");
});
theme(localStorage.getItem("theme") ?? "");
startMessages();
startComposer();
connect();
