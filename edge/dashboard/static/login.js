// The token of a page that is not for this computer alone.
import {byId, make, setText} from "./dom.js";
import {signIn} from "./server.js";

/** Ask for the token until the server takes it. */
export function askToken() {
    return new Promise((done) => {
        const answer = make("p", {class: "answer", role: "status"});
        const field = make("input", {
            type: "password", autocomplete: "current-password", required: true, name: "token",
        });
        const form = make("form", {class: "card login", "aria-labelledby": "login-title"},
            make("h1", {id: "login-title"}, "Which token?"),
            make("p", {class: "caption"}, "This page is served to other computers, too, so it asks who looks. ",
                make("code", {}, "davylamp dashboard"), " names the file with the token when it starts."),
            make("label", {}, make("span", {class: "caption"}, "Token"), field),
            make("button", {type: "submit", class: "primary"}, "Open the page"), answer);
        form.addEventListener("submit", async (submitted) => {
            submitted.preventDefault();
            try {
                await signIn(field.value);
                form.remove();
                byId("content").hidden = false;
                done();
            } catch (refusal) {
                setText(answer, refusal.message);
                answer.dataset.state = "alarm";
                field.select();
            }
        });
        byId("content").hidden = true;
        byId("content").before(form);
        field.focus();
    });
}
