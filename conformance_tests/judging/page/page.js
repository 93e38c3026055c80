"use strict";

(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const root = document.documentElement;
  const checks = all(".check");
  const chips = all(".chip");
  const cards = all(".card");
  const text = one("text");
  const profile = one("profile");
  const words = new Map(checks.map((check) => [check, wordsOf(check)]));

  root.classList.add("js");

  /* What a search looks at: the title, the reason, the fact and the id. */
  function wordsOf(check) {
    const parts = [check.id, ...all(".words, .fact, .fault", check).map((part) => part.textContent)];
    return parts.join(" ").toLowerCase();
  }

  function fits(check, verdicts, wanted) {
    const { verdict, profiles } = check.dataset;
    return (
      (!verdicts.size || verdicts.has(verdict)) &&
      (!profile.value || profiles.split(" ").includes(profile.value)) &&
      wanted.every((word) => words.get(check).includes(word))
    );
  }

  function filter() {
    const pressed = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true");
    const verdicts = new Set(pressed.map((chip) => chip.dataset.verdict));
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const check of checks) check.hidden = !fits(check, verdicts, wanted);
    for (const group of all(".group")) frame(group);
    const shown = checks.filter((check) => !check.hidden).length;
    one("shown").textContent = shown === checks.length ? `${shown} checks` : `${shown} of ${checks.length}`;
    one("nothing").hidden = shown > 0;
    for (const card of cards) card.setAttribute("aria-current", String(card.dataset.profile === profile.value));
  }

  /* Round the corners of what is still there; a group without checks goes away. */
  function frame(group) {
    const shown = all(".check", group).filter((check) => !check.hidden);
    for (const check of all(".check", group)) check.classList.remove("first", "last");
    shown.at(0)?.classList.add("first");
    shown.at(-1)?.classList.add("last");
    group.hidden = !shown.length;
  }

  function reset() {
    for (const chip of chips) chip.setAttribute("aria-pressed", "false");
    text.value = profile.value = "";
    filter();
  }

  function toggle(button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    return on;
  }

  /* Storage and clipboard are refused to some pages that were opened from a file. */
  function remembered(theme) {
    try {
      if (theme) localStorage.setItem("theme", theme);
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  }

  async function copy(button) {
    const report = button.nextElementSibling;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(report.value);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), 2000);
    } catch {
      report.hidden = false;
      report.focus();
      report.select();
    }
  }

  /* An address with the id of a check shows that check. */
  function arrive() {
    const check = one(decodeURIComponent(location.hash.slice(1)));
    if (check?.matches(".check")) {
      check.hidden = false;
      check.open = true;
      check.scrollIntoView();
    }
  }

  const theme = one("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const chosen = remembered();
  if (chosen) root.dataset.theme = chosen;
  theme.setAttribute("aria-pressed", String(chosen ? chosen === "dark" : dark.matches));
  theme.addEventListener("click", () => {
    root.dataset.theme = toggle(theme) ? "dark" : "light";
    remembered(root.dataset.theme);
  });

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      toggle(chip);
      filter();
    });
  }
  for (const card of cards) {
    card.addEventListener("click", (event) => {
      event.preventDefault();
      profile.value = card.dataset.profile === profile.value ? "" : card.dataset.profile;
      filter();
      text.closest(".tools").scrollIntoView();
    });
  }
  for (const button of all(".copy")) button.addEventListener("click", () => copy(button));
  text.addEventListener("input", filter);
  profile.addEventListener("change", filter);
  one("reset").addEventListener("click", reset);
  addEventListener("hashchange", arrive);
  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      text.focus();
    } else if (event.key === "Escape" && event.target === text) {
      reset();
    }
  });

  filter();
  arrive();
})();
