// Starts the page. A file of its own, since the content security policy allows no inline script.
// Trunk writes the hashed names of the glue and the module into the script tag (see Trunk.toml).
const { glue, module } = document.querySelector("script[data-glue]").dataset;
// The banner of a page that has failed is the one thing that has to work without the module.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (button === null || button === undefined) return;
  const log = document.getElementById(button.dataset.copy);
  log.select();
  navigator.clipboard.writeText(log.value).then(() => { button.textContent = "Copied"; }, () => {});
});
try {
  const { default: start } = await import(new URL(glue, document.baseURI));
  await start({ module_or_path: new URL(module, document.baseURI) });
} catch (fault) {
  console.error(fault);
  // A fault after the page is mounted is the page's own to show.
  if (document.querySelector("main") === null) {
    const note = document.createElement("p");
    note.setAttribute("role", "alert");
    note.textContent = `Metertwin could not start: ${fault instanceof Error ? fault.message : fault}. `
      + "Reload the page; if that does not help, use a newer browser.";
    document.body.append(note);
  }
}
