// Draws the screens and cues of a recording. `recordings.js` is written by `cargo xtask web`.
"use strict";

const $ = (id) => document.getElementById(id);

/** A screen and everything given until the next one. */
function screensOf(story) {
  const screens = [];
  for (const event of story.events) {
    if (event.screen) screens.push({ ...event, cues: [] });
    else screens.at(-1)?.cues.push(event);
  }
  return screens;
}

const recordings = globalThis.recordings ?? { languages: [], texts: [], stories: [] };
const stories = recordings.stories.map((story) => ({ ...story, screens: screensOf(story) }));
const now = { story: 0, screen: 0, language: "en", timers: [], saying: 0 };

const text = (place) => (place === null || place === undefined ? "" : recordings.texts[place][now.language]);
const shown = () => stories[now.story].screens[now.screen];

function setText(node, words) {
  // A node that is written to is announced anew by some screen readers, even with the same text.
  if (node.textContent !== words) node.textContent = words;
}

function show(node, words) {
  setText(node, words);
  node.hidden = words === "";
}

/** The screen is a complete picture: drawing it twice changes nothing. */
function draw({ screen, text: words }) {
  const language = recordings.languages.find(({ tag }) => tag === now.language);
  $("screen").lang = language.tag;
  $("screen").dir = language.direction;
  const hadFocus = document.activeElement;
  const inside = hadFocus === document.body || $("screen").contains(hadFocus);
  setText($("title"), text(words.title));
  setText($("status"), text(words.status));
  show($("detail"), text(words.detail));
  drawField(screen, words.field);
  setText($("primary-label"), text(words.primary));
  $("busy").hidden = !screen.busy;
  drawSecondary(screen.secondary, words.secondary);
  show($("help"), text(words.help));
  const lost = hadFocus !== document.body && !document.contains(hadFocus);
  if (!inside && !lost) return;
  // Whoever is at the playback stays there; a phone has no playback.
  if (screen.focus === "field") ($("typed") ?? $("title")).focus();
  else if (screen.focus === "title" || lost) $("title").focus();
}

function drawSecondary(actions, labels) {
  const place = $("secondary");
  const kept = new Map([...place.children].map((button) => [button.dataset.action, button]));
  const buttons = actions.map(({ id }, index) => {
    const button = kept.get(id) ?? document.createElement("button");
    button.type = "button";
    button.dataset.action = id;
    setText(button, text(labels[index]));
    return button;
  });
  if (buttons.some((button, index) => place.children[index] !== button) || place.children.length !== buttons.length) {
    place.replaceChildren(...buttons);
  }
}

const element = (name, properties, ...children) => {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
};

function drawField(screen, words) {
  const place = $("field");
  const items = screen.step.kind === "network_list" ? screen.step.items : null;
  const kind = items ? "networks" : screen.field?.kind ?? "";
  // What was typed stays as long as the same thing is asked for.
  if (place.dataset.kind !== kind) {
    place.dataset.kind = kind;
    place.replaceChildren(...fieldOf(kind));
  }
  place.hidden = kind === "";
  if (items) drawNetworks(screen.step);
  if (!words) return;
  setText($("field-label"), text(words.label));
  setText($("field-hint"), text(words.hint));
  show($("field-error"), text(words.error));
  const invalid = words.error !== null;
  for (const input of place.querySelectorAll("input")) {
    input.setAttribute("aria-invalid", invalid);
    input.setAttribute("aria-describedby", invalid ? "field-error field-hint" : "field-hint");
  }
  if (kind === "password") $("typed").type = screen.field.revealed ? "text" : "password";
}

function fieldOf(kind) {
  const error = element("p", { id: "field-error", className: "error", hidden: true });
  const hint = element("p", { id: "field-hint", className: "hint" });
  switch (kind) {
    case "password":
      return [
        element("label", { id: "field-label", htmlFor: "typed" }),
        element("input", { id: "typed", type: "password", autocomplete: "current-password", spellcheck: false, autocapitalize: "off" }),
        hint,
        error,
      ];
    case "network_name":
      return [
        element("label", { id: "field-label", htmlFor: "typed" }),
        element("input", { id: "typed", type: "text", autocomplete: "off", spellcheck: false, autocapitalize: "off" }),
        hint,
        error,
      ];
    case "counts": {
      const numbers = element("div", { className: "numbers" });
      for (const n of [1, 2, 3]) {
        const id = n === 1 ? "typed" : `typed-${n}`;
        numbers.append(
          element(
            "p",
            {},
            element("label", { htmlFor: id, textContent: n }),
            element("input", { id, type: "number", min: 1, max: 6, inputMode: "numeric", autocomplete: "off" }),
          ),
        );
      }
      return [element("fieldset", {}, element("legend", { id: "field-label" }), hint, numbers, error)];
    }
    case "networks": {
      const group = element("div", { id: "networks" });
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-labelledby", "title");
      return [group];
    }
    default:
      return [];
  }
}

