// Synthetic rows: asked of the agent, and saved as a file.
import {byId, make, setText} from "./dom.js";
import {getFile} from "./server.js";

/** Let the form work; `station()` is the chosen one. */
export function serveRows(station) {
    const form = byId("rows-form");
    const answer = byId("rows-answer");
    form.addEventListener("submit", async (submitted) => {
        submitted.preventDefault();
        const chosen = station();
        if (!chosen) return;
        const fields = new FormData(form);
        const button = form.querySelector("button");
        button.disabled = true;
        setText(answer, "The agent draws the rows.");
        answer.dataset.state = "good";
        try {
            const {blob, name} = await getFile("api/synthesis", {
                station: chosen.id, rows: fields.get("rows"), regime: fields.get("regime"), seed: fields.get("seed"),
            });
            const link = make("a", {href: URL.createObjectURL(blob), download: name});
            link.click();
            setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
            setText(answer, `Saved as ${name}.`);
        } catch (refusal) {
            setText(answer, refusal.message);
            answer.dataset.state = "alarm";
        } finally {
            button.disabled = false;
        }
    });
}
