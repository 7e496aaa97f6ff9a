// An independent authenticator app: otplib. It prints the account and the code as one line of JSON.
//
//     node --input-type=module - <uri> <time> < authenticator_app.mjs
//
// The time is in seconds since the Unix epoch. Node.js looks for the packages of a script from standard input in the
// working folder.

import assert from 'node:assert/strict';

import { parse } from '@otplib/uri';
import { generate } from 'otplib';

const [uri, time] = process.argv.slice(2);
const { type, label, params } = parse(uri);
assert.equal(type, 'totp');
const [issuer, account] = label.split(':');
assert.equal(issuer, params.issuer);
const code = await generate({ ...params, epoch: Number(time) });
console.log(JSON.stringify({ issuer, account, code }));
