// Runs before anything is drawn, so that a reader who has chosen light or dark never sees the other one flash.
(() => {
    let chosen = null;
    try {
        chosen = localStorage.getItem("davylamp-theme");
    } catch {
        // An embedding page may forbid storage: then the system decides.
    }
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
