// The migration's pages: the cut follows what is pressed, moved or typed, and what was typed is still there when one comes back.
(function () {
  "use strict";

  // What one types stays while the tab is open: kept beside what the page said, so that a newer answer of the page wins.
  document.querySelectorAll("[data-keep]").forEach(function (field) {
    var name = "kept " + field.dataset.keep, said = field.value, kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(name));
    } catch (error) { /* Nothing is kept. */ }
    if (kept && kept.said === said && !field.classList.contains("is-invalid")) field.value = kept.typed;
    field.addEventListener("input", function () {
      try {
        sessionStorage.setItem(name, JSON.stringify({ said: said, typed: field.value }));
      } catch (error) { /* Then it is not kept. */ }
    });
  });

  var page = document.querySelector("[data-cut-url]");
  var field = document.getElementById("cutoff");
  if (!page) return;
  var slider = page.querySelector("[data-stops]");
  var stops = slider ? slider.dataset.stops.split(" ") : [];
  var asked = null;

  // The server draws; here its answer is put in place. A later move makes an earlier answer worth nothing.
  function draw(typed) {
    if (asked) asked.abort();
    asked = new AbortController();
    fetch(page.dataset.cutUrl + "?cutoff=" + encodeURIComponent(typed), {
      credentials: "same-origin", redirect: "error", signal: asked.signal
    }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      return answer.text();
    }).then(function (text) {
      new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-part]").forEach(function (part) {
        var place = page.querySelector('[data-part="' + part.dataset.part + '"]');
        if (place) place.replaceChildren.apply(place, Array.from(part.childNodes));
      });
      var said = page.querySelector('[data-part="said"] strong');
      if (slider && said) slider.setAttribute("aria-valuetext", typed.replace("T", ", ") + ": " + said.textContent);
    }).catch(function () { /* The drawing stays; the button works as ever. */ });
  }

  // `from` is what was moved: it is not moved again.
  function cut(typed, from) {
    page.querySelectorAll(".year").forEach(function (year) {
      if (year.dataset.typed === typed) year.setAttribute("aria-current", "true");
      else year.removeAttribute("aria-current");
    });
    if (slider && from !== slider) {
      slider.value = Math.max(stops.filter(function (stop) { return stop <= typed; }).length - 1, 0);
    }
    if (field && from !== field) {
      field.value = typed;
      field.dispatchEvent(new Event("input"));
    } else draw(typed);
  }

  page.addEventListener("click", function (event) {
    var year = event.target.closest(".year"), bar = event.target.closest("[data-stop]");
    if (year && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      cut(year.dataset.typed);
    } else if (bar && stops[bar.dataset.stop]) cut(stops[bar.dataset.stop]);
  });
  if (field) {
    field.addEventListener("input", function () {
      if (field.value) cut(field.value, field);
    });
    if (field.value && field.value !== field.defaultValue) cut(field.value, field);
  }
  if (slider) {
    slider.hidden = false;
    slider.addEventListener("input", function () {
      slider.value = Math.min(slider.value, stops.length - 1);
      cut(stops[slider.value], slider);
    });
  }
})();
