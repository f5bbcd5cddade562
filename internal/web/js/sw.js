// The service worker shows what is pushed and posts the answer that was
// pressed. It keeps no copy of any page: an old state is worse than none.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", e => e.waitUntil(self.clients.claim()));

self.addEventListener("push", e => {
  let m = {};
  try { m = e.data.json(); } catch { m = {title: "Tocsin", body: e.data ? e.data.text() : ""}; }
  const data = {view: m.view || "/", acknowledge: m.acknowledge, escalate: m.escalate};
  const actions = [];
  if (m.acknowledge) actions.push({action: "acknowledge", title: "Acknowledge"});
  if (m.escalate) actions.push({action: "escalate", title: "Escalate"});
  e.waitUntil(self.registration.showNotification((m.drill ? "DRILL · " : "") + (m.title || "Tocsin"), {
    body: m.body || "", tag: m.tag || m.id, renotify: Boolean(m.tag || m.id), requireInteraction: m.urgency === "high",
    icon: "/icon-192.png", badge: "/badge.png", data, actions, timestamp: m.at ? Date.parse(m.at) : Date.now(),
  }));
});

const ours = url => { try { return new URL(url, location.origin).origin === location.origin; } catch { return false; } };

self.addEventListener("notificationclick", e => {
  e.notification.close();
  const d = e.notification.data || {};
  const url = d[e.action];
  const view = ours(d.view) ? d.view : "/";
  if (!url || !ours(url)) { e.waitUntil(self.clients.openWindow(view)); return; }
  e.waitUntil(fetch(url, {method: "POST", headers: {Accept: "text/plain"}})
    .then(async r => self.registration.showNotification(r.ok ? "Done" : "That did not work", {body: await r.text(), tag: "answer", icon: "/icon-192.png", data: {view}}))
    .catch(() => self.registration.showNotification("Not sent: no connection", {body: "Press to open the page and try again.", tag: "answer", data: {view}})));
});
