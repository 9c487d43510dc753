// The little that pages gain from JavaScript; every page works without it.
(function () {
  "use strict";

  // Live parts as they came, before anything below marks something in them.
  document.querySelectorAll("[data-live]").forEach(function (part) { part.served = part.innerHTML; });

  // An open menu closes when something else is pressed.
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      menu.removeAttribute("open");
    });
  });

  // Where the navigation is longer than the page is wide, the place where one is comes into view.
  document.querySelectorAll(".places [aria-current]").forEach(function (place) {
    var row = place.parentElement;
    var off = place.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.scrollLeft += off - (row.clientWidth - place.offsetWidth) / 2;
  });

  // On a phone each row of a table is a card (phone.css): which cell names it, which sum stands beside the name, the headings of the rest.
  // The sum is a column whose heading says data-sum, else the difference or the total, else the first amount.
  // The text of a cell within a closed fold is its textContent alone.
  function said(cell) { return cell.textContent.replace(/\s+/g, " ").trim(); }
  function arrange(table) {
    var heads = table.tHead ? Array.from(table.tHead.rows[0].cells) : [];
    var over = []; // The head over each column.
    heads.forEach(function (cell) {
      for (var n = 0; n < cell.colSpan; n += 1) over.push(cell);
    });
    function numbers(cell) { return cell.classList.contains("num"); }
    var sum = heads.find(function (cell) { return "sum" in cell.dataset; }) || heads.find(function (cell) {
      return /^difference|^total$|^amount$/i.test(said(cell)) && numbers(cell);
    });
    var reach = []; // How many more rows a cell above stands in each column.
    table.querySelectorAll(":scope > tbody > tr, :scope > tfoot > tr").forEach(function (row) {
      var column = 0, named = false, summed = false, last = null;
      Array.from(row.cells).forEach(function (cell) {
        while (reach[column] > 0) reach[column++] -= 1;
        var head = over[column], text = said(cell);
        var whole = cell.rowSpan > 1 || cell.colSpan > 2 || (over.length > 1 && cell.colSpan === over.length);
        if (whole) cell.classList.add("card-whole");
        else if (!named) cell.classList.add("card-name");
        else if (!summed && (sum ? head === sum : numbers(cell)) && text.includes("$")) {
          cell.classList.add("card-sum");
          summed = true;
        }
        else if (head && said(head) === "State") cell.classList.add("card-state");
        else if (head && head !== last && said(head)) cell.dataset.label = said(head);
        if (!text && !cell.querySelector("input, select, img, svg")) text = "–";
        if (text === "–") cell.classList.add("card-none");
        named = named || !whole;
        last = text === "–" ? last : head;
        for (var n = 0; n < cell.colSpan; n += 1) reach[column++] = cell.rowSpan - 1;
      });
      var more = row.querySelector(":scope > :not(.card-name, .card-whole, .card-none)");
      if (row.cells.length > 2 && !more) row.classList.add("card-nothing");
    });
    table.classList.add("cards");
  }
  function arrangeAll() {
    document.querySelectorAll("table.table:not(.cards)").forEach(function (table) {
      if (!table.tHead || table.tHead.rows.length === 1) arrange(table);
    });
  }
  arrangeAll();
  new MutationObserver(function () {
    arrangeAll();
    offerPrint();
    addUp();
  }).observe(document.body, { childList: true, subtree: true });

  // Ticked rows are counted and added up; what can be done with them shows once there are some.
  function ticks(id) { return Array.from(document.querySelectorAll('[data-cents][form="' + id + '"]')); }
  function addUp() {
    document.querySelectorAll("form.chosen").forEach(function (form) {
      var all = form.elements.all, boxes = ticks(form.id), on = boxes.filter(function (box) { return box.checked; });
      var every = document.querySelector('[data-tick-all="' + form.id + '"]');
      var cents = on.reduce(function (sum, box) { return sum + Number(box.dataset.cents); }, 0);
      var dollars = (cents / 100).toLocaleString("en-US", { style: "currency", currency: "USD" });
      var said = all.checked ? all.dataset.said : on.length + " chosen: " + dollars, place = form.querySelector("[data-chosen-sum]");
      if (place.textContent !== said) place.textContent = said;
      form.hidden = !on.length && !all.checked;
      if (!every) return;
      every.parentElement.hidden = false;
      every.checked = on.length > 0 && on.length === boxes.length;
      every.indeterminate = on.length > 0 && on.length < boxes.length;
    });
  }
  document.addEventListener("change", function (event) {
    var id = event.target.dataset.tickAll;
    if (id) ticks(id).forEach(function (box) { box.checked = event.target.checked; });
    addUp();
  });
  window.addEventListener("pageshow", addUp);
  addUp();

  // *Print* is there where it can print.
  function offerPrint() {
    document.querySelectorAll("[data-print][hidden]").forEach(function (button) { button.hidden = false; });
  }
  offerPrint();
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-print]")) window.print();
  });
  // What is folded on screen is whole on paper.
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.fold").forEach(function (fold) { fold.open = true; });
  });

  // After a form was refused one stands in the field that is wrong, else at what is said: never at the top of the page again.
  var wrong = document.querySelector(".is-invalid") || document.querySelector('[data-flashed][role="alert"]');
  if (wrong && (document.activeElement === document.body || document.activeElement.autofocus)) {
    if (wrong.tabIndex < 0) wrong.tabIndex = -1;
    wrong.focus();
  }

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented || event.target.method !== "post") return;
    if (event.submitter && event.submitter.name === "as") return; // A file comes; the page stays.
    if (event.target.dataset.sent) {
      event.preventDefault();
      return;
    }
    event.target.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
  });

  // The page keeps itself fresh: it is fetched again, and its live parts take the place of the old ones, unless somebody is within one, has
  // typed in it or unfolded something. While a job runs that is every two seconds; in a tab that nobody sees, never.
  var every = Number(document.body.dataset.liveSeconds || 20) * 1000, soon = 2000, wait = every;
  var turn = null, waits = false; // `waits`: a job ended while somebody typed; what it brought is put in place when they are done.

  function changed(field) {
    if (field.type === "hidden" || field.type === "submit" || field.type === "button") return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (!field.options) return field.value !== field.defaultValue;
    var chosen = Array.from(field.options).findIndex(function (one) { return one.defaultSelected; });
    return field.selectedIndex !== Math.max(chosen, 0);
  }
  function busy(part) {
    var read = document.getSelection(), at = document.activeElement; // The body, where nobody is anywhere.
    return (at !== document.body && part.contains(at)) || part.querySelector("details[open], dialog[open]") ||
      (!read.isCollapsed && part.contains(read.anchorNode)) || Array.from(part.querySelectorAll("input, select, textarea")).some(changed);
  }
  function same(one, other) {
    var token = /name="csrf_token" value="[^"]*"/g;
    return one.replace(token, "") === other.replace(token, "");
  }
  function put(part, now) {
    if (part.dataset.live !== "toasts" && busy(part)) return false;
    if (!same(part.served || part.innerHTML, now.innerHTML)) {
      var text = now.innerHTML;
      part.replaceChildren.apply(part, Array.from(now.childNodes));
      part.served = text; // As it came, before scripts marked anything in it.
    }
    return true;
  }
  function toast() {
    document.querySelectorAll("[data-toast]").forEach(function (one) {
      var name = "said " + one.dataset.toast;
      try {
        if (sessionStorage.getItem(name)) return;
        sessionStorage.setItem(name, "yes");
      } catch (error) { /* Then it is said again. */ }
      one.hidden = false;
      window.setTimeout(function () { one.hidden = true; }, 10000);
    });
  }
  function take(page) {
    var ran = document.querySelector("[data-job]"), runs = page.querySelector("[data-job]");
    document.querySelectorAll("[data-live]").forEach(function (part) {
      var now = page.querySelector('[data-live="' + part.dataset.live + '"]');
      if (now) put(part, now);
    });
    // What a job brought may stand anywhere on its page.
    if (waits || (ran && (!runs || ran.dataset.job !== runs.dataset.job))) {
      var main = document.getElementById("content"), now = page.getElementById("content");
      waits = Boolean(busy(main));
      if (!waits && document.querySelector("[data-cut-url]")) return window.location.reload(); // Its script is bound to what stands there.
      if (!waits && now) main.replaceChildren.apply(main, Array.from(now.childNodes));
    }
    toast();
  }
  function look() {
    window.clearTimeout(turn);
    if (document.hidden) return;
    // Says that nobody clicked, so that a screen left open ends its login; then the login page takes its place, unless something is typed.
    fetch(window.location.href, { credentials: "same-origin", redirect: "manual", headers: { "X-By-Script": "yes" } })
      .then(function (answer) {
        if (answer.type === "opaqueredirect") {
          if (!busy(document.body)) window.location.reload();
          throw new Error("moved");
        }
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      })
      .then(function (text) {
        take(new DOMParser().parseFromString(text, "text/html"));
        wait = document.querySelector("[data-job]") ? soon : every;
      })
      .catch(function () { wait = Math.min(Math.max(wait, 5000) * 2, 300000); })
      .finally(function () { turn = window.setTimeout(look, wait); });
  }
  // *Undo* goes when its time is over.
  var undo = document.querySelector("[data-undo]");
  if (undo) {
    undo.style.setProperty("--left", undo.dataset.undo + "s");
    window.setTimeout(function () { undo.remove(); }, undo.dataset.undo * 1000);
  }
  toast();
  if (document.querySelector("[data-live]")) {
    turn = window.setTimeout(look, document.querySelector("[data-job]") ? soon : every);
    document.addEventListener("visibilitychange", look);
  }

  // Ctrl-K opens the search, whose answers are those of its page; without JavaScript the link leads there.
  var box = document.getElementById("find-box"), field = document.getElementById("find-words"), typing = null;
  function lately(words) {
    var kept = [];
    try {
      kept = JSON.parse(sessionStorage.getItem("searched")) || [];
      if (words) {
        kept = [words].concat(kept.filter(function (one) { return one !== words; })).slice(0, 5);
        sessionStorage.setItem("searched", JSON.stringify(kept));
      }
    } catch (error) { /* Then none is remembered. */ }
    return kept;
  }
  function remember() {
    var place = box.querySelector("[data-recents]"), list = place.querySelector("ul"), kept = lately();
    list.replaceChildren.apply(list, kept.map(function (words) {
      var line = document.createElement("li"), link = document.createElement("a");
      link.href = box.querySelector("form").action + "?q=" + encodeURIComponent(words);
      link.textContent = words;
      line.append(link);
      return line;
    }));
    place.hidden = !kept.length || field.value.trim() !== "";
  }
  function find() {
    var words = field.value.trim();
    remember();
    if (!words) return box.querySelector("[data-found]").replaceChildren();
    fetch(box.querySelector("form").action + "?q=" + encodeURIComponent(words), {
      credentials: "same-origin", redirect: "error", headers: { "X-By-Script": "yes" }
    }).then(function (answer) { return answer.ok ? answer.text() : ""; }).then(function (text) {
      if (!text || field.value.trim() !== words) return;
      var found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-results]");
      var place = box.querySelector("[data-found]");
      if (found) place.replaceChildren.apply(place, Array.from(found.childNodes));
    }).catch(function () { /* Enter still leads to the page. */ });
  }
  function step(links, down) {
    var at = links.indexOf(document.activeElement);
    var next = links[at + (down ? 1 : -1)] || (at < 0 ? links[0] : null);
    if (next) next.focus();
    return next;
  }
  function openFind() {
    field.value = "";
    find();
    box.showModal();
    field.focus();
  }
  if (box) {
    document.querySelectorAll("[data-find]").forEach(function (link) {
      link.addEventListener("click", function (event) {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        openFind();
      });
    });
    field.addEventListener("input", function () {
      window.clearTimeout(typing);
      typing = window.setTimeout(find, 150);
    });
    box.addEventListener("click", function (event) {
      if (event.target === box) box.close();
      if (event.target.closest("[data-found] a") && field.value.trim()) lately(field.value.trim());
    });
    box.addEventListener("submit", function () { if (field.value.trim()) lately(field.value.trim()); });
    box.addEventListener("keydown", function (event) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      var links = Array.from(box.querySelectorAll(".find__list a")).filter(function (one) { return one.checkVisibility(); });
      if (!step([field].concat(links), event.key === "ArrowDown")) field.focus();
    });
  }

  // Keys of one letter work where nobody types; whoever speaks to their machine turns them off under "?".
  var keys = document.getElementById("keys-box"), off = keys && keys.querySelector("[data-keys-off]");
  if (off) {
    try {
      off.checked = localStorage.getItem("keys off") === "yes";
    } catch (error) { /* They are on. */ }
    off.addEventListener("change", function () {
      try {
        localStorage.setItem("keys off", off.checked ? "yes" : "no");
      } catch (error) { /* Then only on this page. */ }
    });
  }
  var ROWS = "main .records tbody tr, main .log__row, main .cause__list > li, main .drift, main .find__list > li";
  document.addEventListener("keydown", function (event) {
    if (!box) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return box.open ? box.close() : openFind();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    if (event.key === "?") return keys.showModal(); // Also where the others are off: here they are turned on again.
    if (off.checked) return;
    if (event.key === "j" || event.key === "k") {
      var links = Array.from(document.querySelectorAll(ROWS)).map(function (row) { return row.querySelector("a[href]"); });
      step(links.filter(Boolean), event.key === "j");
    } else if (event.key === "r") {
      var row = document.activeElement.closest(ROWS) || document.getElementById("content");
      var retry = row.querySelector('form[action$="/retry"] button');
      if (retry) retry.click();
    }
  });
})();
