// What is looked at inside the page. Each check answers with its problems in words.

export function inPage() {
  const $ = (id) => document.getElementById(id);
  const screen = $("screen");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isShown = (node) => node.getClientRects().length > 0;
  const controls = (root = document) => all("button, input, select", root).filter(isShown);
  /** What the page draws itself; a radio button is drawn by the browser. */
  const drawn = () => controls().filter((node) => node.type !== "radio");
  const name = (node) => node.id || node.dataset?.action || node.localName;
  const kept = { primary: $("primary"), polite: $("polite"), assertive: $("assertive"), title: $("title") };
  let pressed = false;

  // WCAG 2: relative luminance and contrast ratio.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function rgba(colour) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  }
  function luminance(colour) {
    const [r, g, b] = [...rgba(colour)].slice(0, 3).map((value) => {
      const c = value / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function ratio(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }
  function background(node) {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return "white";
  }
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim() !== "");
  const hiddenFromSight = (node) => node.closest(".for-screen-readers") !== null;
  const texts = () => all("body *").filter((node) => isShown(node) && !hiddenFromSight(node) && hasText(node));
  const round = (number) => Math.round(number * 100) / 100;

  function contrast() {
    const problems = [];
    for (const node of texts()) {
      const value = ratio(getComputedStyle(node).color, background(node));
      if (value < 4.5) problems.push(`${name(node)}: text has ${round(value)}`);
    }
    for (const node of drawn()) {
      const value = ratio(getComputedStyle(node).borderTopColor, background(node.parentElement));
      if (value < 3) problems.push(`${name(node)}: edge has ${round(value)}`);
    }
    return problems;
  }

  // Three tab stops of one group of radio buttons are one.
  function stopsInOrder(root = document) {
    const stops = controls(root).filter((node) => node.tabIndex >= 0);
    const chosen = (radio) => radio.checked || !document.querySelector(`[name=${radio.name}]:checked`);
    const group = (radio) => stops.find((other) => other.name === radio.name && chosen(other));
    return stops.filter((node) => node.type !== "radio" || group(node) === node).map(name);
  }

  const stopsNamed = (wanted) => controls().find((node) => name(node) === wanted);

  /** What the keyboard has reached, in order, and what is wrong with how that is seen. */
  let walked = [];
  document.addEventListener("focusin", ({ target: node }) => {
    const problems = [];
    const style = getComputedStyle(node);
    const { top, left, right } = node.getBoundingClientRect();
    if (style.outlineStyle === "none" || Number.parseFloat(style.outlineWidth) < 2) problems.push(`the focus on ${name(node)} is not seen`);
    else if (ratio(style.outlineColor, background(node.parentElement)) < 3) problems.push(`the focus on ${name(node)} is hardly seen`);
    // The eye goes line by line, in the direction of the script.
    const before = walked.at(-1);
    const y = top + scrollY;
    const back = getComputedStyle(node.parentElement).direction === "rtl" ? right > before?.right : left < before?.left;
    if (before && (y < before.y - 8 || (Math.abs(y - before.y) <= 8 && back))) problems.push(`${name(node)} comes after what stands behind it`);
    walked.push({ name: name(node), problems, y, left, right });
  });

  globalThis.checks = {
    contrast,
    stopsInOrder,

    go(story, place, language) {
      document.activeElement.blur();
      preview.go(story, place, language);
    },

    /** These checks on each of these places. */
    everywhere(names, places, language) {
      return places.flatMap((place, index) => {
        this.go(place.story, place.screen, language);
        return names.map((check) => ({ name: check, place: index, problems: this[check]() }));
      });
    },

    /** Each distinct screen once, with a name for its picture. */
    places() {
      const known = new Set();
      const places = [];
      preview.stories.forEach((story, index) => story.screens.forEach(({ screen: { step, busy, field }, text }, place) => {
        const key = JSON.stringify([step.kind, busy, field?.revealed, text]);
        if (known.has(key)) return;
        known.add(key);
        places.push({ story: index, screen: place, name: story.name, step: step.kind, error: text.field?.error != null, field: field?.kind ?? null, busy, detail: text.detail != null, shot: `${step.kind} ${story.name} ${place + 1}` });
      }));
      return places;
    },

    /** What the accessibility tree has to say. */
    described() {
      const input = (node) => ({
        label: node.labels[0]?.textContent ?? "?",
        described: [$("field-hint"), $("field-error")].filter((text) => text && isShown(text)).map((text) => text.textContent),
        invalid: Boolean($("field-error") && isShown($("field-error"))),
      });
      return {
        title: kept.title.textContent,
        status: $("status").textContent,
        labels: all("button", screen).filter(isShown).map((button) => button.innerText),
        fields: all("input", screen).filter(isShown).map(input),
      };
    },

    primary() {
      const problems = [];
      for (const [id, node] of Object.entries(kept)) {
        if ($(id) !== node) problems.push(`${id} is another node than before`);
      }
      const primary = $("primary");
      if (!primary || !isShown(primary)) return [...problems, "there is no large button"];
      if (primary.disabled || primary.ariaDisabled === "true" || primary.inert) problems.push("the large button is disabled");
      if (primary.innerText.trim() === "") problems.push("the large button says nothing");
      const order = ["title", "status", "primary", "secondary"].map($);
      if (!order.every((node, index) => index === 0 || order[index - 1].compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)) problems.push("the slots are out of order");
      return problems;
    },

    targets() {
      const area = (node) => (node.type === "radio" ? node.labels[0] : node).getBoundingClientRect();
      return controls().flatMap((node) => {
        const { width, height } = area(node);
        return width >= 48 && height >= 48 ? [] : [`${name(node)} is ${round(width)} by ${round(height)}`];
      });
    },

    /** At most four controls, besides what is typed into. */
    stops() {
      const stops = stopsInOrder(screen).length - stopsInOrder($("field")).length;
      return stops <= 4 ? [] : [`${stops} controls`];
    },

    direction() {
      const problems = [];
      const { tag, direction } = preview.languages.find((language) => language.tag === $("language").value);
      if (screen.lang !== tag) problems.push(`marked as ${screen.lang}`);
      for (const node of [screen, ...all("*", screen)]) {
        if (getComputedStyle(node).direction !== direction && node.localName !== "bdi") problems.push(`${name(node)} runs the wrong way`);
      }
      const range = document.createRange();
      range.selectNodeContents($("status"));
      const [line, box] = [range.getBoundingClientRect(), $("status").getBoundingClientRect()];
      if (range.toString() && Math.abs(direction === "rtl" ? box.right - line.right : line.left - box.left) > 2) problems.push("the status begins at the wrong side");
      const [first, second] = [...$("secondary").children].map((button) => button.getBoundingClientRect());
      if (second && Math.abs(first.top - second.top) < 4 && (direction === "rtl") !== first.left > second.left) problems.push("the controls stand the wrong way round");
      return problems;
    },

    reflow() {
      const problems = [];
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth > width) problems.push(`scrolls sideways: ${document.documentElement.scrollWidth}`);
      for (const node of all("body, body *").filter((node) => isShown(node) && !hiddenFromSight(node))) {
        const { left, right } = node.getBoundingClientRect();
        if (left < -1 || right > width + 1) problems.push(`${name(node)} leaves the page`);
        const style = getComputedStyle(node);
        const isBox = node.clientHeight > 0 && !["select", "input"].includes(node.localName);
        if (isBox && (node.scrollHeight > node.clientHeight + 2 || node.scrollWidth > node.clientWidth + 2)) problems.push(`${name(node)} is cut off or overflows`);
        if (style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none") problems.push(`${name(node)} may be shortened`);
      }
      return problems;
    },

    "forced colours"() {
      if (!matchMedia("(forced-colors: active)").matches) return ["colours are not forced"];
      const problems = contrast();
      for (const node of drawn()) {
        const style = getComputedStyle(node);
        if (style.borderTopStyle === "none" || Number.parseFloat(style.borderTopWidth) < 1) problems.push(`${name(node)} has no edge`);
      }
      for (const node of all("body *")) {
        if (getComputedStyle(node).forcedColorAdjust === "none") problems.push(`${name(node)} keeps its own colours`);
      }
      return problems;
    },

    "reduced motion"() {
      const moving = document.getAnimations().map(({ effect }) => `${name(effect.target)} moves`);
      const smooth = all("html, body, body *").filter((node) => getComputedStyle(node).scrollBehavior === "smooth");
      return [...moving, ...smooth.map((node) => `${name(node)} glides`)];
    },

    /** As if the page had just been opened, so that the next Tab reaches its first control; or on that control. */
    startAt(control) {
      const node = control ? stopsNamed(control) : document.body;
      if (!control) node.tabIndex = -1;
      node.focus();
      if (!control) node.removeAttribute("tabindex");
      walked = [];
    },
    walked: () => walked,

    listenToPrimary() {
      pressed = false;
      $("primary").addEventListener("click", (event) => { pressed = true; event.stopImmediatePropagation(); }, { capture: true, once: true });
    },
    wasPressed: () => pressed,

    /** Steps of the recordings that say something or move the focus, once for each kind. */
    paths() {
      const known = new Set();
      const paths = [];
      preview.stories.forEach(({ screens }, story) => screens.forEach(({ screen: { step, focus }, cues }, place) => {
        if (place === 0 || known.has(step.kind)) return;
        known.add(step.kind);
        const said = cues.findLast(({ cue }) => cue.say);
        paths.push({ step: step.kind, said: { story, place, politeness: said?.cue.say.politeness ?? null, text: said?.text ?? null }, focus });
      }));
      return paths;
    },

    /** Goes there as a person with the focus on the large button would. */
    async follow({ story, place, politeness, text }, focus) {
      const problems = [];
      preview.go(story, place - 1, "en");
      $("primary").focus();
      preview.go(story, place, "en");
      const here = document.activeElement;
      const field = $("typed");
      const wanted = focus === "title" ? $("title") : focus === "field" ? field : $("primary");
      if (here !== wanted) problems.push(`the focus is on ${name(here)}, not on ${name(wanted)}`);
      if (text === null) return problems;
      const words = recordings.texts[text].en;
      await new Promise((resolve) => setTimeout(resolve, 120));
      const [spoken, silent] = politeness === "assertive" ? [$("assertive"), $("polite")] : [$("polite"), $("assertive")];
      if (spoken.textContent !== words) problems.push(`"${words}" is not in the ${politeness} region`);
      if (silent.textContent !== "") problems.push(`"${silent.textContent}" is left in the other region`);
      return problems;
    },
  };
}
