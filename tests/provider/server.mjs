// A certified OpenID Connect provider on loopback. It runs while its standard input is open.
//
//     node server.mjs <port, 0 picks one> <redirect_uri>...
//
// It prints `issuer <url>` when it is ready. It has one client, and the accounts below, which have no passwords.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const CLIENT_ID = 'hallpass';
const CLIENT_SECRET = 'a secret of the tests';
const SCOPES = 'openid email profile';

// The accounts by the login that is typed. The subject differs from the login, as with most providers.
const accounts = new Map([
  ['ann', { sub: '1001', name: 'Ann', email: 'ann@example.org', email_verified: true }],
  ['bob', { sub: '1002', name: 'Bob', email: 'bob@example.org', email_verified: true }],
  ['tom', { sub: '1004', name: 'Tom', email: 'tom@example.com', email_verified: true }],
  ['uma', { sub: '1003', name: 'Uma', email: 'uma@example.org', email_verified: false }],
]);

const [port, ...redirectUris] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const server = createServer();
await new Promise((resolve, reject) => {
  server.once('error', reject);
  server.listen(Number(port), '127.0.0.1', resolve);
});
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: redirectUris,
      token_endpoint_auth_method: 'client_secret_basic',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  ttl: { AccessToken: 600, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, sub) => {
    const claims = [...accounts.values()].find((account) => account.sub === sub);
    return claims && { accountId: sub, claims: () => claims };
  },
  // A user who is signed in counts as having consented.
  loadExistingGrant: async ({ oidc }) => {
    const known = oidc.session.grantIdFor(oidc.client.clientId);
    if (known) {
      return oidc.provider.Grant.find(known);
    }
    const grant = new oidc.provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope(SCOPES);
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();

server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    answer(request, response);
    return;
  }
  interaction(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

async function interaction(request, response) {
  if (request.method !== 'POST') {
    await provider.interactionDetails(request, response);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(form());
    return;
  }
  const fields = new URLSearchParams(await body(request));
  const account = accounts.get(fields.get('login'));
  if (fields.has('cancel')) {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
  } else if (account) {
    await provider.interactionFinished(request, response, { login: { accountId: account.sub } });
  } else {
    response.writeHead(422, { 'content-type': 'text/html; charset=utf-8' }).end(form());
  }
}

async function body(request) {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
  }
  return text;
}

function form() {
  return `<!doctype html>
<html lang="en">
<title>The provider</title>
<h1>Who are you?</h1>
<form method="post">
  <input name="login" aria-label="Login" autofocus>
  <button>Sign in</button>
  <button name="cancel" value="yes">Cancel</button>
</form>
</html>
`;
}

process.stdin.resume().on('end', () => process.exit());
console.log(`issuer ${issuer}`);
