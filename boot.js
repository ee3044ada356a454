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
// What a master does is a module of its own (web/lines), fetched when a part of it is opened. Its name says which page it
// belongs to, and which try this is: browsers remember a module that could not be fetched.
let tries = 0;
let lines;
const fetchLines = async () => {
  const mark = `${document.querySelector("main").dataset.build}.${tries}`;
  const named = (name) => new URL(`${name}?${mark}`, document.baseURI);
  const looks = document.createElement("link");
  looks.rel = "stylesheet";
  const dressed = new Promise((resolve, reject) => {
    looks.onload = resolve;
    looks.onerror = () => reject(new Error("its style sheet is missing"));
  });
  looks.href = named("lines.css");
  document.head.append(looks);
  const [module] = await Promise.all([import(named("lines.js")), dressed]);
  await module.default({ module_or_path: named("lines_bg.wasm") });
  return module;
};
globalThis.metertwinLines = () => lines ??= fetchLines().catch((fault) => {
  tries += 1;
  lines = undefined;
  throw fault;
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
