// A person in Firefox: signs up, sets up an app, signs out and in, and goes on in an application on another origin.
//
//     node journey.mjs SERVER FIREFOX

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';

import puppeteer from 'puppeteer-core';

const ANN = 'ann@example.org';
const PASSWORD = 'a staple for a horse';
const VERIFIER = 'a-verifier-of-the-application-0123456789-abcdef';
const BUTTON = 'main form > button';

/** Serves one page on a port of its own, and returns its origin. */
async function serve(page) {
    const server = createServer((request, reply) => {
        reply.setHeader('content-type', 'text/html').end(page());
    });
    await new Promise(ready => server.listen(0, '127.0.0.1', ready));
    return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** Starts the server, and returns its URL. */
async function start(program, folder, settings) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const own = { HALLPASS_BIND: `127.0.0.1:${port}`, HALLPASS_PUBLIC_URL: url, HALLPASS_BROWSER: 'true' };
    const child = spawn(program, { cwd: folder, env: { ...process.env, ...own, ...settings } });
    child.stderr.resume();
    const lines = createInterface(child.stdout);
    await new Promise((ready, failed) => {
        lines.on('line', line => line.startsWith('listening on') && ready());
        child.on('exit', code => failed(new Error(`the server ended with ${code}`)));
    });
    return { child, url };
}

async function freePort() {
    const { server } = await serve(() => '');
    const { port } = server.address();
    await new Promise(closed => server.close(closed));
    return port;
}

/** The code of an app at a time in seconds (RFC 6238). */
function totp(secret, seconds) {
    const letters = [...secret].map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
    const bits = letters.map(letter => letter.toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map(byte => parseInt(byte, 2)));
    const step = Buffer.alloc(8);
    step.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
    const digest = createHmac('sha1', key).update(step).digest();
    const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
}

const now = () => Date.now() / 1000;

class Person {
    constructor(page, site) {
        Object.assign(this, { page, site });
    }

    open(path) {
        return this.page.goto(new URL(path, this.site).href);
    }

    async click(selector) {
        await Promise.all([this.page.waitForNavigation(), this.page.click(selector)]);
    }

    async send(fields, button = BUTTON) {
        for (const [name, value] of Object.entries(fields)) {
            await this.page.$eval(`#${name}`, field => { field.value = ''; });
            await this.page.type(`#${name}`, value);
        }
        await this.click(button);
    }

    async shows(text) {
        const html = await this.page.content();
        assert(html.includes(text), `no ${text} at ${this.page.url()}: ${html}`);
    }
}

async function journey(browser, site, app) {
    const person = new Person(await browser.newPage(), site);
    const { page } = person;
    await person.open('/sign-in?next=%2Fsign-out');
    await person.click('main a[href^=sign-up]');
    await person.send({ email: ANN, password: PASSWORD });
    await person.shows('Set up two-step sign-in');
    await person.click(BUTTON);
    const secret = (await page.$eval('code', code => code.textContent)).replaceAll(' ', '');
    // The service accepts the previous code, so that the current one is left for the sign-in.
    await person.send({ code: totp(secret, now() - 30) });
    await person.shows('Keep your recovery codes');
    assert.equal((await page.$$('li code')).length, 10);
    const recovery = await page.$eval('li code', code => code.textContent);
    await person.click('main a.button:not([download])');
    assert.equal(page.url(), `${site}/sign-out`);
    await person.shows(ANN);

    // A page of another origin of the same site posts a form with the cookie.
    const evil = await serve(() => `<form method="post" action="${site}/sign-out"><button>`);
    const other = new Person(await browser.newPage(), evil.origin);
    await other.open('/');
    const [refused] = await Promise.all([other.page.waitForNavigation(), other.page.click('button')]);
    assert.equal(refused.status(), 403);
    await other.page.close();
    evil.server.close();
    await person.open('/sign-out');
    await person.shows(ANN);
    await person.click(BUTTON);
    await person.shows('You are signed out.');
    await page.goBack();
    assert(!(await page.content()).includes(ANN), 'the back button shows the account');

    await person.open('/sign-in?next=%2Fsign-out');
    await person.send({ email: ANN, password: 'not the password' });
    await person.shows('You are not signed in');
    await person.send({ password: PASSWORD });
    await person.send({ code: '12345' });
    await person.shows('Enter six digits or a recovery code.');
    await person.send({ code: totp(secret, now()) });
    await person.shows(ANN);

    // The forms lead to the application, although it has another origin.
    const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
    const query = new URLSearchParams({
        redirect_to: `${app}/signed-in`, code_challenge: challenge, code_challenge_method: 'S256', state: 'a b',
    });
    await person.open(`/sign-in?${query}`);
    await person.click(BUTTON);
    await redeem(page.url(), site);
    await person.open(`/sign-in?${query}`);
    await person.click('main form[action^=sign-out] > button');
    await person.send({ email: ANN, password: PASSWORD });
    await person.send({ code: recovery });
    await redeem(page.url(), site);
    await page.close();
}

async function redeem(location, site) {
    const url = new URL(location);
    assert.equal(url.pathname, '/signed-in', location);
    assert.equal(url.searchParams.get('state'), 'a b');
    const reply = await fetch(`${site}/auth/oauth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: url.searchParams.get('code'), code_verifier: VERIFIER }),
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    const { access_token: token } = await reply.json();
    const me = await fetch(`${site}/users/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await me.json()).email, ANN);
}

const [program, firefox] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'hallpass-firefox-'));
const app = await serve(() => '<!doctype html><title>The application</title>');
const settings = { HALLPASS_OAUTH_REDIRECTS: `${app.origin}/signed-in`, HALLPASS_SECOND_FACTOR: 'everyone' };
let server, browser;
try {
    server = await start(program, folder, settings);
    browser = await puppeteer.launch({ browser: 'firefox', executablePath: firefox });
    await journey(browser, server.url, app.origin);
    console.log(`${await browser.version()} passes on ${basename(program)}`);
} finally {
    await browser?.close();
    server?.child.removeAllListeners('exit').kill();
    app.server.close();
    rmSync(folder, { recursive: true, force: true });
}
