// The work list without a mouse. Without script the page works too, only the cursor has to be set.
document.querySelectorAll("[data-print]").forEach((button) => {
  button.addEventListener("click", () => window.print());
});
// The shell hides the page until its own script has run, so that autofocus alone comes too early.
window.addEventListener("load", () => {
  document.querySelector("input[autofocus]")?.focus();
});
