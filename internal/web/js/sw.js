// The service worker shows what is pushed and posts the answer that was
// pressed. It keeps no copy of any page: an old state is worse than none.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", e => e.waitUntil(self.clients.claim()));

self.addEventListener("push", e => {
  let m = {};
  try { m = e.data.json(); } catch { m = {title: "Tocsin", body: e.data ? e.data.text() : ""}; }
  e.waitUntil(self.registration.showNotification(m.title || "Tocsin", {
    body: m.body || "", tag: m.tag || m.id, renotify: Boolean(m.tag || m.id), requireInteraction: m.kind === "page",
    icon: "/icon-192.png", badge: "/badge.png", actions: (m.actions || []).slice(0, 2), data: {token: m.token, url: m.url},
  }));
});

// Only our own pages are opened: the address comes from a message.
const view = d => {
  if (d.token) return "/a/" + encodeURIComponent(d.token);
  try { if (new URL(d.url, location.origin).origin === location.origin) return d.url; } catch { /* not an address */ }
  return "/";
};

self.addEventListener("notificationclick", e => {
  e.notification.close();
  const d = e.notification.data || {};
  if (!e.action || !d.token) { e.waitUntil(self.clients.openWindow(view(d))); return; }
  const say = (title, body) => self.registration.showNotification(title, {body, tag: "answer", icon: "/icon-192.png", badge: "/badge.png", data: d});
  e.waitUntil(fetch("/a/" + encodeURIComponent(d.token) + "?do=" + encodeURIComponent(e.action), {method: "POST", headers: {Accept: "text/plain"}})
    .then(async r => say(r.ok ? "Done" : "That did not work", (await r.text()).trim()))
    .catch(() => say("Not sent: no connection", "Press here to open the page and try again.")));
});
