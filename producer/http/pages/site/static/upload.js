// Sends the upload form with a progress bar, accepts a file dropped anywhere on the form, and keeps
// the chosen file while the user corrects something else. Without scripts it is a plain form.
const chosen = { file: null };

const prepare = () => {
  const section = document.getElementById("upload");
  const form = section?.querySelector("form"), input = section?.querySelector("input[type=file]");
  if (!form) return;
  const put = (file) => {
    const data = new DataTransfer();
    data.items.add(file);
    input.files = data.files;
    chosen.file = file;
  };
  if (chosen.file) put(chosen.file);
  input.addEventListener("change", () => { chosen.file = input.files[0] ?? null; });
  for (const name of ["dragenter", "dragover"])
    section.addEventListener(name, (event) => {
      event.preventDefault();
      section.classList.add("dragging");
    });
  for (const name of ["dragleave", "drop"])
    section.addEventListener(name, () => section.classList.remove("dragging"));
  section.addEventListener("drop", (event) => {
    const file = event.dataTransfer.files[0];
    if (!file) return;
    event.preventDefault();
    put(file);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(section, form);
  });
};

const send = (section, form) => {
  const texts = section.dataset, button = form.querySelector("button");
  const progress = form.querySelector(".progress"), bar = progress.querySelector("progress");
  const status = progress.querySelector("[role=status]");
  const request = new XMLHttpRequest();
  const show = (text, value) => {
    progress.hidden = false;
    status.textContent = text;
    if (value === undefined) bar.removeAttribute("value"); else bar.value = value;
  };
  request.upload.onprogress = (event) => {
    if (!event.lengthComputable) return;
    const share = event.loaded / event.total;
    show(texts.uploading.replace("{share}", `${Math.floor(100 * share)} %`), share);
  };
  request.upload.onload = () => show(texts.checking);
  const failed = () => {
    button.disabled = false;
    bar.value = 0;
    status.textContent = texts.cut;
  };
  request.onerror = request.onabort = request.ontimeout = failed;
  request.onload = () => {
    if (request.status === 200) { location.assign(request.responseURL); return; }
    if (request.status === 401) { location.reload(); return; }
    const anew = new DOMParser().parseFromString(request.responseText, "text/html");
    const now = anew.getElementById("upload") ?? anew.querySelector("main section");
    if (!now) { failed(); return; }
    section.replaceWith(now);
    prepare();
    const notice = now.querySelector(".notice") ?? now;
    notice.tabIndex = -1;
    notice.focus();
  };
  request.open("POST", form.action);
  show(texts.uploading.replace("{share}", "0 %"), 0);
  button.disabled = true;
  request.send(new FormData(form));
};

prepare();
