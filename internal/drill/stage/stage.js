// What the stage gains with a script: it looks again by itself, counts down,
// and a button does not leave the page. Everything works without it.
(() => {
  document.documentElement.classList.add("live");
  const main = document.querySelector("[data-now]");
  let drift = Date.parse(main.dataset.now) - Date.now();

  const tick = () => {
    for (const el of document.querySelectorAll("[data-until]")) {
      const s = Math.max(0, Math.round((Date.parse(el.dataset.until) - Date.now() - drift) / 1000));
      if (el.textContent !== s + " s") el.textContent = s + " s";
    }
  };
  setInterval(tick, 500);

  // Replace only what differs, so that nothing moves under a finger.
  const shown = new Map();
  for (const el of document.querySelectorAll("[data-part]")) shown.set(el.id, el.outerHTML);
  const put = text => {
    const next = new DOMParser().parseFromString(text, "text/html");
    drift = Date.parse(next.querySelector("[data-now]").dataset.now) - Date.now();
    for (const fresh of next.querySelectorAll("[data-part]")) {
      const html = fresh.outerHTML, old = document.getElementById(fresh.id);
      if (!old || shown.get(fresh.id) === html) continue;
      shown.set(fresh.id, html);
      const open = [...old.querySelectorAll("details[open]")].map(d => d.id);
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const key = focused && [...old.querySelectorAll("a, button, summary")].indexOf(focused);
      const node = document.importNode(fresh, true);
      for (const id of open) { const d = node.querySelector("#" + CSS.escape(id)); if (d) d.open = true; }
      old.replaceWith(node);
      if (focused) { const again = node.querySelectorAll("a, button, summary")[key]; if (again) again.focus({preventScroll: true}); }
      // On a narrow screen the phones stand in a row, and the one that rings first.
      if (node.classList.contains("ringing") && !old.classList.contains("ringing")) node.parentElement.scrollTo({left: 0});
    }
    tick();
  };

  let busy = false, again = false;
  const look = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.pathname, {headers: {"Accept": "text/html"}});
      if (answer.ok) put(await answer.text());
    } catch { /* the demo has ended, or comes back */ }
    busy = false;
    if (again) { again = false; look(); }
  };

  let pending;
  const soon = () => { clearTimeout(pending); pending = setTimeout(look, 80); };
  let source;
  const listen = () => { source = new EventSource("/demo/events"); source.addEventListener("changed", soon); };
  listen();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", e => { if (e.persisted) { listen(); look(); } });
  // Clocks on the telephones move, and a check that stays content says nothing.
  setInterval(() => { if (!document.hidden) look(); }, 3000);

  document.addEventListener("submit", async e => {
    const form = e.target;
    if (!form.matches("[data-quiet]")) return;
    e.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "1";
    const body = new URLSearchParams(new FormData(form));
    if (e.submitter && e.submitter.name) body.set(e.submitter.name, e.submitter.value);
    try { await fetch(form.action, {method: "POST", body, redirect: "manual"}); } catch { form.submit(); return; }
    delete form.dataset.sent;
    look();
  });

  document.addEventListener("click", async e => {
    const copy = e.target.closest("[data-copy]");
    if (!copy) return;
    try { await navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent); copy.textContent = "Copied"; }
    catch { copy.textContent = "Select and copy by hand"; }
    setTimeout(() => { copy.textContent = "Copy"; }, 2500);
  });
  for (const b of document.querySelectorAll("[data-copy]")) b.hidden = false;
})();
