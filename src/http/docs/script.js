// Nothing is stored: the tokens are variables, and are gone with the page.
(() => {
  const at = (id) => document.getElementById(id);
  const make = (name, members) => Object.assign(document.createElement(name), members);
  const say = (text) => { at("said").textContent = text; };
  const field = at("authorization");
  let pair = null;
  let ticket = "";

  // The page is beside the calls, below any prefix that the host has chosen.
  const call = (method, path, body, credential) => fetch(new URL(path.slice(1), document.baseURI), {
    method,
    body,
    headers: {
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...(credential && { Authorization: credential }),
    },
    // A token and the cookie of a session together are refused.
    credentials: credential === null ? "same-origin" : "omit",
    redirect: "manual",
    cache: "no-store",
  });

  const ask = async (path, members) => {
    const reply = await call("POST", path, JSON.stringify(members), "");
    return { reply, found: reply.status === 204 ? {} : await reply.json() };
  };

  const signedIn = (found) => {
    pair = found;
    field.value = `Bearer ${found.access_token}`;
    at("login").hidden = at("second").hidden = true;
    at("leave").hidden = false;
    const end = new Date(Date.now() + found.expires_in * 1000).toLocaleTimeString();
    say(`You are signed in. The token below is good until ${end}.`);
    at("leave").focus();
  };

  const secondFactor = (found) => {
    if (found.enrol) {
      say("This account has to set up an authenticator app first. Begin with POST /auth/second-factor/enrol.");
      return;
    }
    ticket = found.ticket;
    at("login").hidden = true;
    at("second").hidden = false;
    say("The password is right. A code is needed as well.");
    at("code").focus();
  };

  const step = async (path, members) => {
    say("");
    try {
      const { reply, found } = await ask(path, members);
      if (reply.status === 200) return signedIn(found);
      if (reply.status === 202) return secondFactor(found);
      const wait = reply.headers.get("Retry-After");
      say(found.detail + (wait ? ` Try again in ${wait} seconds.` : ""));
      // A ticket that is spent leads back to the password.
      if (found.code === "invalid_token") return start();
      at(at("second").hidden ? "password" : "code").focus();
    } catch {
      say("The service does not answer.");
    }
  };

  const start = () => {
    at("second").hidden = at("leave").hidden = true;
    at("login").hidden = false;
    at("email").focus();
  };

  const onSubmit = (id, run) => at(id)?.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  onSubmit("login", async () => {
    const password = at("password").value;
    at("password").value = "";
    await step("/auth/login", { email: at("email").value, password });
  });
  onSubmit("second", async () => {
    const code = at("code").value;
    at("code").value = "";
    const name = /^[\d\s]+$/.test(code) ? "totp" : "recovery_code";
    await step("/auth/second-factor", { ticket, [name]: code });
  });
  at("leave")?.addEventListener("click", async () => {
    const { refresh_token } = pair;
    pair = null;
    field.value = "";
    say("You are signed out.");
    start();
    // The session ends at the service too.
    await ask("/auth/logout", { refresh_token }).catch(() => {});
  });

  // The first thing that still has to be filled in, and what to say about it.
  const unfinished = (fields) => {
    for (const input of fields) {
      const [left] = input.value.match(/<[^<>]*>/) ?? [];
      if (left) return [input, `Replace ${left} first.`];
      if (input.required && !input.value) return [input, `Fill in ${input.name} first.`];
    }
    return null;
  };

  const shown = async (reply) => {
    if (reply.type === "opaqueredirect") return ["A redirect", "This page does not follow it. Open the call in a tab."];
    const text = await reply.text();
    const status = `${reply.status} ${reply.statusText}`;
    try {
      return [status, JSON.stringify(JSON.parse(text), null, 2)];
    } catch {
      return [status, text];
    }
  };

  const send = async (entry, inputs, area, said, answer) => {
    const left = unfinished(area ? [...inputs, area] : inputs);
    answer.hidden = true;
    if (left) {
      said.textContent = left[1];
      left[0].focus();
      return;
    }
    said.textContent = "Sending";
    let path = entry.querySelector("summary code").textContent;
    const query = new URLSearchParams();
    for (const input of inputs) {
      if (input.className === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(input.name, input.value);
    }
    const takesToken = entry.querySelector(".token") && field.value;
    const method = entry.querySelector("summary b").textContent;
    try {
      const reply = await call(method, `${path}?${query}`.replace(/\?$/, ""), area?.value, takesToken || null);
      [said.textContent, answer.textContent] = await shown(reply);
      answer.hidden = !answer.textContent;
    } catch {
      said.textContent = "The service does not answer.";
    }
  };

  const labelled = (form, name, input) => {
    input.id = `${form.dataset.of}.${name}`;
    form.append(make("label", { htmlFor: input.id, textContent: name }), input);
    return input;
  };

  // The form of a call is made when a reader opens the call.
  const prepare = (entry) => {
    const form = make("form", { noValidate: true });
    form.dataset.of = entry.id;
    const field = (name, className, required) => labelled(form, name, make("input", { name, className, required, autocomplete: "off" }));
    const path = entry.querySelector("summary code").textContent;
    const inputs = [...path.matchAll(/{(\w+)}/g)].map(([, name]) => field(name, "path", true));
    for (const item of entry.querySelectorAll(".query")) {
      inputs.push(field(item.querySelector("b").textContent, "query", item.querySelector("i") === null));
    }
    const body = entry.querySelector("pre").textContent.split(" -d '")[1]?.slice(0, -1).replaceAll("'\\''", "'");
    const area = body && labelled(form, "Body", make("textarea", { rows: 4, name: "body", spellcheck: false, value: body }));
    const said = make("output");
    const answer = make("pre", { hidden: true });
    form.append(make("button", { textContent: "Send" }), said, answer);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(entry, inputs, area, said, answer);
    });
    entry.append(form);
  };

  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches("details") && !target.querySelector("form")) prepare(target);
  }, true);

  // A link to a call opens the call.
  const reveal = () => {
    const entry = at(location.hash.slice(1));
    if (entry?.matches("details")) entry.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  at("try").hidden = false;
})();
