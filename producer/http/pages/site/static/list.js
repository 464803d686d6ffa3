// Reloads the list every 3 s.
const offline = document.getElementById("offline");
setInterval(async () => {
  try {
    const answer = await fetch(location.href);
    if (answer.status === 401) location.reload();
    if (!answer.ok) throw new Error(answer.status);
    const anew = new DOMParser().parseFromString(await answer.text(), "text/html");
    const old = document.getElementById("list"), now = anew.getElementById("list");
    if (old.innerHTML !== now.innerHTML && !old.contains(document.activeElement))
      old.replaceChildren(...now.childNodes);
    offline.hidden = true;
  } catch { offline.hidden = false; }
}, 3000);
