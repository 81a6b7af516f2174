// The button for light and dark: the system decides until the reader does.
import {byId, setText} from "./dom.js";

const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

/** Let the button work; `changed()` is called after each change. */
export function serveTheme(changed) {
    const button = byId("theme");
    const name = () => {
        setText(button, dark() ? "Light" : "Dark");
        button.setAttribute("aria-label", `${button.textContent} colours`);
    };
    const tell = () => {
        name();
        changed();
    };
    button.addEventListener("click", () => {
        const chosen = dark() ? "light" : "dark";
        document.documentElement.dataset.theme = chosen;
        try {
            localStorage.setItem("davylamp-theme", chosen);
        } catch {
            // Without storage the choice lasts as long as the page.
        }
        tell();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
    name();
}
