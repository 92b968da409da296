// The workbench by keyboard. Each key presses what can be seen: the button, link or summary that
// names it in data-key. Without script every page works too; only the keys and the live remainder
// are missing.
(() => {
  const OFF = "workbench-keys-off";
  const FOLDED = "workbench-keys-folded";
  const POLL_MS = 20000;
  const SETTLE_MS = 350; // a key held down on the page before must not act on this one
  let arrived = Date.now();

  const bench = () => document.getElementById("bench");
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  const areKeysOff = () => localStorage.getItem(OFF) === "1";
  const isTyping = (element) =>
    element.isContentEditable ||
    (element.matches("input, select, textarea") && !["checkbox", "radio"].includes(element.type));

  // --- keys -------------------------------------------------------------------------------------

  const named = (key) =>
    all("[data-key]", bench()).find((one) => one.dataset.key.split(" ").includes(key));

  const press = (target) => {
    if (target.tagName === "SUMMARY") {
      const details = target.parentElement;
      details.open = !details.open;
      if (details.open) {
        closeOthers(details);
        const field = details.querySelector("input:not([type=hidden]), select, textarea, button");
        (field || target).focus();
      }
    } else if (!target.disabled) {
      target.click();
    }
  };

  const closeOthers = (opened) =>
    all("details.drop[open]", bench()).forEach((one) => {
      if (one !== opened) one.open = false;
    });

  const escape = (event) => {
    const element = document.activeElement;
    const drop = element && element.closest("details.drop[open]");
    if (drop) {
      drop.open = false;
      drop.querySelector("summary").focus();
    } else if (isTyping(element)) {
      element.blur();
    } else if (named("Escape")) {
      press(named("Escape"));
    } else {
      return;
    }
    event.preventDefault();
  };

  document.addEventListener("keydown", (event) => {
    if (!bench() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape(event);
    if (areKeysOff() || event.repeat || isTyping(event.target)) return;
    if (Date.now() - arrived < SETTLE_MS && !["j", "k", "ArrowDown", "ArrowUp"].includes(event.key))
      return;
    if (event.key === "Enter" && event.target.closest("a, button, summary, input")) return;
    if (event.key === "/" && focusSearch()) return event.preventDefault();
    if (bench().querySelector("[data-row]") && moveRow(event.key)) return event.preventDefault();
    const target = named(event.key);
    if (!target) return;
    event.preventDefault();
    press(target);
  });

  const focusSearch = () => {
    const field = bench().querySelector("[data-search]");
    if (field) {
      field.focus();
      field.select();
    }
    return Boolean(field);
  };

  // --- the list ---------------------------------------------------------------------------------

  const rows = () => all("[data-row]", bench());
  const rowAt = () => rows().find((row) => row.contains(document.activeElement));
  const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

  const moveRow = (key) => {
    const row = rowAt();
    if (key in moves) {
      const place = row ? rows().indexOf(row) + moves[key] : 0;
      const next = rows()[Math.max(0, Math.min(place, rows().length - 1))];
      next.querySelector(".bench-open").focus();
      next.scrollIntoView({ block: "nearest" });
      return true;
    }
    const tick = row && row.querySelector("input[name=picked]");
    if (key === "x" && tick) {
      tick.checked = !tick.checked;
      showTicked();
      return true;
    }
    return false;
  };

  const showTicked = () => {
    const said = bench() && bench().querySelector("[data-ticked]");
    if (!said) return;
    const boxes = all("input[name=picked]", bench());
    const count = boxes.filter((box) => box.checked).length;
    boxes.forEach((box) => box.closest("tr").classList.toggle("is-ticked", box.checked));
    said.textContent = count
      ? `${count} ticked`
      : "Tick payments to decide about several at once.";
    const every = bench().querySelector("[data-tick-all]");
    if (every) every.checked = count > 0 && count === boxes.length;
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]"))
      all("input[name=picked]", bench()).forEach((box) => (box.checked = event.target.checked));
    if (event.target.matches("[data-tick-all], input[name=picked]")) showTicked();
  });

  // --- a split: exact, in whole units of the smallest digit, never in floats ----------------------

  const digitsOf = (text) => (text.split(".")[1] || "").length;

  const toMinor = (text, digits) => {
    const plain = text.replace(/[,$\s]/g, "");
    if (plain === "") return 0n;
    const parts = /^(-?)(\d*)(?:\.(\d*))?$/.exec(plain);
    if (!parts || (!parts[2] && !parts[3])) return null;
    const fraction = parts[3] || "";
    if (fraction.slice(digits).replace(/0/g, "")) return null;
    const value = BigInt((parts[2] || "0") + fraction.slice(0, digits).padEnd(digits, "0"));
    return parts[1] ? -value : value;
  };

  const toText = (minor, digits, isGrouped) => {
    const sign = minor < 0n ? "-" : "";
    const all_digits = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, "0");
    const cut = all_digits.length - digits;
    const whole = isGrouped
      ? all_digits.slice(0, cut).replace(/\B(?=(\d{3})+$)/g, ",")
      : all_digits.slice(0, cut);
    return sign + whole + (digits ? `.${all_digits.slice(cut)}` : "");
  };

  const symbolOf = (output) => (output.dataset.symbol ??= output.textContent.replace(/[-\d.,?\s]/g, ""));

  const show = (output, minor, digits) => {
    const symbol = symbolOf(output);
    const text = minor === null ? "?" : toText(minor < 0n ? -minor : minor, digits, true);
    output.textContent = minor === null ? "?" : (minor < 0n ? "-" : "") + symbol + text;
  };

  const sum = (fields, digits) =>
    fields.reduce((total, field) => {
      const value = toMinor(field.value, digits);
      field.toggleAttribute("aria-invalid", value === null || value < 0n);
      return total === null || value === null ? null : total + value;
    }, 0n);

  const leftOf = (form, digits) => {
    const paid = sum(all("[data-amount]", form), digits);
    return paid === null ? null : toMinor(form.dataset.held, digits) - paid;
  };

  const recount = (form) => {
    const digits = digitsOf(form.dataset.held);
    const symbol = symbolOf(form.querySelector("[data-left]"));
    all("[data-line]", form).forEach((line) => {
      const taken = sum(all("[data-amount], [data-off]", line), digits);
      const after = taken === null ? null : toMinor(line.dataset.open, digits) - taken;
      const output = line.querySelector("[data-after]");
      output.dataset.symbol = symbol;
      show(output, after, digits);
      line.classList.toggle("is-over", after !== null && after < 0n);
      line.classList.toggle("is-paid", taken !== null && taken > 0n);
    });
    const left = leftOf(form, digits);
    const output = form.querySelector("[data-left]");
    show(output, left, digits);
    output.parentElement.classList.toggle("is-over", left !== null && left < 0n);
    output.parentElement.classList.toggle("is-even", left === 0n);
  };

  const fillLine = (form, line) => {
    const digits = digitsOf(form.dataset.held);
    const field = line.querySelector("[data-amount]");
    field.value = "";
    const left = leftOf(form, digits);
    const off = sum(all("[data-off]", line), digits);
    if (left === null || off === null) return;
    const room = toMinor(line.dataset.open, digits) - off;
    const fits = left < room ? left : room;
    field.value = fits > 0n ? toText(fits, digits, false) : "";
    recount(form);
  };

  const startSplit = (form) => {
    all("[data-all]", form).forEach((button) => (button.hidden = false));
    all("[data-count]", form).forEach((button) => (button.hidden = true));
    recount(form);
    const first = all("[data-amount]", form).find((field) => !field.value);
    (first || form.querySelector("[data-search]")).focus();
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-split]");
    if (form) recount(form);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-all]");
    if (!button) return;
    fillLine(button.closest("[data-split]"), button.closest("[data-line]"));
    button.closest("[data-line]").querySelector("[data-amount]").focus();
  });

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest && event.target.closest("[data-split]");
    if (!form || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("[data-match]").click();
    } else if (event.key === "=" && event.target.matches("[data-amount]")) {
      event.preventDefault();
      fillLine(form, event.target.closest("[data-line]"));
    } else if (event.key === "Enter" && event.target.matches("[data-search]")) {
      event.preventDefault();
      form.querySelector("[data-find]").click();
    } else if (event.key === "Enter" && event.target.matches("[data-amount], [data-off]")) {
      event.preventDefault();
      const fields = all("[data-amount]", form);
      const place = fields.indexOf(event.target.closest("[data-line]").querySelector("[data-amount]"));
      (fields[place + 1] || form.querySelector("[data-match]")).focus();
    }
  });

  // --- arriving at a page -------------------------------------------------------------------------

  const startKeys = (legend) => {
    const button = legend.querySelector("[data-keys-switch]");
    const name = legend.querySelector(".keys-name");
    const fold = (isOpen) => {
      name.setAttribute("aria-expanded", String(isOpen));
      legend.classList.toggle("is-folded", !isOpen);
    };
    const say = () => {
      const isOff = areKeysOff();
      button.textContent = isOff ? "Switch the keys on" : "Switch the keys off";
      button.setAttribute("aria-pressed", String(isOff));
      legend.classList.toggle("is-off", isOff);
    };
    legend.hidden = false;
    fold(localStorage.getItem(FOLDED) !== "1");
    name.addEventListener("click", () => {
      fold(legend.classList.contains("is-folded"));
      localStorage.setItem(FOLDED, legend.classList.contains("is-folded") ? "1" : "0");
    });
    button.addEventListener("click", () => {
      localStorage.setItem(OFF, areKeysOff() ? "0" : "1");
      say();
    });
    say();
  };

  const arrive = () => {
    if (!bench()) return;
    arrived = Date.now();
    all("[data-legend]", bench()).forEach(startKeys);
    all(".tick-all", bench()).forEach((label) => (label.hidden = false));
    showTicked();
    const split = bench().querySelector("[data-split]");
    const search = bench().querySelector(".split-find [data-search]");
    const open = bench().querySelector("details.drop[open] :is(input:not([type=hidden]), select, textarea)");
    const results = bench().querySelector(".bench-results");
    if (split) startSplit(split);
    else (open || results || search || bench().querySelector("[data-focus]"))?.focus();
  };

  document.addEventListener("htmx:beforeSwap", (event) => {
    // what was refused comes back with all that was typed, and is shown
    if ([409, 422].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt?.id === "bench") arrive();
  });
  // Figures of customers do not belong into the browser's storage: going back asks the server.
  htmx.config.historyCacheSize = 0;
  htmx.config.refreshOnHistoryMiss = true;
  setInterval(() => {
    const presence = !document.hidden && bench() && bench().querySelector(".presence");
    if (presence) htmx.trigger(presence, "look");
  }, POLL_MS);
  // The shell hides the page until its own script has run.
  window.addEventListener("load", arrive);
})();
