// What a page gains with a script: clocks that run, news without a reload,
// keys, copying, push. Everything else works without it.
(() => {
  const root = document.documentElement;
  const drift = Number(root.dataset.now || Date.now()) - Date.now();
  const now = () => Date.now() + drift;

  // The same words as roughly() in stamp.go.
  const roughly = ms => {
    const s = Math.round(ms / 1000);
    if (s < 90) return s + " s";
    if (s < 5400) return Math.floor(s / 60) + " min";
    if (s < 129600) return Math.floor(s / 3600) + " h";
    const d = Math.floor(s / 86400);
    return d === 1 ? "1 day" : d + " days";
  };
  const rel = ms => ms < -5000 ? "in " + roughly(-ms) : ms < 5000 ? "just now" : roughly(ms) + " ago";
  const tick = () => {
    for (const el of document.querySelectorAll("[data-rel],[data-for],[data-left]")) {
      const at = Date.parse((el.closest("time") || el).getAttribute("datetime"));
      if (isNaN(at)) continue;
      const age = now() - at;
      const text = "for" in el.dataset ? roughly(Math.abs(age)) : rel(age);
      if (el.textContent !== text) el.textContent = text;
    }
  };
  if (root.dataset.still === undefined) setInterval(tick, 1000);

  // News: a page that is only looked at is brought up to date in place; a list
  // or a form that somebody works with says that there is something new.
  const busy = () => {
    const el = document.activeElement;
    return el && el.closest("[data-live]") && el.matches("input, select, textarea");
  };
  let pending;
  const refresh = () => {
    clearTimeout(pending);
    pending = setTimeout(() => {
      const live = document.querySelector("[data-live]");
      if (!live || live.dataset.live === "wait" || busy()) {
        const news = document.getElementById("news");
        if (news && document.querySelector("[data-live=wait]")) news.hidden = false;
        return;
      }
      htmx.ajax("GET", root.dataset.path || location.href, {target: "#live", select: "#live", swap: "outerMorph"}).then(tick, () => {});
    }, 250);
  };
  if (window.EventSource && document.querySelector("[data-live]")) {
    let source;
    const open = () => { source = new EventSource("/events?after=" + (root.dataset.pos || "")); source.addEventListener("changed", refresh); };
    open();
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", e => { if (e.persisted) { open(); refresh(); } });
  }

  // Keys: / searches, ? helps, g and a letter goes there.
  let going = 0;
  addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, [contenteditable]")) return;
    if (e.key === "/") { const q = document.getElementById("q"); if (q && q.offsetParent) { e.preventDefault(); q.focus(); } else location.href = "/search"; }
    else if (e.key === "?") location.href = "/help";
    else if (e.key === "g") going = Date.now();
    else if (Date.now() - going < 1500) {
      going = 0;
      const link = document.querySelector('.rail a[data-key="' + CSS.escape(e.key) + '"]');
      if (link) link.click();
    }
  });

  document.addEventListener("click", async e => {
    const copy = e.target.closest("[data-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.copy).textContent;
      try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; } catch { copy.textContent = "Select and copy by hand"; }
      setTimeout(() => { copy.textContent = "Copy"; }, 2500);
    }
  });
  for (const b of document.querySelectorAll("[data-copy]")) b.hidden = false;

  // A second press while the first is on its way does nothing.
  document.addEventListener("submit", e => {
    if (e.target.dataset.sent) { e.preventDefault(); return; }
    if (e.target.method !== "post") return;
    e.target.dataset.sent = "1";
    setTimeout(() => { delete e.target.dataset.sent; }, 4000);
  });

  for (const box of document.querySelectorAll("[data-filter-for]")) {
    box.addEventListener("change", () => box.form.requestSubmit());
  }

  // A calendar that is wider than the screen begins at now.
  for (const box of document.querySelectorAll(".picture-box")) {
    const line = box.querySelector(".now-line");
    if (line && box.scrollWidth > box.clientWidth) box.scrollLeft = line.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 3;
  }

  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone && !document.cookie.includes("zone=" + zone)) document.cookie = "zone=" + zone + "; path=/; max-age=31536000; samesite=lax";
  } catch { /* the server says UTC */ }

  // Push: ask, subscribe, hand the subscription to a real form.
  const push = document.getElementById("push-form");
  if (push && "serviceWorker" in navigator && "PushManager" in window) {
    const key = push.dataset.key, say = push.querySelector("output");
    push.hidden = false;
    push.addEventListener("submit", async e => {
      if (push.endpoint.value) return;
      e.preventDefault();
      delete push.dataset.sent;
      try {
        if (await Notification.requestPermission() !== "granted") { say.textContent = "This browser does not allow messages from Tocsin; allow them in its settings."; return; }
        const worker = await navigator.serviceWorker.ready;
        const raw = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
        const sub = (await worker.pushManager.subscribe({userVisibleOnly: true, applicationServerKey: raw})).toJSON();
        push.endpoint.value = sub.endpoint;
        push.p256dh.value = sub.keys.p256dh;
        push.auth.value = sub.keys.auth;
        push.submit();
      } catch (err) { say.textContent = "That did not work: " + err.message; }
    });
  }
  if ("serviceWorker" in navigator && isSecureContext) navigator.serviceWorker.register("/sw.js").catch(() => {});
})();