function drawNetworks({ items, selected }) {
  $("networks").replaceChildren(
    ...items.map(({ ssid }, index) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name: "network", id: index === (selected ?? 0) ? "typed" : "", checked: index === selected }),
        // A name is in no language and has its own direction.
        element("bdi", { textContent: ssid, lang: "" }),
      ),
    ),
  );
}

/** A live region that already holds the same words is silent: it is emptied first. */
function say(politeness, words) {
  for (const region of [$("polite"), $("assertive")]) region.textContent = "";
  const region = politeness === "assertive" ? $("assertive") : $("polite");
  clearTimeout(now.saying);
  now.saying = setTimeout(() => { region.textContent = words; }, 50);
}

const FELT = { heard: "vibrates once: heard you", your_turn: "vibrates twice: your turn", problem: "vibrates three times: a problem", done: "vibrates long: done" };
const PLAYED = { tick: "plays one short note", turn: "plays two rising notes", stop: "plays three low notes", ok: "plays a long chord" };

function describe({ cue }, words) {
  if (cue.feel) return [FELT[cue.feel]];
  if (cue.play) return [PLAYED[cue.play]];
  const how = cue.say.must ? `says (${cue.say.politeness}, must arrive): ` : `says (${cue.say.politeness}): `;
  return [how, element("q", { lang: now.language, dir: $("screen").dir, textContent: words })];
}

function give(event) {
  const words = text(event.text);
  if (event.cue.say) say(event.cue.say.politeness, words);
  $("cues").append(element("li", {}, ...describe(event, words)));
}

function drawPosition() {
  const { screens, description } = stories[now.story];
  setText($("description"), description);
  setText($("position"), `Screen ${now.screen + 1} of ${screens.length}, ${shown().at.toFixed(1)} seconds after the beginning`);
}

/** Shows a screen and gives its cues, at once or at their times. */
function enter(screen, timed) {
  stop();
  now.screen = screen;
  const current = shown();
  const next = stories[now.story].screens[screen + 1];
  $("cues").replaceChildren();
  setText($("note"), "");
  draw(current);
  drawPosition();
  if (!timed) {
    current.cues.forEach(give);
    return;
  }
  setText($("play"), "Pause");
  const later = (at, act) => now.timers.push(setTimeout(act, (at - current.at) * 1000));
  for (const cue of current.cues) later(cue.at, () => give(cue));
  if (next) later(next.at, () => enter(screen + 1, true));
  else later((current.cues.at(-1) ?? current).at, stop);
}

function stop() {
  now.timers.forEach(clearTimeout);
  now.timers = [];
  setText($("play"), "Play");
}

const isLast = () => now.screen + 1 === stories[now.story].screens.length;

function step() {
  if (isLast()) setText($("note"), "This is the end of the story.");
  else enter(now.screen + 1, false);
}

function pressed(action) {
  if (action === "say_again") {
    say("polite", $("status").textContent);
    return;
  }
  const next = stories[now.story].screens[now.screen + 1];
  const moves = action === shown().screen.primary.id && next && next.screen.step.kind !== shown().screen.step.kind;
  if (moves) step();
  else setText($("note"), isLast() ? "This is the end of the story." : "The person in this story does something else here.");
}

function begin() {
  for (const [index, story] of stories.entries()) {
    $("story").append(element("option", { value: index, textContent: story.name }));
  }
  for (const { tag } of recordings.languages) {
    const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag);
    $("language").append(element("option", { value: tag, lang: tag, textContent: name }));
  }
  if (stories.length === 0) {
    setText($("status"), "There is no recording yet: run cargo xtask web --record, and open the page it names.");
    setText($("primary-label"), "Look again");
    $("primary").addEventListener("click", () => location.reload());
    return;
  }
  $("story").addEventListener("change", () => {
    now.story = Number($("story").value);
    enter(0, false);
  });
  $("language").addEventListener("change", () => {
    now.language = $("language").value;
    enter(now.screen, false);
  });
  $("play").addEventListener("click", () => {
    if (now.timers.length > 0) stop();
    else enter(isLast() ? 0 : now.screen, true);
  });
  $("step").addEventListener("click", step);
  $("restart").addEventListener("click", () => enter(0, false));
  $("primary").addEventListener("click", () => pressed(shown().screen.primary.id));
  $("secondary").addEventListener("click", ({ target }) => pressed(target.dataset.action));
  enter(0, false);
}

/** For the checks: shows a screen as if it had been reached by playing. */
globalThis.preview = {
  stories,
  languages: recordings.languages,
  go(story, screen, language) {
    now.story = story;
    now.language = language;
    $("story").value = story;
    $("language").value = language;
    enter(screen, false);
  },
  field: drawField,
};

begin();
