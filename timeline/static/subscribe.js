// Copies an address at the press of its button. An enhancement: without it the text
// in the field can be selected.

const copy = async (field) => {
  field.select();
  // Browsers have no clipboard for a page that came without TLS.
  if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
  else if (!document.execCommand("copy")) throw new Error("not copied");
};

for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const said = document.querySelector(`output[for="${field.id}"]`);
  button.hidden = false;
  button.addEventListener("click", () =>
    copy(field).then(
      () => (said.textContent = button.dataset.done),
      () => {}, // it is selected, so that a key copies it
    ),
  );
}
