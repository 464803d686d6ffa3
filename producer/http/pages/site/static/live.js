// Replaces the parts that the server has rendered again.
const shown = {};
const offline = document.getElementById("offline");
const source = new EventSource(location.pathname.replace(/\/$/, "") + "/events");
source.onopen = () => { offline.hidden = true; };
source.onerror = async () => {
  offline.hidden = false;
  if (source.readyState !== EventSource.CLOSED) return;
  // Refused for good: the reloaded page says why, or asks to sign in.
  const answer = await fetch(location.href).catch(() => null);
  if (answer && [401, 404, 409].includes(answer.status)) location.reload();
};
source.addEventListener("status", (event) => {
  const view = JSON.parse(event.data);
  for (const [id, html] of Object.entries(view.parts)) {
    if (shown[id] === html) continue;
    const part = document.getElementById(id);
    const active = document.activeElement, had = part.contains(active);
    if (had && active.matches("input")) continue;
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    shown[id] = html;
    part.innerHTML = html;
    part.querySelectorAll("details").forEach((one, at) => { one.open = one.open || open[at]; });
    if (had) part.focus();
  }
  document.title = view.title;
  if (view.ended) source.close();
});
