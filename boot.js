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
// The drawings of the meters, file by file. Asked for anew each time, since their names tell no version.
const drawings = {};
const drawn = async (file) => {
  const answer = await fetch(new URL(`drawings/${file}`, document.baseURI), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`drawings/${file}: ${answer.status}`);
  return answer.text();
};
globalThis.metertwinDrawing = (file) => drawings[file] ??= drawn(file).catch((fault) => {
  delete drawings[file];
  throw fault;
});
// Those that are shown first are on their way while the module is; the page says what went wrong with them.
for (const file of document.body.dataset.drawings.split(" ")) metertwinDrawing(file).catch(() => {});
// What few visitors open are modules of their own (web/lines, web/cabinet), each fetched when a part of it is opened. Their
// names say which page they belong to, and which try this is: browsers remember a module that could not be fetched.
const modules = {};
const fetchModule = async (name, number) => {
  const mark = `${document.querySelector("main").dataset.build}.${number}`;
  const named = (file) => new URL(`${file}?${mark}`, document.baseURI);
  // All of them look like the panels of the lines, and have what is their own on top of that.
  const dressed = [...new Set(["lines", name])].map((file) => new Promise((resolve, reject) => {
    const looks = document.createElement("link");
    looks.rel = "stylesheet";
    looks.onload = resolve;
    looks.onerror = () => reject(new Error("its style sheet is missing"));
    looks.href = named(`${file}.css`);
    document.head.append(looks);
  }));
  const [module] = await Promise.all([import(named(`${name}.js`)), ...dressed]);
  await module.default({ module_or_path: named(`${name}_bg.wasm`) });
  return module;
};
globalThis.metertwinModule = (name) => {
  const own = modules[name] ??= { tries: 0 };
  own.coming ??= fetchModule(name, own.tries).catch((fault) => {
    own.tries += 1;
    own.coming = undefined;
    throw fault;
  });
  return own.coming;
};
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
