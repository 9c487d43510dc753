// The little that pages gain from JavaScript; every page works without it.
(function () {
  "use strict";

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
  function arrange(table) {
    var heads = table.tHead ? Array.from(table.tHead.rows[0].cells) : [];
    var over = []; // The head over each column.
    heads.forEach(function (cell) {
      for (var n = 0; n < cell.colSpan; n += 1) over.push(cell);
    });
    function numbers(cell) { return cell.classList.contains("num"); }
    var sum = heads.find(function (cell) { return "sum" in cell.dataset; }) || heads.find(function (cell) {
      return /^difference|^total$|^amount$/i.test(cell.innerText.trim()) && numbers(cell);
    });
    var reach = []; // How many more rows a cell above stands in each column.
    table.querySelectorAll(":scope > tbody > tr, :scope > tfoot > tr").forEach(function (row) {
      var column = 0, named = false, summed = false, last = null;
      Array.from(row.cells).forEach(function (cell) {
        while (reach[column] > 0) reach[column++] -= 1;
        var head = over[column], said = cell.innerText.trim();
        var whole = cell.rowSpan > 1 || cell.colSpan > 2 || (over.length > 1 && cell.colSpan === over.length);
        if (whole) cell.classList.add("card-whole");
        else if (!named) cell.classList.add("card-name");
        else if (!summed && (sum ? head === sum : numbers(cell)) && said.includes("$")) {
          cell.classList.add("card-sum");
          summed = true;
        }
        else if (head && head.innerText.trim() === "State") cell.classList.add("card-state");
        else if (head && head !== last && head.innerText.trim()) cell.dataset.label = head.innerText.trim();
        if (!said && !cell.querySelector("input, select, img, svg")) said = "–";
        if (said === "–") cell.classList.add("card-none");
        named = named || !whole;
        last = said === "–" ? last : head;
        for (var n = 0; n < cell.colSpan; n += 1) reach[column++] = cell.rowSpan - 1;
      });
      var said = row.querySelector(":scope > :not(.card-name, .card-whole, .card-none)");
      if (row.cells.length > 2 && !said) row.classList.add("card-nothing");
    });
    table.classList.add("cards");
  }
  function arrangeAll() {
    document.querySelectorAll("table.table:not(.cards)").forEach(function (table) {
      if (!table.tHead || table.tHead.rows.length === 1) arrange(table);
    });
  }
  arrangeAll();
  new MutationObserver(arrangeAll).observe(document.body, { childList: true, subtree: true });

  // *Print* is there where it can print.
  document.querySelectorAll("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
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

  // A long job moves along: data-progress-url answers with what the page shows.
  document.querySelectorAll("[data-progress-url]").forEach(function (job) {
    var wait = 1000;
    function put(name, text) {
      var place = job.querySelector('[data-progress="' + name + '"]');
      if (place) place.textContent = text;
    }
    function look() {
      fetch(job.dataset.progressUrl, { credentials: "same-origin", redirect: "error" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(answer.status);
          return answer.json();
        })
        .then(function (now) {
          if (now.finished) {
            window.location.reload();
            return;
          }
          var bar = job.querySelector('[data-progress="bar"]');
          if (now.total) {
            bar.max = now.total;
            bar.value = now.done;
          }
          put("numbers", now.numbers);
          put("left", now.left);
          put("phase", now.phase);
          put("counts", now.counts ? " · " + now.counts : "");
          wait = 1000;
          window.setTimeout(look, wait);
        })
        .catch(function () {
          wait = Math.min(wait * 2, 15000);
          window.setTimeout(look, wait);
        });
    }
    window.setTimeout(look, wait);
  });
})();
