// The few helpers with which the parts of the page are made. Nothing here takes HTML: whatever a station or a broker
// sends becomes text.

/** Return the element with an id. */
export const byId = (id) => document.getElementById(id);

/** Make an element: its attributes, `on...` listeners, and children that are elements, texts or null. */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name === "class") element.className = value;
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
}

/** Make an SVG element. */
export function makeSvg(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

/** Change a text only where it differs, so that a screen reader and a selection are left alone. */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/** Show an element or hide it. */
export function show(element, visible) {
    element.hidden = !visible;
}

/**
 * Bring the children of a list in line with items: one element per key, kept as long as its key is there.
 *
 * `build(item)` makes an element with a method `update(item)`; what a reader has opened or typed in it stays.
 */
export function reconcile(parent, items, key, build) {
    const kept = new Map([...parent.children].map((child) => [child.dataset.key, child]));
    let before = parent.firstElementChild;
    for (const item of items) {
        const name = String(key(item));
        let child = kept.get(name);
        if (child) {
            kept.delete(name);
        } else {
            child = build(item);
            child.dataset.key = name;
        }
        if (child === before) before = before.nextElementSibling;
        else parent.insertBefore(child, before);
        child.update(item);
    }
    for (const child of kept.values()) child.remove();
}

/** Say something to a screen reader, politely. */
export function announce(text) {
    byId("announcement").textContent = text;
}

/** The value of a colour of the style sheet, as the theme has it now. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
