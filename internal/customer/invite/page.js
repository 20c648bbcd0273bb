// The buttons that copy. All the rest of the page works without this.
"use strict";
(() => {
  const said = document.getElementById("said");

  const byClipboard = async (text) => {
    if (!navigator.clipboard || !window.isSecureContext) return false; // a file is not everywhere a secure context
    try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
  };

  // The text goes past the selection, whose line breaks and blanks are the style's. Something has to be selected still.
  const byCommand = (text, button) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.readOnly = true;
    area.className = "out-of-sight";
    document.body.append(area);
    area.select();
    let done = false;
    const put = (event) => {
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
      done = true;
    };
    document.addEventListener("copy", put);
    try { done = document.execCommand("copy") && done; } catch { done = false; }
    document.removeEventListener("copy", put);
    area.remove();
    button.focus({ preventScroll: true });
    return done;
  };

  // Where no program may copy, a person can.
  const select = (code) => {
    const fold = code.closest("details:not(.way)");
    if (fold) fold.open = true;
    getSelection().selectAllChildren(code);
    code.parentElement.focus();
  };

  const tell = (button, word, sentence) => {
    const face = button.firstElementChild;
    clearTimeout(button.timer);
    face.textContent = word;
    button.classList.toggle("done", word === "Copied");
    said.textContent = ""; // so that the same sentence is read again
    requestAnimationFrame(() => { said.textContent = sentence; });
    button.timer = setTimeout(() => { face.textContent = "Copy"; button.classList.remove("done"); }, 2500);
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const code = document.getElementById(button.dataset.copy);
    const name = button.lastElementChild.textContent.trim();
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = code.textContent;
      if (await byClipboard(text) || byCommand(text, button)) {
        tell(button, "Copied", `${name}: copied.`);
      } else {
        select(code);
        tell(button, "Selected", `${name}: this browser does not let a page copy. The text is selected: copy it with your keyboard.`);
      }
    });
  }
})();
