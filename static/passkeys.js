// Passkeys: a form with data-passkey ("create" or "get") and data-options asks the browser, and sends its answer as a field.
(function () {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }

  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function asked(options) {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    [options.excludeCredentials, options.allowCredentials].forEach(function (list) {
      (list || []).forEach(function (one) { one.id = bytes(one.id); });
    });
    return { publicKey: options };
  }

  function answered(credential) {
    var found = {};
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (credential.response[name]) found[name] = text(credential.response[name]);
    });
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response: found });
  }

  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    var button = form.querySelector("button[data-passkey-button]");
    var trouble = form.querySelector("[data-passkey-trouble]");
    form.querySelectorAll("[data-passkey-shown]").forEach(function (part) { part.hidden = false; });
    button.addEventListener("click", function () {
      trouble.hidden = true;
      navigator.credentials[form.dataset.passkey](asked(JSON.parse(form.dataset.options))).then(
        function (credential) {
          form.querySelector("[data-passkey-answer]").value = answered(credential);
          form.submit();
        },
        function () { trouble.hidden = false; }
      );
    });
  });
})();
