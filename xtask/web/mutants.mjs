// Ways to break the page, and the check that has to see each.

const style = (css) => `document.head.append(Object.assign(document.createElement("style"), { textContent: ${JSON.stringify(css)} }))`;
const asksPassword = ({ step }) => step === "ask_password";
const hasError = ({ error }) => error;
const hasDetail = ({ detail }) => detail;
const isBusy = ({ busy }) => busy;
const NARROW = { width: 320, height: 568 };

export const mutants = [
  { check: "axe", what: "a field without its label", at: asksPassword, break: `document.getElementById("field-label").remove()` },
  { check: "axe", what: "a page without its language", break: `document.documentElement.removeAttribute("lang")` },
  { check: "axe", what: "pale text", at: hasDetail, break: style(":root { --quiet: #b0b0b0 !important }") },
  { check: "tree", what: "no polite region", break: `document.getElementById("polite").remove(); document.getElementById("note").remove()` },
  { check: "tree", what: "an announcement that is read in parts", break: `document.getElementById("assertive").setAttribute("aria-atomic", "false")` },
  { check: "tree", what: "a region that is not live", break: `document.getElementById("assertive").setAttribute("aria-live", "off")` },
  { check: "tree", what: "a title that is no heading", break: `document.getElementById("title").setAttribute("role", "paragraph")` },
  { check: "tree", what: "a button called otherwise than it reads", break: `document.getElementById("primary").setAttribute("aria-label", "Go")` },
  { check: "tree", what: "an error that is not tied to its field", at: hasError, break: `document.getElementById("typed").removeAttribute("aria-describedby")` },
  { check: "tree", what: "a status that is not read", break: `document.getElementById("status").setAttribute("aria-hidden", "true")` },
  { check: "primary", what: "a large button that is disabled", at: isBusy, break: `document.getElementById("primary").disabled = true` },
  { check: "primary", what: "a large button that was made anew", break: `document.getElementById("primary").replaceWith(document.getElementById("primary").cloneNode(true))` },
  { check: "primary", what: "a live region that was made anew", break: `document.getElementById("polite").replaceWith(document.getElementById("polite").cloneNode(true))` },
  { check: "primary", what: "a status below the button", break: `document.getElementById("secondary").after(document.getElementById("status"))` },
  { check: "targets", what: "a small button", break: style("#secondary button { min-height: 0; padding: 0 }") },
  { check: "stops", what: "a fifth control", at: asksPassword, break: `document.getElementById("secondary").append(document.createElement("button"), document.createElement("button"))` },
  { check: "direction", what: "Arabic from left to right", language: "ar", break: `document.getElementById("screen").dir = "ltr"` },
  { check: "direction", what: "Arabic marked as English", language: "ar", break: `document.getElementById("screen").lang = "en"` },
  { check: "direction", what: "a status that always begins left", language: "ar", break: style("#status { text-align: left }") },
  { check: "reflow", what: "a fixed height", viewport: NARROW, language: "de", break: style("#status { height: 1.25rem; overflow: hidden }") },
  { check: "reflow", what: "a fixed width", viewport: NARROW, break: style("#primary { width: 30rem; max-width: none }") },
  { check: "reflow", what: "a shortened text", viewport: NARROW, break: style("#status { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }") },
  { check: "contrast", what: "pale text", at: hasDetail, break: style(":root { --quiet: #b0b0b0 !important }") },
  { check: "contrast", what: "a pale edge", break: style(":root { --edge: #cccccc !important }") },
  { check: "contrast", what: "dark text in the dark", at: hasError, media: { colorScheme: "dark" }, break: style(":root { --problem: #a3130f !important }") },
  { check: "forced colours", what: "a button without an edge", media: { forcedColors: "active" }, break: style("button { border: none }") },
  { check: "forced colours", what: "a button with its own colours", media: { forcedColors: "active" }, break: style("#primary { forced-color-adjust: none }") },
  { check: "reduced motion", what: "something that always moves", at: isBusy, media: { reducedMotion: "reduce" }, break: style("#busy { animation: turn 1s linear infinite !important }") },
  { check: "keyboard", what: "a trap", break: `document.getElementById("primary").addEventListener("keydown", (event) => { if (event.key === "Tab") event.preventDefault(); })` },
  { check: "keyboard", what: "an order of its own", break: `document.getElementById("restart").tabIndex = 1` },
  { check: "keyboard", what: "an order that is not what is seen", break: style("#screen { display: flex; flex-direction: column-reverse }") },
  { check: "keyboard", what: "a focus that is not seen", break: style(":focus-visible { outline: none }") },
  { check: "keyboard", what: "a focus that is hardly seen", break: style(":root { --focus: #d0d0d0 !important }") },
  { check: "keyboard", what: "a button that keys do not press", break: `document.getElementById("primary").addEventListener("keydown", (event) => { if (event.key !== "Tab") event.preventDefault(); }); document.getElementById("primary").addEventListener("keyup", (event) => event.preventDefault())` },
  { check: "offline", what: "a picture from elsewhere", wait: 200, break: `document.body.append(Object.assign(new Image(), { src: "https://picture.invalid/a.png", alt: "" }))` },
];
