// What every part of the page uses: where one is, sending what one does, and putting HTML in its place.

export const $ = (id) => document.getElementById(id);

/** Who speaks where, and the commands offered to them there. */
export const here = { as: "", in: "", commands: [], menus: [] };

/** Make `old` like `fresh` and keep what is alike, so that focus, players and open menus stay as they are. */
export function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) return void old.replaceWith(fresh);
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !(name === "open" && old.matches("details"))) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  after.forEach((child, i) => (before[i] ? morph(before[i], child) : old.append(child)));
  before.slice(after.length).forEach((child) => child.remove());
}

/** Put HTML that the server drew into an element. */
export function fill(element, html) {
  const fresh = element.cloneNode(false);
  fresh.innerHTML = html;
  morph(element, fresh);
}

/** Do something as the member who speaks; gives the answer, `{error}` if it failed. */
export async function send(action, data, files = {}) {
  const form = new FormData();
  form.append("payload_json", JSON.stringify({ as: here.as, in: here.in, ...data }));
  for (const [name, list] of Object.entries(files)) for (const file of list) form.append(name, file, file.name);
  return post(`/do/${action}`, form);
}

export async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", body });
    return answer.ok ? await answer.json() : { error: "That can't be done here." };
  } catch {
    return { error: "The sandbox doesn't answer. Is it still running?" };
  }
}

/** Say what went wrong: below a message as Discord does, or above the composer. */
export function complain(text, item) {
  const content = item?.isConnected && item.querySelector(".content");
  const place = content ? document.createElement("p") : $("notice");
  if (content) {
    content.querySelector(":scope > .failed")?.remove();
    place.className = "failed";
    place.setAttribute("role", "alert");
    content.append(place);
  }
  place.hidden = !text;
  place.textContent = text ? `⚠ ${text}` : "";
}

/** Open a popup beside a button or point, within the window. */
export function openBeside(popup, { left, top, bottom }) {
  popup.showPopover();
  const { width, height } = popup.getBoundingClientRect();
  const below = bottom + 4 + height < innerHeight;
  popup.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  popup.style.top = below ? `${bottom + 4}px` : "auto";
  popup.style.bottom = below ? "auto" : `${Math.min(innerHeight - top + 4, innerHeight - height - 8)}px`;
  popup.querySelector("button, input")?.focus();
}

/** A button for a popup. */
export function entry(label, act, look = "") {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: label, className: look });
  button.addEventListener("click", () => {
    button.closest("[popover]")?.hidePopover();
    act();
  });
  return button;
}

/** Fill in a modal that an answer asks for, and send it. */
export function askIn(answer) {
  const dialog = $("modal");
  const form = dialog.querySelector("form");
  const failed = dialog.querySelector(".failed");
  form.firstElementChild.innerHTML = answer.form;
  failed.hidden = true;
  form.querySelector("[type=button]").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const fields = [...form.elements].filter((field) => field.name);
    const chosen = (field) => [...field.selectedOptions].map((option) => option.value);
    const values = fields.map((field) => [field.name, "list" in field.dataset ? chosen(field) : field.value]);
    const sent = await send("modal", { modal: answer.modal, values: Object.fromEntries(values) });
    if (!sent.error) return dialog.close();
    failed.textContent = sent.error;
    failed.hidden = false;
  };
  dialog.showModal();
}
