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

  // On a narrow screen the navigation is longer than the page is wide: the place where one is comes into view.
  document.querySelectorAll(".places [aria-current]").forEach(function (place) {
    var row = place.parentElement;
    var off = place.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.scrollLeft += off - (row.clientWidth - place.offsetWidth) / 2;
  });

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
