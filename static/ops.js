// The overview keeps itself fresh: the same page is fetched again and its live parts take the place of the old ones.
(function () {
  "use strict";
  var whole = document.querySelector("[data-live-seconds]");
  if (!whole) return;
  var wait = Number(whole.dataset.liveSeconds) * 1000;
  function busy() {
    // Whoever reads a table that was unfolded, or stands within the page by keyboard, is not interrupted.
    return document.hidden || document.querySelector("[data-live] details[open]") || whole.contains(document.activeElement);
  }
  function fresh() {
    if (busy()) return window.setTimeout(fresh, 5000);
    // Says that nobody clicked, so that a screen left open ends its login; then the login page takes its place.
    fetch(window.location.href, { credentials: "same-origin", redirect: "manual", headers: { "X-By-Script": "yes" } })
      .then(function (answer) {
        if (answer.type === "opaqueredirect") return window.location.reload();
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      })
      .then(function (text) {
        if (!text) return;
        var page = new DOMParser().parseFromString(text, "text/html");
        document.querySelectorAll("[data-live]").forEach(function (part) {
          var now = page.querySelector('[data-live="' + part.dataset.live + '"]');
          if (now) part.replaceChildren.apply(part, Array.from(now.childNodes));
        });
      })
      .catch(function () {})
      .finally(function () {
        window.setTimeout(fresh, wait);
      });
  }
  window.setTimeout(fresh, wait);
})();
